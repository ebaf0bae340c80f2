"""The similarity of vectors, and the ones nearest to a query: plain functions over arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import unit_length
from ..embeddings import Embedded
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["best_of", "cosine", "similarity_matrix", "top_n", "top_n_chunked"]


def _in_one_space(left: Array | Embedded, right: Array | Embedded) -> tuple[Array, Array]:
    """The vectors of both, which are known to be comparable where both are results of `embed`."""
    if isinstance(left, Embedded) and isinstance(right, Embedded):
        left.space.check(right.space)
    ours, theirs = (each.vectors if isinstance(each, Embedded) else each for each in (left, right))
    return np.asarray(ours, dtype=np.float32), np.asarray(theirs, dtype=np.float32)


def cosine(query: Array | Embedded, vectors: Array | Embedded) -> NDArray[np.float32]:
    """The cosine similarity of a query `(d,)` to each of the vectors `(m, d)`; 0 where one of the two has no length.

    Either may be a result of `embed`, the query one of a single text.

    Raises:
        ConfigurationError: the query is more than one vector.
        SpaceMismatch: both are results of `embed`, of two models.

    Example:
        >>> cosine(np.float32([3, 0]), np.float32([[1, 0], [0, 2], [0, 0]])).tolist()
        [1.0, 0.0, 0.0]
    """
    one, rows = _in_one_space(query, vectors)
    if one.size != one.shape[-1]:
        message = f"a query must be one vector, not an array {one.shape}: take similarity_matrix for several"
        raise ConfigurationError(message)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows)) * np.linalg.norm(one)
    scores: NDArray[np.float32] = np.zeros(len(rows), dtype=np.float32)
    np.divide(rows @ one.reshape(-1), lengths, out=scores, where=lengths > 0)
    return scores


def similarity_matrix(left: Array | Embedded, right: Array | Embedded | None = None) -> NDArray[np.float32]:
    """The cosine similarity of each vector to each other.

    Args:
        left: float32 array `(m, d)`, or a result of `embed`.
        right: the same, `(k, d)`; None compares the vectors of `left` among themselves.

    Returns:
        float32 array `(m, k)`, or `(m, m)`; 0 where one of the two has no length.

    Raises:
        SpaceMismatch: both are results of `embed`, of two models.

    Example:
        >>> similarity_matrix(np.float32([[1, 0], [0, 2]]), np.float32([[3, 0]])).tolist()
        [[1.0], [0.0]]
    """
    first, second = _in_one_space(left, left if right is None else right)
    ours = unit_length(first)
    theirs = ours if right is None else unit_length(second)
    scores: NDArray[np.float32] = ours @ theirs.T
    return scores


def top_n(query: Array | Embedded, vectors: Array | Embedded, n: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `n` vectors nearest to a query.

    Both must live in one space, which is checked where both are results of `embed`; of arrays check it with
    `SpaceId.check`.

    Args:
        query: float32 array `(d,)`, or a result of `embed` for one text.
        vectors: float32 array `(m, d)`, or a result of `embed`; their lengths do not matter.
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
    query: Array | Embedded, chunks: Iterable[Array | Embedded], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`top_n` over vectors that come in chunks, so that only one chunk at a time is in memory."""
    indices = np.zeros(0, dtype=np.int64)
    scores = np.zeros(0, dtype=np.float32)
    start = 0
    for chunk in chunks:
        found = cosine(query, chunk)
        indices = np.concatenate([indices, np.arange(start, start + len(found), dtype=np.int64)])
        scores = np.concatenate([scores, found])
        best = best_of(scores, n)
        indices, scores = indices[best], scores[best]
        start += len(found)
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
