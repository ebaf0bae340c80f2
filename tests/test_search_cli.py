"""`onevec index`, `onevec search` over an index, and `onevec duplicates`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("typer")
pytest.importorskip("usearch")

from onevec import load
from onevec.cli import main
from onevec.search import VectorIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from onevec import Embeddings

    Run = Callable[..., tuple[int, str, str]]

LINES = [
    ("a1", "zh", 2024, "猫在睡觉"),
    ("a2", "zh", 2025, "去机场怎么走"),
    ("a3", "en", 2024, "the train to the airport"),
    ("a4", "en", 2025, "stock prices fell by E1047"),
    ("a5", "en", 2026, "a kitten sleeps"),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in a folder with a file of texts."""
    monkeypatch.chdir(tmp_path)
    lines = "".join(json.dumps(dict(zip(("id", "lang", "year", "text"), line, strict=True))) + "\n" for line in LINES)
    Path("in.jsonl").write_text(lines, encoding="utf-8")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def found(out: str) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = json.loads(out)["found"]
    return hits


def test_texts_become_an_index_that_is_searched(run: Run) -> None:
    code, out, err = run("index", "in.jsonl", "--out", "x.index")
    assert (code, err) == (0, "")
    assert out == "x.index: 5 texts in use:multilingual-use-v3@0db566fd0af8/512\n"
    code, out, err = run("search", "x.index", "怎么坐车去机场", "--top", "2", "--json")
    assert (code, err) == (0, "")
    assert [hit["id"] for hit in found(out)] == ["a2", "a3"]
    assert found(out)[0] == {
        "id": "a2",
        "score": pytest.approx(0.891, abs=0.01),
        "text": "去机场怎么走",
        "lang": "zh",
        "year": 2025,
    }
    code, out, _ = run("search", "x.index", "cats", "--top", "1")
    assert out.split("\t")[1:] == ["id=a1 lang=zh year=2024", "猫在睡觉\n"]


def test_rows_are_chosen_by_columns_and_words(run: Run) -> None:
    assert run("index", "in.jsonl", "--out", "x.index", "--dtype", "int8")[0] == 0
    asked = ("search", "x.index", "cats", "--json")
    assert {hit["id"] for hit in found(run(*asked, "--where", "year=2025")[1])} == {"a2", "a4"}
    assert [hit["id"] for hit in found(run(*asked, "--where", "year=2025", "--where", "lang=en")[1])] == ["a4"]
    either = run(*asked, "--where", "year=2025", "--where", "year=2026", "--where", "lang=en")[1]
    assert {hit["id"] for hit in found(either)} == {"a4", "a5"}
    assert found(run("search", "x.index", "E1047", "--words", "--json")[1])[0]["id"] == "a4"
    assert len(found(run(*asked, "--diversity", "0.7", "--top", "3")[1])) == 3
    code, out, err = run(*asked, "--where", "color=red")
    assert (code, out) == (1, "")
    assert "columns are id, text, lang, year" in err
    assert run(*asked, "--where", "lang")[0] == 2
    assert run(*asked, "--words", "--diversity", "0.5")[0] == 2


def test_a_vector_file_is_indexed_without_its_model(run: Run) -> None:
    assert run("embed", "in.jsonl", "--out", "in.parquet", "--model", "fake:32")[0] == 0
    code, out, _ = run("index", "in.parquet", "--out", "x.index", "--metric", "dot", "--json")
    assert code == 0
    assert json.loads(out) == {"index": "x.index", "rows": 5, "added": 5, "space": "fake:deterministic/32"}
    assert found(run("search", "x.index", "猫在睡觉", "--top", "1", "--json")[1])[0]["id"] == "a1"
    assert VectorIndex.open("x.index").model_name == "fake:32"
    code, _, err = run("search", "x.index", "cats", "--model", "fake:16")
    assert code == 1
    assert "can't be compared" in err
    assert "The vectors of x.index were made by fake:32" in err
    assert run("search", "in.parquet", "cats", "--where", "a=b")[0] == 2


