"""The highest scores of several queries, kept while the rows stream by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Best"]


class Best:
    """Keeps the `n` best rows of each query.

    Args:
        queries: how many queries there are, at most 256.
        n: rows to keep for each.

    Attributes:
        least: float32 `(queries,)`, the score that a row has to exceed; it only rises.
    """

    def __init__(self, queries: int, n: int) -> None:
        self.least: NDArray[np.float32] = np.full(queries, -np.inf, dtype=np.float32)
        self._n = n
        self._kept: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
        self._pending = 0

    def add(self, queries: NDArray[np.int64], rows: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Offer rows: number `rows[i]` has `scores[i]` for query `queries[i]`."""
        self._kept.append((queries, rows, scores))
        self._pending += len(rows)
        if self._pending >= max(1024, self._n * len(self.least)):
            self.settle()

    def take(self, other: Best) -> None:
        """Offer what another one kept."""
        for queries, rows, scores in other._kept:
            self.add(queries, rows, scores)

    def settle(self) -> None:
        """Drop what is not among the best, and raise `least`."""
        self._pending = 0
        if not self._kept:
            return
        queries, rows, scores = (np.concatenate(part) for part in zip(*self._kept, strict=True))
        order = _order(queries, scores)
        queries, rows, scores = queries[order], rows[order], scores[order]
        starts = np.searchsorted(queries, np.arange(len(self.least)))
        best = np.arange(len(rows)) - starts[queries] < self._n
        queries, rows, scores = queries[best], rows[best], scores[best]
        self._kept = [(queries, rows, scores)]
        counts = np.bincount(queries, minlength=len(self.least))
        full = np.flatnonzero(counts == self._n)
        if len(full) and self._n:
            self.least[full] = scores[np.cumsum(counts)[full] - 1]

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows `(queries, n)` and their scores, the highest first; where there are fewer, -1 and -infinity."""
        self.settle()
        shape = (len(self.least), self._n)
        found, high = np.full(shape, -1, dtype=np.int64), np.full(shape, -np.inf, dtype=np.float32)
        for queries, rows, scores in self._kept:
            places = np.arange(len(rows)) - np.searchsorted(queries, np.arange(len(self.least)))[queries]
            found[queries, places], high[queries, places] = rows, scores
        return found, high


def _order(queries: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """What sorts by query, then by falling score, then by place.

    All three are put into one integer each, which sorts many times faster than three keys: 8 bits of the query, 32 of
    the score, 23 of the place.
    """
    if len(queries) >= 2**23:
        ordered: NDArray[np.int64] = np.lexsort((-scores, queries))
        return ordered
    bits = (scores + np.float32(0)).view(np.int32)  # + 0: there is one zero only
    rising = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)  # as floats, integers sort below 0 backwards
    keys = (queries << 55) + ((2**31 - 1 - rising) << 23) + np.arange(len(queries))
    keys.sort()
    return keys & (2**23 - 1)
