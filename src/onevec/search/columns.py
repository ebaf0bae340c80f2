"""A column of numbers, one row a vector: a part that may be mapped from a file, and a part that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Column"]


class Column:
    """Rows of one width and type.

    Args:
        base: rows `(n, width)`, or `(n,)` for one number a row; they are never written to, so they may be mapped from
            a file.
    """

    def __init__(self, base: NDArray[Any]) -> None:
        self._base = base
        self._tail: NDArray[Any] = base[:0]
        self._used = 0

    def __len__(self) -> int:
        return len(self._base) + self._used

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return len(self) * self._base.strides[0]

    def append(self, rows: NDArray[Any]) -> None:
        """Put rows behind the others."""
        if not len(self):
            self._base = np.ascontiguousarray(rows, dtype=self._base.dtype)
            return
        needed = self._used + len(rows)
        if needed > len(self._tail):
            room = np.empty((max(needed, 2 * self._used, 64), *self._base.shape[1:]), dtype=self._base.dtype)
            room[: self._used] = self._tail[: self._used]
            self._tail = room
        self._tail[self._used : needed] = rows
        self._used = needed

    def blocks(self, start: int, stop: int, size: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """The rows from `start` to `stop` as views, each with the number of its first.

        A view ends at the next multiple of `size`, or where a part ends.
        """
        middle = len(self._base)
        while start < stop:
            end = min((start // size + 1) * size, stop, middle if start < middle else stop)
            yield start, self.slice(start, end)
            start = end

    def slice(self, start: int, stop: int) -> NDArray[Any]:
        """The rows from `start` to `stop`, which both lie in one part."""
        middle = len(self._base)
        if start < middle:
            return self._base[start:stop]
        return self._tail[start - middle : stop - middle]

    def take(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Some rows, as a copy."""
        middle = len(self._base)
        if not self._used:
            return self._base[numbers]
        new = numbers >= middle
        found = np.empty((len(numbers), *self._base.shape[1:]), dtype=self._base.dtype)
        found[~new] = self._base[numbers[~new]]
        found[new] = self._tail[numbers[new] - middle]
        return found
