"""The fast store: LMDB, which maps its file into memory."""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import sys
import threading
import time
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CacheError
from ..optional import need
from .base import ByteStore
from .bounds import LONGEST_LEASE, Bounds
from .lmdb_environment import AGES, Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

__all__ = ["LMDBStore"]

MAP_BYTES = 4 * 2**30 if sys.platform == "win32" else 2**40
"""Address space for the file. It costs nothing, but on Windows, where the file has this size from the start."""
TOUCHED = 4096
"""Reads that are remembered before they are written down."""
CHECK_EVERY = 64
"""Values that are too old are looked for after every 64th part of `ttl`."""
KEY_BYTES = 511
LONG = b"\xff"
"""What the hash of a key that LMDB can't take begins with; no text in UTF-8 has this byte."""
_UNTIL = struct.Struct("<d")


class LMDBStore(ByteStore):
    """Keeps values in an LMDB environment.

    Many threads and processes of one machine may use it at once; it must not be on a network disk. What was written is
    there after a kill of the process, and all but the last moments after a power cut. A vector takes whole pages of
    4 KiB, so one of 1536 float32 takes 8 KiB.

    Args:
        path: the folder; it is made when something is written.
        map_size: largest size of the file in bytes.
        max_bytes: what the pages of all values may take; beyond it the oldest go.
        ttl: seconds after which a value is gone. A value from before this was asked for counts as written now.
        eviction: "lru" drops what was not read for longest, "fifo" what was written first.
        clock: seconds since 1970, for `ttl` and leases; equal for all processes.

    Raises:
        ConfigurationError: a bound is not positive, or there is no such eviction.
        MissingDependency: the package lmdb is not installed.
        CacheError: from every method: the files can't be read or written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        map_size: int = MAP_BYTES,
        max_bytes: int | None = None,
        ttl: float | None = None,
        eviction: str = "lru",
        clock: Callable[[], float] = time.time,
    ) -> None:
        need("lmdb", extra="lmdb")
        self.path = Path(path).absolute()
        self.map_size = map_size
        self.bounds = Bounds(max_bytes, ttl, eviction)
        self._clock = clock
        self._start()

    def _start(self) -> None:
        self._owner = secrets.token_bytes(8)
        self._process = os.getpid()
        self._environment: Environment | None = None
        self._pruned = 0.0
        self._lock = threading.Lock()
        self._touched: set[bytes] = set()

    def __repr__(self) -> str:
        bounds = f", {self.bounds}" if str(self.bounds) else ""
        return f"{type(self).__name__}({str(self.path)!r}{bounds})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("path", "map_size", "bounds", "_clock")}

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
        """Hand every value that exists to `take(position in keys, value)`, as a view into the file."""
        with self._reading() as found:
            if found is None:
                return
            env, transaction = found
            alive, touches = self._alive(env, transaction), self.bounds.touches
            names = [key.encode() for key in keys]
            if not all(0 < len(name) <= KEY_BYTES for name in names):
                names = [_name(key) for key in keys]
            values: Iterator[Any] = map(transaction.get, names)
            for index, value in enumerate(values):
                if value is not None and (alive is None or alive(names[index])):
                    take(index, value)
                    if touches:
                        self._touched.add(names[index])
        if len(self._touched) > TOUCHED:
            self.mset([])

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep all values or none of them; a key that exists gets the new value."""
        if not (key_value_pairs or self._touched):
            return
        now = self._clock()
        pairs = sorted({_name(key): (key, value) for key, value in key_value_pairs}.items())
        if self.bounds.max_bytes is not None or self.bounds.ttl is not None:
            with self._writing() as (env, transaction):  # its own, so that the pages are free for the next
                self._note_ages(env, transaction, now)
                self._prune(env, transaction, now, sum(len(value) for _, (_, value) in pairs))
        with self._writing() as (env, transaction):
            transaction.cursor(env.values).putmulti([(name, value) for name, (_, value) in pairs])
            long = [(name, key.encode()) for name, (key, _) in pairs if name.startswith(LONG)]
            transaction.cursor(env.long).putmulti(long)
            if self.bounds.max_bytes is not None or self.bounds.ttl is not None:
                age = AGES.pack(now, now)
                transaction.cursor(env.ages).putmulti([(name, age) for name, _ in pairs])
            self._release(env, transaction, (name for name, _ in pairs))

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        if keys and self.path.exists():
            with self._writing() as (env, transaction):
                env.drop(transaction, [_name(key) for key in keys])

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`; what is written meanwhile may be among them."""
        prefix = prefix or ""
        start: bytes | None = prefix.encode()[:KEY_BYTES]
        while start is not None:
            keys, start = self._page(prefix, start)
            yield from keys

    def _page(self, prefix: str, start: bytes) -> tuple[list[str], bytes | None]:
        """Some keys, and where the next ones begin; a transaction that stays open would keep old pages alive."""
        keys: list[str] = []
        with self._reading() as found:
            if found is None:
                return keys, None
            env, transaction = found
            alive, cursor = self._alive(env, transaction), transaction.cursor(env.values)
            more = cursor.set_range(start)
            while more and len(keys) < 1000:
                name = bytes(cursor.key())
                key = bytes(transaction.get(name, db=env.long) if name.startswith(LONG) else name).decode()
                if key.startswith(prefix) and (alive is None or alive(name)):
                    keys.append(key)
                elif not key.startswith(prefix) and not name.startswith(LONG):
                    more = cursor.set_range(LONG)
                    continue
                more = cursor.next()
            return keys, bytes(cursor.key()) if more else None

    # Leases -----------------------------------------------------------------------------------------------------

    def lease(self, keys: Sequence[str], seconds: float) -> list[bool]:
        """Announce the values that this caller is about to compute; see `ByteStore.lease`."""
        now = self._clock()
        mine = _UNTIL.pack(now + seconds) + self._owner
        with self._writing() as (env, transaction):
            granted: list[bool] = []
            for name in map(_name, keys):
                held = transaction.get(name, db=env.leases)
                free = held is None or held[8:] == self._owner or not now <= _until(held) <= now + LONGEST_LEASE
                granted.append(free and transaction.put(name, mine, db=env.leases))
            return granted

    def release(self, keys: Sequence[str]) -> None:
        """Give back leases."""
        with self._writing() as (env, transaction):
            self._release(env, transaction, map(_name, keys))

    def _release(self, env: Environment, transaction: Any, names: Iterable[bytes]) -> None:
        if not transaction.stat(env.leases)["entries"]:
            return
        for name in names:
            held = transaction.get(name, db=env.leases)
            if held is not None and held[8:] == self._owner:
                transaction.delete(name, db=env.leases)

    # Bounds -----------------------------------------------------------------------------------------------------

    def _alive(self, env: Environment, transaction: Any) -> Callable[[bytes], bool] | None:
        """Tells whether a value is young enough; None if all are."""
        if self.bounds.ttl is None:
            return None
        oldest = self._clock() - self.bounds.ttl

        def alive(name: bytes) -> bool:
            age = transaction.get(name, db=env.ages)
            return age is None or AGES.unpack(age)[0] > oldest

        return alive

    def _note_ages(self, env: Environment, transaction: Any, now: float) -> None:
        """Write down what was read, and give an age to values that have none."""
        touched, self._touched = self._touched, set()
        for name in touched:
            age = transaction.get(name, db=env.ages)
            if age is not None:
                transaction.put(name, AGES.pack(AGES.unpack(age)[0], now), db=env.ages)
        if transaction.stat(env.ages)["entries"] != transaction.stat(env.values)["entries"]:
            age = AGES.pack(now, now)
            for name in transaction.cursor(env.values).iternext(values=False):
                transaction.put(name, age, db=env.ages, overwrite=False)

    def _prune(self, env: Environment, transaction: Any, now: float, coming: int) -> None:
        """Drop what is too old, now and then, and the oldest of what is too much."""
        bounds = self.bounds
        if bounds.ttl is not None and now - self._pruned >= bounds.ttl / CHECK_EVERY:
            self._pruned = now
            env.drop(transaction, [name for (made, _), name in env.ages_in(transaction) if made <= now - bounds.ttl])
        if bounds.max_bytes is None or env.size(transaction) + coming <= bounds.max_bytes:
            return
        which = 1 if bounds.touches else 0
        for _, name in sorted((age[which], name) for age, name in env.ages_in(transaction)):
            if env.size(transaction) + coming <= bounds.target:
                return
            env.drop(transaction, [name])

    # Transactions -----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Give the environment back; the store opens it again when it is used."""
        if self._process != os.getpid():
            return
        if self._touched and self.path.exists():
            self.mset([])
        with self._lock:
            if self._environment is not None:
                self._environment = None
                self._leave()

    @contextmanager
    def _reading(self) -> Generator[tuple[Environment, Any] | None]:
        """A transaction that reads; None if there is nothing yet."""
        with self._transaction(write=False) as found:
            yield found

    @contextmanager
    def _writing(self) -> Generator[tuple[Environment, Any]]:
        """A transaction that writes; all that is done with it is kept, or none if it fails."""
        with self._transaction(write=True) as found:
            assert found is not None  # noqa: S101  # write=True makes the files
            yield found

    @contextmanager
    def _transaction(self, *, write: bool) -> Generator[tuple[Environment, Any] | None]:
        lmdb = need("lmdb", extra="lmdb")
        try:
            env = self._open(write=write)
            if env is None:
                yield None
                return
            with env.begin(write=write) as transaction:
                yield env, transaction
        except (lmdb.Error, OSError) as error:
            raise CacheError(f"{self.path}: {error}{_hint(error)}") from error

    def _open(self, *, write: bool) -> Environment | None:
        if self._process != os.getpid():
            self._start()
        with self._lock:
            if self._environment is None and (write or (self.path / "data.mdb").exists()):
                self._environment = Environment.of(self.path, self.map_size, write=write)
                self._leave = weakref.finalize(self, self._environment.leave)
            return self._environment


def _name(key: str) -> bytes:
    """The key as LMDB keeps it."""
    raw = key.encode()
    return raw if 0 < len(raw) <= KEY_BYTES else LONG + hashlib.blake2b(raw, digest_size=32).digest()


def _until(lease: bytes) -> float:
    """When a lease ends; 0 if it is damaged."""
    return float(_UNTIL.unpack_from(lease)[0]) if len(lease) > _UNTIL.size else 0.0


def _hint(error: Exception) -> str:
    hints = {
        "MapFullError": "; set a larger map_size, or max_bytes",
        "CorruptedError": "; the file is damaged: move the folder away to begin a new one",
        "InvalidError": "; the file is damaged, or no LMDB file: move the folder away, or choose another one",
    }
    return hints.get(type(error).__name__, "")
