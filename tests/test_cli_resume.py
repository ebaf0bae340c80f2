"""`onevec embed` is ended in every way, and goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onevec import Completed, DeterministicFakeEmbedding, RateLimited, Role, SpaceMismatch, load
from onevec.cli import main
from onevec.cli.growing import GrowingFile, grow
from onevec.cli.inputs import texts_at_once
from onevec.cli.reading import RowStream, Source, survey
from onevec.cli.vectorfile import Header

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onevec import Embedded

    Embed = Callable[..., dict[str, Any]]

TEXTS = [f"第 {number} 条 text" for number in range(3000)]
OUT = Path("out.parquet")
PARTS = Path("out.parquet.parts")
# A shell that starts tests in the background makes them ignore Ctrl-C, so the command is told to heed it.
COMMAND = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from onevec.cli import main; sys.exit(main())"
)

pytestmark = pytest.mark.usefixtures("_in_tmp")


@pytest.fixture
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("\n".join(TEXTS), encoding="utf-8")


@pytest.fixture
def embed(capsys: pytest.CaptureFixture[str]) -> Embed:
    """Embed in.txt: what `--json` says."""

    def call(*arguments: str, out: str = "out.parquet") -> dict[str, Any]:
        code = main(["embed", "in.txt", "--out", out, "--model", "fake:4", "--json", *arguments])
        said, err = capsys.readouterr()
        assert code == 0, err
        found: dict[str, Any] = json.loads(said)
        return found

    return call


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Embed what does not fit what is there: the one line that says why."""

    def call(*arguments: str) -> str:
        assert main(["embed", "in.txt", "--out", "out.parquet", *arguments]) == 1
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        return err

    return call


def ended_by(number: signal.Signals) -> subprocess.CompletedProcess[bytes]:
    """Start the command, and end it by a signal as soon as some parts are there."""
    arguments = ["embed", "in.txt", "--out", "out.parquet", "--model", "fake:4", "--batch-size", "4"]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while len(list(PARTS.glob("*.parquet"))) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert not OUT.exists()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def leave_parts(*sizes: int) -> list[Path]:
    """Leave what a run leaves that was ended behind parts of these sizes."""
    model = load("fake:4")
    file = GrowingFile(OUT, Header(model.space, str(model.recipe(Role.DOCUMENT)), "fake:4"))
    rows = input_rows()
    for size in sizes:
        part = rows.take(size)
        file.append(part, model.embed(part["text"].to_pylist()).vectors)
    return sorted(PARTS.glob("*.parquet"))


def input_rows() -> RowStream:
    sources = [Source("in.txt")]
    return RowStream.of(sources, survey(sources)[0])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_ends_the_process_loses_nothing(embed: Embed, number: signal.Signals) -> None:
    ended = ended_by(number)
    if number == signal.SIGINT:
        assert ended.returncode == 130
        assert b"texts are kept, and the same command goes on" in ended.stderr
        assert ended.stderr.count(b"\n") == 1
    said = embed()
    assert said["kept"] >= 12
    assert said["kept"] + said["embedded"] == said["texts"] == len(TEXTS)
    embed(out="whole.parquet")
    assert OUT.read_bytes() == Path("whole.parquet").read_bytes()
    assert not PARTS.exists()


def test_a_failure_keeps_what_it_had_completed(embed: Embed) -> None:
    class Limited(DeterministicFakeEmbedding):
        """A provider that gives all but one text of a call."""

        def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
            done = [index for index in range(len(texts)) if index != 70]
            error = RateLimited("too fast")
            error.completed = Completed(done, super().embed([texts[index] for index in done], role).vectors)
            raise error

    with pytest.raises(RateLimited) as failure:
        grow(OUT, input_rows(), Limited(size=4), name="fake:4", size=100, total=None, restart=False, verb="")
    assert failure.value.__notes__ == ["70 texts are kept, and the same command goes on behind them"]
    assert embed()["kept"] == 70


def test_a_finished_file_is_left_as_it_is(embed: Embed) -> None:
    embed()
    before = OUT.stat()
    said = embed()
    assert (said["kept"], said["embedded"]) == (len(TEXTS), 0)
    assert OUT.stat().st_mtime_ns == before.st_mtime_ns


def test_what_was_appended_to_the_input_is_added(embed: Embed) -> None:
    embed()
    with Path("in.txt").open("a", encoding="utf-8") as file:
        file.write("\nnew\n更新\n")
    said = embed()
    assert (said["kept"], said["embedded"]) == (len(TEXTS), 2)
    assert pq.read_table(OUT)["text"].to_pylist() == [*TEXTS, "new", "更新"]
    embed(out="whole.parquet")
    assert OUT.read_bytes() == Path("whole.parquet").read_bytes()


def test_a_damaged_part_and_those_behind_it_are_made_again(embed: Embed) -> None:
    parts = leave_parts(100, 100, 100)
    parts[1].write_bytes(parts[1].read_bytes()[:-100])
    assert embed()["kept"] == 100
    assert pq.read_table(OUT)["text"].to_pylist() == TEXTS


