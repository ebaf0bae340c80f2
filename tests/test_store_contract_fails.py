"""StoreContract finds what is wrong with a store."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

import pytest

from onevec.stores import MemoryStore
from onevec.testing import StoreContract

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from onevec.stores import ByteStore


class Unordered(MemoryStore):
    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        return [value for _, value in sorted(zip(keys, super().mget(keys), strict=True))]


class WithoutEmpty(MemoryStore):
    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        return [value or None for value in super().mget(keys)]


class Views(MemoryStore):
    def mget(self, keys: Sequence[str]) -> list[Any]:
        return [None if value is None else bytearray(value) for value in super().mget(keys)]


class KeepsFirst(MemoryStore):
    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        super().mset([(key, value) for key, value in key_value_pairs if super().mget([key]) == [None]])


class Patterns(MemoryStore):
    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        yield from (key for key in super().yield_keys() if fnmatch.fnmatchcase(key, f"{prefix or ''}*"))


class WholeKeys(MemoryStore):
    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        yield from (key for key in super().yield_keys() if not prefix or key == prefix)


class Lists(MemoryStore):
    def yield_keys(self, *, prefix: str | None = None) -> Any:
        return list(super().yield_keys(prefix=prefix))


class Folding(MemoryStore):
    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        super().mset([(key.strip(), value) for key, value in key_value_pairs])


class Strict(MemoryStore):
    def mdelete(self, keys: Sequence[str]) -> None:
        for key in keys:
            del self._values[key]


class Forgetting(MemoryStore):
    def close(self) -> None:
        self._values.clear()


class Swallowing(MemoryStore):
    def visit(self, keys: Sequence[str], take: Callable[[int, bytes | memoryview], None]) -> None:
        try:
            super().visit(keys, take)
        except ZeroDivisionError:
            return


class Stingy(MemoryStore):
    def lease(self, keys: Sequence[str], seconds: float) -> list[bool]:
        del seconds
        return [False] * len(keys)


class Racing(MemoryStore):
    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        if any(key == "all" for key, _ in key_value_pairs):
            half = [(key, value[: len(value) // 2]) for key, value in key_value_pairs]
            super().mset(half)
        super().mset([(key, value) for key, value in key_value_pairs if key != "all"])


def failures(make: Callable[[], ByteStore]) -> set[str]:
    """The tests of the contract that a store does not pass."""
    failed: set[str] = set()
    for name in dir(StoreContract):
        if name.startswith("test_"):
            try:
                getattr(StoreContract(), name)(make())
            except (AssertionError, KeyError, TypeError):
                failed.add(name)
    return failed


def test_a_right_store_has_no_failures() -> None:
    assert failures(MemoryStore) == set()


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Unordered, "test_values_come_in_the_order_of_the_keys"),
        (WithoutEmpty, "test_any_bytes_are_a_value"),
        (Views, "test_values_are_bytes"),
        (KeepsFirst, "test_a_new_value_replaces_the_old_one"),
        (Patterns, "test_a_prefix_is_no_pattern_and_no_folder"),
        (WholeKeys, "test_a_prefix_is_no_pattern_and_no_folder"),
        (Lists, "test_keys_come_from_generators"),
        (Folding, "test_any_text_is_a_key"),
        (Strict, "test_deleted_keys_are_gone"),
        (Forgetting, "test_a_closed_store_opens_again"),
        (Swallowing, "test_a_failure_in_visit_comes_through"),
        (Stingy, "test_leases_are_given_to_one_caller"),
        (Racing, "test_threads_share_a_store"),
    ],
)
def test_a_wrong_store_is_found(kind: type[MemoryStore], found: str) -> None:
    assert found in failures(kind)


def test_a_store_that_says_it_is_shared_must_give_leases_to_one() -> None:
    class Shared(StoreContract):
        shared = True

    with pytest.raises(AssertionError):
        Shared().test_leases_are_given_to_one_caller(MemoryStore())
