"""Contracts of classes that call a library: the arguments that it gets, and what becomes of its answers.

The library is played by the contract, so this also runs where the library is not installed; the tests beside this one
run the real ones.
"""

from __future__ import annotations

import asyncio
import builtins
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import onevec
from onevec import errors, local
from onevec.testing import contract_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from onevec.testing import Case

CONTRACTS = sorted((Path(__file__).parent.parent / "contracts").glob("*.json"))
ENGINES = {entry.name for entry in onevec.providers() if entry.kind == "engine"}
CASES = [
    pytest.param(case, id=f"{case.contract}-{case.name}")
    for path in CONTRACTS
    if path.stem in ENGINES
    for case in contract_cases(path)
    if "library_calls" in case.data
]


class Play:
    """A library that expects the calls of a case, in order."""

    def __init__(self, calls: list[dict[str, Any]]) -> None:
        self.calls = list(calls)
        self.names = {call["call"] for call in calls}

    def answer(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        assert self.calls, f"{name} is not expected"
        expected = self.calls.pop(0)
        assert name == expected["call"]
        assert [shown(value) for value in args] == expected.get("args", [])
        assert {key: shown(value) for key, value in kwargs.items()} == expected.get("kwargs", {})
        if "raises" in expected:
            raise getattr(builtins, expected["raises"]["type"])(expected["raises"]["message"])
        return self.made(expected.get("returns"))

    def made(self, value: Any) -> Any:
        """What the library returns, from its description in the contract."""
        if isinstance(value, list):
            return [self.made(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind, content = next(iter(value.items()))
        forms: dict[str, Callable[[], Any]] = {
            "awaitable": lambda: asyncio.sleep(0, self.made(content)),
            "dataframe": lambda: Table({name: self.made(column) for name, column in content.items()}),
            "generator": lambda: (self.made(item) for item in content),
            "json": lambda: content,
            "mapping": lambda: {name: self.made(item) for name, item in content.items()},
            "ndarray": lambda: np.array(content, dtype=value["dtype"]).reshape(value["shape"]),
            "object": lambda: Part(self, content),
            "tuple": lambda: tuple(self.made(content)),
        }
        return forms[kind]() if kind in forms else SimpleNamespace(**{kind.rpartition(".")[2]: self.made(content)})


class Table(dict[str, list[Any]]):
    """Columns by name, as a data frame gives them."""

    @property
    def columns(self) -> list[str]:
        return list(self)


class Part:
    """A module, class or object of the library; it has only what the case uses of it."""

    def __init__(self, play: Play, name: str) -> None:
        self.play, self.name = play, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.play.answer(self.name, args, kwargs)

    async def __aenter__(self) -> Any:
        return self.play.answer(f"{self.name}.__aenter__", (), {})

    async def __aexit__(self, *_: object) -> None:
        self.play.answer(f"{self.name}.__aexit__", (), {})

    def __getattr__(self, name: str) -> Part:
        whole = f"{self.name}.{name}"
        if any(f"{known}.".startswith(f"{whole}.") for known in self.play.names):
            return Part(self.play, whole)
        raise AttributeError(name)


def shown(value: Any) -> Any:
    """An argument as the contract writes it."""
    if isinstance(value, Part):
        return {"object": value.name}
    if callable(value):
        return {"function": f"{value.__module__}.{value.__qualname__}"}
    return list(value) if isinstance(value, tuple) else value


@pytest.fixture
def play(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Play:
    played = Play(case.data["library_calls"])
    for name in {call.partition(".")[0] for call in played.names if "." in call and call[0].islower()}:
        module = ModuleType(name)
        module.__getattr__ = Part(played, name).__getattr__  # type: ignore[method-assign]
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(local, "_models", type(local._models)())  # no other case has loaded these models
    for name in [*os.environ]:
        monkeypatch.delenv(name)
    for name, value in {**case.data.get("env", {}), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return played


@pytest.mark.parametrize("case", CASES)
def test_contract(case: Case, play: Play) -> None:
    verdict = case.data.get("expect", {"returns": case.data.get("returns")})
    if "error" in verdict:
        name = verdict["error"]
        with pytest.raises(getattr(errors, name, None) or getattr(builtins, name)):
            called(case, play)
    else:
        assert np.allclose(called(case, play), verdict["returns"], atol=1e-6)
    assert play.calls == []


def argument(value: Any, play: Play) -> Any:
    """An argument of the constructor, from its description in the contract."""
    if not isinstance(value, dict) or not {"function", "object"}.intersection(value):
        return value
    if "object" in value:
        return Part(play, value["object"])
    module, _, name = value["function"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def called(case: Case, play: Play) -> Any:
    init = {name: argument(value, play) for name, value in case.data["init"].items()}
    model = getattr(onevec, case.contract)(**init)
    call = case.data["call"]
    found = getattr(model, call["method"])(*call["args"])
    return asyncio.run(found) if asyncio.iscoroutine(found) else found
