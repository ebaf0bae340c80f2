from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onevec.embeddings import Note, Role
from onevec.errors import BadResponse, ConfigurationError
from onevec.local import Encoded, LocalEmbeddings
from onevec.space import SpaceId

if TYPE_CHECKING:
    from collections.abc import Hashable

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Alphabet:
    """A model: the place of each letter. It counts what is done with it."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.batches: list[list[str]] = []
        self.lock = Lock()

    def __reduce__(self) -> str:
        pytest.fail("a loaded model must not be pickled")


class LetterCounts(LocalEmbeddings[Alphabet]):
    """Counts letters; the role is the last number. A text with "!" breaks it, one with "~" loses its end."""

    width: int = 8
    language: str = "en"

    @property
    def space(self) -> SpaceId:
        return SpaceId(origin="letters", model=self.language, dimensions=self.width + 1)

    def identity(self) -> Hashable:
        return self.language, self.width

    def load(self) -> Alphabet:
        loads.append(self.identity())
        return Alphabet(self.width)

    def encode(self, model: Alphabet, texts: list[str], role: Role) -> Encoded:
        with model.lock:
            model.batches.append(texts)
        rows = [[*map(text.count, LETTERS[: model.width]), float(role is Role.QUERY)] for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        vectors[["nan" in text for text in texts]] = np.nan
        if any("!" in text for text in texts):
            vectors = vectors[:-1]
        notes = tuple(Note(i, "truncated", text.index("~"), len(text)) for i, text in enumerate(texts) if "~" in text)
        return Encoded(vectors, sum(map(len, texts)), notes)


class PlainCounts(LetterCounts):
    """Tells no tokens, and its width only by its vectors."""

    @property
    def space(self) -> SpaceId:
        return SpaceId(origin="letters", model="plain")

    def encode(self, model: Alphabet, texts: list[str], role: Role) -> Encoded:
        vectors = super().encode(model, texts, role).vectors
        return Encoded(vectors[:, :-1] if "narrow" in texts else vectors)


loads: list[Hashable] = []
names = iter(range(10_000))


def fresh(kind: type[LetterCounts] = LetterCounts, **given: Any) -> LetterCounts:
    """An instance whose model nobody has loaded yet."""
    return kind(language=f"language {next(names)}", **given)


def test_vectors_come_in_the_order_of_the_texts_and_equal_texts_are_encoded_once() -> None:
    model = fresh(batch_size=2)
    texts = ["a", "bb", "a", "ccc", "bb", "d"]
    found = model.embed(texts)
    rows = {"a": [1, 0, 0, 0], "bb": [0, 2, 0, 0], "ccc": [0, 0, 3, 0], "d": [0, 0, 0, 1]}
    assert found.vectors[:, :4].tolist() == [rows[text] for text in texts]
    assert model.loaded().batches == [["a", "bb"], ["ccc", "d"]]
    assert found.vectors.dtype == np.float32
    assert found.vectors.flags["C_CONTIGUOUS"]
    assert (found.usage.tokens, found.usage.requests, found.space) == (7, 0, model.space)
    assert not found.cached.any()


def test_no_texts_load_no_model() -> None:
    model = fresh()
    assert model.embed([]).vectors.shape == (0, 9)
    assert model.embed_documents([]) == []
    assert model.identity() not in loads


def test_the_langchain_methods_know_the_role() -> None:
    model = fresh(width=2)
    assert model.embed_documents(["a", "ab"]) == [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    assert model.embed_query("ab") == [1.0, 1.0, 1.0]
    assert model.embed(["ab"], "query").vectors.tolist() == [[1.0, 1.0, 1.0]]


def test_wrong_texts_are_refused() -> None:
    model = fresh()
    with pytest.raises(TypeError, match=r"pass \[text\]"):
        model.embed("abc")
    with pytest.raises(TypeError, match=r"texts\[1\] must be a str"):
        model.embed(["a", 1])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="poem"):
        model.embed(["a"], "poem")


@pytest.mark.parametrize("name", ["batch_size", "max_concurrency"])
def test_a_size_below_one_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"LetterCounts: {name} must be at least 1, not 0"):
        LetterCounts().copy(update={name: 0})


def test_a_model_is_loaded_at_the_first_use_and_once_for_all_threads() -> None:
    model = fresh()
    others = [model, *(model.copy(update={"batch_size": size}) for size in range(1, 8))]
    assert model.identity() not in loads
    barrier = Barrier(len(others))

    def use(each: LetterCounts) -> Alphabet:
        barrier.wait(30)
        each.embed(["a"])
        return each.loaded()

    with ThreadPoolExecutor(len(others)) as pool:
        assert len(set(map(id, pool.map(use, others)))) == 1
    assert loads.count(model.identity()) == 1


class Lines(LocalEmbeddings[list[float]]):
    """The numbers of a file, for every text."""

    path: str = ""
    model_parameter = "path"

    @property
    def space(self) -> SpaceId:
        return SpaceId(origin="lines", model=self.path)

    def identity(self) -> Hashable:
        return self.path

    def load(self) -> list[float]:
        path = Path(self.path)
        return [float(path.read_text()) if path.is_file() else float((path / "deep" / "numbers").read_text())]

    def encode(self, model: list[float], texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all are equal
        return Encoded(np.array([model] * len(texts), dtype=np.float32))


def test_a_file_that_changed_is_loaded_by_new_instances_only(tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    file.write_text("1")
    first = Lines(path=str(file))
    assert first.embed_query("a") == [1.0]
    file.write_text("2.5")
    assert first.embed_query("b") == [1.0]
    again = first.copy()
    assert again.embed_query("a") == [2.5]
    assert again.loaded() is Lines(path=str(file)).loaded()


def test_a_name_means_what_is_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in (("a", "1"), ("b", "2")):
        place = tmp_path / name / "模型" / "deep"
        place.mkdir(parents=True)
        (place / "numbers").write_text(number)
        os.utime(place / "numbers", (1, 1))  # nothing but the place tells the two from each other
        monkeypatch.chdir(tmp_path / name)
        assert Lines(path="模型").embed_query("x") == [float(number)]


def test_models_differ_by_class_and_identity() -> None:
    first, second = fresh(), fresh()
    third = PlainCounts(language=first.language)
    assert len({id(each.loaded()) for each in (first, second, third)}) == 3


def test_copies_and_pickles_share_the_model_and_carry_no_callback() -> None:
    model = fresh(width=3, on_progress=lambda done, total: None)  # noqa: ARG005  # a lambda can't be pickled
    model.embed(["a"])
    for other in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):  # noqa: S301
        assert other.embed(["abc"]).vectors.tolist() == [[1, 1, 1, 0]]
        assert other.loaded() is model.loaded()


@pytest.mark.parametrize("workers", [1, 4])
def test_batches_side_by_side_give_the_same(workers: int) -> None:
    texts = ["a" * (number % 97) + "b" * (number // 97) for number in range(2000)]
    model = fresh(batch_size=7, max_concurrency=workers)
    told: list[tuple[int, int]] = []
    model.on_progress = lambda done, total: told.append((done, total))
    found = model.embed(texts)
    assert found.vectors[:, :2].tolist() == [[number % 97, number // 97] for number in range(2000)]
    assert found.usage.tokens == sum(map(len, texts))
    assert told == [(min(7 * batch, 2000), 2000) for batch in range(1, 287)]


def test_only_a_few_batches_wait_to_be_taken() -> None:
    model = fresh(batch_size=1, max_concurrency=2)
    ahead: list[int] = []
    model.on_progress = lambda done, _total: ahead.append(len(model.loaded().batches) - done)
    model.embed([LETTERS[:2] * number for number in range(200)])
    assert max(ahead) <= 2 * 2 + 1


def test_async_gives_the_same_and_leaves_the_loop_free() -> None:
    model = fresh()

    async def both() -> tuple[Any, ...]:
        return await asyncio.gather(
            model.aembed(["a", "b"]), model.aembed_documents(["a", "b"]), model.aembed_query("b")
        )

    embedded, documents, query = asyncio.run(both())
    assert embedded.vectors.tolist() == documents == model.embed_documents(["a", "b"])
    assert query == model.embed_query("b")


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("bad", "message"),
    [("c!", "1 vectors came for 2 texts"), ("nan", "vector 1 of the reply holds NaN")],
)
def test_wrong_rows_are_an_error_that_holds_what_was_done(bad: str, message: str, workers: int) -> None:
    model = fresh(batch_size=2, max_concurrency=workers)
    with pytest.raises(BadResponse, match=message) as caught:
        model.embed(["a", "b", "a", "aa", bad, "b", "bb"])
    assert str(caught.value).startswith("letters:language")
    completed = caught.value.completed
    assert completed is not None
    assert list(completed.indices) == [0, 1, 2, 5]
    assert completed.vectors[:, :2].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_an_error_in_the_first_batch_has_completed_nothing() -> None:
    with pytest.raises(BadResponse) as caught:
        fresh().embed(["!", "a"])
    assert caught.value.completed is None


def test_a_width_that_changes_is_an_error_also_if_none_is_declared() -> None:
    model = fresh(PlainCounts, batch_size=1)
    found = model.embed(["a"])
    assert (found.vectors.shape, found.usage.tokens) == ((1, 9), None)
    assert model.embed([]).vectors.shape == (0, 0)
    with pytest.raises(BadResponse, match="vectors of 8 dimensions came, 9 were expected"):
        model.embed(["a", "narrow"])


def test_an_error_of_the_callback_stops_the_call() -> None:
    def refuse(_done: int, _total: int) -> None:
        raise LookupError

    model = fresh(batch_size=1, max_concurrency=2, on_progress=refuse)
    with pytest.raises(LookupError):
        model.embed(["a" * number for number in range(100)])
    assert len(model.loaded().batches) < 100


def test_notes_reach_every_position_of_their_text() -> None:
    found = fresh(batch_size=2, width=1).embed(["a", "b", "aa~z", "a", "aa~z", "~"])
    assert found.notes == (Note(2, "truncated", 2, 4), Note(4, "truncated", 2, 4), Note(5, "truncated", 0, 1))


def test_the_bar_is_drawn_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fresh(batch_size=1, show_progress=True)
    model.embed(["a", "b"])
    assert capsys.readouterr() == ("", "")
    openpty = getattr(os, "openpty", None)
    if openpty is None:
        pytest.skip("this system has no pseudo terminals")
    reader, writer = openpty()
    with os.fdopen(writer, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        model.embed(["a", "b"])
        fresh().embed(["a", "b"])
    drawn = ""
    with contextlib.suppress(OSError):  # what the other side's end is to a pseudo terminal
        while part := os.read(reader, 1000).decode():
            drawn += part
    os.close(reader)
    assert drawn == f"\r[{'#' * 15}{' ' * 15}] 1/2 texts\r[{'#' * 30}] 2/2 texts\r\n"


FORK = """
import os, sys
import numpy as np
from onevec.local import Encoded, LocalEmbeddings, _models
from onevec.space import SpaceId

class Ones(LocalEmbeddings[int]):
    space = SpaceId(origin="test", model="ones", dimensions=1)
    def identity(self): return 0
    def load(self): return os.getpid()
    def encode(self, model, texts, role): return Encoded(np.ones((len(texts), 1), dtype=np.float32))

class Shared(Ones):
    survives_fork = True

parent = os.getpid()
assert (Ones().loaded(), Shared().loaded()) == (parent, parent)
with _models.lock:  # as if another thread of the parent were loading
    child = os.fork()
    if not child:
        assert (Ones().loaded(), Shared().loaded()) == (os.getpid(), parent)
        assert Ones(max_concurrency=2, batch_size=1).embed(["a", "b"]).vectors.tolist() == [[1.0], [1.0]]
        os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_loads_anew_unless_the_model_survives() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
