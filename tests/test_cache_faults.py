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
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cache_workers import FLIPS, KILLS, PROCESSES, SECONDS, read, soak, survive, texts_of, write
from counting import Counting

from onevec import cached, store_from

if TYPE_CHECKING:
    from pathlib import Path


KINDS = ("file", "sqlite", "lmdb")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


@pytest.fixture(scope="module")
def server() -> Any:
    """Processes that begin at once, because what they import is there already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["numpy", "counting", "onevec.cache", "onevec.stores.sqlite", "cache_workers"])
    return context


def place(kind: str, folder: Path) -> str:
    if kind == "lmdb":
        pytest.importorskip("lmdb")
    return f"{kind}:{folder / kind}"


# Kills ----------------------------------------------------------------------------------------------------------------


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
