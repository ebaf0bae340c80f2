"""How much each word counts in a sentence vector: TF-IDF, and SIF with its common component."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import ConfigurationError
from .files import damage, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arrays import Array
    from .vectors import WordVectors

__all__ = [
    "Tokens",
    "Weights",
    "common_direction",
    "inverse_frequencies",
    "pooled",
    "real_counts",
    "smooth_frequencies",
]

PIECE = 512
"""Words of one text whose vectors are gathered at once, so that they stay in the cache."""
TEXTS = 256
"""Texts whose words are gathered together, so that their sums stay in the cache."""
LONG = 64
"""Words from which a text is gathered by itself."""


class Weights(NamedTuple):
    """What `WordEmbeddings.fit_weights` learns from texts.

    Attributes:
        known: the weight of each word of the vectors, float32 `(n,)`.
        other: the weight of a word that the vectors lack.
        common: the direction that is taken out of every sentence vector, `(dimension,)`; None leaves them as they are.
        revision: the sha256 of the file that they were read from.
    """

    known: Array
    other: float
    common: Array | None = None
    revision: str = ""

    def save(self, path: Path, method: str, revision: str) -> None:
        """Write them, with the revision of the vectors that they belong to."""
        common = np.zeros(0, np.float32) if self.common is None else self.common
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, known=self.known, other=self.other, common=common, method=method, revision=revision)

    @classmethod
    def load(cls, path: Path, method: str, vectors: WordVectors) -> Weights:
        """Read them.

        Raises:
            ConfigurationError: there is no such file, or it belongs to another method or other vectors.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            message = f"fitted={str(path)!r} can't be read: {error}"
            raise ConfigurationError(message) from None
        with damage(path, "file that WordEmbeddings.fit_weights wrote"):
            if not content.startswith(b"PK"):
                message = "it is no .npz"
                raise ValueError(message)
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                found = {name: file[name] for name in ("known", "other", "common", "method", "revision")}
            other = float(found["other"])
        if str(found["method"]) != method or str(found["revision"]) != vectors.stored.revision:
            message = f"fitted={str(path)!r} was fitted for another method or other vectors: call fit_weights again"
            raise ConfigurationError(message)
        shapes = found["known"].shape, found["common"].shape
        if shapes not in {((len(vectors),), (width,)) for width in (0, vectors.dimension)}:
            message = f"fitted={str(path)!r} is damaged, it has weights {shapes[0]}: call fit_weights again"
            raise ConfigurationError(message)
        common = found["common"] if len(found["common"]) else None
        return cls(found["known"], other, common, hashlib.sha256(content).hexdigest())


class Tokens(NamedTuple):
    """The words of some texts, one after the other.

    Attributes:
        texts: how many texts.
        owners: the text of each word, ascending, int64 `(words,)`.
        rows: its row, -1 if the vectors lack it.
        words: the words themselves.
    """

    texts: int
    owners: NDArray[np.int64]
    rows: NDArray[np.int64]
    words: list[str]

    def where(self, kept: NDArray[np.bool_]) -> Tokens:
        """Only some of the words."""
        if kept.all():
            return self
        words = [self.words[place] for place in np.flatnonzero(kept).tolist()]
        return Tokens(self.texts, self.owners[kept], self.rows[kept], words)


def pooled(vectors: WordVectors, tokens: Tokens, method: str, weights: Weights | None) -> Array:
    """One vector for each text, float32 `(texts, dimension)`; zeros for a text without words."""
    gather = _Gather(vectors, tokens, weights, np.maximum if method == "max" else np.add)
    counts = np.bincount(tokens.owners, minlength=tokens.texts)
    found = np.zeros((tokens.texts, vectors.dimension), dtype=np.float32)
    starts = np.cumsum(counts) - counts
    longest_first = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    long = int(np.searchsorted(-counts[longest_first], -LONG))
    for text in longest_first[:long].tolist():
        found[text] = gather.one(int(starts[text]), int(counts[text]))
    for start in range(long, len(longest_first), TEXTS):
        texts = longest_first[start : start + TEXTS]
        found[texts] = gather.several(starts[texts], counts[texts])
    if method == "max":
        return found
    if method == "tfidf" and weights is not None:
        sums = np.bincount(tokens.owners, _weights_of(weights, tokens.rows), tokens.texts)
        found /= np.where(sums > 0, sums, 1)[:, None]
    else:
        found /= np.maximum(counts, 1)[:, None]
    if weights is not None and weights.common is not None:
        found -= np.outer(found @ weights.common, weights.common)
    return found


