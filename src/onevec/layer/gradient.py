"""The gradient of a table of which a batch has used only some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["SparseGradient", "sum_by_row"]

FEW = 8
"""A row that occurs more often than this in a batch is summed by itself."""


class SparseGradient:
    """The rows of a table that have a gradient, and their gradients; all other rows have zeros.

    Attributes:
        rows: int64 array `(n,)`, ascending, each row once.
        values: float32 array `(n, width)`.
        height: how many rows the table has.
    """

    def __init__(self, rows: NDArray[np.int64], values: Array, height: int) -> None:
        self.rows, self.values, self.height = rows, values, height

    def __repr__(self) -> str:
        return f"SparseGradient({len(self.rows)} of {self.height} rows, {self.values.shape[1]} wide)"

    def __add__(self, other: SparseGradient) -> SparseGradient:
        """The sum, as for two batches whose losses are added."""
        if (self.height, self.values.shape[1]) != (other.height, other.values.shape[1]):
            message = f"{self!r} and {other!r} are of two tables: add gradients of one layer"
            raise ConfigurationError(message)
        rows = np.concatenate([self.rows, other.rows])
        return SparseGradient(*sum_by_row(rows, np.concatenate([self.values, other.values])), self.height)

    def without(self, rows: NDArray[np.int64]) -> SparseGradient:
        """The same, but for some rows."""
        kept = ~np.isin(self.rows, rows)
        return self if kept.all() else SparseGradient(self.rows[kept], self.values[kept], self.height)

    def dense(self) -> Array:
        """The whole gradient, float32 `(height, width)`."""
        whole = np.zeros((self.height, self.values.shape[1]), dtype=np.float32)
        whole[self.rows] = self.values
        return whole


def sum_by_row(ids: NDArray[np.int64], values: Array) -> tuple[NDArray[np.int64], Array]:
    """The different ids, ascending, and the sums of their values.

    Args:
        ids: integers `(n,)`, in any order.
        values: float32 array `(n, width)`.

    Example:
        >>> rows, sums = sum_by_row(np.array([7, 2, 7]), np.float32([[1, 2], [3, 4], [5, 6]]))
        >>> rows.tolist(), sums.tolist()
        ([2, 7], [[3.0, 4.0], [6.0, 8.0]])
    """
    order = np.argsort(ids, kind="stable")
    inorder = ids[order]
    first = np.ones(len(ids), dtype=np.bool_)
    np.not_equal(inorder[1:], inorder[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    counts = np.diff(starts, append=len(ids))
    sums = values.take(order[starts], axis=0)
    # Most rows occur a few times: add all second occurrences at once, then all third ones. np.add.reduceat, which does
    # the same in one call, takes ten times as long.
    some = np.flatnonzero((counts > 1) & (counts <= FEW))
    for occurrence in range(1, FEW):
        sums[some] += values.take(order[starts[some] + occurrence], axis=0)
        some = some[counts[some] > occurrence + 1]
        if not some.size:
            break
    for row in np.flatnonzero(counts > FEW):
        part = values.take(order[starts[row] : starts[row] + counts[row]], axis=0)
        sums[row] = part.sum(axis=0, dtype=np.float64)
    return inorder[starts], sums