def test_parts_that_were_merged_before_the_end_are_not_taken_twice(embed: Embed) -> None:
    leave_parts(100)
    shutil.copytree(PARTS, "copy")
    embed()
    shutil.copytree("copy", PARTS)
    assert embed()["kept"] == len(TEXTS)
    assert pq.read_table(OUT)["text"].to_pylist() == TEXTS


def test_a_column_with_nan_is_the_same_input() -> None:
    pq.write_table(pa.table({"text": ["a", "b"], "x": [float("nan"), 1.0]}), "nan.parquet")
    command = ["embed", "nan.parquet", "--out", "out.parquet", "--model", "fake:4"]
    assert [main(command), main(command)] == [0, 0]


def test_another_model_is_refused_until_restart(embed: Embed, refused: Callable[..., str]) -> None:
    leave_parts(100)
    said = refused("--model", "fake:5")
    assert "dimensions 4 and 5" in said
    assert "--restart removes it and begins anew" in said
    assert embed("--restart")["kept"] == 0


def test_other_options_of_the_model_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    model = load("fake:4")
    GrowingFile(OUT, Header(model.space, "v1.another", "fake:4")).append(
        input_rows().take(10), model.embed(TEXTS[:10]).vectors
    )
    assert main(["embed", "in.txt", "--out", "out.parquet", "--model", "fake:4"]) == 1
    assert "from a run with other options of the model" in capsys.readouterr().err


def test_a_model_that_changes_its_width_is_refused() -> None:
    rows = input_rows()
    file = GrowingFile(OUT, Header(load("fake:4").space, "v1.any", "fake:4"))
    file.append(rows.take(2), load("fake:4").embed(TEXTS[:2]).vectors)
    with pytest.raises(SpaceMismatch, match="4 dimensions, the model now gives 5"):
        file.append(rows.take(2), load("fake:5").embed(TEXTS[2:4]).vectors)


def test_another_input_is_refused_until_restart(embed: Embed, refused: Callable[..., str]) -> None:
    leave_parts(100)
    Path("in.txt").write_text("\n".join(["another", *TEXTS[1:]]), encoding="utf-8")
    assert "is from another input" in refused("--model", "fake:4")
    Path("in.txt").write_text("\n".join(TEXTS[:50]), encoding="utf-8")
    assert "is from another input" in refused("--model", "fake:4")
    for _ in range(2):  # what is removed is a part, and then the finished file
        said = embed("--restart")
        assert (said["kept"], said["texts"]) == (0, 50)


def test_a_foreign_file_is_never_overwritten(refused: Callable[..., str]) -> None:
    pq.write_table(pa.table({"text": ["mine"]}), OUT)
    for arguments in ([], ["--restart"]):
        assert "is not a vector file" in refused("--model", "fake:4", *arguments)
    assert pq.read_table(OUT)["text"].to_pylist() == ["mine"]


def test_searching_an_unfinished_file_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    leave_parts(100)
    assert main(["search", "out.parquet", "猫"]) == 1
    assert "out.parquet is not finished" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_progress_shows_on_a_terminal_only() -> None:
    import pty

    command = [sys.executable, "-m", "onevec", "embed", "in.txt", "--out", "out.parquet", "--model", "fake:4"]
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "3000/3000" in shown
    assert done.stdout.decode() == "out.parquet: 3,000 texts in fake:deterministic/4\n"
    OUT.unlink()
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


class Hosted(DeterministicFakeEmbedding):
    """A model that has four requests of 300 texts at a time in flight; it counts the texts of each call."""

    max_concurrency: int = 4
    batch_size: int = 300
    calls: Any = None

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        self.calls.append(len(texts))
        return super().embed(texts, role)


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> Hosted:
    model = Hosted(size=4, calls=[])
    for verb in ("embed", "index", "duplicates"):
        monkeypatch.setattr(f"onevec.cli.{verb}.load", lambda *_, **__: model)
    return model


def test_a_step_keeps_a_hosted_model_busy(hosted: Hosted) -> None:
    pytest.importorskip("usearch", reason="pip install 'onevec[search]'")
    model = load("openai:text-embedding-3-small", api_key="none")
    assert texts_at_once(model) == 8 * 1000  # requests in flight, and texts a request
    assert texts_at_once(load("fake:4")) == texts_at_once(load()) == 1024  # what runs here needs no more
    assert main(["embed", "in.txt", "--out", "out.parquet"]) == 0
    assert main(["index", "in.txt", "--out", "x.index"]) == 0
    assert main(["duplicates", "in.txt", "--unique"]) == 0
    assert main(["index", "in.txt", "--out", "x.index", "--add"]) == 0
    assert hosted.calls == 4 * [1200, 1200, 600]
    assert pq.read_table(OUT)["text"].to_pylist() == TEXTS


def test_large_steps_go_on_behind_small_ones(hosted: Hosted) -> None:
    leave_parts(100, 50)
    assert main(["embed", "in.txt", "--out", "out.parquet", "--model", "fake:4"]) == 0
    assert hosted.calls == [1200, 1200, 450]
    assert pq.read_table(OUT)["text"].to_pylist() == TEXTS
    assert main(["embed", "in.txt", "--out", "out.parquet", "--model", "fake:4", "--batch-size", "7"]) == 0
    assert hosted.calls == [1200, 1200, 450]
