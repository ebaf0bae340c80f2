"""Texts that say the same, by their vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import unit_length
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["duplicates", "near_pairs"]

BLOCK = 2048


def duplicates(vectors: NDArray[np.float32], threshold: float = 0.95) -> list[list[int]]:
    """Groups of vectors that are near to each other.

    Two vectors are in one group if their similarity reaches the threshold, or if a chain of such pairs joins them.
    Every vector is compared with every other, a block at a time: 100,000 of 512 numbers take a minute or so.

    Args:
        vectors: float32 array `(m, d)`.
        threshold: the least cosine similarity.

    Returns:
        The indices of each group of two or more, ascending; the groups by their first index.

    Raises:
        ConfigurationError: the threshold is not above 0 and at most 1.

    Example:
        >>> duplicates(np.float32([[1, 0], [0, 1], [1, 0.01]]))
        [[0, 2]]
    """
    leader = np.arange(len(vectors))

    def first_of(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = int(leader[index])
        return index

    for left, right, _ in near_pairs(vectors, threshold):
        one, other = first_of(left), first_of(right)
        leader[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = {}
    for index in range(len(vectors)):
        groups.setdefault(first_of(index), []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def near_pairs(vectors: NDArray[np.float32], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Every pair whose cosine similarity reaches the threshold: two indices, the smaller first, and the similarity."""
    if not 0 < threshold <= 1:
        message = f"threshold must be above 0 and at most 1, not {threshold}"
        raise ConfigurationError(message)
    unit = unit_length(np.asarray(vectors, dtype=np.float32))
    least = threshold - 1e-6  # equal vectors reach 1 only up to rounding
    for start in range(0, len(unit), BLOCK):
        for other in range(start, len(unit), BLOCK):
            scores = unit[start : start + BLOCK] @ unit[other : other + BLOCK].T
            rows, columns = np.nonzero(scores >= least)
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
                if start + row < other + column:
                    yield start + row, other + column, float(scores[row, column])
