"""Groups of vectors by their nearness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import unit_length
from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cluster"]

MANY = 20_000
"""Vectors from which on k-means looks at some at a time."""


def cluster(
    vectors: NDArray[np.float32], n: int | None = None, *, threshold: float | None = None, seed: int = 0
) -> NDArray[np.int64]:
    """Sort vectors into groups with scikit-learn.

    Args:
        vectors: float32 array `(m, d)`; their lengths do not matter.
        n: the number of groups, found by k-means.
        threshold: instead of `n`, the least mean cosine similarity between two groups that are merged into one; it
            compares all pairs, so it is for some thousands of vectors.
        seed: equal seeds give equal groups.

    Returns:
        The number of each vector's group, int64 `(m,)`. The largest group is 0; of equally large ones, the one that
        comes first.

    Raises:
        ConfigurationError: neither or both of `n` and `threshold` are given, or `n` is more than there are vectors.
        MissingDependency: scikit-learn is not installed.

    Example:
        >>> cluster(np.float32([[0, 1], [1, 0], [1, 0.1]]), 2).tolist()
        [1, 0, 0]
    """
    if (n is None) == (threshold is None):
        raise ConfigurationError("give either n, the number of groups, or threshold, the least similarity")
    if n is not None and not 1 <= n <= len(vectors):
        message = f"n must be from 1 to the number of vectors, {len(vectors)}, not {n}"
        raise ConfigurationError(message)
    unit = unit_length(np.asarray(vectors, dtype=np.float32))
    sklearn = need("sklearn.cluster", extra="cluster")
    if len(unit) < 2:
        return np.zeros(len(unit), dtype=np.int64)
    labels = _means(sklearn, unit, n, seed) if n else _merged(sklearn, unit, threshold or 0)
    return _by_size(labels)


def _means(sklearn: Any, unit: NDArray[np.float32], n: int, seed: int) -> NDArray[Any]:
    kind = sklearn.KMeans if len(unit) < MANY else sklearn.MiniBatchKMeans
    labels: NDArray[Any] = kind(n, n_init=4, random_state=seed).fit_predict(unit)
    return labels


def _merged(sklearn: Any, unit: NDArray[np.float32], threshold: float) -> NDArray[Any]:
    merging = sklearn.AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - threshold
    )
    labels: NDArray[Any] = merging.fit_predict(unit)
    return labels


def _by_size(labels: NDArray[Any]) -> NDArray[np.int64]:
    _, first, inverse, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return rank[inverse]
