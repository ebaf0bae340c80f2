"""A text is computed once, whoever asks for it at the same time: threads, tasks and processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cache_workers import TEXTS, Logged, work
from counting import Counting

from onevec import (
    CacheBackedEmbeddings,
    InMemoryByteStore,
    InvalidRequest,
    LocalFileStore,
    MemoryStore,
    RateLimited,
    cached,
)
from onevec.embeddings import Role
from onevec.errors import Completed
from onevec.stores import SQLiteStore, store_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from onevec.embeddings import Embedded

spawn = multiprocessing.get_context("spawn")


class Gate:
    """Holds every computation until it is opened, and tells when the first one has come."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, _: list[str]) -> None:
        self.reached.set()
        assert self.open.wait(60)


def in_threads(count: int, function: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(function, number) for number in range(count)]]


@pytest.mark.parametrize("batch_size", [None, 1, 7])
@pytest.mark.parametrize("make", [MemoryStore, InMemoryByteStore, "file", "sqlite", "lmdb"], ids=str)
def test_threads_compute_a_text_once(make: Any, batch_size: int | None, tmp_path: Path) -> None:
    if make == "lmdb":
        pytest.importorskip("lmdb")
    store = store_from(f"{make}:{tmp_path / make}") if isinstance(make, str) else make()
    model = Counting()
    cache = CacheBackedEmbeddings.from_bytes_store(model, store, batch_size=batch_size)
    found = in_threads(8, lambda number: cache.embed(TEXTS[number:] + TEXTS[:number]))
    for number, each in enumerate(found):
        assert np.array_equal(each.vectors, model.expected(TEXTS[number:] + TEXTS[:number]))
    assert sorted(model.texts) == sorted(TEXTS)
    assert sum(int((~each.cached).sum()) for each in found) == len(TEXTS)


def test_caches_over_one_store_share_what_they_compute(tmp_path: Path) -> None:
    model, store = Counting(), LocalFileStore(tmp_path)
    in_threads(4, lambda _: cached(model, store).embed(TEXTS))
    assert sorted(model.texts) == sorted(TEXTS)


async def test_tasks_compute_a_text_once() -> None:
    model = Counting()
    cache = cached(model, MemoryStore())
    found = await asyncio.gather(*(cache.aembed(TEXTS[number:], Role.DOCUMENT) for number in range(8)))
    for number, each in enumerate(found):
        assert np.array_equal(each.vectors, model.expected(TEXTS[number:]))
    assert sorted(model.texts) == sorted(TEXTS)


def test_who_waits_gets_the_vectors_though_the_store_keeps_none() -> None:
    class Forgetting(MemoryStore):
        def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
            raise ConnectionError(len(key_value_pairs))

    gate = Gate()
    model = Counting(before=gate)
    cache = cached(model, Forgetting())
    cache._warned = True
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.embed, TEXTS)
        assert gate.reached.wait(60)
        second = pool.submit(cache.embed, TEXTS[5:])
        wait_until(lambda: waiting(cache) == 1)
        gate.open.set()
        assert np.array_equal(second.result().vectors, model.expected(TEXTS[5:]))
        assert second.result().cached.all()
        assert not first.result().cached.any()
    assert len(model.calls) == 1


def waiting(cache: CacheBackedEmbeddings) -> int:
    """How many threads and tasks wait for a flight."""
    landings: list[Any] = [flight.landed for flight in set(cache._documents.flights._by_key.values())]
    return sum(len(each._condition._waiters) + len(each._done_callbacks) for each in landings)


def wait_until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.001)


async def until_waiting(cache: CacheBackedEmbeddings, count: int) -> None:
    while waiting(cache) < count:  # noqa: ASYNC110  # nothing tells when a task begins to wait
        await asyncio.sleep(0)


