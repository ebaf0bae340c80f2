"""Compute a text once, however many threads and tasks of this process ask for it at the same time."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterable

    from .arrays import Array

__all__ = ["Flight", "Flights", "flights_of"]


class Flight:
    """Keys that one caller is computing.

    Attributes:
        keys: the keys.
        loop: the event loop whose task computes them; None for a thread.
        wanted: whether another caller waits for it.
        rows: vectors by key, when it has landed; keys that the caller gave up are missing.
        error: what the computation ended with.
        landed: done when `rows` and `error` are final.
    """

    def __init__(self, keys: list[str], loop: AbstractEventLoop | None) -> None:
        self.keys, self.loop, self.wanted = keys, loop, False
        self.rows: dict[str, Array] = {}
        self.error: Exception | None = None
        self.landed: Future[None] = Future()


class Flights:
    """The flights over one store."""

    def __init__(self) -> None:
        self.landed = 0
        """How many have landed; if it changed, something may be in the store that was not there before."""
        self._lock = threading.Lock()
        self._by_key: dict[str, Flight] = {}

    def claim(self, keys: Iterable[str], loop: AbstractEventLoop | None) -> tuple[Flight | None, Flight | None]:
        """Take off with the keys that nobody computes.

        Returns:
            The flight with these keys, None if there are none; and one of the flights that have the others.
        """
        with self._lock:
            free: list[str] = []
            other: Flight | None = None
            for key in keys:
                flight = self._by_key.get(key)
                if flight is None:
                    free.append(key)
                else:
                    other = flight
                    flight.wanted = True
            if not free:
                return None, other
            mine = Flight(free, loop)
            self._by_key.update(dict.fromkeys(free, mine))
            return mine, other

    def land(self, flight: Flight, rows: Callable[[], dict[str, Array]]) -> None:
        """Let go of the keys, and give the rows to who waits."""
        with self._lock:
            self.landed += 1
            for key in flight.keys:
                self._by_key.pop(key, None)
        if flight.wanted:
            flight.rows = rows()
        flight.landed.set_result(None)


def flights_of(store: object) -> Flights:
    """The flights over a store; whoever keeps them keeps the store too, so its id stays its own."""
    with _lock:
        flights = _by_store.get(id(store))
        if flights is None:
            flights = _by_store[id(store)] = Flights()
        return flights


_by_store: WeakValueDictionary[int, Flights] = WeakValueDictionary()
_lock = threading.Lock()


def _after_fork() -> None:
    """The threads that were computing did not come along."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    for flights in _by_store.values():
        flights.__init__()  # type: ignore[misc]  # begin anew


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
