"""Many queries over signs at once: the compiled loops find what sorting all the counts finds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pytest

from onevec import SpaceId
from onevec.search import VectorIndex, bits, loops
from onevec.search.codes import BITS_AT_ONCE, Bits, codes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ROWS = BITS_AT_ONCE + 5000  # a full block and a part of one


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small indexes are worth it, too."""
    monkeypatch.setattr(bits, "WORTH", 0)


def normal(rows: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((rows, width), dtype=np.float32)


def signs(*parts: NDArray[np.float32]) -> Bits:
    codes = codes_of("binary", parts[0].shape[1])
    assert isinstance(codes, Bits)
    for part in parts:
        codes.append(part)
    return codes


def sorted_counts(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None
) -> list[list[int]]:
    """The allowed rows by the number of different signs, then by their own number; -1 where there are no more."""
    numbers = np.arange(len(vectors)) if allowed is None else np.flatnonzero(allowed)
    differing = [((vectors > 0) != (query > 0)).sum(axis=1)[numbers] for query in queries]
    found = [numbers[np.argsort(counts, kind="stable")][:n].tolist() for counts in differing]
    return [mine + [-1] * (n - len(mine)) for mine in found]


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("width", [12, 256, 300])  # 12: nearly all rows have equals
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_rows_with_the_fewest_other_signs(width: int, share: float) -> None:
    vectors, queries = normal(ROWS, width), normal(20, width, 1)
    codes = signs(vectors[:1000], vectors[1000:])
    allowed = None if share == 1 else np.random.default_rng(2).random(ROWS) < share
    for _ in range(2):  # the second time the words are those that were kept
        found = bits.nearest_by_bits(codes, queries, 25, allowed)
        assert found is not None
        assert found.tolist() == sorted_counts(vectors, queries, 25, allowed)


@pytest.mark.usefixtures("always")
def test_where_fewer_rows_are_allowed_than_wanted_nothing_stands_behind_them() -> None:
    vectors, queries, allowed = normal(60, 64), normal(16, 64, 1), np.arange(60) % 2 == 0
    found = bits.nearest_by_bits(signs(vectors), queries, 40, allowed)
    assert found is not None
    assert found.tolist() == sorted_counts(vectors, queries, 40, allowed)
    assert (found[:, 30:] == -1).all()


@pytest.mark.usefixtures("always")
def test_rows_that_are_added_later_are_found() -> None:
    vectors, queries = normal(ROWS, 64), normal(16, 64, 1)
    codes = signs(vectors)
    for added in (queries[:8], queries[8:]):
        bits.nearest_by_bits(codes, queries, 3)
        codes.append(added)
    found = bits.nearest_by_bits(codes, queries, 1)
    assert found is not None
    assert found[:, 0].tolist() == list(range(ROWS, ROWS + 16))


@pytest.mark.usefixtures("always")
def test_of_rows_that_are_equally_near_the_first_ones_are_kept() -> None:
    """Also in a tile that has nearer rows, too."""
    query = np.ones((16, 64), dtype=np.float32)
    vectors = np.repeat(query[:1], 1000, axis=0)
    vectors[:, 0] = -1
    vectors[600, 0] = 1
    found = bits.nearest_by_bits(signs(vectors), query, 3)
    assert found is not None
    assert found.tolist() == [[600, 0, 1]] * 16


def test_an_index_finds_the_same_with_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    index = VectorIndex(SpaceId(origin="test", model="rows", dimensions=64), dtype="binary")
    index.add(vectors=normal(ROWS, 64), ids=[str(number) for number in range(ROWS)])
    index.delete([str(number) for number in range(0, ROWS, 7)])
    queries = normal(40, 64, 1)
    slow = index.nearest(queries, 10)
    calls: list[int] = []

    def counted(*arguments: Any) -> None:
        calls.append(1)
        keep_nearest(*arguments)

    keep_nearest: Callable[..., None] = loops.keep_nearest
    monkeypatch.setattr(bits, "WORTH", 0)
    monkeypatch.setattr(loops, "keep_nearest", counted)
    fast = index.nearest(queries, 10)
    assert calls
    assert np.array_equal(slow[0], fast[0])
    assert np.array_equal(slow[1], fast[1])


def test_where_it_does_not_pay_or_numba_is_missing_it_leaves_the_work_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes = signs(normal(100, 64))
    assert bits.nearest_by_bits(codes, normal(64, 64), 3) is None
    monkeypatch.setattr(bits, "WORTH", 0)
    assert bits.nearest_by_bits(codes, normal(bits.MANY - 1, 64), 3) is None
    assert bits.nearest_by_bits(codes, normal(bits.MANY, 64), 3) is not None
    few = np.arange(100) < 24
    assert bits.nearest_by_bits(codes, normal(bits.MANY, 64), 3, few) is None
    monkeypatch.delitem(sys.modules, loops.__name__)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert bits.nearest_by_bits(codes, normal(bits.MANY, 64), 3) is None


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("error", [ImportError("Numba needs NumPy 2.4 or less"), OSError("No space left on device")])
def test_a_numba_that_fails_is_told_of_and_done_without(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def failing(*_: Any) -> None:
        raise error

    monkeypatch.setattr(loops, "keep_nearest", failing)
    with pytest.warns(UserWarning, match=str(error)):
        assert bits.nearest_by_bits(signs(normal(100, 64)), normal(bits.MANY, 64), 3) is None


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # of a product whose upper bits nobody wants
def test_the_loops_do_the_same_before_they_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.random.default_rng(0).integers(0, 2**63, (8, 600), dtype=np.uint64)
    queries, all_rows = words[:, :3].copy(), np.zeros(0, dtype=np.bool_)
    compiled, plain = np.full((2, 3, 5), loops.NOTHING)
    loops.keep_nearest(words, queries, all_rows, 10, compiled)
    for name, function in vars(loops).copy().items():
        if hasattr(function, "py_func"):
            monkeypatch.setattr(loops, name, function.py_func)
    loops.keep_nearest(words, queries, all_rows, 10, plain)
    assert np.array_equal(compiled, plain)
    assert (np.sort(plain)[:, 0] == [10, 11, 12]).all()


def test_without_a_folder_to_keep_them_the_loops_are_compiled_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    njit = numba.njit

    def without_folder(function: Any, *, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(function, **options)

    monkeypatch.setattr(numba, "njit", without_folder)
    assert loops.compiled(len_of)(np.zeros(3)) == 3


def len_of(array: NDArray[Any]) -> int:
    return len(array)
