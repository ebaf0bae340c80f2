"""Jobs side by side: how many at once, what happens after a failure, and one renewal for all."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest
from toys import MODES, World

from onevec.errors import AuthenticationError, ConfigurationError, TransportError
from onevec.parallel import Renew, arun, run
from onevec.wire import Reply, Request, Sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from onevec.parallel import Outcome
    from onevec.wire import Flow

PATIENCE = 10.0
"""Seconds after which a test that hangs fails."""


class Jobs:
    """A job sends its number and credential, and returns its number; 401 asks for another credential."""

    def __init__(self, *credentials: Any) -> None:
        self.credentials = credentials or ("k1", "k2", "k3")
        self.refused: list[Any] = []

    def prepare(self, refused: Any) -> Flow[Any]:
        self.refused.append(refused)
        yield Sleep(0)
        return self.credentials[min(len(self.refused), len(self.credentials)) - 1]

    def job(self, number: int, credential: Any) -> Flow[int | Renew]:
        reply = yield Request(method="GET", url=f"https://x/{number}", headers={"key": str(credential)})
        if reply.status == 401:
            return Renew(credential, AuthenticationError(f"{credential} is stale", status=401))
        return number


class Gate(World):
    """Lets requests through once so many are waiting."""

    def __init__(self, count: int, answer: Callable[[Request], Reply | Exception]) -> None:
        super().__init__(answer)
        self.barrier = threading.Barrier(count)
        self.count = count
        self.waiting: list[asyncio.Future[None]] = []

    def send(self, request: Request, timeout: float) -> Reply:
        self.enter(request, timeout)
        try:
            self.barrier.wait(PATIENCE)
            return self.answered(request)
        finally:
            self.leave()

    async def hold(self, _: Request) -> None:
        mine = asyncio.get_running_loop().create_future()
        self.waiting.append(mine)
        if len(self.waiting) == self.count:
            for each in self.waiting:
                each.set_result(None)
            self.waiting = []
        await asyncio.wait_for(mine, PATIENCE)


def fine(_: Request) -> Reply:
    return Reply(status=200)


def number_of(request: Request) -> int:
    return int(request.url.rpartition("/")[2])


def numbers(world: World) -> list[int]:
    return [number_of(request) for request in world.sent]


def done(work: Jobs, count: int, world: World, mode: str, *, limit: int = 4, told: Any = None) -> Outcome[int]:
    if mode == "sync":
        return run(work, range(count), world, timeout=1, limit=limit, on_done=told)
    return asyncio.run(arun(work, range(count), world, timeout=1, limit=limit, on_done=told))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("count", "limit"), [(1, 1), (5, 1), (8, 4), (3, 8), (12, 3)])
def test_exactly_so_many_are_in_flight(mode: str, count: int, limit: int) -> None:
    world = Gate(min(count, limit), fine)
    outcome = done(Jobs(), count, world, mode, limit=limit)
    assert outcome.error is None
    assert outcome.results == {number: number for number in range(count)}
    assert world.most == min(count, limit)
    assert sorted(numbers(world)) == [*range(count)]


@pytest.mark.parametrize("mode", MODES)
def test_one_at_a_time_keeps_the_order(mode: str) -> None:
    world = World(fine)
    done(Jobs(), 20, world, mode, limit=1)
    assert numbers(world) == [*range(20)]


@pytest.mark.parametrize("mode", MODES)
def test_no_jobs_are_no_requests(mode: str) -> None:
    world = World(fine)
    assert done(Jobs(), 0, world, mode).results == {}
    assert world.sent == []


@pytest.mark.parametrize("mode", MODES)
def test_every_finished_job_is_told_once_and_one_after_the_other(mode: str) -> None:
    told: list[int] = []
    busy = threading.Lock()

    def tell(number: int) -> None:
        assert busy.acquire(blocking=False)
        told.append(number)
        busy.release()

    assert done(Jobs(), 40, World(fine), mode, told=tell).error is None
    assert sorted(told) == [*range(40)]


# Failures -------------------------------------------------------------------------------------------------------------


def failing(at: int, error: Exception) -> Callable[[Request], Reply | Exception]:
    return lambda request: error if number_of(request) == at else Reply(status=200)


@pytest.mark.parametrize("mode", MODES)
def test_after_a_failure_no_job_starts(mode: str) -> None:
    world = World(failing(3, TransportError("reset")))
    outcome = done(Jobs(), 20, world, mode, limit=1)
    assert numbers(world) == [0, 1, 2, 3]
    assert outcome.results == {0: 0, 1: 1, 2: 2}
    assert str(outcome.error) == "reset"


@pytest.mark.parametrize("mode", MODES)
def test_those_under_way_are_awaited_and_kept(mode: str) -> None:
    world = Gate(4, failing(1, TransportError("reset")))
    outcome = done(Jobs(), 4, world, mode)
    assert outcome.results == {0: 0, 2: 2, 3: 3}
    assert isinstance(outcome.error, TransportError)


def test_those_under_way_start_nothing_new() -> None:
    under_way, failed = asyncio.Event(), asyncio.Event()

    class Slow(World):
        async def hold(self, request: Request) -> None:
            if len(self.sent) == 4:
                under_way.set()
            await asyncio.wait_for((under_way if number_of(request) == 1 else failed).wait(), PATIENCE)

    world = Slow(failing(1, TransportError("reset")))

    async def both() -> Outcome[int]:
        calling = asyncio.create_task(arun(Jobs(), range(20), world, timeout=1, limit=4))
        for _ in range(20):
            await asyncio.sleep(0)
        failed.set()
        return await calling

    assert asyncio.run(both()).results == {0: 0, 2: 2, 3: 3}
    assert numbers(world) == [0, 1, 2, 3]


@pytest.mark.parametrize("mode", MODES)
def test_the_first_of_several_failures_is_the_error(mode: str) -> None:
    world = Gate(4, lambda request: TransportError(str(number_of(request))))
    outcome = done(Jobs(), 8, world, mode)
    assert outcome.results == {}
    assert type(outcome.error) is TransportError
    assert len(world.sent) == 4


@pytest.mark.parametrize("mode", MODES)
def test_a_failing_credential_starts_no_job(mode: str) -> None:
    class Broken(Jobs):
        def prepare(self, _: Any) -> Flow[Any]:
            message = "no key"
            raise ConfigurationError(message)
            yield

    world = World(fine)
    assert str(done(Broken(), 5, world, mode).error) == "no key"
    assert world.sent == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("limit", [1, 4])
def test_an_error_of_the_one_who_is_told_ends_the_call(mode: str, limit: int) -> None:
    def tell(number: int) -> None:
        if number == 2:
            message = "enough"
            raise LookupError(message)

    world = World(fine)
    outcome = done(Jobs(), 50, world, mode, limit=limit, told=tell)
    assert isinstance(outcome.error, LookupError)
    assert 2 in outcome.results
    assert len(world.sent) < 50 if limit == 1 else len(outcome.results) >= 1


@pytest.mark.parametrize("limit", [1, 4])
def test_ctrl_c_stops_the_call(limit: int) -> None:
    class Interrupted(World):
        def answered(self, request: Request) -> Reply:
            if threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt
            return super().answered(request)

    world, before = Interrupted(fine), threading.enumerate()
    with pytest.raises(KeyboardInterrupt):
        done(Jobs(), 10_000, world, "sync", limit=limit)
    assert len(world.sent) < 10_000
    assert set(threading.enumerate()) <= set(before)


# Renewal --------------------------------------------------------------------------------------------------------------


def refusing(*keys: str) -> Callable[[Request], Reply]:
    return lambda request: Reply(status=401 if request.headers["key"] in keys else 200)


@pytest.mark.parametrize("mode", MODES)
def test_a_stale_credential_is_renewed_once_for_all(mode: str) -> None:
    work, world = Jobs(), Gate(4, refusing("k1"))
    outcome = done(work, 4, world, mode)
    assert outcome.results == {0: 0, 1: 1, 2: 2, 3: 3}
    assert work.refused == [None, "k1"]
    assert [request.headers["key"] for request in world.sent] == ["k1"] * 4 + ["k2"] * 4


@pytest.mark.parametrize("mode", MODES)
def test_it_may_become_stale_again_later(mode: str) -> None:
    stale = {"k1"}

    def answer(request: Request) -> Reply:
        if number_of(request) == 5:
            stale.add("k2")
        return refusing(*stale)(request)

    work = Jobs()
    outcome = done(work, 8, World(answer), mode, limit=1)
    assert outcome.results == {number: number for number in range(8)}
    assert work.refused == [None, "k1", "k2"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("keys", [("k1", "k2"), ("k1",)], ids=["another", "the same"])
def test_one_that_is_refused_again_is_the_error(mode: str, keys: tuple[str, ...]) -> None:
    work, world = Jobs(*keys), Gate(4, refusing("k1", "k2"))
    outcome = done(work, 4, world, mode)
    assert outcome.results == {}
    assert isinstance(outcome.error, AuthenticationError)
    assert work.refused == [None, "k1"]
    assert len(world.sent) == 8


@pytest.mark.parametrize("mode", MODES)
def test_a_job_is_told_what_its_own_try_was_refused_with(mode: str) -> None:
    seen: list[str] = []

    class Watched(Jobs):
        def prepare(self, refused: Any) -> Flow[Any]:
            seen.append(refused)
            return (yield from super().prepare(refused))

    done(Watched(), 1, World(refusing("k1")), mode)
    assert seen == [None, "k1"]


def test_what_was_refused_is_not_shown() -> None:
    assert "k1" not in repr(Renew("k1", AuthenticationError("no")))


# Surroundings ---------------------------------------------------------------------------------------------------------

who: ContextVar[str] = ContextVar("who", default="nobody")


@pytest.mark.parametrize("mode", MODES)
def test_every_worker_sees_the_context_of_the_caller(mode: str) -> None:
    seen: set[str] = set()

    def answer(request: Request) -> Reply:
        seen.add(who.get())
        return fine(request)

    token = who.set("me")
    try:
        done(Jobs(), 8, Gate(4, answer), mode)
    finally:
        who.reset(token)
    assert seen == {"me"}


@pytest.mark.parametrize("limit", [1, 4])
def test_cancelling_leaves_no_task(limit: int) -> None:
    started = asyncio.Event()

    class Never(World):
        async def hold(self, _: Request) -> None:
            if self.in_flight == limit:
                started.set()
            await asyncio.Event().wait()

    world = Never(fine)

    async def cancel() -> set[asyncio.Task[Any]]:
        calling = asyncio.create_task(arun(Jobs(), range(20), world, timeout=1, limit=limit))
        await asyncio.wait_for(started.wait(), PATIENCE)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert asyncio.run(cancel()) == set()
    assert len(world.sent) == limit
    assert world.in_flight == 0


def test_many_calls_share_one_loop() -> None:
    async def many() -> list[Outcome[int]]:
        return await asyncio.gather(*(arun(Jobs(), range(9), World(fine), timeout=1, limit=3) for _ in range(20)))

    assert all(outcome.results == {number: number for number in range(9)} for outcome in asyncio.run(many()))
