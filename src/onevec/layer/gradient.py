"""The gradient of a table of which a batch has used only some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigurationError
from .arguments import floats, rows_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..arrays import Array

__all__ = ["SparseGradient", "sum_by_row"]

FEW = 8
"""A row that occurs more often than this in a batch is summed by itself."""


class SparseGradient:
    """The rows of a table that have a gradient, and their gradients; all other rows have zeros.

    Rows may be given in any order and several times; then their values are added up.

    Attributes:
        rows: int64 array `(n,)`, ascending, each row once.
        values: float32 array `(n, width)`.
        height: how many rows the table has.

    Raises:
        ConfigurationError: a row is outside the table, or there is not one row of values for each.
        TypeError: the rows are not integers.
    """

    def __init__(self, rows: ArrayLike, values: ArrayLike, height: int) -> None:
        found, numbers = rows_of("rows", rows, height), floats("values", values)
        if found.ndim != 1 or numbers.ndim != 2 or len(found) != len(numbers):  # a matrix has two axes
            message = f"SparseGradient: rows must be (n,) and values (n, width), not {found.shape} and {numbers.shape}"
            raise ConfigurationError(message)
        if (found[1:] <= found[:-1]).any():
            found, numbers = sum_by_row(found, numbers)
        self.rows: NDArray[np.int64] = found
        self.values, self.height = numbers, height

    def __repr__(self) -> str:
        return f"SparseGradient({len(self.rows)} of {self.height} rows, {self.values.shape[1]} wide)"

    def __add__(self, other: SparseGradient) -> SparseGradient:
        """The sum, as for two batches whose losses are added; the table may have grown between them."""
        if self.values.shape[1] != other.values.shape[1]:
            message = f"{self!r} and {other!r} are of two tables: add gradients of one layer"
            raise ConfigurationError(message)
        rows, values = np.concatenate([self.rows, other.rows]), np.concatenate([self.values, other.values])
        return SparseGradient(*sum_by_row(rows, values), max(self.height, other.height))

    def __radd__(self, other: object) -> SparseGradient:
        """For `sum`, which begins with 0."""
        return self if other == 0 else NotImplemented

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
