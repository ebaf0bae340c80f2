"""The vectors of a text's tokens, and what is pooled from them: words, chunks."""

from __future__ import annotations

import re
import unicodedata
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..arrays import Array
    from ..embeddings import Note
    from ..space import SpaceId

__all__ = ["Chunks", "Segmenter", "Span", "TokenVectors", "Words", "sentences"]

Span = tuple[int, int]
"""Start and end in code points, the end not included."""
Segmenter = "str | Callable[[str], Iterable[Span]]"
POOLINGS = ("mean", "first")
SHOWN = 40
"""Characters of a text in a `repr`."""
HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
SENTENCE_END = re.compile(r"[。！？…]+[”’」』）]*|[.!?]+[\"')\]”’]*(?=\s|$)|\n+")


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
        offsets: int64 `(tokens, 2)`, where each token is in the text, in code points: `text[start:end]`. A special
            token has no width, and is at the beginning or the end.
        tokens: the tokens as the vocabulary spells them.
        special: bool `(tokens,)`, True for those that the model adds, such as [CLS] and [SEP].
        space: the space of the vectors.
        notes: "split" if the text was read in several windows, "truncated" if its end was not read.
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
        starts, ends = self.offsets[:, 0], self.offsets[:, 1]
        found: NDArray[np.int64] = np.flatnonzero((starts < end) & (ends > start) & ~self.special)
        return found

    def word(self, span: Span | str, *, occurrence: int = 1, pooling: str = "mean") -> Array:
        """The vector of a part of the text, pooled from its tokens.

        Args:
            span: start and end in code points, or the part itself.
            occurrence: which one, counted from 1, if the text holds the part several times.
            pooling: "mean" of the tokens, or the "first" of them.

        Returns:
            float32 `(dimension,)`.

        Raises:
            ConfigurationError: the text has no such part, or no token is in it.
        """
        start, end = self._found(span, occurrence) if isinstance(span, str) else span
        return self._pooled(start, end, pooling)

    def words(self, segmenter: str | Callable[[str], Iterable[Span]] = "characters", *, pooling: str = "mean") -> Words:
        """The vectors of all words; punctuation is no word.

        Args:
            segmenter: "characters" (a Chinese character is a word, and so is a run of other letters and digits),
                "jieba" (Chinese words; extra `contextual`), or a function from a text to spans.
            pooling: "mean" of a word's tokens, or the "first" of them.

        Raises:
            ConfigurationError: a name that is not known, or a span of the function that holds no token.
            MissingDependency: jieba is not installed.
        """
        named = isinstance(segmenter, str)
        if isinstance(segmenter, str) and segmenter not in SEGMENTERS:
            message = f"segmenter must be a function or one of {', '.join(SEGMENTERS)}, not {segmenter!r}"
            raise ConfigurationError(message)
        spans = list(SEGMENTERS[segmenter](self.text) if isinstance(segmenter, str) else segmenter(self.text))
        if named:  # where the text was cut, there are words without tokens: the note tells it
            spans = [span for span in spans if len(self.inside(*span))]
        rows = [self._pooled(start, end, pooling) for start, end in spans]
        vectors = np.stack(rows) if rows else np.zeros((0, self.vectors.shape[1]), dtype=np.float32)
        return Words(vectors, _spans(spans), tuple(self.text[start:end] for start, end in spans))

    def chunks(self, spans: Sequence[Span] | None = None, *, size: int | None = None, overlap: int = 0) -> Chunks:
        """The vectors of parts of the text, each the mean of its tokens; see `ContextualEmbeddings.chunks`."""
        if spans is None:
            spans = sentences(self.text) if size is None else self._cut(size, overlap)
        elif size is not None:
            message = "chunks takes spans or size, not both"
            raise ConfigurationError(message)
        if self.notes and self.notes[0].kind == "truncated":
            spans = [span for span in spans if len(self.inside(*span))]
        rows = [self._pooled(start, end, "mean") for start, end in spans]
        return Chunks(
            vectors=np.stack(rows) if rows else np.zeros((0, self.vectors.shape[1]), dtype=np.float32),
            spans=_spans(spans),
            texts=tuple(self.text[start:end] for start, end in spans),
            counts=np.array([len(self.inside(*span)) for span in spans], dtype=np.int64),
            space=self.space,
            notes=self.notes,
        )

    def _found(self, part: str, occurrence: int) -> Span:
        places = [match.start() for match in re.finditer(re.escape(part), self.text)] if part else []
        if not 1 <= occurrence <= len(places):
            message = (
                f"the text holds {part!r} {len(places)} times, so there is no occurrence {occurrence} (counted from 1)"
            )
            raise ConfigurationError(message)
        start = places[occurrence - 1]
        return start, start + len(part)

    def _pooled(self, start: int, end: int, pooling: str) -> Array:
        if pooling not in POOLINGS:
            message = f"pooling must be one of {', '.join(POOLINGS)}, not {pooling!r}"
            raise ConfigurationError(message)
        places = self.inside(start, end)
        if not len(places):
            cut = " (the text was cut there, see long_text)" if any(n.kind == "truncated" for n in self.notes) else ""
            message = f"the span ({start}, {end}) of a text of {len(self.text)} characters holds no token{cut}"
            raise ConfigurationError(message)
        rows = self.vectors[places]
        pooled: Array = rows[0].copy() if pooling == "first" else rows.mean(axis=0, dtype=np.float32)
        return pooled

    def _cut(self, size: int, overlap: int) -> list[Span]:
        """Spans of about `size` tokens, cut between words where there is one."""
        if size < 1 or not 0 <= overlap < size:
            message = f"size must be at least 1 and overlap from 0 to size - 1, not {size} and {overlap}"
            raise ConfigurationError(message)
        offsets = self.offsets[(self.offsets[:, 0] < self.offsets[:, 1]) & ~self.special]
        starts = [place for place in range(len(offsets)) if not place or self._begins(*offsets[place - 1 : place + 1])]
        spans: list[Span] = []
        first = 0
        while first < len(offsets):
            last = _cut_before(starts, first, min(first + size, len(offsets)), len(offsets))
            spans.append((int(offsets[first, 0]), int(offsets[last - 1, 1])))
            if last == len(offsets):
                break
            first = max(first + 1, _cut_before(starts, first, last - overlap, len(offsets)))
        return spans

    def _begins(self, before: NDArray[np.int64], token: NDArray[np.int64]) -> bool:
        """Whether a word begins with the token."""
        start = int(token[0])
        return bool(before[1] < start) or _kind(self.text[start]) != "word" or _kind(self.text[start - 1]) != "word"


