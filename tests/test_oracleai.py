"""OracleEmbeddings by its contract: a stand-in of the driver's connection, which says what it was asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest

import onevec
from onevec import ConfigurationError, OracleEmbeddings, ServiceUnavailable
from onevec.testing import contract_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onevec.testing import Case

CASES = list(contract_cases(Path(__file__).parent / "contracts" / "OracleEmbeddings.json"))
DATABASE = {"provider": "database", "model": "demo_model"}


class Connection:
    """What python-oracledb offers of a connection and its cursor, as far as it is used."""

    dsn = "db.example/free"

    def __init__(self, rows: list[Any] | None = None, failure: Exception | None = None) -> None:
        self.rows, self.failure = rows or [], failure
        self.calls: list[tuple[Any, ...]] = []

    def cursor(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append(("cursor.close()",))

    def gettype(self, name: str) -> Any:
        self.calls.append(("connection.gettype", name))
        return SimpleNamespace(newobject=self.newobject)

    def newobject(self, items: list[str]) -> str:
        self.calls.append(("dbobjecttype.newobject", [json.loads(item) for item in items]))
        return f"<SYS.VECTOR_ARRAY_T of {len(items)}>"

    def execute(self, sql: str, fetch_lobs: bool | None = None, **binds: Any) -> None:
        if "params" in binds:
            assert fetch_lobs is False
            binds["params"] = json.loads(binds["params"])
        self.calls.append(("cursor.execute", " ".join(sql.split()), binds))
        if "content" in binds and self.failure:
            raise self.failure

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)


def wanted(call: dict[str, Any]) -> tuple[Any, ...]:
    if call["call"] == "cursor.execute":
        return call["call"], call["sql"], call["binds"]
    return call["call"], *call.get("args", [])


def failure(code: str, *, passing: bool = False) -> Exception:
    driver = pytest.importorskip("oracledb")
    error: Exception = driver.DatabaseError(SimpleNamespace(full_code=code, isrecoverable=passing))
    return error


@pytest.mark.parametrize("mode", ["", "a"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(case: Case, mode: str) -> None:
    pytest.importorskip("oracledb")
    listed = case.data["library_calls"]
    rows = [call["result"] for call in listed if call["call"] == "cursor rows"]
    codes = [call["code"] for call in listed if call["call"] == "raise"]
    connection = Connection(rows[0] if rows else [], failure(codes[0]) if codes else None)
    init = {**case.data["init"], **({"conn": connection} if "conn" in case.data["init"] else {})}
    with case.verdict() as results:
        method = getattr(OracleEmbeddings(**init), mode + case.calls[0]["method"])
        answer = method(*case.calls[0]["args"])
        results.append(asyncio.run(answer) if mode else answer)
    assert connection.calls == [wanted(call) for call in listed if call["call"] not in {"cursor rows", "raise"}]


def row(place: int, vector: list[float]) -> tuple[str]:
    return (json.dumps({"embed_id": str(place), "embed_data": "", "embed_vector": json.dumps(vector)}),)


def test_rows_belong_to_the_text_of_their_id() -> None:
    pytest.importorskip("oracledb")
    model = OracleEmbeddings(conn=Connection([row(2, [3.0, 4.0]), row(1, [1.0, 2.0])]), params=DATABASE)
    assert model.embed_documents(["a", "b", "a"]) == [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]


def test_a_lost_connection_may_come_back() -> None:
    model = OracleEmbeddings(conn=Connection(failure=failure("DPY-4011", passing=True)), params=DATABASE)
    with pytest.raises(ServiceUnavailable) as caught:
        model.embed_query("a")
    assert (caught.value.code, caught.value.retryable) == ("DPY-4011", True)


def test_a_database_that_is_not_there_is_said_without_the_password() -> None:
    pytest.importorskip("oracledb")
    model = OracleEmbeddings(dsn="scott/tiger-1@127.0.0.1:1/free", params=DATABASE)
    with pytest.raises(onevec.ProviderError) as caught:
        model.embed_query("a")
    assert "tiger-1" not in f"{caught.value}{model!r}{model.space}"
    assert model.space.origin == "oracleai:127.0.0.1:1/free"


def test_a_model_is_loaded_from_a_directory_of_the_database() -> None:
    connection = Connection()
    OracleEmbeddings.load_onnx_model(connection, "DEMO_DIR", "tinybert.onnx", "demo_model")
    (_, sql, binds), _ = connection.calls
    assert sql.startswith("begin dbms_data_mining.drop_model(model_name => :model, force => true); ")
    assert "load_onnx_model(:path, :filename, :model, json('{" in sql
    assert binds == {"path": "DEMO_DIR", "filename": "tinybert.onnx", "model": "demo_model"}


def test_models_of_two_databases_are_two_spaces() -> None:
    here, there = (OracleEmbeddings(dsn=f"u/p@{host}/free", params=DATABASE) for host in ("here", "there"))
    assert here.space != there.space
    asked = {"provider": "ocigenai", "model": "m"}
    here, there = (OracleEmbeddings(dsn=f"u/p@{host}/free", params=asked) for host in ("here", "there"))
    assert here.space == there.space
    assert str(here.recipe("query")) == str(here.recipe())


def test_a_connection_is_needed() -> None:
    with pytest.raises(ConfigurationError, match="ORACLE_DSN"):
        OracleEmbeddings(params=DATABASE)
