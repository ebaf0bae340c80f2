"""What holds for every verb: exit codes, JSON, errors, help; and the verbs that write no file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer

from onevec import __version__, load, providers
from onevec.cli import console, main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

VERBS = ["embed", "search", "similar", "providers", "demo"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line: its exit code, standard output and standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_help_names_every_verb(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert all(f"\n  {verb} " in out for verb in VERBS)
    assert run() == (code, out, "")


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_has_examples_one_a_line(run: Run, verb: str) -> None:
    code, out, _ = run(verb, "--help")
    assert code == 0
    assert f"\n    onevec {verb}" in out.partition("Examples:")[2]
    assert "--json" in out


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"onevec {__version__}\n", "")


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "onevec", "--version"], capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode().split()) == (0, ["onevec", __version__])


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["embed"],
        ["embed", "a.txt", "--nonsense"],
        ["embed", "a.txt"],
        ["embed", "a.docx", "--out", "a.parquet"],
        ["embed", "a.parquet", "--out", "./a.parquet"],
        ["embed", "-", "-", "--out", "a.parquet"],
        ["embed", "a.txt", "--column", "body", "--out", "a.parquet"],
        ["embed", "a.txt", "--out", "a.parquet", "--batch-size", "0"],
        ["embed", "a.txt", "--out", "a.csv"],
        ["embed", "a.txt", "--out", "a"],
        ["search", "a.parquet", "query", "--top", "many"],
        ["similar", "one"],
        ["providers", "NoSuchEmbeddings"],
    ],
)
def test_a_wrong_command_line_is_2_and_one_line(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("onevec: error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["similar", "a", "b", "--model", "openia"], "did you mean 'openai'"),
        (["search", "missing.parquet", "a"], "missing.parquet: No such file"),
        (["embed", "missing.txt", "--out", "a.parquet"], "missing.txt: No such file"),
        (["embed", "missing.parquet", "--out", "a.parquet"], "missing.parquet: No such file"),
    ],
)
def test_a_failure_is_1_and_one_line(run: Run, arguments: list[str], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(run: Run) -> None:
    code, _, err = run("similar", "a", "b", "--model", "openia", "--debug")
    assert code == 1
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("onevec: error: ")


def test_without_the_extra_it_says_how_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["--help"]) == 1
    assert capsys.readouterr().err == "onevec: pyarrow is not installed: pip install 'onevec[cli]'\n"


def test_ctrl_c_while_it_imports_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("onevec.cli.need", stop)
    assert run("cache", "stats") == (130, "", "onevec: error: stopped\n")


def test_a_reader_that_has_enough_is_no_traceback(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "onevec", "providers"]
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"")


def test_chinese_is_written_as_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    tmp_path.joinpath("a.txt").write_text("猫\n", encoding="utf-8")
    assert main(["embed", str(tmp_path / "a.txt"), "--out", str(tmp_path / "a.parquet"), "--model", "fake:2"]) == 0
    command = [sys.executable, "-m", "onevec", "search", "a.parquet", "cat"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, check=True, env=environment, cwd=tmp_path)
    assert done.stdout.decode().endswith("\t猫\n")


def test_similar_is_the_cosine(run: Run) -> None:
    a, b = load("fake:8").embed(["猫", "狗"]).vectors
    wanted = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert run("similar", "猫", "狗", "--model", "fake:8") == (0, f"{wanted:.4f}\n", "")
    code, out, _ = run("similar", "猫", "狗", "--model", "fake:8", "--json")
    assert code == 0
    assert json.loads(out)["similarity"] == pytest.approx(wanted, abs=1e-6)


def test_similar_takes_the_default_model_across_languages(run: Run) -> None:
    def similarity(a: str, b: str) -> float:
        return float(run("similar", a, b)[1])

    assert similarity("猫", "cat") > similarity("猫", "汽车")


def test_providers_lists_all(run: Run) -> None:
    listed = json.loads(run("providers", "--json")[1])
    assert [entry["name"] for entry in listed] == [entry.name for entry in providers()]
    lines = run("providers")[1].splitlines()
    assert [line.split("\t")[0] for line in lines] == [entry.name for entry in providers()]


def test_providers_shows_the_parameters_of_one(run: Run) -> None:
    code, out, _ = run("providers", "OpenAIEmbeddings")
    assert code == 0
    assert "OPENAI_API_KEY" in out
    assert "\ndimensions\t\tint | None\tNone\t\n" in out
    shown = json.loads(run("providers", "openai", "--json")[1])
    assert shown["name"] == "OpenAIEmbeddings"
    found = {parameter["name"]: parameter for parameter in shown["parameters"]}
    assert (found["dimensions"]["type"], found["dimensions"]["default"]) == ("int | None", None)
    assert (found["openai_api_key"]["aliases"], found["openai_api_key"]["variables"]) == (
        ["api_key"],
        ["OPENAI_API_KEY"],
    )


def test_an_unknown_class_brings_the_nearest(run: Run) -> None:
    assert "did you mean 'OpenAIEmbeddings'?" in run("providers", "OpenAiEmbedding")[2]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_it_is_a_table() -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "onevec", "providers"]
    terminal = {"COLUMNS": "120", "TERM": "xterm", "NO_COLOR": "1"}
    shown_bytes = b""
    with subprocess.Popen(command, stdout=theirs, env={**os.environ, **terminal}):
        os.close(theirs)
        with contextlib.suppress(OSError):  # the other side is closed
            while part := os.read(ours, 4096):
                shown_bytes += part
    os.close(ours)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown_bytes.decode()).splitlines()
    assert lines[0].split() == ["class", "--model", "status", "variables"]
    shown = next(row for row in lines if row.startswith("OpenAIEmbeddings"))
    assert shown.index("openai:") == lines[0].index("--model")
    assert len(shown) <= 120


def test_a_fault_of_our_own_is_one_line_with_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end, console.failures(debug=False):
        raise KeyError("what\nwas not thought of")
    assert end.value.exit_code == 1
    assert capsys.readouterr().err == "onevec: error: KeyError: 'what\\nwas not thought of' (--debug shows where)\n"
