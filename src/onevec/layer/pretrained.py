"""Word vectors as the first table of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..arrays import Array
    from .embedding import Embedding
    from .vocabulary import Vocabulary

__all__ = ["WordRows", "from_words"]

Layer = TypeVar("Layer", bound="Embedding")


class WordRows(Protocol):
    """Vectors of words, such as `onevec.words.WordVectors`."""

    def row(self, word: str) -> int:
        """The row of a word, -1 if it is unknown."""
        ...

    def vectors(self, words: Iterable[str]) -> Array:
        """The vectors of words, float32 `(n, dimension)`."""
        ...


def from_words(kind: type[Layer], vocabulary: Vocabulary, vectors: WordRows, **given: Any) -> Layer:
    """A layer with a row for each token of a vocabulary: its vector, zeros for padding.

    Words that the vectors lack, and the token for unknown words, get what the initializer draws. A vocabulary that
    folds has lower case only, so give vectors with upper case `case="fallback"`.

    Args:
        kind: the class of the layer.
        vocabulary: the tokens.
        vectors: the vectors of words.
        given: further arguments of the layer, by name.

    Raises:
        ConfigurationError: none of the tokens has a vector.
    """
    rows = [number for number, token in enumerate(vocabulary.tokens) if number > 1 and vectors.row(token) >= 0]
    if not rows:
        message = "Embedding: no token of the vocabulary has a vector: is case='fallback' missing, or another language?"
        raise ConfigurationError(message)
    found = vectors.vectors([vocabulary.tokens[number] for number in rows])
    layer = kind(len(vocabulary), found.shape[1], **given)
    layer.embeddings[rows] = found
    layer.embeddings[0] = 0
    return layer
