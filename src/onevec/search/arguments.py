"""What callers pass to an index, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..embeddings import Embedded
from ..errors import ConfigurationError
from ..load import model_of
from ..space import SpaceId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..embeddings import Embeddings

__all__ = ["checked_ids", "checked_vectors", "embedder_of", "given"]


def embedder_of(model: Embeddings | str | SpaceId | Any, space: SpaceId | None = None) -> Embeddings | None:
    """A model by itself or by its name, checked to be of a space; None where only a space is given."""
    if model is None or isinstance(model, SpaceId):
        return None
    found = model_of(model)
    if space is not None:
        space.check(found.space)
    return found


def given(texts: list[str] | None) -> list[str]:
    """The texts, which are missed if there are no vectors either."""
    if texts is None:
        raise ConfigurationError("give texts, or vectors, or both")
    return texts


def checked_ids(ids: Sequence[Any]) -> list[str]:
    """Ids as a list of different str."""
    if isinstance(ids, str):
        raise TypeError("ids must be several ids, not one str: pass [id]")
    names = list(ids)
    if wrong := [name for name in names if not isinstance(name, str)]:
        message = f"an id must be a str, not {type(wrong[0]).__name__}"
        raise TypeError(message)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the id {twice!r} comes twice"
        raise ConfigurationError(message)
    return names


def checked_vectors(vectors: Any, space: SpaceId, width: int) -> NDArray[np.float32]:
    """Vectors, or what a model gave, as an array `(n, width)` of finite numbers; a width of 0 stands for any."""
    if isinstance(vectors, Embedded):
        space.check(vectors.space)
        vectors = vectors.vectors
    found: NDArray[np.float32] = np.asarray(vectors, dtype=np.float32)
    if found.ndim != 2 or (width and found.shape[1] != width):
        message = f"vectors must be an array (n, {width or 'd'}), not {found.shape}"
        raise ConfigurationError(message)
    if not np.isfinite(found).all():
        row = int(np.argwhere(~np.isfinite(found).all(axis=1))[0, 0])
        message = f"vector {row} holds NaN or infinity"
        raise ConfigurationError(message)
    return found