def test_an_index_is_added_to_but_not_overwritten(run: Run) -> None:
    assert run("index", "in.jsonl", "--out", "x.index", "--model", "fake:32")[0] == 0
    code, _, err = run("index", "in.jsonl", "--out", "x.index", "--model", "fake:32")
    assert code == 1
    assert "give --add, or choose another --out" in err
    Path("more.txt").write_text("one\ntwo\n", encoding="utf-8")
    code, out, _ = run("index", "more.txt", "--out", "x.index", "--add", "--json")
    assert (code, json.loads(out)["rows"], json.loads(out)["added"]) == (0, 7, 2)
    assert json.loads(run("index", "in.jsonl", "--out", "x.index", "--add", "--json")[1])["added"] == 0
    code, _, err = run("index", "more.txt", "--out", "other.index", "--add")
    assert code == 1
    assert "there is no index in other.index: leave out --add" in err
    assert run("index", "more.txt", "--out", "x.index", "--add", "--model", "fake:8")[0] == 1


def test_inputs_of_two_kinds_or_spaces_are_refused(run: Run) -> None:
    assert run("embed", "in.jsonl", "--out", "a.parquet", "--model", "fake:32")[0] == 0
    assert run("embed", "in.jsonl", "--out", "b.parquet", "--model", "fake:16")[0] == 0
    assert run("index", "a.parquet", "b.parquet", "--out", "x.index")[0] == 1
    assert run("index", "a.parquet", "in.jsonl", "--out", "x.index")[0] == 2
    assert run("index", "in.docx", "--out", "x.index")[0] == 2
    assert not Path("x.index").exists()


@pytest.fixture
def questions() -> None:
    Path("q.txt").write_text("猫在睡觉\nstock prices fell\na kitten sleeps\na kitten is sleeping\n", encoding="utf-8")


@pytest.mark.usefixtures("run", "questions")
def test_duplicates_are_shown_in_groups(run: Run) -> None:
    code, out, err = run("duplicates", "q.txt", "--threshold", "0.8")
    assert (code, err) == (0, "")
    assert [line.split("\t")[0:4:2] + line.split("\t")[3:] for line in out.splitlines()] == [
        ["1", "1", "猫在睡觉"],
        ["1", "3", "a kitten sleeps"],
        ["1", "4", "a kitten is sleeping"],
    ]
    said = json.loads(run("duplicates", "q.txt", "--threshold", "0.9", "--json")[1])
    assert [[one["row"] for one in group] for group in said["groups"]] == [[2, 3]]
    assert said["texts"] == 4
    assert run("duplicates", "q.txt", "--threshold", "0.8", "--unique")[1] == "猫在睡觉\nstock prices fell\n"
    assert json.loads(run("duplicates", "q.txt", "--threshold", "0.8", "--unique", "--json")[1])["unique"][1:] == [
        "stock prices fell"
    ]
    for threshold in ("2", "0", "nan"):
        code, _, err = run("duplicates", "q.txt", "--threshold", threshold)
        assert code == 2
        assert f"--threshold must be above 0 and at most 1, not {threshold}" in err


@pytest.mark.usefixtures("run", "questions")
def test_duplicates_of_a_vector_file_need_no_model(run: Run) -> None:
    assert run("embed", "q.txt", "--out", "q.parquet")[0] == 0
    both = [run("duplicates", name, "--threshold", "0.8")[1] for name in ("q.parquet", "q.txt")]
    assert both[0] == both[1] != ""
    Path("empty.txt").write_text("", encoding="utf-8")
    assert run("duplicates", "empty.txt")[:2] == (0, "")


