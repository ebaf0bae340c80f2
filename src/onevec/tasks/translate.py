"""Translation by retrieval: pairs of sentences, pairs of words, and a memory of known translations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays import unit_length
from ..embeddings import Role
from ..errors import ConfigurationError
from ..load import model_of
from .vectors import best, unit_vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ..arrays import Array
    from ..embeddings import Embeddings

__all__ = ["Bitext", "Translation", "TranslationMemory", "WordTranslator", "align", "csls", "margin", "mine_bitext"]

NEIGHBOURS = 4
"""As in Artetxe and Schwenk (2019)."""
CSLS_NEIGHBOURS = 10
"""As in Conneau et al. (2018)."""
MARGINS = ("ratio", "distance", "absolute")
STRATEGIES = ("max", "intersection", "forward", "backward")


class Bitext(NamedTuple):
    """A text and its translation.

    Attributes:
        source: position among the source texts.
        target: position among the target texts.
        score: the margin.
    """

    source: int
    target: int
    score: float


class Translation(NamedTuple):
    """A known translation.

    Attributes:
        target: the translation.
        source: the text that it translates.
        score: the cosine of that text with the one that was asked for, or the CSLS of two words.
    """

    target: str
    source: str
    score: float


def margin(source: Array, target: Array, *, k: int = NEIGHBOURS, kind: str = "ratio") -> Array:
    """The margin score of every pair (Artetxe and Schwenk 2019, arXiv:1811.01136).

    A text that is near to everything has high cosines with wrong partners too; the margin sets the cosine of a pair
    against the mean cosine of both with their `k` nearest neighbours on the other side.

    Args:
        source: vectors of length 1, float32 `(n, d)`.
        target: the same `(m, d)`.
        k: neighbours.
        kind: "ratio" (cosine / mean), "distance" (cosine - mean) or "absolute" (the cosine alone).

    Returns:
        float32 `(n, m)`.

    Raises:
        ConfigurationError: another kind, or `k` below 1.
    """
    if kind not in MARGINS or k < 1:
        message = f"kind must be one of {', '.join(MARGINS)} and k at least 1, not {kind!r} and {k}"
        raise ConfigurationError(message)
    cosines: Array = source @ target.T
    if kind == "absolute" or not cosines.size:
        return cosines
    around = (_near(cosines, k, 1)[:, None] + _near(cosines, k, 0)[None, :]) / 2
    found = cosines - around if kind == "distance" else cosines / np.maximum(around, 1e-9)
    return found.astype(np.float32)


def mine_bitext(
    source: Sequence[str],
    target: Sequence[str],
    model: Embeddings | str | None = None,
    *,
    k: int = NEIGHBOURS,
    kind: str = "ratio",
    strategy: str = "max",
    threshold: float = -np.inf,
) -> list[Bitext]:
    """Find the sentences of two lists that translate each other.

    All pairs are compared, so memory grows with the product of the lists: 10,000 x 10,000 takes about 1 GB.

    Args:
        source: texts in one language.
        target: texts in another.
        model: a model of both languages, or what `onevec.load` takes; None is the embedded default.
        k: see `margin`.
        kind: see `margin`.
        strategy: "forward" takes the best target for each source, "backward" the best source for each target,
            "intersection" the pairs that both find, "max" the best of both, each text at most once.
        threshold: the lowest margin that counts.

    Returns:
        The pairs, the best first.
    """
    if strategy not in STRATEGIES:
        message = f"strategy must be one of {', '.join(STRATEGIES)}, not {strategy!r}"
        raise ConfigurationError(message)
    if not source or not target:
        return []
    known = model_of(model)
    left, right = (unit_vectors(known, texts, Role.SIMILARITY) for texts in (source, target))
    scores = margin(left, right, k=k, kind=kind)
    pairs = [Bitext(a, b, float(scores[a, b])) for a, b in _chosen(scores, strategy) if scores[a, b] >= threshold]
    pairs.sort(key=lambda pair: (-pair.score, pair.source, pair.target))
    return _once_each(pairs) if strategy == "max" else pairs


def _chosen(scores: Array, strategy: str) -> set[tuple[int, int]]:
    """The pairs that are the best of a source, of a target, or both."""
    forward = {*enumerate(scores.argmax(axis=1).tolist())}
    backward = {(place, column) for column, place in enumerate(scores.argmax(axis=0).tolist())}
    ways = {"forward": forward, "backward": backward, "intersection": forward & backward, "max": forward | backward}
    return ways[strategy]


def _once_each(pairs: Iterable[Bitext]) -> list[Bitext]:
    sources: set[int] = set()
    targets: set[int] = set()
    kept: list[Bitext] = []
    for pair in pairs:
        if pair.source not in sources and pair.target not in targets:
            sources.add(pair.source)
            targets.add(pair.target)
            kept.append(pair)
    return kept


def align(source: Array, target: Array) -> Array:
    """The rotation that brings vectors nearest to those of their translations (orthogonal Procrustes).

    Args:
        source: vectors of words, float32 `(pairs, d)`.
        target: those of their translations `(pairs, e)`; the widths may differ.

    Returns:
        float32 `(d, e)` with orthonormal rows or columns; `source @ align(source, target)` lies in the target's space.
    """
    left, _, right = np.linalg.svd(source.astype(np.float64).T @ target, full_matrices=False)
    rotation: Array = (left @ right).astype(np.float32)
    return rotation


def csls(source: Array, target: Array, *, k: int = CSLS_NEIGHBOURS) -> Array:
    """Cross-domain similarity local scaling (Conneau et al. 2018, arXiv:1710.04087), float32 `(n, m)`.

    Twice the cosine, less the mean cosines of both words with their `k` nearest neighbours on the other side, so that
    words that are near to everything ("hubs") do not win.

    Args:
        source: vectors of length 1 in the target's space, `(n, d)`.
        target: vectors of length 1 `(m, d)`.
        k: neighbours.
    """
    return 2 * margin(source, target, k=k, kind="distance")


class WordTranslator:
    """Translates words through two vector spaces, one turned into the other.

    Args:
        source_words: the words of one language.
        source_vectors: their vectors, float32 `(n, d)`.
        target_words: the words of the other.
        target_vectors: their vectors `(m, e)`.
    """

    def __init__(
        self, source_words: Sequence[str], source_vectors: Array, target_words: Sequence[str], target_vectors: Array
    ) -> None:
        if len(source_words) != len(source_vectors) or len(target_words) != len(target_vectors):
            message = "there must be one vector for each word, on both sides"
            raise ConfigurationError(message)
        self.source_words, self.target_words = list(source_words), list(target_words)
        self._source, self._target = _centred(source_vectors), _centred(target_vectors)
        self._places = {word: place for place, word in enumerate(self.source_words)}
        self._scores: Array | None = None

    def fit(self, pairs: Iterable[tuple[str, str]], *, refine: int = 3) -> WordTranslator:
        """Learn the rotation from known translations.

        Args:
            pairs: known translations; those with a word that is not in the lists are passed over.
            refine: how often the rotation is learned again from pairs that are each other's best so far.

        Raises:
            ConfigurationError: none of the pairs is known.
        """
        targets = {word: place for place, word in enumerate(self.target_words)}
        known = [(self._places[a], targets[b]) for a, b in pairs if a in self._places and b in targets]
        if not known:
            message = "none of these pairs has both of its words in the lists"
            raise ConfigurationError(message)
        seeds = np.array(known)
        self._scores = self._turned(seeds)
        for _ in range(refine):
            forward, backward = self._scores.argmax(axis=1), self._scores.argmax(axis=0)
            mutual = np.flatnonzero(backward[forward] == np.arange(len(forward)))
            found = np.stack([mutual, forward[mutual]], axis=1)
            self._scores = self._turned(np.concatenate([seeds, found]))
        return self

    def translate(self, word: str, n: int = 1) -> list[Translation]:
        """The `n` best translations of a word, by CSLS.

        Raises:
            ConfigurationError: the word is not in the list, or nothing was learned yet.
        """
        if self._scores is None or word not in self._places:
            message = f"{word!r} is not among the source words" if self._scores is not None else "call fit first"
            raise ConfigurationError(message)
        row = self._scores[self._places[word]]
        return [Translation(self.target_words[place], word, float(row[place])) for place in best(row, n)]

    def _turned(self, pairs: NDArray[np.int64]) -> Array:
        rotation = align(self._source[pairs[:, 0]], self._target[pairs[:, 1]])
        k = min(CSLS_NEIGHBOURS, len(self._source), len(self._target))
        return csls(unit_length(self._source @ rotation), self._target, k=k)


class TranslationMemory:
    """Known translations, found again by meaning; nothing is generated.

    Args:
        pairs: texts and their translations.
        model: a model of the languages that are asked in, or what `onevec.load` takes; None is the embedded default.

    Example:
        >>> memory = TranslationMemory([("Save the file", "保存文件"), ("Delete", "删除")])
        >>> memory.translate("store this document")[0].target
        '保存文件'
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), model: Embeddings | str | None = None) -> None:
        self.model = model_of(model)
        self.pairs: list[tuple[str, str]] = []
        self._vectors: Array = np.zeros((0, 0), dtype=np.float32)
        self.add(pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Learn more translations."""
        new = list(pairs)
        if not new:
            return
        vectors = unit_vectors(self.model, [source for source, _ in new], Role.SIMILARITY)
        self._vectors = np.concatenate([self._vectors, vectors]) if self.pairs else vectors
        self.pairs += new

    def translate(self, text: str, n: int = 1, *, threshold: float = -1.0) -> list[Translation]:
        """The translations of the `n` texts that are nearest in meaning, the best first.

        Args:
            text: in any language that the model knows.
            n: how many.
            threshold: the lowest cosine that counts.
        """
        if not self.pairs:
            return []
        scores = self._vectors @ unit_vectors(self.model, [text], Role.SIMILARITY)[0]
        found = [(self.pairs[place], float(scores[place])) for place in best(scores, n)]
        return [Translation(target, source, score) for (source, target), score in found if score >= threshold]


def _near(cosines: Array, k: int, axis: int) -> Array:
    """The mean of the `k` highest along an axis; of all if there are fewer."""
    size = cosines.shape[axis]
    k = min(k, size)
    highest = np.partition(cosines, size - k, axis=axis)
    nearest = highest[:, size - k :] if axis == 1 else highest[size - k :]
    mean: Array = nearest.mean(axis=axis, dtype=np.float32)
    return mean


def _centred(vectors: Array) -> Array:
    """Length 1, the mean taken off, length 1 again: two spaces then fit better by a rotation alone."""
    unit = unit_length(np.asarray(vectors, dtype=np.float32))
    return unit_length(unit - unit.mean(axis=0))
