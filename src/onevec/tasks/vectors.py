"""What every task begins with: vectors of length 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import unit_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays import Array
    from ..embeddings import Embeddings, Role

__all__ = ["best", "unit_vectors"]


def unit_vectors(model: Embeddings, texts: Sequence[str], role: Role) -> Array:
    """Vectors of length 1, float32 `(texts, dimension)`, so that their products are cosines."""
    return unit_length(model.embed(texts, role).vectors)


def best(scores: Array, n: int) -> list[int]:
    """The places of the `n` highest scores `(m,)`, the highest first, equal ones by place.

    Example:
        >>> best(np.float32([0.1, 0.9, 0.5, 0.9]), 3)
        [1, 3, 2]
    """
    order: list[int] = np.argsort(-scores, kind="stable")[: max(0, n)].tolist()
    return order