@pytest.mark.usefixtures("run", "questions")
def test_what_can_not_be_done_is_no_option(run: Run) -> None:
    assert run("embed", "q.txt", "--out", "q.parquet", "--model", "fake:8")[0] == 0
    for arguments, said in (
        (("index", "q.parquet", "--out", "x.index", "--model", "fake:8"), "--model is for texts"),
        (("index", "q.parquet", "--out", "x.index", "--column", "text"), "--column is for texts"),
        (("index", "q.txt", "--out", "x.index", "--column", "body"), "--column is for files with columns"),
        (("index", "q.txt", "--out", "x.index", "--dtype", "int4"), "--dtype must be one of float32, "),
        (("index", "q.txt", "--out", "x.index", "--metric", "l1"), "--metric must be one of cosine, "),
        (("duplicates", "q.parquet", "--model", "bogus"), "--model is for texts"),
        (("duplicates", "q.txt", "--column", "body"), "--column is for files with columns"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert said in err
    assert not Path("x.index").exists()


@pytest.mark.usefixtures("run", "questions")
def test_an_index_stays_of_its_kind(run: Run) -> None:
    assert run("index", "q.txt", "--out", "x.index", "--model", "fake:8", "--dtype", "int8")[0] == 0
    for option in (("--dtype", "binary"), ("--metric", "dot"), ("--approximate",)):
        code, _, err = run("index", "q.txt", "--out", "x.index", "--add", *option)
        assert code == 2
        assert f"{option[0]} {option[-1] if option[1:] else True} does not fit --add" in err
    assert run("index", "q.txt", "--out", "x.index", "--add", "--dtype", "int8", "--metric", "cosine")[0] == 0
    assert len(VectorIndex.open("x.index")) == 8
    assert VectorIndex.open("x.index").model_name == "fake:8"


def test_an_input_without_texts_is_no_index(run: Run) -> None:
    Path("empty.txt").write_text("\n \n", encoding="utf-8")
    code, out, err = run("index", "empty.txt", "--out", "x.index")
    assert (code, out) == (1, "")
    assert "there are no texts in the input" in err
    assert not Path("x.index").exists()


def test_a_model_takes_its_options_from_the_command_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a server at http://here/v1 that shortens vectors."""
    asked: list[tuple[str | None, dict[str, object]]] = []

    def shortened(name: str | None = None, **options: object) -> Embeddings:
        asked.append((name, options))
        return load(f"fake:{options.get('dimensions', 32)}")

    for verb in ("embed", "index", "search", "similar"):
        monkeypatch.setattr(f"onevec.cli.{verb}.load", shortened)
    options = ("--model", "some:model", "--dimensions", "16", "--base-url", "http://here/v1")
    assert run("embed", "in.jsonl", "--out", "in.parquet", *options)[0] == 0
    assert run("index", "in.jsonl", "--out", "x.index", *options)[0] == 0
    assert run("index", "in.jsonl", "--out", "x.index", "--add", *options)[0] == 0
    assert run("similar", "a", "b", *options)[0] == 0
    for where in ("in.parquet", "x.index"):
        assert run("search", where, "cats", *options)[0] == 0
    assert asked == 6 * [("some:model", {"dimensions": 16, "base_url": "http://here/v1"})]
    for where in ("in.parquet", "x.index"):
        assert run("search", where, "cats", "--dimensions", "16")[0] == 0
        code, _, err = run("search", where, "cats")
        assert code == 1
        assert f"The vectors of {where} were made by some:model with 16 dimensions" in err
    assert asked[-1] == ("some:model", {})
    code, _, err = run("index", "in.parquet", "--out", "y.index", "--base-url", "http://here/v1")
    assert code == 2
    assert "--base-url is for texts" in err
    assert run("similar", "a", "b", "--dimensions", "0")[0] == 2


def test_a_table_of_another_form_is_indexed(run: Run) -> None:
    Path("in.csv").write_bytes("id|text\n1|猫在睡觉\n2|猫在睡觉\n".encode("gbk"))
    form = ("--encoding", "gbk", "--delimiter", "|")
    assert run("index", "in.csv", "--out", "x.index", "--model", "fake:8", *form)[0] == 0
    assert VectorIndex.open("x.index").texts() == (["1", "2"], ["猫在睡觉"] * 2)
    assert run("duplicates", "in.csv", "--unique", "--model", "fake:8", *form)[1] == "猫在睡觉\n"
