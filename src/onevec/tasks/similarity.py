"""How alike texts are: scores of pairs, paraphrases in a list, a learned threshold, and the usual evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..embeddings import Role
from ..errors import ConfigurationError
from ..load import model_of
from .vectors import unit_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..arrays import Array
    from ..embeddings import Embeddings

__all__ = ["Pair", "Sts", "Threshold", "evaluate_sts", "learn_threshold", "pairwise", "paraphrases"]

BLOCK = 1024
"""Texts that are compared with all others at once."""


class Pair(NamedTuple):
    """Two texts of a list that say about the same.

    Attributes:
        first: position of the one that comes first.
        second: position of the other.
        score: their cosine.
    """

    first: int
    second: int
    score: float


class Threshold(NamedTuple):
    """From which score on two texts count as the same.

    Attributes:
        value: the score.
        f1: harmonic mean of precision and recall on the pairs that it was learned from.
        precision: the part of the pairs above it that are the same.
        recall: the part of the same pairs that are above it.
        accuracy: the part of all pairs that it judges right.
    """

    value: float
    f1: float
    precision: float
    recall: float
    accuracy: float

    def same(self, scores: ArrayLike) -> NDArray[np.bool_]:
        """Which scores count as the same."""
        found: NDArray[np.bool_] = np.asarray(scores) >= self.value
        return found


class Sts(NamedTuple):
    """How the cosines of pairs go along with what people say.

    Attributes:
        spearman: correlation of the ranks, the usual measure.
        pearson: correlation of the numbers.
        pairs: how many there were.
    """

    spearman: float
    pearson: float
    pairs: int


def pairwise(first: Sequence[str], second: Sequence[str], model: Embeddings | str | None = None) -> NDArray[np.float32]:
    """The cosine of each text with the one at its place in the other list, float32 `(texts,)`.

    Raises:
        ConfigurationError: lists of different lengths.

    Example:
        >>> near, far = pairwise(["a cat", "a cat"], ["一只猫", "the stock market"])
        >>> bool(near > far)
        True
    """
    if len(first) != len(second):
        message = f"the lists must have one length, not {len(first)} and {len(second)}"
        raise ConfigurationError(message)
    found = unit_vectors(model_of(model), [*first, *second], Role.SIMILARITY)
    scores: NDArray[np.float32] = np.einsum("ij,ij->i", found[: len(first)], found[len(first) :])
    return scores


def paraphrases(
    texts: Sequence[str], model: Embeddings | str | None = None, *, threshold: float = 0.8, limit: int = 100_000
) -> list[Pair]:
    """All pairs of a list from a score on, the best first.

    Compares every text with every other one, a block at a time: 100,000 texts take minutes, and memory stays small.

    Args:
        texts: the texts; equal ones make pairs with a score of 1.
        model: a model, or what `onevec.load` takes; None is the embedded default.
        threshold: the lowest score.
        limit: how many pairs to give, at most.
    """
    vectors = unit_vectors(model_of(model), texts, Role.SIMILARITY)
    pairs: list[Pair] = []
    least = threshold
    for start in range(0, len(vectors), BLOCK):
        pairs += _pairs_of_block(vectors, start, least)
        if len(pairs) > 2 * limit:
            pairs = _first(pairs, limit)
            least = max(threshold, pairs[-1].score)
    return _first(pairs, limit)


def learn_threshold(scores: ArrayLike, same: ArrayLike, *, by: str = "f1") -> Threshold:
    """The threshold that judges labelled pairs best.

    Args:
        scores: of pairs, as `pairwise` gives them, `(pairs,)`.
        same: whether each pair says the same, `(pairs,)`.
        by: what is made as high as it can be: "f1" or "accuracy".

    Raises:
        ConfigurationError: lists of different lengths, pairs of one kind only, or another measure.

    Example:
        >>> learn_threshold([0.9, 0.8, 0.4, 0.3], [True, True, False, False]).value
        0.6
    """
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    if values.shape != truth.shape or truth.all() or not truth.any():
        message = f"needs as many labels as scores, of both kinds; there are {truth.sum()} same of {values.size} pairs"
        raise ConfigurationError(message)
    if by not in ("f1", "accuracy"):
        message = f"by must be f1 or accuracy, not {by!r}"
        raise ConfigurationError(message)
    steps = np.unique(values)
    borders = np.concatenate([steps[:1], (steps[1:] + steps[:-1]) / 2])
    found = [_judged(border, values, truth) for border in borders]
    return max(found, key=lambda each: (getattr(each, by), each.accuracy))


def evaluate_sts(
    first: Sequence[str], second: Sequence[str], gold: ArrayLike, model: Embeddings | str | None = None
) -> Sts:
    """Compare the cosines of pairs with what people say (semantic textual similarity).

    Args:
        first: a text of each pair.
        second: the other one.
        gold: how alike people find them, on any scale, `(pairs,)`.
        model: a model, or what `onevec.load` takes; None is the embedded default.

    Raises:
        ConfigurationError: lists of different lengths, or fewer than two pairs.
    """
    said = np.asarray(gold, dtype=np.float64)
    if not len(first) == len(said) > 1:
        message = f"there must be as many judgements as pairs, at least two: {len(first)} pairs, {said.size} judgements"
        raise ConfigurationError(message)
    scores = pairwise(first, second, model).astype(np.float64)
    return Sts(_correlation(_ranks(scores), _ranks(said)), _correlation(scores, said), len(said))


def _pairs_of_block(vectors: Array, start: int, least: float) -> list[Pair]:
    scores = vectors[start : start + BLOCK] @ vectors[start:].T
    rows, columns = np.nonzero(scores >= least)
    later = columns > rows
    rows, columns = rows[later], columns[later]
    found = scores[rows, columns].tolist()
    return [Pair(*pair) for pair in zip((rows + start).tolist(), (columns + start).tolist(), found, strict=True)]


def _first(pairs: list[Pair], limit: int) -> list[Pair]:
    return sorted(pairs, key=lambda pair: (-pair.score, pair.first, pair.second))[:limit]


def _judged(border: float, scores: NDArray[np.float64], same: NDArray[np.bool_]) -> Threshold:
    above = scores >= border
    right = int((above & same).sum())
    precision, recall = right / max(1, int(above.sum())), right / int(same.sum())
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Threshold(round(float(border), 6), f1, precision, recall, float((above == same).mean()))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: NDArray[np.float64] = (ends - (counts + 1) / 2)[place]
    return ranks


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Pearson's; NaN if one of the two is always the same."""
    left, right = left - left.mean(), right - right.mean()
    size = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / size if size else float("nan")
