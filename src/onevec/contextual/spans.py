"""The vectors of a text's tokens, and what is pooled from them: words, chunks."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import ConfigurationError
from .segments import joined
from .wanted import Wanted, check_pooling, chunk_spans, word_span, word_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ..arrays import Array
    from ..embeddings import Note
    from ..space import SpaceId
    from .segments import Span

__all__ = ["Chunks", "TokenVectors", "Words", "chunked", "pooled"]

SHOWN = 40
"""Characters of a text in a `repr`."""


class Words(NamedTuple):
    """The words of a text.

    Attributes:
        vectors: float32 `(words, dimension)`.
        spans: int64 `(words, 2)`, start and end of each word in the text, in code points.
        texts: the words as the text has them.
    """

    vectors: Array
    spans: NDArray[np.int64]
    texts: tuple[str, ...]


class Chunks(NamedTuple):
    """The chunks of a text.

    Attributes:
        vectors: float32 `(chunks, dimension)`.
        spans: int64 `(chunks, 2)`, start and end of each chunk in the text, in code points.
        texts: the chunks as the text has them.
        counts: int64 `(chunks,)`, tokens that each vector was made from.
        space: the space of the vectors.
        notes: "split" if the text was read in several windows, "truncated" if its end was not read.
    """

    vectors: Array
    spans: NDArray[np.int64]
    texts: tuple[str, ...]
    counts: NDArray[np.int64]
    space: SpaceId
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TokenVectors:
    """The tokens of one text.

    Attributes:
        text: the text.
        vectors: float32 `(tokens, dimension)`.
        offsets: int64 `(tokens, 2)`, where each token is in the text, in code points: `text[start:end]`, without white
            space around it. A special token has no width, and is at the beginning or the end.
        tokens: the tokens as the vocabulary spells them.
        special: bool `(tokens,)`, True for those that the model adds, such as [CLS] and [SEP].
        space: the space of the vectors.
        notes: "split" if the text was read in several windows, "truncated" if its end was not read, "unknown" if the
            tokenizer finds no token in it.
    """

    text: str
    vectors: Array
    offsets: NDArray[np.int64]
    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    space: SpaceId
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.tokens)

    def __repr__(self) -> str:
        start = self.text if len(self.text) <= SHOWN else self.text[: SHOWN - 1] + "…"
        return f"TokenVectors({len(self)} tokens of {start!r}, {self.space})"

    def inside(self, start: int, end: int) -> NDArray[np.int64]:
        """The positions of the tokens that share a character with `text[start:end]`, special ones left out."""
        return _Places(self).inside(start, end)

    def word(self, span: Span | str, *, occurrence: int = 1, pooling: str = "mean") -> Array:
        """The vector of a part of the text, pooled from its tokens.

        Args:
            span: start and end in code points, or the part itself. "he" is found as a word, not in "The"; only if the
                text has no such word, a piece of one is taken. Chinese is found anywhere.
            occurrence: which one, counted from 1, if the text holds the part several times; they may overlap.
            pooling: "mean" of the tokens, or the "first" of them.

        Returns:
            float32 `(dimension,)`.

        Raises:
            ConfigurationError: the text has no such part, or no token is in it.
        """
        check_pooling(pooling)
        vector: Array = pooled(self, word_span(self.text, span, occurrence), pooling).vectors[0]
        return vector

    def words(self, segmenter: str | Callable[[str], Iterable[Span]] = "characters", *, pooling: str = "mean") -> Words:
        """The vectors of all words; punctuation is no word.

        Args:
            segmenter: "characters" (a Chinese character is a word, and so is a run of other letters and digits),
                "jieba" (Chinese words; extra `contextual`), or a function from a text to spans.
            pooling: "mean" of a word's tokens, or the "first" of them.

        Raises:
            ConfigurationError: a name that is not known, or a span of the function that is none or holds no token.
            MissingDependency: jieba is not installed.
        """
        check_pooling(pooling)
        found = pooled(self, word_spans(self.text, segmenter), pooling)
        return Words(found.vectors, found.spans, found.texts)

    def chunks(self, spans: Iterable[Span] | None = None, *, size: int | None = None, overlap: int = 0) -> Chunks:
        """The vectors of parts of the text, each the mean of its tokens; see `ContextualEmbeddings.chunks`."""
        wanted = chunk_spans(self.text, spans, size, overlap)
        return chunked(self, wanted, size, overlap)


class _Places:
    """Where the tokens of a text are, for many questions; none of them looks at all tokens."""

    def __init__(self, found: TokenVectors) -> None:
        self.starts, self.ends = found.offsets[:, 0], found.offsets[:, 1]
        self.counted = (self.starts < self.ends) & ~found.special
        self.reached = np.maximum.accumulate(self.ends)
        self.left = np.minimum.accumulate(self.starts[::-1])[::-1]

    def inside(self, start: int, end: int) -> NDArray[np.int64]:
        """See `TokenVectors.inside`."""
        first = int(np.searchsorted(self.reached, start, "right"))
        near = slice(first, int(np.searchsorted(self.left, end, "left")))
        found: NDArray[np.int64] = np.flatnonzero(
            self.counted[near] & (self.starts[near] < end) & (self.ends[near] > start)
        )
        return found + first


def pooled(found: TokenVectors, wanted: Wanted, pooling: str = "mean") -> Chunks:
    """The vectors of parts of a text; a part that the caller did not name is left out if it has no token.

    Raises:
        ConfigurationError: a part that the caller named has no token.
    """
    places = _Places(found)
    spans: list[Span] = []
    rows: list[Array] = []
    counts: list[int] = []
    for start, end in wanted.spans:
        inside = places.inside(start, end)
        if len(inside):
            own = found.vectors[inside]
            spans.append((start, end))
            rows.append(own[0].copy() if pooling == "first" else own.mean(axis=0, dtype=np.float32))
            counts.append(len(inside))
        elif wanted.given:
            cut = " (the text was cut there, see long_text)" if any(n.kind == "truncated" for n in found.notes) else ""
            message = f"the span ({start}, {end}) of a text of {len(found.text)} characters holds no token{cut}"
            raise ConfigurationError(message)
    return Chunks(
        vectors=np.stack(rows) if rows else np.zeros((0, found.vectors.shape[1]), dtype=np.float32),
        spans=np.array(spans, dtype=np.int64).reshape(-1, 2),
        texts=tuple(found.text[start:end] for start, end in spans),
        counts=np.array(counts, dtype=np.int64),
        space=found.space,
        notes=found.notes,
    )


def chunked(found: TokenVectors, wanted: Wanted | None, size: int | None, overlap: int) -> Chunks:
    """The chunks that `chunk_spans` tells, or those of a size if it tells none."""
    return pooled(found, _by_size(found, size or 1, overlap) if wanted is None else wanted)


def _by_size(found: TokenVectors, size: int, overlap: int) -> Wanted:
    """Parts of at most `size` tokens, cut between words where there is room; a single character may have more."""
    offsets = found.offsets[(found.offsets[:, 0] < found.offsets[:, 1]) & ~found.special]
    total = len(offsets)
    ends: list[int] = np.maximum.accumulate(offsets[:, 1]).tolist()
    starts: list[int] = np.minimum.accumulate(offsets[::-1, 0])[::-1].tolist()
    cuts = [*(place for place in range(1, total) if ends[place - 1] <= starts[place]), total]  # between characters
    between = (cut for cut in cuts[:-1] if ends[cut - 1] < starts[cut] or not joined(found.text, starts[cut]))
    words = [*between, total]
    spans: list[Span] = []
    first = last = 0
    while last < total:
        first = _cut(words, cuts, first, last - overlap) if overlap and last else last
        reach = _cut(words, cuts, last, first + size)
        if reach > first + size:  # what is shared leaves no room for the next character
            first = last
            reach = _cut(words, cuts, last, first + size)
        spans.append((starts[first], ends[reach - 1]))
        last = reach
    return Wanted(spans, given=False)


def _cut(words: Sequence[int], cuts: Sequence[int], after: int, wanted: int) -> int:
    """The last place after one and up to another between words, or else between characters, or else the next one."""
    for places in (words, cuts):
        found = bisect_right(places, wanted) - 1
        if found >= 0 and places[found] > after:
            return places[found]
    return cuts[bisect_right(cuts, after)]
