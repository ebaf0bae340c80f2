"""A contract file says what it may say, and its class takes the parameters that it names."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

import onevec
from onevec import errors

CONTRACTS = sorted((Path(__file__).parent / "contracts").glob("*.json"))
CASE_KEYS = {
    "name", "captured", "factory", "init", "env", "files", "clock", "base_url", "call", "http", "library_calls",
    "returns", "expect", "deviation",
}  # fmt: skip
REQUEST_KEYS = {"method", "path", "url", "query", "headers", "json", "form", "body_text", "body_base64"}
RESPONSE_KEYS = {"status", "headers", "json", "body_text", "body_base64"}


def read(path: Path) -> dict[str, Any]:
    contract: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return contract


def holds_null(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(holds_null(part) for part in (value.values() if isinstance(value, dict) else value))
    return value is None


def cases(contract: dict[str, Any]) -> list[dict[str, Any]]:
    return [*contract["exchanges"], *contract["errors"]]


@pytest.fixture(params=CONTRACTS, ids=lambda path: path.stem)
def contract(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


@pytest.fixture
def kind(contract: dict[str, Any]) -> Any:
    name = contract["class"]
    if not hasattr(onevec, name):
        pytest.skip(f"{name} is not written yet")
    return getattr(onevec, name)


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_the_file_is_named_as_its_class(path: Path) -> None:
    assert read(path)["class"] == path.stem


def test_it_has_the_parts_that_readers_need(contract: dict[str, Any]) -> None:
    assert {"class", "service", "auth", "init", "limits", "exchanges", "errors"} <= contract.keys()
    assert contract["service"]["docs"]
    assert len(contract["exchanges"]) >= 2
    names = [case["name"] for case in cases(contract)]
    assert len(names) == len(set(names))


def test_cases_have_known_keys_and_one_verdict(contract: dict[str, Any]) -> None:
    for case in cases(contract):
        assert case.keys() <= CASE_KEYS, case["name"]
        assert ("returns" in case) != ("expect" in case), case["name"]
        verdict = case.get("expect", {"returns": None})
        assert len(verdict) == 1, case["name"]
        assert verdict.keys() <= {"returns", "shape", "error"}, case["name"]
        name = verdict.get("error", "ValueError")
        assert issubclass(getattr(errors, name, None) or getattr(builtins, name), Exception), case["name"]


def test_requests_and_responses_have_known_keys(contract: dict[str, Any]) -> None:
    for case in cases(contract):
        for item in case.get("http", []):
            request, response = item["request"], item["response"]
            assert item.keys() <= {"request", "response", "times", "optional"}, case["name"]
            assert request.keys() <= REQUEST_KEYS, case["name"]
            assert ("path" in request) != ("url" in request), case["name"]
            assert response.keys() <= RESPONSE_KEYS or response.keys() == {"fault"}, case["name"]


def test_no_request_has_a_key_without_a_value(contract: dict[str, Any]) -> None:
    for case in cases(contract):
        for item in case.get("http", []):
            assert not holds_null(item["request"].get("json", {})), case["name"]


def test_the_class_takes_every_parameter(contract: dict[str, Any], kind: Any) -> None:
    wanted = {name for item in contract["init"] for name in [item["name"], *item.get("aliases", [])]}
    assert wanted - {*kind._params, *kind._aliases} == set()


def test_the_class_reads_the_documented_variables(contract: dict[str, Any], kind: Any) -> None:
    params = {item["name"]: kind._params[kind._aliases.get(item["name"], item["name"])] for item in contract["init"]}
    wanted = {item["name"]: item.get("env", []) for item in contract["init"] if not params[item["name"]].ignored}
    assert {name: list(params[name].env) for name in wanted} == wanted
