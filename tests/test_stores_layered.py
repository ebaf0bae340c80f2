"""TieredStore and ReadOnlyStore: who is asked, who is written to, and what happens when one of them fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from onevec.errors import CacheError
from onevec.stores import MemoryStore, ReadOnlyStore, SQLiteStore, TieredStore

if TYPE_CHECKING:
    from collections.abc import Sequence


class LostStore(MemoryStore):
    """A memory store that can be lost."""

    lost = False

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        self.check()
        return super().mget(keys)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        self.check()
        super().mset(key_value_pairs)

    def check(self) -> None:
        if self.lost:
            raise CacheError("the server is gone")


class FullStore(MemoryStore):
    """A store on a full disk."""

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        del key_value_pairs
        raise OSError(28, "No space left on device")


def test_writes_go_to_both_and_reads_fill_the_fast_one() -> None:
    fast, slow = MemoryStore(), MemoryStore()
    store = TieredStore(fast, slow)
    store.mset([("a", b"1")])
    slow.mset([("b", b"2")])
    assert [fast.mget(["a", "b"]), slow.mget(["a"])] == [[b"1", None], [b"1"]]
    assert store.mget(["b", "x", "b", "a"]) == [b"2", None, b"2", b"1"]
    assert fast.mget(["b"]) == [b"2"]
    slow.mdelete(["b"])
    assert store.mget(["b"]) == [b"2"]
    store.mdelete(["a", "b"])
    assert [fast.mget(["a", "b"]), slow.mget(["a", "b"])] == [[None, None]] * 2


def test_keys_are_those_of_the_slow_store() -> None:
    fast, slow = MemoryStore(), MemoryStore()
    fast.mset([("stale", b"1")])
    slow.mset([("a", b"1"), ("b", b"1")])
    assert sorted(TieredStore(fast, slow).yield_keys()) == ["a", "b"]
    assert list(TieredStore(fast, slow).yield_keys(prefix="b")) == ["b"]


def test_a_lost_slow_store_leaves_what_the_fast_one_has_with_one_warning() -> None:
    fast, slow = MemoryStore(), LostStore()
    store = TieredStore(fast, slow)
    store.mset([("a", b"1")])
    slow.lost = True
    with pytest.warns(UserWarning, match="the server is gone") as warned:
        assert store.mget(["a", "b"]) == [b"1", None]
    assert len(warned) == 1
    assert store.mget(["a", "b"]) == [b"1", None]
    with pytest.raises(CacheError):
        store.mset([("c", b"3")])
    assert fast.mget(["c"]) == [b"3"]


def test_a_full_fast_store_does_not_keep_the_slow_one_from_answering() -> None:
    slow = MemoryStore()
    slow.mset([("a", b"1")])
    store = TieredStore(FullStore(), slow)
    with pytest.warns(UserWarning, match="No space left"):
        assert store.mget(["a"]) == [b"1"]


def test_leases_are_those_of_the_slow_store(tmp_path: object) -> None:
    slow = SQLiteStore(f"{tmp_path}/s.sqlite")
    first, second = TieredStore(MemoryStore(), slow), SQLiteStore(f"{tmp_path}/s.sqlite")
    assert first.lease(["a"], 60) == [True]
    assert second.lease(["a"], 60) == [False]
    first.release(["a"])
    assert second.lease(["a"], 60) == [True]
    first.close()
    second.close()


def test_stores_of_langchain_are_taken() -> None:
    stores = pytest.importorskip("langchain_core.stores")
    slow = stores.InMemoryByteStore()
    store = TieredStore(stores.InMemoryByteStore(), slow)
    store.mset([("a", b"1")])
    assert slow.mget(["a"]) == [b"1"]
    assert ReadOnlyStore(slow).mget(["a", "b"]) == [b"1", None]
    with pytest.raises(TypeError, match="mget"):
        TieredStore(MemoryStore(), object())


def test_a_read_only_store_reads_and_never_writes() -> None:
    inner = MemoryStore()
    inner.mset([("a", b"1"), ("b", b"2")])
    store = ReadOnlyStore(inner)
    store.mset([("a", b"changed"), ("c", b"3")])
    store.mdelete(["b"])
    assert store.mget(["a", "b", "c"]) == [b"1", b"2", None]
    assert sorted(store.yield_keys()) == ["a", "b"]
    seen: list[tuple[int, bytes]] = []
    store.visit(["c", "b"], lambda index, value: seen.append((index, bytes(value))))
    assert seen == [(1, b"2")]


def test_a_read_only_store_takes_no_lease(tmp_path: object) -> None:
    inner, other = (SQLiteStore(f"{tmp_path}/s.sqlite") for _ in range(2))
    store = ReadOnlyStore(inner)
    assert store.lease(["a"], 60) == [True]
    assert other.lease(["a"], 60) == [True]
    store.release(["a"])
    store.close()
    other.close()


def test_their_repr_names_their_stores() -> None:
    assert repr(TieredStore(MemoryStore(), ReadOnlyStore(MemoryStore()))) == (
        "TieredStore(MemoryStore(), ReadOnlyStore(MemoryStore()))"
    )
