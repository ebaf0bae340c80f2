"""A store that nobody changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import ByteStore
from .encoder import as_store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["ReadOnlyStore"]


class ReadOnlyStore(ByteStore):
    """Reads from another store and never changes it, such as a cache that is shared by many and filled by one.

    Writing and deleting do nothing and are no error: a cache over it serves what is there, and computes the rest.

    Args:
        store: the store to read from; also one of LangChain.

    Example:
        >>> from onevec import MemoryStore
        >>> inner = MemoryStore()
        >>> inner.mset([("a", b"1")])
        >>> store = ReadOnlyStore(inner)
        >>> store.mset([("a", b"2"), ("b", b"2")])
        >>> store.mget(["a", "b"])
        [b'1', None]
    """

    def __init__(self, store: Any) -> None:
        self.store = as_store(store)

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none."""
        return self.store.mget(keys)

    def visit(self, keys: Sequence[str], take: Callable[[int, bytes | memoryview], None]) -> None:
        """Hand every value that exists to `take(position in keys, value)`; see `ByteStore.visit`."""
        self.store.visit(keys, take)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Do nothing."""

    def mdelete(self, keys: Sequence[str]) -> None:
        """Do nothing."""

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`, in any order."""
        yield from self.store.yield_keys(prefix=prefix)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __repr__(self) -> str:
        return f"ReadOnlyStore({self.store!r})"
