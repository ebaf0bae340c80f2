"""Rows that are near to a query and not near to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigurationError
from .nearest import cosine, similarity_matrix, top_n

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mmr"]


def mmr(
    query: NDArray[np.float32], vectors: NDArray[np.float32], n: int, *, diversity: float = 0.5
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`n` vectors by maximal marginal relevance (Carbonell and Goldstein 1998, https://doi.org/10.1145/290941.291025).

    One after the other is chosen: the one whose similarity to the query, times 1 - diversity, least its greatest
    similarity to those chosen so far, times diversity, is highest.

    Args:
        query: float32 array `(d,)`.
        vectors: float32 array `(m, d)`, such as the nearest 50; the effort grows with m times n.
        n: how many to choose; all if there are fewer.
        diversity: 0 is `top_n`, 1 looks at the query for the first one only.

    Returns:
        Their indices, int64, in the order of choice, and their cosine similarities to the query, float32.

    Raises:
        ConfigurationError: `diversity` is not from 0 to 1.

    Example:
        >>> vectors = np.float32([[1, 0.1], [1, 0.11], [0.8, -0.6]])
        >>> mmr(np.float32([1, 0]), vectors, 2)[0].tolist()
        [0, 2]
    """
    if not 0 <= diversity <= 1:
        message = f"diversity must be from 0 to 1, not {diversity}"
        raise ConfigurationError(message)
    near = cosine(query, vectors)
    chosen = top_n(query, vectors, min(n, 1))[0].tolist()
    nearest_chosen = np.full(len(vectors), -np.inf, dtype=np.float32)
    while chosen and len(chosen) < min(n, len(vectors)):
        last = similarity_matrix(vectors, vectors[chosen[-1:]])[:, 0]
        nearest_chosen = np.maximum(nearest_chosen, last)
        value = (1 - diversity) * near - diversity * nearest_chosen
        value[chosen] = -np.inf
        chosen.append(int(np.argmax(value)))
    indices = np.array(chosen, dtype=np.int64)
    return indices, near[indices]
