"""What may happen to a cache at any moment: kills, many processes, flipped bytes. No wrong vector, nothing lost.

The numbers are small, so that the tests are quick; `nox -s soak` sets ONEVEC_SOAK and runs the long ones.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from counting import Counting, vector

from onevec import CacheBackedEmbeddings, cache_call, cached, store_from
from onevec.embeddings import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from onevec.embeddings import Embedded

SOAK = bool(os.environ.get("ONEVEC_SOAK"))
KILLS = 200 if SOAK else 4
PROCESSES, SECONDS = (8, 60.0) if SOAK else (3, 2.0)
FLIPS = 10_000 if SOAK else 100

KINDS = ("file", "sqlite", "lmdb")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


@pytest.fixture(scope="module")
def server() -> Any:
    """Processes that begin at once, because what they import is there already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["numpy", "counting", "onevec.cache", "onevec.stores.sqlite", "test_cache_faults"])
    return context


def place(kind: str, folder: Path) -> str:
    if kind == "lmdb":
        pytest.importorskip("lmdb")
    return f"{kind}:{folder / kind}"


# Kills ----------------------------------------------------------------------------------------------------------------


def texts_of(writer: int, batch: int) -> list[str]:
    return [f"{writer}/{batch}/{number}" for number in range(20)]


def write(where: str, writer: int, told: Any) -> None:
    """Compute and keep batch after batch, and tell when each is done."""
    cache_call.LEASE_SECONDS = 0.5  # nobody waits long for what the kill leaves behind
    cache = CacheBackedEmbeddings.from_bytes_store(Counting(width=700), store_from(where), batch_size=7)
    for batch in range(1_000_000):
        cache.embed(texts_of(writer, batch))
        told.send(batch)


def read(where: str, told: Any, stop: Any) -> None:
    """Read whatever the writers may have kept by now."""
    model = Counting(width=700)
    shelf = cached(model, store_from(where))._documents
    count = 0
    while not stop.is_set():
        for writer in range(KILLS):
            texts = texts_of(writer, count % 20)
            for text, found in zip(texts, shelf.mget(texts), strict=True):
                assert found is None or found == vector(text, width=700).tolist()
            count += 1
    told.send(count)


@pytest.mark.parametrize("kind", KINDS)
def test_kills_lose_no_batch_and_make_no_wrong_vector(kind: str, server: Any, tmp_path: Path) -> None:
    where = place(kind, tmp_path)
    rng = random.Random(kind)
    mine, theirs = server.Pipe()
    stop = server.Event()
    reader = server.Process(target=read, args=(where, theirs, stop))
    reader.start()
    kept: dict[int, int] = {}
    for writer in range(KILLS):
        told, tell = server.Pipe(duplex=False)
        process = server.Process(target=write, args=(where, writer, tell))
        process.start()
        tell.close()
        kept[writer] = told.recv()
        time.sleep(rng.random() * 0.1)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with suppress(EOFError):
            while True:
                kept[writer] = told.recv()
    stop.set()
    assert mine.poll(60), "the reader found a wrong vector, or hangs"
    reader.join()
    assert reader.exitcode == 0
    model = Counting(width=700)
    cache = cached(model, where)
    for writer, batches in kept.items():
        for batch in range(batches + 1):
            found = cache.embed(texts_of(writer, batch))
            assert found.cached.all()
            assert np.array_equal(found.vectors, model.expected(texts_of(writer, batch)))
    more = cache.embed(texts_of(0, kept[0] + 1))  # and it goes on
    assert np.array_equal(more.vectors, model.expected(texts_of(0, kept[0] + 1)))


# Many processes -------------------------------------------------------------------------------------------------------


class Logged(Counting):
    """Writes what it computes into a file of its own."""

    def __init__(self, log: Path) -> None:
        super().__init__(width=32)
        self.log = log

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        with self.log.open("a", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in texts)
        return super().embed(texts, role)


def soak(where: str, log: Path, number: int, seconds: float) -> None:
    rng = random.Random(number)
    model = Logged(log)
    cache = CacheBackedEmbeddings.from_bytes_store(model, store_from(where), batch_size=16)
    end = time.monotonic() + seconds
    top = 50
    while time.monotonic() < end:
        texts = [str(rng.randrange(top)) for _ in range(rng.choice([1, 5, 40]))]
        assert np.array_equal(cache.embed(texts).vectors, model.expected(texts))
        top += 5


@pytest.mark.parametrize("kind", KINDS[1:])
def test_many_processes_share_a_store(kind: str, server: Any, tmp_path: Path) -> None:
    where = place(kind, tmp_path)
    logs = [tmp_path / f"log {number}" for number in range(PROCESSES)]
    workers = [server.Process(target=soak, args=(where, log, each, SECONDS)) for each, log in enumerate(logs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(SECONDS + 120)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    computed = [text for log in logs if log.exists() for text in log.read_text(encoding="utf-8").split()]
    assert len(computed) == len(set(computed))
    again = Counting(width=32)
    assert cached(again, where).embed(computed).cached.all()


# Flipped bytes and cut files ------------------------------------------------------------------------------------------


def harm(folder: Path, rng: random.Random) -> None:
    """Flip a byte, or a few of them, or cut a file."""
    path = rng.choice(sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock.mdb"))
    content = bytearray(path.read_bytes())
    if rng.random() < 0.2:
        del content[rng.randrange(len(content)) :]
    else:
        for _ in range(rng.choice([1, 1, 3])):
            content[rng.randrange(len(content))] ^= rng.randrange(1, 256)
    path.write_bytes(content)


def survive(where: str, folder: Path, texts: list[str], first: int, told: Any) -> None:
    """Harm the store, read and write it, and begin again with a sound one."""
    expected = Counting(width=96).expected(texts)
    computed = 0
    for turn in range(first, FLIPS):
        told.send(turn)
        shutil.rmtree(folder)
        shutil.copytree(folder.with_name("sound"), folder)
        harm(folder, random.Random(turn))
        store = store_from(where)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cache = cached(Counting(width=96), store)
            assert np.array_equal(cache.embed(texts).vectors, expected), turn
            assert np.array_equal(cache.embed(texts).vectors, expected), turn
        computed += cache.stats.misses
        store.close()
    assert computed > (FLIPS - first) / 10  # the harm is real


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_and_cut_files_are_seen_or_do_no_harm(kind: str, server: Any, tmp_path: Path) -> None:
    """LMDB's own pages have no checksum, so a flipped byte in one of them may end the process; never more than that."""
    folder = tmp_path / "store"
    where = place(kind, folder)
    store = store_from(where)
    texts = [f"text {number}" for number in range(20 if kind == "file" else 120)]
    cached(Counting(width=96), store).embed(texts)
    store.close()
    shutil.copytree(folder, tmp_path / "sound")
    turn, died = -1, 0
    while turn < FLIPS - 1:
        told, tell = server.Pipe(duplex=False)
        process = server.Process(target=survive, args=(where, folder, texts, turn + 1, tell))
        process.start()
        tell.close()
        with suppress(EOFError):
            while True:
                turn = told.recv()
        process.join()
        assert process.exitcode in ({0, -signal.SIGBUS, -signal.SIGSEGV} if kind == "lmdb" else {0})
        died += process.exitcode != 0
    print(f"{kind}: {FLIPS} times harmed, the process ended {died} times")  # noqa: T201  # for the long runs
    assert died <= FLIPS / 50
