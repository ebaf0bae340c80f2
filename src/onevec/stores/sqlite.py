"""The default store: one SQLite file, safe with many threads and processes."""

from __future__ import annotations

import sqlite3
import time
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import ByteStore
from .bounds import LONGEST_LEASE, Bounds
from .sqlite_connections import Connections
from .sqlite_tables import AGE, KEEP, KEYS_A_QUERY, LEASE, read

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable, Sequence

__all__ = ["SQLiteStore"]

TOUCHED = 4096
"""Reads that are remembered before they are written down."""
CHECK_EVERY = 64
"""A bounded store looks at its size after every 64th part of `max_bytes` that was written."""


class SQLiteStore(ByteStore):
    """Keeps values in one SQLite file.

    Many threads and processes of one machine may use it at once; a file on a network disk is for one machine. What was
    written is there after a kill of the process; after a power cut the last moments may be missing.

    Args:
        path: the file; it and its folder are made when something is written.
        max_bytes: what keys and values may take; the file is up to a tenth larger.
        ttl: seconds after which a value is gone.
        eviction: beyond `max_bytes`, "lru" drops what was not read for longest, "fifo" what was written first.
        clock: seconds since 1970, for `ttl` and leases; equal for all processes.

    Raises:
        ConfigurationError: a bound is not positive, or there is no such eviction.
        CacheError: from every method: the file can't be read or written.

    Example:
        >>> import tempfile
        >>> store = SQLiteStore(tempfile.mkdtemp() + "/vectors.sqlite")
        >>> store.mset([("a", b"1"), ("b", b"2")])
        >>> store.mget(["b", "c"])
        [b'2', None]
        >>> store.close()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int | None = None,
        ttl: float | None = None,
        eviction: str = "lru",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path).absolute()
        self.bounds = Bounds(max_bytes, ttl, eviction)
        self._clock = clock
        self._start()

    def _start(self) -> None:
        self._connections = Connections(self.path)
        self._touched: set[int] = set()
        self._unchecked = self.bounds.max_bytes or 0
        self._pruned = 0.0

    def __repr__(self) -> str:
        bounds = f", {self.bounds}" if str(self.bounds) else ""
        return f"{type(self).__name__}({str(self.path)!r}{bounds})"

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "bounds": self.bounds, "_clock": self._clock}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start()

    # The four methods -------------------------------------------------------------------------------------------

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none."""
        values: list[bytes | None] = [None] * len(keys)
        self.visit(keys, lambda index, value: values.__setitem__(index, bytes(value)))
        return values

    def visit(self, keys: Sequence[str], take: Callable[[int, bytes | memoryview], None]) -> None:
        """Hand every value that exists to `take(position in keys, value)`.

        Raises:
            CacheError: a part of the file can't be read; all values outside of it were handed over.
        """
        with self._connections.connection() as connection:
            if connection is None:
                return
            faults: list[sqlite3.DatabaseError] = []
            for start in range(0, len(keys), KEYS_A_QUERY):
                faults += self._visit(connection, keys[start : start + KEYS_A_QUERY], start, take)
            if faults:
                raise faults[0]
        if len(self._touched) > TOUCHED:
            self.mset([])

    def _visit(
        self, connection: sqlite3.Connection, keys: Sequence[str], start: int, take: Callable[[int, bytes], None]
    ) -> list[sqlite3.DatabaseError]:
        """Visit some keys; if that meets a damaged page, each half of them, so that only the keys of the page fail."""
        oldest = -1.0 if self.bounds.ttl is None else self._clock() - self.bounds.ttl
        touches, touched = self.bounds.touches, self._touched
        try:
            for index, number, made, value in _find(connection, "id, made, value", keys):
                if made > oldest:
                    take(start + index, value)
                    if touches:
                        touched.add(number)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT or len(keys) == 1:
                return [error]
            half = len(keys) // 2
            return [
                *self._visit(connection, keys[:half], start, take),
                *self._visit(connection, keys[half:], start + half, take),
            ]
        return []

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep all values or none of them; a key that exists gets the new value."""
        pairs = self._that_fit(key_value_pairs)
        now = self._clock()
        if not (pairs or self._touched):
            return
        sizes = [len(key) + len(value) for key, value in pairs.items()]
        with self._connections.transaction() as connection:
            self._touch(connection, now)
            self._prune(connection, now, sum(sizes))
            numbers = self._places(connection, list(pairs))
            rows = zip(numbers, pairs.items(), strict=True)
            connection.executemany(KEEP, ((number, key, now, value) for number, (key, value) in rows))
            ages = zip(numbers, sizes, strict=True)
            connection.executemany(AGE, ((number, now, now, size) for number, size in ages))
            if connection.execute("SELECT 1 FROM leases LIMIT 1").fetchone():
                self._release(connection, pairs)

    def _places(self, connection: sqlite3.Connection, keys: list[str]) -> list[int]:
        """The rows of keys.

        A new key gets the row, and so the place in the file, of one that is gone: else a page would be free for others
        only when all of its rows are gone, and a bounded file would grow.
        """
        known = _numbers(connection, keys)
        holes = connection.execute("SELECT id FROM holes LIMIT ?", (len(keys) - len(known),)).fetchall()
        connection.executemany("DELETE FROM holes WHERE id = ?", holes)
        last: int = connection.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()[0]
        free = chain((number for (number,) in holes), count(last + 1))
        return [known[key] if key in known else next(free) for key in keys]

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        if keys and self.path.exists():
            with self._connections.transaction() as connection:
                _drop(connection, [(number,) for number in _numbers(connection, list(keys)).values()])

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`, sorted; what is written meanwhile may be among them.

        A key that a damaged page holds is passed over: no text finds its value any more.
        """
        start = (prefix or "").encode()
        oldest = -1.0 if self.bounds.ttl is None else self._clock() - self.bounds.ttl
        made = "" if self.bounds.ttl is None else "AND made > :oldest"
        query = (  # the key as bytes, for it may be no text
            f"SELECT CAST(key AS BLOB) FROM entries WHERE key {{}} CAST(:last AS TEXT) {made} ORDER BY key LIMIT 1000"  # noqa: S608  # no data
        )
        page, last = [b""], start
        while page:
            with self._connections.connection() as connection:
                if connection is None:
                    return
                query_now = query.format(">=" if last is start else ">")
                page = [row[0] for row in connection.execute(query_now, {"last": last, "oldest": oldest})]
            for key in page:
                if not key.startswith(start):
                    return
                text = key.decode(errors="replace")
                if text.encode() == key:
                    yield text
            last = page[-1] if page else last

    # Leases -----------------------------------------------------------------------------------------------------

    def lease(self, keys: Sequence[str], seconds: float) -> list[bool]:
        """Announce the values that this caller is about to compute; see `ByteStore.lease`."""
        now = self._clock()
        with self._connections.transaction() as connection:
            connection.execute("DELETE FROM leases WHERE until < ?", (now,))
            owner, until, last = self._connections.owner, now + seconds, now + LONGEST_LEASE
            taken = connection.executemany(LEASE, ((key, owner, until, now, last) for key in keys)).rowcount
            if taken == len(keys):
                return [True] * len(keys)
            query = "SELECT 1 FROM leases WHERE key = ? AND owner = ?"
            return [connection.execute(query, (key, owner)).fetchone() is not None for key in keys]

    def release(self, keys: Sequence[str]) -> None:
        """Give back leases."""
        with self._connections.transaction() as connection:
            self._release(connection, keys)

    def _release(self, connection: sqlite3.Connection, keys: Iterable[str]) -> None:
        query = "DELETE FROM leases WHERE key = ? AND owner = ?"
        connection.executemany(query, ((key, self._connections.owner) for key in keys))

    # Bounds -----------------------------------------------------------------------------------------------------

    def _touch(self, connection: sqlite3.Connection, now: float) -> None:
        touched, self._touched = self._touched, set()
        connection.executemany("UPDATE ages SET used = ? WHERE id = ?", ((now, number) for number in touched))

    def _prune(self, connection: sqlite3.Connection, now: float, coming: int) -> None:
        """Make room for so many bytes: drop what is too old, and what is too much."""
        if self.bounds.ttl is not None and now - self._pruned >= self.bounds.ttl / CHECK_EVERY:
            self._pruned = now
            old = connection.execute("SELECT id FROM ages WHERE made <= ?", (now - self.bounds.ttl,)).fetchall()
            _drop(connection, old)
        if self.bounds.max_bytes is None:
            return
        self._unchecked += coming
        step = self.bounds.max_bytes // CHECK_EVERY
        if self._unchecked >= step:
            self._unchecked = 0
            total = coming + connection.execute("SELECT coalesce(sum(bytes), 0) FROM ages").fetchone()[0]
            if total > self.bounds.max_bytes - step:
                _drop(connection, self._oldest(connection, total))

    def _that_fit(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
        """The pairs, the last value of each key; of more than fits at once, the last ones."""
        pairs = dict(key_value_pairs)
        if self.bounds.max_bytes is not None:
            size = sum(len(key) + len(value) for key, value in pairs.items())
            while size > self.bounds.target:
                key = next(iter(pairs))
                size -= len(key) + len(pairs.pop(key))
        return pairs

    def _oldest(self, connection: sqlite3.Connection, total: int) -> list[tuple[int]]:
        """What has to go, the oldest first."""
        order = "used" if self.bounds.touches else "made"
        gone: list[tuple[int]] = []
        for number, size in connection.execute(f"SELECT id, bytes FROM ages ORDER BY {order}, id"):  # noqa: S608
            if total <= self.bounds.target:
                break
            gone.append((number,))
            total -= size
        return gone

    def close(self) -> None:
        """Close the file; the store opens it again when it is used."""
        if self._touched and self.path.exists():
            self.mset([])
        self._connections.close()


def _find(connection: sqlite3.Connection, columns: str, keys: Sequence[str]) -> sqlite3.Cursor:
    """Columns of the entries that there are, each after its key's place."""
    places = 1 << (len(keys) - 1).bit_length()  # few different queries, so SQLite has them prepared
    return connection.execute(read(columns, places), (*keys, *[None] * (places - len(keys))))


def _numbers(connection: sqlite3.Connection, keys: list[str]) -> dict[str, int]:
    """The rows of the keys that there are."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), KEYS_A_QUERY):
        part = keys[start : start + KEYS_A_QUERY]
        for place, number in _find(connection, "id", part):
            found[part[place]] = number
    return found


def _drop(connection: sqlite3.Connection, numbers: list[tuple[int]]) -> None:
    """Drop rows, and remember their places."""
    connection.executemany("DELETE FROM entries WHERE id = ?", numbers)
    connection.executemany("DELETE FROM ages WHERE id = ?", numbers)
    connection.executemany("INSERT OR IGNORE INTO holes VALUES (?)", numbers)
