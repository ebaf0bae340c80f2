"""Loops over bits that numpy has no function for, compiled by numba, which has to be installed to import this.

They are compiled when they are first called, which takes a second or two, and kept on disk for the next process. They
release the interpreter. Indices are not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

F = TypeVar("F", bound="Callable[..., Any]")

__all__ = ["NOTHING", "ROW", "keep_nearest"]

TILE = 256
"""Rows that are compared with all queries before the next ones; they stay in the innermost cache."""
ROW = 40
"""Bits of a row's number in what is kept of it; the count of differing bits is above."""
NOTHING = 2**62
"""Stands where no row is kept yet."""


def compiled(function: F) -> F:
    """The function as machine code."""
    njit = need("numba", extra="fast").njit
    try:
        return cast("F", njit(function, nogil=True, cache=True))
    except RuntimeError:  # there is no folder that numba may write to
        return cast("F", njit(function, nogil=True))


@compiled
def keep_nearest(
    words: NDArray[np.uint64],
    queries: NDArray[np.uint64],
    allowed: NDArray[np.bool_],
    first: int,
    kept: NDArray[np.int64],
) -> None:
    """Keep the rows that differ from each query in the fewest bits; of equal ones, those that come first.

    Args:
        words: `(w, n)`, a column a row; w is a multiple of 4.
        queries: `(w, q)`.
        allowed: which rows may be kept, `(n,)`; empty for all.
        first: the number of the first row; all that were kept before are lower.
        kept: `(q, k)`, changed in place: each a heap of `bits * 2**ROW + number` with the largest first.
    """
    counts = np.empty(TILE, dtype=np.int64)
    for start in range(0, words.shape[1], TILE):
        rows = min(TILE, words.shape[1] - start)
        for query in range(len(kept)):
            count_differing(words, start, rows, queries[:, query], counts)
            if any_below(counts[:rows], kept[query, 0] >> ROW):
                keep(counts[:rows], allowed[start : start + rows], first + start, kept[query])


@compiled
def count_differing(
    words: NDArray[np.uint64], start: int, rows: int, query: NDArray[np.uint64], counts: NDArray[np.int64]
) -> None:
    """Count the bits in which rows differ from a query; written so that one instruction handles several rows."""
    counts[:] = 0
    end = start + rows
    for word in range(0, len(words), 4):
        one, two = words[word, start:end], words[word + 1, start:end]
        three, four = words[word + 2, start:end], words[word + 3, start:end]
        a, b, c, d = query[word], query[word + 1], query[word + 2], query[word + 3]
        for row in range(rows):
            left, right = ones(one[row] ^ a) + ones(two[row] ^ b), ones(three[row] ^ c) + ones(four[row] ^ d)
            counts[row] += np.int64(left + right)


@compiled
def ones(word: Any) -> Any:
    """The bits that are 1, in the form of which the compiler knows that a processor may have an instruction for it."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled
def any_below(counts: NDArray[np.int64], bound: int) -> bool:
    """Whether any count is below a bound: whether any difference is negative."""
    differences = 0
    for row in range(len(counts)):  # over the array itself, the compiler would not handle several at once
        differences |= counts[row] - bound
    return differences < 0


@compiled
def keep(counts: NDArray[np.int64], allowed: NDArray[np.bool_], first: int, heap: NDArray[np.int64]) -> None:
    """Let rows take the places of worse ones."""
    bound = heap[0] >> ROW
    for row, count in enumerate(counts):
        if count < bound and (len(allowed) == 0 or allowed[row]):
            replace_largest(heap, (count << ROW) + first + row)
            bound = heap[0] >> ROW


@compiled
def replace_largest(heap: NDArray[np.int64], key: int) -> None:
    """Put a smaller key in the place of the largest."""
    place, child = 0, 1
    while child < len(heap):
        if child + 1 < len(heap) and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= key:
            break
        heap[place] = heap[child]
        place, child = child, 2 * child + 1
    heap[place] = key
