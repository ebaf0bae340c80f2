"""A store in this process, as large as it may grow."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from .base import ByteStore
from .bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["InMemoryByteStore", "InMemoryStore", "MemoryStore"]


class MemoryStore(ByteStore):
    """Keeps values in a dict, for as long as the process lives.

    Args:
        max_bytes: what keys and values may take; beyond it the values that were not read for longest go.
        ttl: seconds after which a value is gone.
        eviction: "lru", or "fifo": the values that were written first go first.
        clock: seconds, for `ttl`.

    Raises:
        ConfigurationError: a bound is not positive, or there is no such eviction.

    Example:
        >>> store = MemoryStore(max_bytes=1_000_000)
        >>> store.mset([("a", b"1"), ("b", b"2")])
        >>> store.mget(["b", "c"])
        [b'2', None]
    """

    def __init__(
        self,
        *,
        max_bytes: int | None = None,
        ttl: float | None = None,
        eviction: str = "lru",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.bounds = Bounds(max_bytes, ttl, eviction)
        self._clock = clock
        self._values: OrderedDict[str, bytes] = OrderedDict()  # a plain dict gets slow when its front is removed
        self._made: OrderedDict[str, float] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.bounds})"

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none."""
        with self._lock:
            return [self._get(key) for key in keys]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values; a key that exists gets the new value."""
        with self._lock:
            now = self._clock() if self.bounds.ttl is not None else 0.0
            for key, value in key_value_pairs:
                self._drop(key)
                self._values[key] = value
                if self.bounds.ttl is not None:
                    self._made[key] = now
                if self.bounds.max_bytes is not None:
                    self._bytes += len(key) + len(value)
            self._shrink(now)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        with self._lock:
            for key in keys:
                self._drop(key)

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`."""
        with self._lock:
            keys = [key for key in self._values if not self._expired(key)]
        yield from (key for key in keys if key.startswith(prefix or ""))

    def _get(self, key: str) -> bytes | None:
        if key not in self._values:
            return None
        if self._expired(key):
            self._drop(key)
            return None
        if self.bounds.touches:
            self._values.move_to_end(key)
        return self._values[key]

    def _expired(self, key: str) -> bool:
        return self.bounds.ttl is not None and self._clock() - self._made[key] >= self.bounds.ttl

    def _drop(self, key: str) -> None:
        value = self._values.pop(key, None)
        self._made.pop(key, None)
        if value is not None and self.bounds.max_bytes is not None:
            self._bytes -= len(key) + len(value)

    def _shrink(self, now: float) -> None:
        """Drop what is too old (the front of `_made`, which is in the order of writing) or too much."""
        if self.bounds.ttl is not None:
            while self._made and now - self._made[key := next(iter(self._made))] >= self.bounds.ttl:
                self._drop(key)
        while self.bounds.max_bytes is not None and self._bytes > self.bounds.max_bytes:
            self._drop(next(iter(self._values)))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())


class InMemoryByteStore(MemoryStore):
    """LangChain's class of this name: a dict without bounds.

    Example:
        >>> store = InMemoryByteStore()
        >>> store.mset([("a", b"1")])
        >>> dict(store.store)
        {'a': b'1'}
    """

    def __init__(self) -> None:
        super().__init__()

    @property
    def store(self) -> dict[str, bytes]:
        """The keys and values."""
        return self._values


class InMemoryStore(InMemoryByteStore):
    """LangChain's class of this name: values of any type."""
