"""`onevec embed`: what it reads, what it writes, what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onevec import Role, SpaceId, load
from onevec.cli import main
from onevec.cli.embed import _tell
from onevec.cli.estimate import Estimate
from onevec.cli.vectorfile import VectorFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Embed = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.usefixtures("_in_tmp")


@pytest.fixture
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def embed(capsys: pytest.CaptureFixture[str]) -> Embed:
    """Embed into out.parquet with a small model: what `--json` says."""

    def call(*arguments: str) -> dict[str, Any]:
        code = main(["embed", *arguments, "--out", "out.parquet", "--model", "fake:4", "--json"])
        out, err = capsys.readouterr()
        assert code == 0, err
        said: dict[str, Any] = json.loads(out)
        return said

    return call


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Embed what can't be embedded: the one line that says why."""

    def call(*arguments: str) -> str:
        assert main(["embed", *arguments, "--out", "out.parquet", "--model", "fake:4"]) == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        return err

    return call


def written() -> dict[str, list[Any]]:
    """The columns of out.parquet but for the vectors, after a check of these."""
    table = pq.read_table("out.parquet")
    assert table["vector"].type == pa.list_(pa.float32(), 4)
    wanted = load("fake:4").embed(table["text"].to_pylist()).vectors
    assert np.array_equal(np.array(table["vector"].to_pylist(), dtype=np.float32), wanted)
    columns: dict[str, list[Any]] = table.drop_columns(["vector"]).to_pydict()
    return columns


def test_a_text_file_is_one_text_a_line(embed: Embed, tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_bytes("\ufeff猫\r\n\n  \n a b \n最后一行".encode())
    said = embed("a.txt")
    assert (said["texts"], said["embedded"], said["kept"]) == (3, 3, 0)
    assert written() == {"text": ["猫", " a b ", "最后一行"], "source": ["a.txt"] * 3, "line": [1, 4, 5]}


def test_standard_input_is_one_text_a_line() -> None:
    command = [sys.executable, "-m", "onevec", "embed", "-", "--out", "out.parquet", "--model", "fake:4"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, input="猫\n狗\n".encode(), capture_output=True, check=True, env=environment)
    assert done.stderr == b""
    assert written() == {"text": ["猫", "狗"], "source": ["-", "-"], "line": [1, 2]}


def test_csv_keeps_its_other_columns_as_they_are(embed: Embed, tmp_path: Path) -> None:
    tmp_path.joinpath("a.csv").write_text('id,body,n\n007,"line 1\nline 2",\n8,"说, ""你好""",2\n\n', encoding="utf-8")
    embed("a.csv", "--column", "body")
    assert written() == {"text": ["line 1\nline 2", '说, "你好"'], "id": ["007", "8"], "n": ["", "2"]}


def test_jsonl_keeps_types_and_nested_values(embed: Embed, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "a", "n": 1, "x": 1, "ok": True, "mixed": "s", "tags": ["猫"]},
        {"x": 0.5, "text": "b", "mixed": 3, "late": 2**63, "none": None},
    ]
    tmp_path.joinpath("a.jsonl").write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-8")
    embed("a.jsonl")
    assert written() == {
        "text": ["a", "b"],
        "n": [1, None],
        "x": [1.0, 0.5],
        "ok": [True, None],
        "mixed": ["s", "3"],
        "tags": ['["猫"]', None],
        "late": [None, str(2**63)],
        "none": [None, None],
    }


def test_parquet_keeps_its_types(embed: Embed) -> None:
    table = pa.table(
        {
            "when": pa.array([1, 2], pa.timestamp("s")),
            "body": pa.array(["猫", "狗"]).dictionary_encode(),
            "tags": pa.array([["x"], []]),
        }
    )
    pq.write_table(table, "a.parquet")
    embed("a.parquet", "--column", "body")
    assert written() == {"text": ["猫", "狗"], **table.drop_columns(["body"]).to_pydict()}


