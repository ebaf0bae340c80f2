"""`onevec demo`: the standard library, searched by meaning."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from onevec.cli import main
from onevec.cli.demo import QUERIES
from onevec.cli.stdlib import docstrings
from onevec.cli.vectorfile import VectorFile


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """The summary of every documented name."""
    return {entry.name: entry.summary for entry in docstrings()}


def test_the_demo_shows_a_table_for_each_query(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path / "stdlib.parquet")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    blocks = out.split("\n\n")[1:]
    assert [block.splitlines()[0] for block in blocks[:4]] == list(QUERIES)
    assert all(len(block.strip().splitlines()) == 7 for block in blocks[:4])
    assert "  random.Random.shuffle  " in blocks[2]


def test_the_demo_finds_what_it_must(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "stdlib.parquet"
    assert main(["demo", "--out", str(file), "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    found = {answer["query"]: [hit["name"] for hit in answer["found"]] for answer in said["queries"]}
    assert all(len(hits) == 5 for hits in found.values())
    assert "datetime.datetime.strptime" in found["parse a date from a string"]
    assert "random.Random.shuffle" in found["随机打乱列表"]
    assert "gzip.compress" in found["压缩文件"]
    assert "subprocess.check_output" in found["run another program and read its output"]
    with VectorFile.open(file) as vectors:
        assert len(vectors) == said["texts"] > 3000
        assert vectors.dimensions == 512


@pytest.mark.parametrize(
    "name",
    [
        "datetime.datetime.strptime",
        "random.Random.shuffle",
        "math.gcd",
        "itertools.chain",
        "json.loads",
        "os.path.join",
        "os.listdir",
        "builtins.str.split",
        "subprocess.Popen.communicate",
        "xml.etree.ElementTree.Element.find",
    ],
)
def test_names_are_whole_and_of_both_kinds(names: dict[str, str], name: str) -> None:
    assert names[name]


def test_only_public_names_with_something_to_say(names: dict[str, str]) -> None:
    assert all(names.values())
    assert not [name for name in names if any(part.startswith("_") for part in name.split("."))]
    assert not [name for name in names if name.startswith(("test.", "idlelib.", "tkinter.", "this."))]
    assert not [summary for summary in names.values() if "\n" in summary]


def test_collecting_prints_nothing_and_opens_nothing() -> None:
    code = (
        "import sys; from onevec.cli.stdlib import docstrings; docstrings(); "
        "print(*sorted({'antigravity', 'this', 'tkinter', 'webbrowser', 'turtle', 'idlelib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (b"", b"")


def test_the_demo_writes_over_no_file_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("text,name\nmine,me\n", encoding="utf-8")
    assert main(["embed", "in.csv", "--out", "mine.parquet"]) == 0
    shutil.copytree(tmp_path, "unfinished.parquet.parts", ignore=shutil.ignore_patterns("*.csv", "*.parts"))
    Path("texts.parquet").write_bytes(b"no Parquet")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for name, said in (
        ("mine.parquet", "mine.parquet is there, and not from an earlier demo: choose another --out"),
        ("unfinished.parquet", "and not from an earlier demo"),
        ("texts.parquet", "texts.parquet is not a Parquet file"),
    ):
        assert main(["demo", "--out", name]) == 1
        assert said in capsys.readouterr().err
    assert main(["demo", "--out", "demo.csv"]) == 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    monkeypatch.setattr("onevec.cli.demo.docstrings", lambda: [*docstrings()][:20])
    for _ in range(2):
        assert main(["demo", "--out", "demo.parquet"]) == 0
    monkeypatch.setattr("onevec.cli.demo.docstrings", lambda: [*docstrings()][5:20])  # of another Python
    assert main(["demo", "--out", "demo.parquet"]) == 0
    with VectorFile.open(Path("demo.parquet")) as vectors:
        assert len(vectors) == 15