class _Gather(NamedTuple):
    """The weighted vectors of words, put together by a function such as np.add."""

    vectors: WordVectors
    tokens: Tokens
    weights: Weights | None
    join: np.ufunc

    def several(self, starts: NDArray[np.int64], counts: NDArray[np.int64]) -> Array:
        """The vectors of texts that begin at these words, the longest first: all first words, then all second ones.

        np.add.reduceat, which does the same in one call, takes four times as long.
        """
        found = self.taken(starts)
        for place in range(1, int(counts[0])):
            part = found[: np.searchsorted(-counts, -place)]  # texts that have so many words
            self.join(part, self.taken(starts[: len(part)] + place), out=part)
        return found

    def one(self, start: int, count: int) -> Array:
        """The vector of one long text."""
        pieces = [
            self.join.reduce(self.taken(np.arange(first, min(first + PIECE, start + count))), axis=0)
            for first in range(start, start + count, PIECE)
        ]
        whole: Array = self.join.reduce(pieces, axis=0)
        return whole

    def taken(self, places: NDArray[np.int64]) -> Array:
        """The vectors of the words at these places, times their weights."""
        rows = self.tokens.rows[places]
        found = self.vectors.stored.rows.take(np.maximum(rows, 0))
        if (lacking := np.flatnonzero(rows < 0)).size:
            words = self.tokens.words
            found[lacking] = self.vectors.unknown_vectors([words[place] for place in places[lacking].tolist()])
        if self.weights is not None:
            found *= _weights_of(self.weights, rows)[:, None]
        return found


def _weights_of(weights: Weights, rows: NDArray[np.int64]) -> Array:
    return np.where(rows < 0, np.float32(weights.other), weights.known[rows])


def inverse_frequencies(batches: Iterable[Tokens], words: int) -> Weights:
    """ln((1 + texts) / (1 + texts with the word)) + 1 for each word."""
    texts = 0
    found = np.zeros(words, dtype=np.int64)
    for tokens in batches:
        texts += tokens.texts
        known = tokens.rows >= 0
        pairs = np.unique(tokens.owners[known] * words + tokens.rows[known])  # a word counts once a text
        found += np.bincount(pairs % words, minlength=words)
    _refuse_unknown(found)
    weights = np.log((1 + texts) / (1 + found)) + 1
    return Weights(weights.astype(np.float32), float(np.log(1 + texts) + 1))


def _refuse_unknown(counts: NDArray[np.floating | np.integer]) -> None:
    """Refuse texts in which nothing was found."""
    if not counts.any():
        message = "fit_weights needs texts with words that have vectors: there are no such words in these texts"
        raise ConfigurationError(message)


def real_counts(counts: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """The counts of a file; None if they were made up, which are n to 1 in gensim, and all the same in other files."""
    steps = np.zeros(0) if counts is None else np.diff(counts)
    return None if (steps == -1).all() or (steps == 0).all() else counts


def smooth_frequencies(counts: NDArray[np.int64], smooth: float) -> Weights:
    """Weights of a / (a + p(word)) (Arora et al. 2017, https://openreview.net/forum?id=SyK00v5xx)."""
    _refuse_unknown(counts)
    chance = counts / max(int(counts.sum()), 1)
    return Weights((smooth / (smooth + chance)).astype(np.float32), 1.0)


def common_direction(blocks: Iterable[Array], width: int) -> Array:
    """The first singular vector of all rows, from the sums of their products."""
    products = np.zeros((width, width))
    for block in blocks:
        products += (block.T @ block).astype(np.float64)
    if not np.isfinite(products).all():
        message = "the vector of a word in these texts holds NaN or infinity: leave that word out"
        raise ConfigurationError(message)
    _refuse_unknown(products)
    _, directions = np.linalg.eigh(products)
    first: Array = directions[:, -1].astype(np.float32)
    return first
