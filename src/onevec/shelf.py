"""Vectors in a byte store: read straight into one array, and checked on the way."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from .embeddings import Role
from .flights import flights_of
from .stores.base import ByteStore
from .stores.encoder import ForeignStore
from .values import HEAD_AND_CHECK, HEAD_BYTES, Damaged, decode, encoder, plain_head

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from .arrays import Array
    from .keys import Keys

__all__ = ["Read", "Rows", "Shelf"]

EXACT = {None, "json", "float32", "float32+zstd"}
"""Formats that give back the very float32 that were kept."""
KEYS_BEFORE_WIDTH = 8
"""Half of the keys that are asked for first; the width of their vectors makes the short way for all others."""
KEYS_AT_ONCE = 2048
"""Keys that are asked for together, so that a store which hands over all values in one list stays small."""


class Rows:
    """Rows of one float32 array, made when the width is known, each there or not yet."""

    def __init__(self, count: int, width: int | None) -> None:
        self.have = bytearray(count)
        self.array: Array = np.empty((count, width or 0), dtype=np.float32)
        self.flat = memoryview(b"")
        if width:
            self.widen(width)

    @property
    def width(self) -> int:
        """Width of the rows, 0 as long as it is not known."""
        return int(self.array.shape[1])

    def widen(self, width: int) -> None:
        """Begin anew with rows of this width."""
        self.have = bytearray(len(self.have))
        self.array = np.empty((len(self.have), width), dtype=np.float32)
        self.flat = self.array.data.cast("B") if self.array.size else memoryview(b"")

    def put(self, number: int, row: Array) -> None:
        """Set a row.

        Raises:
            ValueError: its width is not that of the others.
        """
        if len(row) != self.width:  # numpy would repeat a single number
            message = f"a vector of {len(row)} dimensions is among others of {self.width}"
            raise ValueError(message)
        self.array[number] = row
        self.have[number] = 1

    def fill(self, numbers: Sequence[int], rows: Array) -> None:
        """Set several rows; their width has to be that of the others."""
        self.array[numbers] = rows
        for number in numbers:
            self.have[number] = 1

    def missing(self) -> list[int]:
        """Numbers of the rows that are not there."""
        if 0 not in self.have:
            return []
        return [number for number, there in enumerate(self.have) if not there]


class Read:
    """What a read came to.

    Attributes:
        bytes: size of the values.
        damaged: keys whose value can't be used.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self.damaged: list[str] = []
        self.slow = self.slow_bytes = 0


class Shelf:
    """Vectors of texts, in a byte store.

    Args:
        store: where the values are.
        keys: how a text gets its key.
        value_format: how a vector becomes a value, see `onevec.values`; None keeps lists of floats.

    Raises:
        ConfigurationError: there is no such format.
    """

    def __init__(self, store: ByteStore, keys: Keys, value_format: str | None) -> None:
        self.store, self.keys, self.value_format = store, keys, value_format
        self.flights = flights_of(store.store if isinstance(store, ForeignStore) else store)
        self._encode = encoder(value_format) if value_format is not None else None
        self.shared = type(store).lease is not ByteStore.lease
        """Whether several processes may compute for the store at once, and tell each other by leases."""

    def __getstate__(self) -> tuple[ByteStore, Keys, str | None]:
        return self.store, self.keys, self.value_format

    def __setstate__(self, state: tuple[ByteStore, Keys, str | None]) -> None:
        self.__init__(*state)  # type: ignore[misc]  # what is left out is made anew

    def read(self, keys: Sequence[str], numbers: Sequence[int], rows: Rows, read: Read) -> None:
        """Fill the rows of these numbers with what the store has; rows of another width are damaged."""
        before, start, count = sum(rows.have), 0, KEYS_BEFORE_WIDTH
        while start < len(keys):
            count = KEYS_AT_ONCE if rows.width else min(2 * count, KEYS_AT_ONCE)
            part = slice(start, start + count)
            self.store.visit(keys[part], _taker(keys[part], numbers[part], rows, read))
            start += count
        read.bytes = read.slow_bytes + (sum(rows.have) - before - read.slow) * (HEAD_BYTES + 4 * rows.width)

    def encoded(self, keys: Sequence[str], rows: Array) -> list[Any]:
        """The values of rows."""
        return self._encode(keys, rows) if self._encode else rows.tolist()

    def rounded(self, keys: Sequence[str], values: Sequence[Any], rows: Array) -> Array:
        """The rows as they will be read, so that a vector is the same at its first and at every later call."""
        if self.value_format in EXACT:
            return rows
        return np.stack([decode(key, value) for key, value in zip(keys, values, strict=True)])

    def write(self, keys: Sequence[str], values: Sequence[Any]) -> int:
        """Keep values, and tell their size."""
        self.store.mset(list(zip(keys, values, strict=True)))
        return sum(map(len, values))

    # As LangChain's stores of vectors: by text, and with lists of floats ------------------------------------------

    def mget(self, texts: Sequence[str]) -> list[list[float] | None]:
        """The vectors of documents, in order; None where there is none that can be used."""
        found: list[list[float] | None] = [None] * len(texts)
        keys = self.keys.of(texts, Role.DOCUMENT)

        def take(index: int, value: object) -> None:
            try:
                found[index] = decode(keys[index], value).tolist()
            except Damaged:
                return

        self.store.visit(keys, take)
        return found

    def mset(self, pairs: Sequence[tuple[str, Sequence[float]]]) -> None:
        """Keep vectors of documents."""
        keys = self.keys.of([text for text, _ in pairs], Role.DOCUMENT)
        rows = np.array([vector for _, vector in pairs], dtype=np.float32)
        self.write(keys, self.encoded(keys, rows))

    def mdelete(self, texts: Sequence[str]) -> None:
        """Drop vectors of documents."""
        self.store.mdelete(self.keys.of(texts, Role.DOCUMENT))

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """The keys as the store has them."""
        yield from self.store.yield_keys(prefix=prefix)


def _taker(keys: Sequence[str], numbers: Sequence[int], rows: Rows, read: Read) -> Callable[[int, Any], None]:
    """What takes values from the store into rows. It runs once a value, so the common form has a short way."""

    def slowly(position: int, value: Any) -> None:
        try:
            row = decode(keys[position], value)
            if not rows.width:
                rows.widen(len(row))
            rows.put(numbers[position], row)
            read.slow_bytes += len(value)
            read.slow += 1
        except ValueError:  # damaged, or of another width
            read.damaged.append(keys[position])

    if not rows.width:
        return slowly
    head, size, flat, have = plain_head(rows.width), 4 * rows.width, rows.flat, rows.have
    seed, crc, unpack = crc32(head), crc32, HEAD_AND_CHECK.unpack_from

    def take(position: int, value: Any) -> None:
        try:
            found, check = unpack(value)
            vector = value[HEAD_BYTES:]
            if found == head and len(vector) == size and crc(vector, crc(keys[position].encode(), seed)) == check:
                number = numbers[position]
                flat[number * size : number * size + size] = vector
                have[number] = 1
                return
        except (TypeError, struct.error):  # no bytes, or too few
            pass
        slowly(position, value)

    return take
