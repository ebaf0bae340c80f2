"""Stores over other stores: one with keys and values of other types, and LangChain's own as one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import ByteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["EncoderBackedStore", "ForeignStore", "as_store"]


class EncoderBackedStore(ByteStore):
    """Keeps keys and values of any type in a byte store, by functions that turn them into str and bytes.

    Args:
        store: where they are kept; also one of LangChain.
        key_encoder: makes the store's key.
        value_serializer: makes bytes of a value.
        value_deserializer: makes the value of the bytes.

    Example:
        >>> import json
        >>> from onevec import InMemoryByteStore
        >>> write = lambda value: json.dumps(value).encode()
        >>> store = EncoderBackedStore(InMemoryByteStore(), lambda key: f"n{key}", write, json.loads)
        >>> store.mset([(1, [0.5]), (2, None)])
        >>> store.mget([1, 3]), list(store.yield_keys())
        ([[0.5], None], ['n1', 'n2'])
    """

    def __init__(
        self,
        store: Any,
        key_encoder: Callable[[Any], str],
        value_serializer: Callable[[Any], bytes],
        value_deserializer: Callable[[Any], Any],
    ) -> None:
        self.store = store
        self.key_encoder = key_encoder
        self.value_serializer = value_serializer
        self.value_deserializer = value_deserializer

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.store!r})"

    def mget(self, keys: Sequence[Any]) -> list[Any]:
        """The values of the keys, in order; None where there is none."""
        found = self.store.mget([self.key_encoder(key) for key in keys])
        return [None if value is None else self.value_deserializer(value) for value in found]

    def mset(self, key_value_pairs: Sequence[tuple[Any, Any]]) -> None:
        """Keep values; none is written if one of them can't be turned into bytes."""
        self.store.mset([(self.key_encoder(key), self.value_serializer(value)) for key, value in key_value_pairs])

    def mdelete(self, keys: Sequence[Any]) -> None:
        """Drop keys; one that does not exist is no error."""
        self.store.mdelete([self.key_encoder(key) for key in keys])

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """The keys as the store has them; `prefix` is of these too."""
        yield from self.store.yield_keys(prefix=prefix)

    def lease(self, keys: Sequence[Any], seconds: float) -> list[bool]:
        """Announce the values that this caller is about to compute; see `ByteStore.lease`."""
        return as_store(self.store).lease([self.key_encoder(key) for key in keys], seconds)

    def release(self, keys: Sequence[Any]) -> None:
        """Give back leases."""
        as_store(self.store).release([self.key_encoder(key) for key in keys])

    def close(self) -> None:
        """Give back what the store holds."""
        as_store(self.store).close()


class ForeignStore(ByteStore):
    """A store that is none of ours but has the four methods, such as every one of LangChain."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __repr__(self) -> str:
        return repr(self.store)

    def mget(self, keys: Sequence[str]) -> list[Any]:
        """The values of the keys, in order; None where there is none."""
        return list(self.store.mget(list(keys)))

    def mset(self, key_value_pairs: Sequence[tuple[str, Any]]) -> None:
        """Keep values; a key that exists gets the new value."""
        self.store.mset(list(key_value_pairs))

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        self.store.mdelete(list(keys))

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`."""
        yield from self.store.yield_keys(prefix=prefix)


def as_store(store: Any) -> ByteStore:
    """The store itself if it is one of ours, or one of ours around it.

    Raises:
        TypeError: it lacks one of a store's methods.
    """
    if isinstance(store, ByteStore):
        return store
    lacking = [name for name in ("mget", "mset", "mdelete", "yield_keys") if not callable(getattr(store, name, None))]
    if lacking:
        message = f"a store has the methods mget, mset, mdelete and yield_keys; {store!r} lacks {', '.join(lacking)}"
        raise TypeError(message)
    return ForeignStore(store)
