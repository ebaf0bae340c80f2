"""The steps of a cached call: each blocks a thread or waits in a task, and nothing else of the call does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .embeddings import in_thread

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Generator

    from .embeddings import Embedded, Embeddings, Role
    from .flights import Flight

__all__ = ["Ask", "Do", "Pause", "Steps", "Wait", "adrive", "drive"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Do:
    """Something that blocks, such as reading from the store."""

    function: Callable[[], Any]

    def run(self) -> Any:
        """Take the step in this thread."""
        return self.function()

    async def arun(self) -> Any:
        """Take the step in this task."""
        return await in_thread(self.function)


@dataclass(frozen=True, slots=True)
class Ask:
    """Let the model compute."""

    model: Embeddings
    texts: list[str]
    role: Role

    def run(self) -> Embedded:
        """Take the step in this thread."""
        return self.model.embed(self.texts, self.role)

    async def arun(self) -> Embedded:
        """Take the step in this task."""
        return await self.model.aembed(self.texts, self.role)


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until a flight has landed; False if that would wait for the task that is waiting."""

    flight: Flight

    def run(self) -> bool:
        """Take the step in this thread."""
        if self.flight.loop is not None and self.flight.loop is _running_loop():
            return False  # a blocking call inside a task: as long as it waits, nothing lands
        self.flight.landed.result()
        return True

    async def arun(self) -> bool:
        """Take the step in this task."""
        import asyncio

        await asyncio.shield(asyncio.wrap_future(self.flight.landed))
        return True


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait a moment for another process."""

    seconds: float

    def run(self) -> None:
        """Take the step in this thread."""
        time.sleep(self.seconds)

    async def arun(self) -> None:
        """Take the step in this task."""
        import asyncio

        await asyncio.sleep(self.seconds)


def _running_loop() -> AbstractEventLoop | None:
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


Steps: TypeAlias = "Generator[Do | Ask | Wait | Pause, Any, T]"
"""A generator of steps; it is sent what each came to."""


def drive(steps: Steps[T]) -> T:
    """Take the steps in this thread."""
    answer: Any = None
    problem: BaseException | None = None
    while True:
        try:
            step = steps.send(answer) if problem is None else steps.throw(problem)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        answer = problem = None
        try:
            answer = step.run()
        except BaseException as error:  # noqa: BLE001  # the steps clean up, and raise it again
            problem = error


async def adrive(steps: Steps[T]) -> T:
    """Take the steps in this task."""
    answer: Any = None
    problem: BaseException | None = None
    while True:
        try:
            step = steps.send(answer) if problem is None else steps.throw(problem)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        answer = problem = None
        try:
            answer = await step.arun()
        except BaseException as error:  # noqa: BLE001  # the steps clean up, and raise it again
            problem = error
