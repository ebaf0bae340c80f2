"""A fast store before a slow one."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ..errors import CacheError
from .base import ByteStore
from .encoder import as_store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["TieredStore"]


class TieredStore(ByteStore):
    """Reads from a fast store first, and fills it with what only the slow one has; writes go to both.

    A slow store that can't be read, or a fast one that can't be filled, is passed over with one warning, so the other
    one goes on serving. Leases and keys are those of the slow store, which other processes share.

    Args:
        fast: such as a bounded `MemoryStore`.
        slow: such as a `RedisStore`; it has everything. Both may be stores of LangChain, too.

    Example:
        >>> from onevec import MemoryStore
        >>> fast, slow = MemoryStore(), MemoryStore()
        >>> slow.mset([("a", b"1")])
        >>> TieredStore(fast, slow).mget(["a", "b"])
        [b'1', None]
        >>> fast.mget(["a"])
        [b'1']
    """

    def __init__(self, fast: Any, slow: Any) -> None:
        self.fast = as_store(fast)
        self.slow = as_store(slow)
        self._warned = False

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none."""
        values: list[bytes | None] = [None] * len(keys)

        def take(index: int, value: bytes | memoryview) -> None:
            values[index] = bytes(value)

        self.visit(keys, take)
        return values

    def visit(self, keys: Sequence[str], take: Callable[[int, bytes | memoryview], None]) -> None:
        """Hand every value that exists to `take(position in keys, value)`; see `ByteStore.visit`."""
        missing = dict.fromkeys(range(len(keys)))

        def from_fast(index: int, value: bytes | memoryview) -> None:
            del missing[index]
            take(index, value)

        self.fast.visit(keys, from_fast)
        places = list(missing)
        fill: dict[str, bytes] = {}

        def from_slow(index: int, value: bytes | memoryview) -> None:
            fill[keys[places[index]]] = whole = bytes(value)
            take(places[index], whole)

        try:
            self.slow.visit([keys[place] for place in places], from_slow)
            if fill:
                self.fast.mset(list(fill.items()))
        except (CacheError, OSError) as error:
            self._warn(error)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values in both; if one of them fails the other one has them all the same."""
        try:
            self.slow.mset(key_value_pairs)
        finally:
            self.fast.mset(key_value_pairs)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys from both."""
        try:
            self.slow.mdelete(keys)
        finally:
            self.fast.mdelete(keys)

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys of the slow store that start with `prefix`, in any order."""
        yield from self.slow.yield_keys(prefix=prefix)

    def lease(self, keys: Sequence[str], seconds: float) -> list[bool]:
        """A lease of the slow store."""
        return self.slow.lease(keys, seconds)

    def release(self, keys: Sequence[str]) -> None:
        """Give back leases of the slow store."""
        self.slow.release(keys)

    def close(self) -> None:
        """Close both."""
        self.fast.close()
        self.slow.close()

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(f"TieredStore goes on with one of its stores: {error}", UserWarning, stacklevel=4)

    def __repr__(self) -> str:
        return f"TieredStore({self.fast!r}, {self.slow!r})"