def failed_together(gate: Gate, error: Exception, texts: list[str], others: list[str]) -> tuple[Counting, Any, Any]:
    """One call computes `texts` and fails, another one waits for it with `others`."""

    def fail(asked: list[str]) -> None:
        if asked == texts:
            gate(asked)
            raise error

    model = Counting(before=fail)
    cache = cached(model, MemoryStore())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.embed, texts)
        assert gate.reached.wait(60)
        second = pool.submit(cache.embed, others)
        wait_until(lambda: waiting(cache) == 1)
        gate.open.set()
        assert first.exception(60) is error
    return model, cache, second


def test_a_failure_wakes_who_waits_with_the_error_and_poisons_nothing() -> None:
    error = RateLimited("slow down", provider="p", status=429, retry_after=3)
    model, cache, second = failed_together(Gate(), error, ["a", "b"], ["b", "x"])
    other = second.exception()
    assert other is not error  # each tells what is completed of its own texts
    assert (type(other), str(other), other.retry_after) == (RateLimited, str(error), 3)
    model.before = None
    assert np.array_equal(cache.embed(["a", "b", "x"]).vectors, model.expected(["a", "b", "x"]))


def test_a_bad_text_of_another_call_is_not_our_failure() -> None:
    error = InvalidRequest("no such text", provider="p", status=400)
    model, _, second = failed_together(Gate(), error, ["bad", "good"], ["good"])
    assert np.array_equal(second.result().vectors, model.expected(["good"]))


def test_a_bad_text_that_is_ours_too_is_our_failure() -> None:
    error = InvalidRequest("no such text", provider="p", status=400)
    _, _, second = failed_together(Gate(), error, ["bad"], ["good", "bad"])
    assert isinstance(second.exception(), InvalidRequest)
    assert list(second.exception().completed.indices) == [0]


def test_what_was_computed_before_a_failure_goes_to_who_waits_for_it() -> None:
    error = RateLimited("slow down", provider="p", status=429, retry_after=3)
    error.completed = Completed([0], Counting().expected(["a"]))
    model, _, second = failed_together(Gate(), error, ["a", "b"], ["a"])
    assert np.array_equal(second.result().vectors, model.expected(["a"]))
    assert model.calls == [["a", "b"]]