def test_a_vector_file_can_be_embedded_with_another_model(embed: Embed, tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n", encoding="utf-8")
    embed("a.txt", "--batch-size", "1")
    tmp_path.joinpath("out.parquet").rename("old.parquet")
    embed("old.parquet")
    assert written() == {"text": ["猫"], "source": ["a.txt"], "line": [1]}


def test_several_inputs_share_one_file(embed: Embed, tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("eins\n", encoding="utf-8")
    tmp_path.joinpath("b.csv").write_text("text,id\nzwei,2\n", encoding="utf-8")
    embed("a.txt", "b.csv")
    assert written() == {"text": ["eins", "zwei"], "source": ["a.txt", None], "line": [1, None], "id": [None, "2"]}


def test_the_file_knows_its_model(embed: Embed, tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n", encoding="utf-8")
    embed("a.txt")
    model, metadata = load("fake:4"), pq.read_schema("out.parquet").metadata
    assert SpaceId.from_json(metadata[b"onevec.space"]) == model.space
    assert metadata[b"onevec.recipe"].decode() == str(model.recipe(Role.DOCUMENT))
    assert metadata[b"onevec.model"] == b"fake:4"


def test_vectors_are_read_without_a_copy(embed: Embed, tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("a\nb\nc\n", encoding="utf-8")
    embed("a.txt")
    with VectorFile.open(tmp_path / "out.parquet") as file:
        chunks = list(file.vectors())
    assert np.array_equal(np.concatenate(chunks), load("fake:4").embed(["a", "b", "c"]).vectors)
    assert all(chunk.flags.c_contiguous and not chunk.flags.owndata for chunk in chunks)


def test_row_groups_stay_small_and_rows_in_order(embed: Embed, tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(9000)]
    tmp_path.joinpath("a.txt").write_text("\n".join(texts), encoding="utf-8")
    embed("a.txt")
    assert written()["text"] == texts
    metadata = pq.ParquetFile("out.parquet").metadata
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [8192, 808]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"id,body\n1,x\n", "a.csv has the columns 'id', 'body', and no 'text': name the one"),
        ("a.csv", b"text,id\nx,1\ny\n", "a.csv, line 3: 1 cells, but the header has 2"),
        ("a.csv", b'text\n"never closed\n', "a.csv, line 2: unexpected end of data"),
        ("a.csv", b"text,text\nx,y\n", "two have the same name"),
        ("a.csv", b"", "a.csv has no columns"),
        ("a.jsonl", b'{"text": "a"}\n\n{"text": \n', "a.jsonl, line 3: not JSON: "),
        ("a.jsonl", b'["a"]\n', "a.jsonl, line 1: not a JSON object"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 5}\n', "a.jsonl, line 2: the column 'text' holds int, not text"),
        ("a.jsonl", b'{"text": "a"}\n{"id": 5}\n', "a.jsonl, line 2: the column 'text' holds no text"),
        ("a.txt", b"good\n\xff\xfe bad\n", "a.txt, line 2: not UTF-8"),
        ("a.txt", b"\n \n", "there are no texts in the input"),
        ("a.parquet", b"PAR1 it is not", "a.parquet is not a Parquet file"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    refused: Callable[..., str], tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    tmp_path.joinpath(name).write_bytes(content)
    assert said in refused(name)
    assert not tmp_path.joinpath("out.parquet").exists()
    assert not tmp_path.joinpath("out.parquet.parts").exists()


def test_a_parquet_column_must_hold_texts(refused: Callable[..., str]) -> None:
    pq.write_table(pa.table({"text": ["a", None, "c"], "n": [1, 2, 3]}), "a.parquet")
    assert "a.parquet, row 2: the column 'text' holds no text" in refused("a.parquet")
    pq.write_table(pa.table({"text": [1, 2, 3]}), "b.parquet")
    assert "b.parquet: the column 'text' holds int64, not text" in refused("b.parquet")


def test_columns_that_clash_are_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    tmp_path.joinpath("a.csv").write_text("text,body\na,b\n", encoding="utf-8")
    assert "rename 'text'" in refused("a.csv", "--column", "body")
    tmp_path.joinpath("b.csv").write_text("text,n\na,1\n", encoding="utf-8")
    tmp_path.joinpath("c.jsonl").write_text('{"text": "a", "n": 1}\n', encoding="utf-8")
    assert "the column 'n' is string in b.csv and int64 in c.jsonl" in refused("b.csv", "c.jsonl")


def dry_run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["embed", *arguments, "--dry-run", "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_a_dry_run_counts_and_writes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n狗\n猫\n" * 1000, encoding="utf-8")
    said = dry_run(capsys, "a.txt", "--model", "openai:text-embedding-3-small")
    assert (said["texts"], said["unique_texts"]) == (3000, 2)
    assert said["cost"] == pytest.approx(said["estimated_tokens"] * 0.02 / 1e6)
    assert os.listdir() == ["a.txt"]  # noqa: PTH208  # names are what is compared


def test_a_dry_run_counts_the_tokens_that_would_be_sent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n" * 10, encoding="utf-8")
    once = dry_run(capsys, "a.txt")["estimated_tokens"]
    assert once > 0
    assert dry_run(capsys, "a.txt", "--batch-size", "2")["estimated_tokens"] == 5 * once


@pytest.mark.parametrize(("model", "cost"), [("default", 0.0), ("fake:3", 0.0), ("openai:no-such-model", None)])
def test_a_dry_run_knows_what_is_free_and_what_it_does_not_know(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: str, cost: float | None
) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n", encoding="utf-8")
    assert dry_run(capsys, "a.txt", "--model", model)["cost"] == cost


def test_a_dry_run_takes_the_class_s_own_model_and_no_key(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n", encoding="utf-8")
    named = dry_run(capsys, "a.txt", "--model", "openai:text-embedding-ada-002")
    assert dry_run(capsys, "a.txt", "--model", "openai")["cost"] == named["cost"] > 0


def test_a_dry_run_for_a_reader(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("a\na\n", encoding="utf-8")
    assert main(["embed", "a.txt", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "texts\t2\nunique texts\t1\n" in out
    assert "estimated cost\t$0.00\n" in out


@pytest.mark.parametrize(
    ("cost", "shown"),
    [(0.0, "$0.00"), (1234.567, "$1,234.57"), (0.123, "$0.12"), (0.000012345, "$0.000012"), (2e-8, "$0.00000002")],
)
def test_no_cost_is_shown_as_nothing(cost: float, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    _tell(Estimate("m", 1, 1, 1, cost), json=False)
    assert capsys.readouterr().out.splitlines()[-1] == f"estimated cost\t{shown}"


def test_tabs_and_semicolons_part_cells_too(embed: Embed, tmp_path: Path) -> None:
    wanted = {"text": ["a, b; c"], "id": ["7"]}
    tmp_path.joinpath("a.tsv").write_text('text\tid\n"a, b; c"\t7\n', encoding="utf-8")
    embed("a.tsv")
    assert written() == wanted
    for name, between, options in (
        ("tab.csv", "\t", ()),
        ("semicolon.csv", ";", ()),
        ("bar.csv", "|", ("--delimiter", "|")),
        ("named.csv", "\t", ("--delimiter", "tab")),
        ("comma.tsv", ",", ("--delimiter", ",")),
    ):
        tmp_path.joinpath(name).write_text(f'text{between}id\n"a, b; c"{between}7\n', encoding="utf-8")
        embed(name, *options, "--restart")
        assert written() == wanted
    tmp_path.joinpath("one.csv").write_text("id;n,text\n1,猫\n", encoding="utf-8")  # a comma goes first
    embed("one.csv", "--restart")
    assert written() == {"text": ["猫"], "id;n": ["1"]}


def test_an_encoding_may_be_named(embed: Embed, refused: Callable[..., str], tmp_path: Path) -> None:
    tmp_path.joinpath("a.csv").write_bytes("编号,内容\r\n7,镕基的猫𠀀\r\n".encode("gb18030"))
    said = refused("a.csv")
    assert "a.csv, line 1: not UTF-8 (" in said
    assert "save it as UTF-8, or name its --encoding" in said
    embed("a.csv", "--column", "内容", "--encoding", "gb18030")
    assert written() == {"text": ["镕基的猫𠀀"], "编号": ["7"]}
    assert "a.csv, line 1: not big5 (" in refused("a.csv", "--encoding", "big5", "--restart")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.csv", "--delimiter", "ab"), "--delimiter must be one character, or tab, not 'ab'"),
        (("a.csv", "--delimiter", '"'), "--delimiter must be one character"),
        (("a.txt", "--delimiter", ","), "--delimiter is for .csv and .tsv files"),
        (("a.csv", "--encoding", "klingon"), "--encoding 'klingon' is unknown"),
        (("a.csv", "--encoding", "base64"), "--encoding 'base64' is unknown"),
        (("a.csv", "--encoding", "utf-16"), "--encoding 'utf-16' has no line ends of one byte"),
        (("a.parquet", "--encoding", "gbk"), "--encoding is for files of text"),
    ],
)
def test_a_form_that_can_not_be(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["embed", *arguments, "--out", "out.parquet"]) == 2
    assert said in capsys.readouterr().err


def test_a_dry_run_knows_no_price_of_another_server(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n", encoding="utf-8")
    model = ("--model", "openai:text-embedding-3-small")
    assert dry_run(capsys, "a.txt", *model)["cost"] > 0
    assert dry_run(capsys, "a.txt", *model, "--base-url", "http://localhost:8000/v1")["cost"] is None
