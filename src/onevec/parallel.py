"""Run the flows of a call side by side, in threads or as tasks, and renew a stale credential once for all of them."""

from __future__ import annotations

import contextvars
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .wire import adrive, drive

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Sequence

    from .errors import ProviderError
    from .transport import Transport
    from .wire import Flow

__all__ = ["Outcome", "Renew", "Work", "arun", "run"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Renew:
    """What a flow returns when the provider refused its credential: get another one and start it again."""

    seen: Any = field(repr=False)
    error: ProviderError


class Work(Protocol[T_co]):
    """What `run` is given: how to get the credential, and one flow for each job."""

    def prepare(self, refused: Any) -> Flow[Any]:
        """Get the credential; `refused` is the one that did not do, None at first."""
        ...

    def job(self, number: int, credential: Any) -> Flow[T_co | Renew]:
        """Do one job."""
        ...


@dataclass(slots=True)
class Outcome(Generic[T]):
    """Results by job number, and the first failure if there was one."""

    results: dict[int, T]
    error: BaseException | None = None


@dataclass(slots=True, repr=False)
class _Run(Generic[T]):
    """What the workers of one run share."""

    work: Work[T]
    transport: Transport
    timeout: float
    todo: Iterator[int]
    on_done: Callable[[int], None] | None
    credential: tuple[Any, ...] = (None,)  # one, in a tuple that is new after a renewal, even if the key is not
    outcome: Outcome[T] = field(default_factory=lambda: Outcome({}))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_job(self) -> int | None:
        with self.lock:
            return None if self.outcome.error is not None else next(self.todo, None)

    def finish(self, number: int, result: T) -> None:
        with self.lock:
            self.outcome.results[number] = result
            if self.on_done is not None:
                self.on_done(number)

    def fail(self, error: BaseException) -> None:
        with self.lock:
            if self.outcome.error is None:
                self.outcome.error = error


def run(
    work: Work[T],
    jobs: Sequence[int],
    transport: Transport,
    *,
    timeout: float,
    limit: int,
    on_done: Callable[[int], None] | None = None,
) -> Outcome[T]:
    """Do all jobs with at most `limit` threads, the calling one included.

    After the first failure no new job starts, and those under way are awaited. `on_done` is told the number of each
    finished job, never by two threads at once.
    """
    shared = _Run(work, transport, timeout, iter(jobs), on_done)
    renewing = threading.Lock()
    helpers = min(limit, len(jobs)) - 1
    try:
        shared.credential = (drive(work.prepare(None), transport, timeout),)
        if helpers < 1:
            _worker(shared, renewing)
        else:
            from concurrent.futures import ThreadPoolExecutor  # most calls are one request and need no pool

            with ThreadPoolExecutor(helpers, thread_name_prefix="onevec") as pool:
                for _ in range(helpers):
                    pool.submit(contextvars.copy_context().run, _worker, shared, renewing)
                _worker(shared, renewing)
    except Exception as error:  # noqa: BLE001  # the caller raises it, with what was completed
        shared.fail(error)
    return shared.outcome


def _worker(shared: _Run[Any], renewing: threading.Lock) -> None:
    try:
        while (number := shared.next_job()) is not None:
            shared.finish(number, _one(shared, number, renewing))
    except BaseException as error:
        shared.fail(error)
        if not isinstance(error, Exception):
            raise  # Ctrl-C goes on after the other threads have seen the failure


def _one(shared: _Run[Any], number: int, renewing: threading.Lock) -> Any:
    used = shared.credential
    result = drive(shared.work.job(number, *used), shared.transport, shared.timeout)
    if not isinstance(result, Renew):
        return result
    with renewing:
        if shared.credential is used:
            shared.credential = (drive(shared.work.prepare(result.seen), shared.transport, shared.timeout),)
    again = drive(shared.work.job(number, *shared.credential), shared.transport, shared.timeout)
    if isinstance(again, Renew):
        raise again.error
    return again


async def arun(
    work: Work[T],
    jobs: Sequence[int],
    transport: Transport,
    *,
    timeout: float,
    limit: int,
    on_done: Callable[[int], None] | None = None,
) -> Outcome[T]:
    """`run` with tasks in place of threads; cancelling it leaves no task behind."""
    shared = _Run(work, transport, timeout, iter(jobs), on_done)
    import asyncio

    renewing = asyncio.Lock()
    workers = min(limit, len(jobs))
    try:
        shared.credential = (await adrive(work.prepare(None), transport, timeout),)
        if workers == 1:
            await _aworker(shared, renewing)
        else:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(workers):
                    tasks.create_task(_aworker(shared, renewing))
    except Exception as error:  # noqa: BLE001  # the caller raises it, with what was completed
        shared.fail(error)
    return shared.outcome


async def _aworker(shared: _Run[Any], renewing: asyncio.Lock) -> None:
    try:
        while (number := shared.next_job()) is not None:
            shared.finish(number, await _aone(shared, number, renewing))
    except Exception as error:  # noqa: BLE001  # one typed error is raised in the end, not a group of them
        shared.fail(error)


async def _aone(shared: _Run[Any], number: int, renewing: asyncio.Lock) -> Any:
    used = shared.credential
    result = await adrive(shared.work.job(number, *used), shared.transport, shared.timeout)
    if not isinstance(result, Renew):
        return result
    async with renewing:
        if shared.credential is used:
            shared.credential = (await adrive(shared.work.prepare(result.seen), shared.transport, shared.timeout),)
    again = await adrive(shared.work.job(number, *shared.credential), shared.transport, shared.timeout)
    if isinstance(again, Renew):
        raise again.error
    return again
