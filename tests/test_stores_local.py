"""The stores of this machine: what is true of one kind only. What all have in common is in test_store_contract.py."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec import CacheError, ConfigurationError, MemoryStore, SQLiteStore, store_from
from onevec.storage import EncoderBackedStore, InMemoryByteStore, InMemoryStore, LocalFileStore
from onevec.stores.files import _key_of, _name_of, _PLAIN
from onevec.stores.urls import default_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from onevec import ByteStore

ERRORS: dict[str, type[Exception]] = {
    "ConfigurationError": ConfigurationError,
    "IsADirectoryError": OSError,
    "JSONDecodeError": ValueError,
    "NotADirectoryError": OSError,
    "TypeError": TypeError,
}
CONTRACTS = Path(__file__).parent / "contracts" / "cache"
spawn = multiprocessing.get_context("spawn")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def bounded(kind: str, folder: Path, **options: Any) -> ByteStore:
    if kind == "lmdb":
        pytest.importorskip("lmdb")
    return store_from(f"{kind}:{folder / kind}" if kind != "memory" else "memory:", **options)


kinds = pytest.mark.parametrize("kind", ["memory", "sqlite", "lmdb"])
files = pytest.mark.parametrize("kind", ["sqlite", "lmdb"])


# Recorded from LangChain ----------------------------------------------------------------------------------------------


def plain(given: Any) -> Any:
    """A value of a contract: bytes are written in two ways."""
    if isinstance(given, dict) and given.keys() & {"bytes", "bytes_base64"}:
        return given["bytes"].encode() if "bytes" in given else b64decode(given["bytes_base64"])
    if isinstance(given, dict) and "python_type" in given:
        return set()
    return [plain(part) for part in given] if isinstance(given, list) else given


def recorded() -> list[Any]:
    cases: list[Any] = []
    for name in ("InMemoryByteStore", "LocalFileStore", "EncoderBackedStore"):
        contract = json.loads((CONTRACTS / f"{name}.json").read_text(encoding="utf-8"))
        for case in contract["exchanges"] + contract["errors"]:
            if "steps" in case:
                cases.append(pytest.param(name, case, id=f"{name}-{case['name']}"))
    return cases


def made(name: str, case: dict[str, Any], folder: Path) -> ByteStore:
    if name == "InMemoryByteStore":
        return InMemoryStore() if case["name"] == "no type check" else InMemoryByteStore()
    if name == "EncoderBackedStore":
        return EncoderBackedStore(
            InMemoryByteStore(), lambda key: f"key:{key}", lambda value: json.dumps(value).encode(), json.loads
        )
    return LocalFileStore(folder / ("link" if "link" in case["init"]["root_path"] else "root"))


async def answer(store: ByteStore, step: dict[str, Any]) -> Any:
    method = getattr(store, step["method"])
    args = [[tuple(each) for each in part] if "mset" in step["method"] else part for part in plain(step["args"])]
    found = method(*args, **step.get("kwargs", {}))
    if step["method"] == "ayield_keys":
        return sorted([key async for key in found])
    if step["method"] == "yield_keys":
        return sorted(found)
    return await found if step["method"].startswith("a") else found


@pytest.mark.parametrize(("name", "case"), recorded())
async def test_recorded_case(name: str, case: dict[str, Any], tmp_path: Path) -> None:
    if "symbolic link" in case["name"]:
        (tmp_path / "root" / "sub").mkdir(parents=True)
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "f").write_bytes(b"1")
        (tmp_path / "link").symlink_to(tmp_path / "root")
        if "inside" in case["name"]:
            (tmp_path / "root" / "sub").rmdir()
            (tmp_path / "root" / "out").symlink_to(tmp_path / "secret")
        else:
            (tmp_path / "root" / "sub" / "x").write_bytes(b"1")
    store = made(name, case, tmp_path)
    if case["name"] == "deserializer fails":
        store.store.mset([("key:a", b"{broken")])  # type: ignore[attr-defined]
    for step in case["steps"]:
        expect = step.get("expect") or ({"raises": step["raises"]["type"]} if "raises" in step else step)
        if "raises" in expect:
            kind = ERRORS[expect["raises"].rpartition(".")[2]]
            with pytest.raises(kind):
                await answer(store, step)
        else:
            assert await answer(store, step) == plain(expect["returns"])
