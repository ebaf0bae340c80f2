"""The n-grams of fastText: the vector of a word is the mean of those of its parts.

Bojanowski et al. 2017, https://arxiv.org/abs/1607.04606.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..arrays import Array
    from .rows import Rows

__all__ = ["Subwords", "ngram_buckets"]

BLOCK = 1024
"""Words whose n-grams are gathered at once."""
END_OF_LINE = "</s>"
"""The one word that has no n-grams."""


class Subwords(NamedTuple):
    """Vectors of n-grams, from which any word gets a vector.

    Attributes:
        least: characters of the shortest n-grams, the marks for the ends of the word counted.
        most: characters of the longest.
        rows: one vector for each bucket.
    """

    least: int
    most: int
    rows: Rows

    def of(self, words: Sequence[str]) -> Array:
        """The means of the n-grams' vectors, `(len(words), width)`; zeros for a word without any."""
        return self._means(words, None)

    def with_own(self, words: Sequence[str], own: Array) -> Array:
        """The means of each word's own vector and those of its n-grams."""
        return self._means(words, own)

    def own_of(self, words: Sequence[str], means: Array) -> Array:
        """The words' own vectors, which `with_own` had turned into these means."""
        own = np.empty_like(means)
        for start in range(0, len(words), BLOCK):
            part = slice(start, start + BLOCK)
            sums, counts = self._sums(words[part])
            own[part] = means[part] * (counts + 1)[:, None] - sums
        return own

    def _means(self, words: Sequence[str], own: Array | None) -> Array:
        means = np.empty((len(words), self.rows.width), dtype=np.float32)
        for start in range(0, len(words), BLOCK):
            part = slice(start, start + BLOCK)
            sums, counts = self._sums(words[part])
            if own is not None:
                sums, counts = sums + own[part], counts + 1
            means[part] = sums / np.maximum(counts, 1)[:, None]
        return means

    def _sums(self, words: Sequence[str]) -> tuple[Array, NDArray[np.int64]]:
        buckets, counts = ngram_buckets(words, self.least, self.most, len(self.rows))
        sums = np.zeros((len(words), self.rows.width), dtype=np.float32)
        some = counts > 0
        if some.any():
            starts = (np.cumsum(counts) - counts)[some]
            sums[some] = np.add.reduceat(self.rows.take(buckets), starts, axis=0)
        return sums, counts


def ngram_buckets(
    words: Sequence[str], least: int, most: int, buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The buckets of all n-grams, word after word, and how many each word has.

    Example:
        >>> ngram_buckets(["a", "ab"], 3, 4, 100)[1].tolist()
        [1, 3]
    """
    if most < 1 or not buckets or not words:
        return np.zeros(0, np.int64), np.zeros(len(words), np.int64)
    text = np.frombuffer("".join(f"<{word}>" for word in words).encode("utf-8", "surrogatepass"), np.uint8)
    starts = np.append(np.flatnonzero((text & 0xC0) != 0x80), len(text))  # of each character
    lengths = np.fromiter(((len(word) + 2) * (word != END_OF_LINE) for word in words), np.int64, len(words))
    sizes = np.fromiter((len(word) + 2 for word in words), np.int64, len(words))
    first = np.cumsum(sizes) - sizes
    found = [np.zeros(0, np.int64)]
    owners = [np.zeros(0, np.int64)]
    for size in range(max(least, 1), min(most, int(lengths.max())) + 1):
        counts = np.maximum(lengths - size + 1 - 2 * (size == 1), 0)  # a mark alone is no n-gram
        owner = np.repeat(np.arange(len(words)), counts)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        begin = first[owner] + within + (size == 1)
        found.append(_hashes(text, starts[begin], starts[begin + size]) % buckets)
        owners.append(owner)
    owner = np.concatenate(owners)
    return np.concatenate(found)[np.argsort(owner, kind="stable")], np.bincount(owner, minlength=len(words))


def _hashes(text: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """FNV-1a of 32 bits over bytes that fastText reads as signed."""
    signed = text.view(np.int8).astype(np.int32).view(np.uint32)
    hashes = np.full(len(begin), 2166136261, dtype=np.uint32)
    for place in range(int((end - begin).max(initial=0))):
        live = begin + place < end
        letters = signed[np.minimum(begin + place, len(text) - 1)]
        hashes = np.where(live, (hashes ^ letters) * np.uint32(16777619), hashes)
    return hashes.astype(np.int64)