def _cut_before(starts: Sequence[int], first: int, wanted: int, total: int) -> int:
    """The last place from `first` + 1 to `wanted` where a word begins, or `wanted` if there is none."""
    if wanted == total:
        return wanted
    return max((place for place in starts if first < place <= wanted), default=wanted)


def _spans(spans: Iterable[Span]) -> NDArray[np.int64]:
    return np.array([*spans], dtype=np.int64).reshape(-1, 2)


def _kind(char: str) -> str:
    if HAN.match(char):
        return "han"
    return "word" if char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M" else ""


def characters(text: str) -> Iterator[Span]:
    """A Chinese character is a word, and so is a run of other letters, digits and marks.

    Example:
        >>> text = "我 don't 去café"
        >>> [text[start:end] for start, end in characters(text)]
        ['我', "don't", '去', 'café']
    """
    start = None
    kinds = [_kind(char) for char in text]
    for place, (char, kind) in enumerate(zip(text, kinds, strict=True)):
        joins = char in "'’" and start is not None and kinds[place + 1 : place + 2] == ["word"]
        if kind != "word" and not joins and start is not None:
            yield start, place
            start = None
        if kind == "han":
            yield place, place + 1
        elif kind == "word" and start is None:
            start = place
    if start is not None:
        yield start, len(text)


def jieba_words(text: str) -> list[Span]:
    """Chinese words as jieba cuts them."""
    with warnings.catch_warnings():  # jieba imports what setuptools and Python call old
        warnings.simplefilter("ignore")
        jieba: Any = need("jieba", extra="contextual")
    found: Iterable[tuple[str, int, int]] = jieba.tokenize(text)
    return [(start, end) for word, start, end in found if any(map(_kind, word))]


SEGMENTERS: dict[str, Callable[[str], Iterable[Span]]] = {"characters": characters, "jieba": jieba_words}


def sentences(text: str) -> list[Span]:
    """Spans of the sentences, cut at the punctuation that ends one in Western and Chinese texts, and at line breaks.

    Example:
        >>> text = "It is 3.5 km. 很远！我们走吧"
        >>> [text[start:end] for start, end in sentences(text)]
        ['It is 3.5 km.', '很远！', '我们走吧']
    """
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    spans: list[Span] = []
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        part = text[start:end]
        first = start + len(part) - len(part.lstrip())
        if any(map(_kind, part)):
            spans.append((first, first + len(part.strip())))
    return spans
