"""The nearest rows by comparing a query with all of them, on all processors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engines.threads import one_blas_thread, usable_cores
from .best import Best

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from .codes import Codes, Kernel
    from .columns import Column

    Part = tuple[int | None, NDArray[np.int64] | None, NDArray[Any]]

__all__ = ["are_few", "on_all_processors", "scan"]

SCORES = 2**18
"""Scores of one block."""
WORTH_A_THREAD = 2**24
"""Bytes of codes times queries below which a second thread costs more than it brings."""
FIRST_STEPS = (256, 2048)
"""Of the first block, so many scores are looked at first, so that fewer of the others have to be sorted."""


def scan(
    codes: Codes, queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """The numbers `(q, n)` of the rows nearest to each query, best first; -1 where there are fewer.

    Args:
        codes: the rows.
        queries: float32 `(q, d)`.
        n: rows a query.
        allowed: which rows may be found, a bool each; None allows all.
    """
    some = codes.queries
    with one_blas_thread():  # there are as many threads as processors already
        parts = [_scan(codes, queries[start : start + some], n, allowed) for start in range(0, len(queries), some)]
    return np.concatenate(parts) if parts else np.zeros((0, n), dtype=np.int64)


def are_few(allowed: NDArray[np.bool_]) -> bool:
    """Whether so few rows may be found that collecting them is cheaper than looking at all."""
    return 4 * int(np.count_nonzero(allowed)) < len(allowed)


def on_all_processors(work: Callable[[int], None], parts: range, *, worth: bool = True) -> None:
    """Call a function for each part, in as many threads as there are processors if it is worth it."""
    threads = min(usable_cores(), len(parts))
    if threads < 2 or not worth:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))


def _scan(codes: Codes, queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    kernel = codes.kernel(queries)
    numbers = None
    if allowed is not None and are_few(allowed):
        numbers, allowed = np.flatnonzero(allowed), None
    total = len(codes) if numbers is None else len(numbers)
    size = codes.aligned or SCORES // len(queries)
    ranges = _ranges(codes, total, len(queries), size)
    best = [Best(len(queries), n) for _ in ranges]

    def work(part: int) -> None:
        for block in _blocks(codes, numbers, ranges[part], size):
            if (found := _compared(codes, kernel, block, allowed)) is not None:
                _offer(best[part], kernel, found)
        best[part].settle()

    on_all_processors(work, range(len(ranges)))
    for other in best[1:]:
        best[0].take(other)
    return best[0].result()[0]


def _ranges(codes: Codes, total: int, queries: int, size: int) -> list[tuple[int, int]]:
    """What each thread looks at; all but the last begin and end with a block."""
    width = codes.rows.slice(0, 0).strides[0]
    threads = max(1, min(usable_cores(), total * width * queries // WORTH_A_THREAD))
    share = max(1, -(-total // (threads * size))) * size
    return [(start, min(start + share, total)) for start in range(0, total, share)] or [(0, 0)]


def _blocks(codes: Codes, numbers: NDArray[np.int64] | None, rows: tuple[int, int], size: int) -> Iterator[Part]:
    """The first row's number, or the numbers of all rows, and the codes of each block."""
    if numbers is None:
        for first, block in codes.rows.blocks(*rows, size):
            yield first, None, block
        return
    for first in range(*rows, size):
        some = numbers[first : min(first + size, rows[1])]
        yield None, some, codes.rows.take(some)


class _Compared(NamedTuple):
    """A block of rows with its raw scores."""

    numbers: NDArray[np.int64]
    raw: NDArray[Any]
    scale: NDArray[np.float32] | None
    offset: NDArray[np.float32] | None

    def part(self, rows: slice, *, rows_first: bool) -> _Compared:
        """Some of the rows."""
        raw = self.raw[rows] if rows_first else self.raw[:, rows]
        scale = None if self.scale is None else self.scale[rows]
        return _Compared(self.numbers[rows], raw, scale, None if self.offset is None else self.offset[rows])


def _compared(codes: Codes, kernel: Kernel, part: Part, allowed: NDArray[np.bool_] | None) -> _Compared | None:
    """The raw scores of a block; None if none of its rows is allowed."""
    start, numbers, block = part
    if start is not None:
        numbers = np.arange(start, start + len(block))
        if allowed is not None and not (here := allowed[start : start + len(block)]).all():
            start, numbers, block = None, numbers[here], block[here]
    if numbers is None or not len(numbers):
        return None
    return _Compared(
        numbers,
        kernel.raw(start, block),
        _of_rows(codes.scale, start, numbers),
        _of_rows(codes.offset, start, numbers),
    )


def _of_rows(column: Column | None, start: int | None, numbers: NDArray[np.int64]) -> NDArray[np.float32] | None:
    if column is None:
        return None
    return column.take(numbers) if start is None else column.slice(start, start + len(numbers))


def _offer(best: Best, kernel: Kernel, block: _Compared) -> None:
    """Offer the rows of a block to the best."""
    steps = FIRST_STEPS if np.isneginf(best.least).any() else ()
    for left, right in pairwise((0, *steps, max(len(block.numbers), *FIRST_STEPS))):
        part = block.part(slice(left, right), rows_first=kernel.rows_first)
        if len(part.numbers):
            _pick(best, kernel, part)
            if steps:
                best.settle()


def _pick(best: Best, kernel: Kernel, some: _Compared) -> None:
    """Pick the scores that may be among the best by comparing raw ones, then compute these few."""
    raw, scale, offset = some.raw, some.scale, some.offset
    bound = _rounded_down(_bound(best.least, kernel.factor, scale, offset), raw.dtype)
    picked = np.flatnonzero(raw > (bound if kernel.rows_first else bound[:, None]))
    if not len(picked):
        return
    first, second = np.divmod(picked, raw.shape[1])
    rows, queries = (first, second) if kernel.rows_first else (second, first)
    scores = raw[first, second].astype(np.float32)
    if scale is not None:
        scores *= scale[rows] * kernel.factor[queries]
    if offset is not None:
        scores -= offset[rows]
    good = scores > best.least[queries]
    best.add(queries[good], some.numbers[rows[good]], scores[good])


def _bound(
    least: NDArray[np.float32],
    factor: NDArray[np.float32],
    scale: NDArray[np.float32] | None,
    offset: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """What a raw score has to exceed at the very least, for each query, whatever the row's scale and offset are."""
    enough = least if offset is None else least + offset.min()
    if scale is None:
        return enough
    extreme: NDArray[np.float32] = np.full(len(enough), scale.max(), dtype=np.float32)
    extreme[enough < 0] = scale.min()
    bound: NDArray[np.float32] = np.divide(enough, factor * extreme, dtype=np.float32)
    return bound


def _rounded_down(bound: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Bounds in the type of the raw scores, which are then compared without being converted."""
    if dtype == np.int32:
        return np.clip(np.floor(bound.astype(np.float64)), -(2**31), 2**31 - 1).astype(np.int32)
    return np.nextafter(bound, np.float32(-np.inf)).astype(dtype)
