"""The interface of a byte store: what a cache needs, and what LangChain's stores of this name offer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..embeddings import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Sequence

__all__ = ["ByteStore"]


class ByteStore(ABC):
    """Keeps bytes under text keys, many at a time.

    A subclass implements `mget`, `mset`, `mdelete` and `yield_keys`; it may do better in the rest. Every method may be
    called from several threads at once.
    """

    @abstractmethod
    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none."""

    @abstractmethod
    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values, all or none of them where the store can do that; a key that exists gets the new value."""

    @abstractmethod
    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""

    @abstractmethod
    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`, in any order."""

    def visit(self, keys: Sequence[str], take: Callable[[int, bytes | memoryview], None]) -> None:
        """Hand every value that exists to `take(position in keys, value)`.

        The value may be a view into the store that is good only during the call of `take`, so nothing has to be copied.
        """
        for index, value in enumerate(self.mget(keys)):
            if value is not None:
                take(index, value)

    def lease(self, keys: Sequence[str], seconds: float) -> list[bool]:
        """Announce that this caller is about to compute the values of the keys, for at most `seconds`.

        Returns:
            For each key whether the caller has it now; False means that another caller, also in another process, is
            computing it. A store that is not shared between processes says True.
        """
        del seconds
        return [True] * len(keys)

    def release(self, keys: Sequence[str]) -> None:  # noqa: B027  # a store without leases has none to give back
        """Give back leases; `mset` of a key gives its lease back too."""

    def close(self) -> None:  # noqa: B027  # a store may hold nothing
        """Give back files and connections; the store opens them again when it is used."""

    async def amget(self, keys: Sequence[str]) -> list[bytes | None]:
        """`mget`, without blocking the event loop."""
        return await in_thread(self.mget, keys)

    async def amset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """`mset`, without blocking the event loop."""
        await in_thread(self.mset, key_value_pairs)

    async def amdelete(self, keys: Sequence[str]) -> None:
        """`mdelete`, without blocking the event loop."""
        await in_thread(self.mdelete, keys)

    async def ayield_keys(self, *, prefix: str | None = None) -> AsyncGenerator[str]:
        """`yield_keys`, without blocking the event loop."""
        for key in await in_thread(lambda: list(self.yield_keys(prefix=prefix))):
            yield key
