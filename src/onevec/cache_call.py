"""One call of a cache: read, compute what is missing batch by batch, keep it, and share it with who waits for it.

The call is a generator of steps and does no I/O itself, so the blocking and the async one are the same code.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .cache_steps import Ask, Do, Pause, Wait, adrive, drive
from .embeddings import Embedded, Usage
from .errors import (
    BadResponse,
    Completed,
    ConfigurationError,
    EmbeddingError,
    InvalidRequest,
    MissingDependency,
)
from .shelf import Read, Rows

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Generator, Iterable, Sequence

    from .arrays import Array
    from .cache import CacheBackedEmbeddings
    from .cache_steps import Steps
    from .embeddings import Note, Role
    from .flights import Flight
    from .shelf import Shelf

__all__ = ["CacheCall"]

LEASE_SECONDS = 10.0
"""After this time another process takes over what a dead one was computing; a living one renews its leases."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.002, 0.2
"""Seconds between two looks at what another process is computing."""


class CacheCall:
    """The texts of one call, each different one once, and what is known of them so far."""

    def __init__(self, cache: CacheBackedEmbeddings, shelf: Shelf, texts: list[str], role: Role) -> None:
        self.cache, self.shelf, self.role, self.count = cache, shelf, role, len(texts)
        self.texts, self.keys = texts, shelf.keys.of(texts, role)
        self.places: list[int] | None = None
        if len(set(self.keys)) < self.count:
            once = dict(zip(self.keys, texts, strict=True))
            number = {key: number for number, key in enumerate(once)}
            self.places = [number[key] for key in self.keys]
            self.texts, self.keys = list(once.values()), list(once)
        self.rows = Rows(len(self.keys), cache.width())
        self.computed = bytearray(len(self.keys))
        self.stored: set[str] = set()
        self.flights = shelf.flights
        self.loop: AbstractEventLoop | None = None
        self.down = False
        self.usage: Usage | None = None
        self.notes: dict[int, Note] = {}
        self.tally: Counter[str] = Counter()

    @cached_property
    def number(self) -> dict[str, int]:
        """The row of each key; not needed if all are in the store."""
        return {key: number for number, key in enumerate(self.keys)}

    def run(self) -> Embedded:
        """Do it in this thread."""
        return drive(self._steps())

    async def arun(self) -> Embedded:
        """Do it in this task."""
        import asyncio

        self.loop = asyncio.get_running_loop()
        return await adrive(self._steps())

    # The steps --------------------------------------------------------------------------------------------------

    def _steps(self) -> Steps[Embedded]:
        try:
            yield from self._all()
        except EmbeddingError as error:
            error.completed = self._completed()
            raise
        finally:
            self.cache.count(self)
        return self._result()

    def _all(self) -> Steps[None]:
        landed, pause = self.flights.landed, SHORTEST_PAUSE
        yield from self._read(range(len(self.keys)))
        while missing := self.rows.missing():
            start, other = 0, None
            while start < len(missing):
                chunk = self.cache.chunk()
                keys = [self.keys[number] for number in missing[start : start + chunk]]
                start += chunk
                flight, busy = self.flights.claim(keys, self.loop)
                other = other or busy
                if flight is not None:
                    with self._flying(flight):
                        look = self.shelf.shared or self.flights.landed != landed
                        yield from self._fly([self.number[key] for key in flight.keys], look=look)
            if other is not None:
                yield from self._wait(other)
            elif len(missing) == len(self.rows.missing()):  # other processes are at it
                yield Pause(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)

    @contextmanager
    def _flying(self, flight: Flight) -> Generator[None]:
        """Give what there is to those who wait, however it ends; after a cancellation they do it themselves."""
        try:
            yield
        except Exception as error:
            flight.error = error
            raise
        finally:
            self.flights.land(flight, lambda: self._rows_of(flight.keys))

    def _rows_of(self, keys: Iterable[str]) -> dict[str, Array]:
        """Copies of what is there; the rows themselves go to the caller, who may change them."""
        numbers = [self.number[key] for key in keys]
        return {self.keys[each]: self.rows.array[each].copy() for each in numbers if self.rows.have[each]}

    def _fly(self, numbers: list[int], *, look: bool) -> Steps[None]:
        """Compute those that no other process computes and that are not in the store by now."""
        keys = [self.keys[number] for number in numbers]
        granted = [True] * len(keys)
        leased = self.shelf.shared and not self.down
        if leased:
            granted = yield from self._try(partial(self.shelf.store.lease, keys, LEASE_SECONDS), granted)
        try:
            if look:
                yield from self._read(numbers)
            todo = [each for each, free in zip(numbers, granted, strict=True) if free and not self.rows.have[each]]
            if todo:
                with self._renewing(todo):
                    yield from self._compute(todo)
        finally:
            held = [key for key, free in zip(keys, granted, strict=True) if free and key not in self.stored]
            if leased and held and not self.down:
                yield from self._try(partial(self.shelf.store.release, held), None)

    def _compute(self, numbers: list[int]) -> Steps[None]:
        """Let the model compute, and keep what it gave, also if it failed half-way."""
        texts = [self.texts[number] for number in numbers]
        began = time.monotonic()
        try:
            part: Embedded = yield Ask(self.cache.model, texts, self.role)
            _check(part.vectors, texts)
        except EmbeddingError as error:
            if error.completed is not None:
                yield from self._keep([numbers[index] for index in error.completed.indices], error.completed.vectors)
            raise
        self.cache.learn_pace(len(texts), time.monotonic() - began)
        self.usage = part.usage if self.usage is None else self.usage.plus(part.usage)
        self.notes |= {numbers[note.index]: note for note in part.notes}
        yield from self._keep(numbers, part.vectors)

    def _keep(self, numbers: list[int], vectors: Array) -> Steps[None]:
        """Take rows that were computed, and put them into the store."""
        if vectors.shape[1] != self.rows.width:
            yield from self._widen(vectors.shape[1])
        keys = [self.keys[number] for number in numbers]
        values = yield Do(partial(self.shelf.encoded, keys, vectors))
        rows = self.shelf.rounded(keys, values, vectors)
        self.rows.fill(numbers, rows)
        for number in numbers:
            self.computed[number] = 1
        written = yield from self._try(partial(self.shelf.write, keys, values), None)
        if written is not None:
            self.stored.update(keys)  # which gave their leases back
            self.tally["bytes_written"] += written

    def _widen(self, width: int) -> Steps[None]:
        """The model's width is right, so what was read before is damaged."""
        if any(self.computed):
            message = f"the model gave vectors of {width} dimensions after others of {self.rows.width}"
            raise BadResponse(message, provider=str(self.cache.space))
        yield from self._drop([key for key, there in zip(self.keys, self.rows.have, strict=True) if there])
        self.rows.widen(width)
        self.cache.learn_width(width)

    def _wait(self, other: Flight) -> Steps[None]:
        """Take what another call of this process computes, or its error."""
        landed = yield Wait(other)
        if not landed:
            yield from self._compute(self.rows.missing()[: self.cache.chunk()])
            return
        for key, row in other.rows.items():
            number = self.number.get(key)
            if number is not None and not self.rows.have[number]:
                if not self.rows.width:
                    self.rows.widen(len(row))
                if len(row) == self.rows.width:
                    self.rows.put(number, row)
        mine = [key for key in other.keys if key in self.number and not self.rows.have[self.number[key]]]
        of_a_stranger = isinstance(other.error, InvalidRequest) and not self.number.keys() >= set(other.keys)
        if mine and other.error is not None and not of_a_stranger:  # a text that is not ours may have caused it
            raise _copied(other.error) from other.error

    # The store --------------------------------------------------------------------------------------------------

    def _read(self, numbers: Sequence[int]) -> Steps[None]:
        if self.down:
            return
        keys = [self.keys[number] for number in numbers]
        read = Read()
        yield from self._try(partial(self.shelf.read, keys, numbers, self.rows, read), None)
        self.tally["bytes_read"] += read.bytes
        yield from self._drop(read.damaged)

    def _drop(self, damaged: list[str]) -> Steps[None]:
        if damaged:
            self.tally["damaged"] += len(damaged)
            yield from self._try(partial(self.shelf.store.mdelete, damaged), None)

    def _try(self, function: Callable[[], Any], otherwise: Any) -> Steps[Any]:
        """Do something with the store; if that fails, go on without it."""
        try:
            return (yield Do(function))
        except (ConfigurationError, MissingDependency):
            raise  # it is the user's to change
        except Exception as error:  # noqa: BLE001  # a cache that fails must not take the vectors with it
            self.down = True
            self.tally["store_failures"] += 1
            self.cache.warn(error)
            return otherwise

    @contextmanager
    def _renewing(self, numbers: Iterable[int]) -> Generator[None]:
        """Renew the leases until the vectors are in the store."""
        if not self.shelf.shared or self.down:
            yield
            return
        keys, done = [self.keys[number] for number in numbers], threading.Event()

        def renew() -> None:
            while not done.wait(LEASE_SECONDS / 3):
                with suppress(Exception):  # it is tried again, and the vectors are kept all the same
                    self.shelf.store.lease(keys, LEASE_SECONDS)

        threading.Thread(target=renew, name="onevec-lease", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    # The end ----------------------------------------------------------------------------------------------------

    def split(self) -> tuple[list[str], list[str]]:
        """The texts that were computed, and those that were not, repeated ones too."""
        if self.places is None and not any(self.computed):
            return [], self.texts
        computed = [text for text, own in zip(self.texts, self.computed, strict=True) if own]
        saved = [text for text, own in zip(self.texts, self.computed, strict=True) if not own]
        first: set[int] = set()
        for place in self.places or ():
            if place in first:
                saved.append(self.texts[place])
            first.add(place)
        return computed, saved

    def _result(self) -> Embedded:
        cached = np.frombuffer(self.computed, dtype=np.bool_) == 0
        usage = Usage(0, 0, 0.0) if self.usage is None else self.usage
        if self.places is None:
            return Embedded(self.rows.array, usage, self.cache.space, cached, tuple(self._notes(range(self.count))))
        notes = tuple(self._notes(self.places))
        return Embedded(self.rows.array[self.places], usage, self.cache.space, cached[self.places], notes)

    def _notes(self, places: Iterable[int]) -> Generator[Note]:
        if self.notes:
            for index, place in enumerate(places):
                if place in self.notes:
                    yield replace(self.notes[place], index=index)

    def _completed(self) -> Completed | None:
        places = range(self.count) if self.places is None else self.places
        indices = [index for index, place in enumerate(places) if self.rows.have[place]]
        return Completed(indices, self.rows.array[[places[index] for index in indices]]) if indices else None


def _check(vectors: Array, texts: list[str]) -> None:
    """Refuse what is no vector for every text; those that are sound go with the error."""
    if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.shape[1]:
        message = f"the model gave an array of the shape {vectors.shape} for {len(texts)} texts"
        raise BadResponse(message)
    sound = np.isfinite(vectors).all(axis=1)
    if not sound.all():
        message = f"the model gave NaN or infinity for {int((~sound).sum())} of {len(texts)} texts"
        error = BadResponse(message)
        error.completed = Completed(np.flatnonzero(sound).tolist(), vectors[sound])
        raise error


def _copied(error: Exception) -> Exception:
    """The error for another caller, who has other texts completed."""
    try:
        return copy.copy(error)
    except Exception:  # noqa: BLE001  # some errors of other libraries can't be copied
        return error