def test_an_error_that_can_not_be_copied_comes_as_it_is() -> None:
    class Odd(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(f"{one} {two}")

    _, _, second = failed_together(Gate(), Odd(1, 2), ["a"], ["a"])
    assert str(second.exception()) == "1 2"


async def test_a_cancelled_task_leaves_its_texts_to_who_waits() -> None:
    started, never = asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
            if not started.is_set():
                started.set()
                await never.wait()
            return self.embed(texts, role)

    model = Slow()
    cache = cached(model, MemoryStore())
    first = asyncio.create_task(cache.aembed(["a", "b"]))
    await started.wait()
    second = asyncio.create_task(cache.aembed(["b"]))
    await until_waiting(cache, 1)
    first.cancel()
    assert np.array_equal((await second).vectors, model.expected(["b"]))
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_cancelled_waiter_leaves_the_others_alone() -> None:
    started, go = asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
            started.set()
            await go.wait()
            return self.embed(texts, role)

    cache = cached(Slow(), MemoryStore())
    first = asyncio.create_task(cache.aembed(["a"]))
    await started.wait()
    waiters = [asyncio.create_task(cache.aembed(["a"])) for _ in range(2)]
    await until_waiting(cache, 2)
    waiters[0].cancel()
    go.set()
    assert len(await first) == len(await waiters[1]) == 1
    with pytest.raises(asyncio.CancelledError):
        await waiters[0]


async def test_a_blocking_call_inside_a_task_does_not_wait_for_a_task_of_the_same_loop() -> None:
    started, go = asyncio.Event(), asyncio.Event()

    class Slow(Counting):
        async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
            started.set()
            await go.wait()
            return self.embed(texts, role)

    model = Slow()
    cache = cached(model, MemoryStore())
    first = asyncio.create_task(cache.aembed(["a", "b"]))
    await started.wait()
    assert np.array_equal(cache.embed(["b", "c"]).vectors, model.expected(["b", "c"]))
    go.set()
    assert np.array_equal((await first).vectors, model.expected(["a", "b"]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_does_not_wait_for_threads_that_did_not_come_along() -> None:
    gate = Gate()
    model = Counting(before=gate)
    cache = cached(model, MemoryStore())
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(cache.embed, ["a"])
        assert gate.reached.wait(60)
        child = os.fork()
        if child == 0:  # pragma: no cover
            model.before = None
            os._exit(0 if np.array_equal(cache.embed(["a"]).vectors, model.expected(["a"])) else 1)
        assert os.waitpid(child, 0)[1] == 0
        gate.open.set()
        assert len(first.result()) == 1


# Processes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "lmdb"])
def test_processes_compute_a_text_once(kind: str, tmp_path: Path) -> None:
    if kind == "lmdb":
        pytest.importorskip("lmdb")
    ready, log = spawn.Barrier(3), tmp_path / "log"
    where = f"{kind}:{tmp_path / kind}"
    workers = [spawn.Process(target=work, args=(where, log, ready, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert sorted(log.read_text(encoding="utf-8").split()) == sorted(TEXTS)


def test_two_store_objects_of_one_process_compute_a_text_once(tmp_path: Path) -> None:
    model = Logged(tmp_path / "log", seconds=0.02)
    in_threads(3, lambda _: cached(model, SQLiteStore(tmp_path / "s")).embed(TEXTS[:10]))
    assert sorted((tmp_path / "log").read_text(encoding="utf-8").split()) == sorted(TEXTS[:10])


def test_the_lease_of_a_dead_process_ends(tmp_path: Path) -> None:
    now = [1000.0]
    store = SQLiteStore(tmp_path / "s", clock=lambda: now[0])
    dead = SQLiteStore(tmp_path / "s", clock=lambda: now[0])
    model = Counting()
    cache = cached(model, store)
    (key,) = cache._documents.keys.of(["a"], Role.DOCUMENT)
    assert dead.lease([key], 60) == [True]
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(cache.embed, ["a", "b"])
        wait_until(lambda: model.texts == ["b"])  # what nobody else computes is not held up
        assert not found.done()
        now[0] += 61
        assert np.array_equal(found.result(60).vectors, model.expected(["a", "b"]))
    assert model.texts == ["b", "a"]


def test_a_failure_gives_its_leases_back(tmp_path: Path) -> None:
    def fail(_: list[str]) -> None:
        raise RateLimited("slow down", provider="p", status=429)

    cache = cached(Counting(before=fail), SQLiteStore(tmp_path / "s"))
    with pytest.raises(RateLimited):
        cache.embed(TEXTS)
    assert all(SQLiteStore(tmp_path / "s").lease(cache._documents.keys.of(TEXTS, Role.DOCUMENT), 60))


def test_leases_are_renewed_while_the_model_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onevec.cache_call.LEASE_SECONDS", 0.06)
    now, gate = [1000.0], Gate()
    store = SQLiteStore(tmp_path / "s", clock=lambda: now[0])
    cache = cached(Counting(before=gate), store)

    def until() -> float:
        with store._connections.transaction() as connection:
            return float(connection.execute("SELECT until FROM leases").fetchone()[0])

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(cache.embed, ["a"])
        assert gate.reached.wait(60)
        for now[0] in (1000.05, 1000.10, 1000.15):
            wait_until(lambda: until() == now[0] + 0.06)
        gate.open.set()
        assert len(found.result()) == 1


def test_who_waits_gets_rows_of_its_own() -> None:
    """The first caller may change its array at once, long before the other thread wakes up."""
    gate = Gate()
    model = Counting(before=gate)
    cache = cached(model, MemoryStore())
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(cache.embed, ["a"])
        assert gate.reached.wait(60)
        flight = cache._documents.flights.claim(cache._documents.keys.of(["a"], Role.DOCUMENT), None)[1]
        gate.open.set()
        first.result().vectors[:] = 0
    assert flight is not None
    assert [row.tolist() for row in flight.rows.values()] == model.expected(["a"]).tolist()
