"""The similarity of vectors, and the ones nearest to a query: plain functions over arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import unit_length

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["best_of", "cosine", "similarity_matrix", "top_n", "top_n_chunked"]


def cosine(query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine similarity of a query `(d,)` to each of the vectors `(m, d)`; 0 where one of the two has no length.

    Example:
        >>> cosine(np.float32([3, 0]), np.float32([[1, 0], [0, 2], [0, 0]])).tolist()
        [1.0, 0.0, 0.0]
    """
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors)) * np.linalg.norm(query)
    scores: NDArray[np.float32] = np.zeros(len(vectors), dtype=np.float32)
    np.divide(vectors @ query, lengths, out=scores, where=lengths > 0)
    return scores


def similarity_matrix(left: NDArray[np.float32], right: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The cosine similarity of each vector to each other.

    Args:
        left: float32 array `(m, d)`.
        right: float32 array `(k, d)`; None compares the vectors of `left` among themselves.

    Returns:
        float32 array `(m, k)`, or `(m, m)`; 0 where one of the two has no length.

    Example:
        >>> similarity_matrix(np.float32([[1, 0], [0, 2]]), np.float32([[3, 0]])).tolist()
        [[1.0], [0.0]]
    """
    ours = unit_length(np.asarray(left, dtype=np.float32))
    theirs = ours if right is None else unit_length(np.asarray(right, dtype=np.float32))
    scores: NDArray[np.float32] = ours @ theirs.T
    return scores


def top_n(
    query: NDArray[np.float32], vectors: NDArray[np.float32], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `n` vectors nearest to a query.

    Both must live in one space: check that with `SpaceId.check`.

    Args:
        query: float32 array `(d,)`.
        vectors: float32 array `(m, d)`; their lengths do not matter.
        n: how many to return; all if there are fewer.

    Returns:
        Their indices, int64, and their cosine similarities, float32: the highest first, equal ones by index.

    Example:
        >>> indices, scores = top_n(np.float32([1, 0]), np.float32([[0, 1], [2, 0], [3, 3]]), 2)
        >>> indices.tolist(), [f"{score:.2f}" for score in scores]
        ([1, 2], ['1.00', '0.71'])
    """
    return top_n_chunked(query, [vectors], n)


def top_n_chunked(
    query: NDArray[np.float32], chunks: Iterable[NDArray[np.float32]], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`top_n` over vectors that come in chunks, so that only one chunk at a time is in memory."""
    indices = np.zeros(0, dtype=np.int64)
    scores = np.zeros(0, dtype=np.float32)
    start = 0
    for chunk in chunks:
        indices = np.concatenate([indices, np.arange(start, start + len(chunk), dtype=np.int64)])
        scores = np.concatenate([scores, cosine(query, chunk)])
        best = best_of(scores, n)
        indices, scores = indices[best], scores[best]
        start += len(chunk)
    return indices, scores


def best_of(scores: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Positions of the `n` highest scores, the highest first; of equal ones, those that come first."""
    if n < len(scores):
        least = np.partition(scores, len(scores) - n)[len(scores) - n] if n else np.inf
        above, equal = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
        chosen = np.concatenate([above, equal[: n - len(above)]])
    else:
        chosen = np.arange(len(scores))
    ordered: NDArray[np.int64] = chosen[np.lexsort((chosen, -scores[chosen]))]
    return ordered
