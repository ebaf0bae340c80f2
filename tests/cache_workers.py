"""What the processes do that tests of the cache start: functions of a module that every process can import."""

from __future__ import annotations

import os
import random
import shutil
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from counting import Counting, vector

from onevec import CacheBackedEmbeddings, cache_call, cached, store_from
from onevec.embeddings import Role

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from onevec import ByteStore
    from onevec.embeddings import Embedded

__all__ = [
    "FLIPS", "KILLS", "PROCESSES", "SECONDS", "TEXTS", "Logged", "read", "soak", "survive", "texts_of", "work", "write",
    "write_and_read",
]  # fmt: skip

SOAK = bool(os.environ.get("ONEVEC_SOAK"))
KILLS = 200 if SOAK else 4
PROCESSES, SECONDS = (8, 60.0) if SOAK else (3, 2.0)
FLIPS = 10_000 if SOAK else 100
TEXTS = [f"文{number}" for number in range(40)]


class Logged(Counting):
    """Writes what it computes into a file, and takes its time."""

    def __init__(self, log: Path, *, seconds: float = 0.0, width: int = 6) -> None:
        super().__init__(width=width)
        self.log, self.seconds = log, seconds

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        with self.log.open("a", encoding="utf-8") as file:
            file.write("".join(f"{text}\n" for text in texts))
        time.sleep(self.seconds)
        return super().embed(texts, role)


def write_and_read(store: ByteStore, number: int, done: Any) -> None:
    store.mset([(f"child {number}", b"c")])
    done.put(store.mget(["parent", f"child {number}"]))


def work(where: str, log: Path, ready: Any, number: int) -> None:
    model = Logged(log, seconds=0.05)
    cache = CacheBackedEmbeddings.from_bytes_store(model, store_from(where), batch_size=5)
    ready.wait(60)
    texts = TEXTS[number * 7 :] + TEXTS[: number * 7]
    found = cache.embed(texts)
    assert np.array_equal(found.vectors, model.expected(texts))


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


def soak(where: str, log: Path, number: int, seconds: float) -> None:
    rng = random.Random(number)
    model = Logged(log, width=32)
    cache = CacheBackedEmbeddings.from_bytes_store(model, store_from(where), batch_size=16)
    end = time.monotonic() + seconds
    top = 50
    while time.monotonic() < end:
        texts = [str(rng.randrange(top)) for _ in range(rng.choice([1, 5, 40]))]
        assert np.array_equal(cache.embed(texts).vectors, model.expected(texts))
        top += 5


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
