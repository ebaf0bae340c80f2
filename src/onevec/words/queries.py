"""What a search asks for: words, vectors, and words or vectors with a weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ..arrays import unit_length
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..arrays import Array
    from .vectors import WordVectors

__all__ = ["Terms", "listed", "query"]

Term: TypeAlias = str | NDArray[np.floating]
Terms: TypeAlias = Term | Sequence[Term | tuple[Term, float]]
"""A word, a vector, or several, each of them alone or with its weight."""


def listed(words: object) -> list[str]:
    """The words as a list.

    Raises:
        ConfigurationError: it is no list of words.
    """
    if isinstance(words, str | bytes) or not isinstance(words, Iterable):
        message = f"a list of words is needed, not {words!r}"
        raise ConfigurationError(message)
    found: list[str] = []
    for place, word in enumerate(cast("Iterable[object]", words)):
        if not isinstance(word, str):
            message = f"words[{place}] is {type(word).__name__}, not a word"
            raise ConfigurationError(message)
        found.append(word)
    return found


def query(vectors: WordVectors, positive: Terms, negative: Terms) -> tuple[Array, set[int]]:
    """The sum of all terms as gensim takes it, and the rows of the words among them.

    A word is taken with length 1 and a vector as it is; a weight of its own stands in place of 1 or -1.

    Raises:
        ConfigurationError: there are no terms, or one is neither a word nor a vector of the right width.
    """
    terms = [*_weighted(positive, 1.0), *_weighted(negative, -1.0)]
    if not terms:
        message = "most_similar needs a word: give positive=..."
        raise ConfigurationError(message)
    words = [term for term, _ in terms if isinstance(term, str)]
    units = iter(unit_length(vectors.vectors(words)))
    total = np.zeros(vectors.dimension)
    for term, weight in terms:
        total += weight * (next(units) if isinstance(term, str) else _vector(term, vectors.dimension))
    return total.astype(np.float32), {vectors.row(word) for word in words}


def _weighted(terms: object, weight: float) -> list[tuple[object, float]]:
    if isinstance(terms, str) or (isinstance(terms, np.ndarray) and terms.ndim == 1):
        return [(cast("object", terms), weight)]
    if not isinstance(terms, Iterable):
        message = f"a word, a vector or a list of them is needed, not {terms!r}"
        raise ConfigurationError(message)
    return [_pair(term, weight) for term in cast("Iterable[object]", terms)]


def _pair(term: object, weight: float) -> tuple[object, float]:
    """A term with the weight that it brings, or else this one."""
    parts = _parts(term)
    own = parts[1] if len(parts) == 2 else None
    return (parts[0], float(own)) if isinstance(own, Real) else (term, weight)


def _parts(term: object) -> list[object]:
    return [*cast("Iterable[object]", term)] if isinstance(term, tuple) else []


def _vector(term: object, width: int) -> NDArray[np.floating]:
    found = cast("NDArray[np.floating]", term)
    if not isinstance(term, np.ndarray) or found.shape != (width,) or found.dtype.kind not in "fiu":
        message = f"{term!r} is neither a word, nor a vector of {width} numbers, nor one of these with its weight"
        raise ConfigurationError(message)
    return found
