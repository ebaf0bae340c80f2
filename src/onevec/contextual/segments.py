"""Where the words and sentences of a text are, as its letters and punctuation tell."""

from __future__ import annotations

import re
import unicodedata
import warnings
from typing import TYPE_CHECKING, Any

from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["SEGMENTERS", "Span", "characters", "joined", "occurrences", "sentences"]

Span = tuple[int, int]
"""Start and end in code points, the end not included."""
HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
SENTENCE_END = re.compile(r"[。！？…]+[\"'”’」』）)\]]*|[.!?]+[\"')\]”’]*(?=\s|$)|\n+")
ALPHABETS = ("LATIN ", "GREEK ", "CYRILLIC ", "COMBINING ", "DIGIT ", "LOW LINE")
"""How the names of those characters begin that are written with spaces between words."""


def _kind(char: str) -> str:
    """Whether a character is a word by itself ("han"), a part of one ("word"), or joins the one before it ("mark")."""
    if HAN.match(char):
        return "han"
    if unicodedata.category(char)[0] == "M":
        return "mark"
    return "word" if char.isalnum() or char == "_" else ""


def joined(text: str, place: int) -> bool:
    """Whether the characters before and behind a place belong to one word."""
    return 0 < place < len(text) and all(_kind(char) in ("word", "mark") for char in text[place - 1 : place + 1])


def occurrences(text: str, part: str) -> list[int]:
    """Where a text holds a part: as a whole word, or anywhere if it is nowhere a whole one.

    Latin, Greek and Cyrillic letters beside the part make it a piece of a word; scripts without spaces have no such
    pieces.

    Example:
        >>> occurrences("The man said he is", "he"), occurrences("embankment", "bank"), occurrences("哈哈哈", "哈哈")
        ([13], [2], [0, 1])
    """
    places = [match.start() for match in re.finditer(f"(?={re.escape(part)})", text)] if part else []
    whole = [place for place in places if not any(_in_word(text, edge) for edge in (place, place + len(part)))]
    return whole or places


def _in_word(text: str, place: int) -> bool:
    around = text[place - 1 : place + 1]
    return joined(text, place) and all(unicodedata.name(char, "").startswith(ALPHABETS) for char in around)


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
        joins = kind == "mark" or (char in "'’" and kinds[place + 1 : place + 2] == ["word"])
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
    return [(start, end) for word, start, end in found if any(_kind(char) in ("han", "word") for char in word)]


SEGMENTERS: dict[str, Callable[[str], Iterable[Span]]] = {"characters": characters, "jieba": jieba_words}


def sentences(text: str) -> list[Span]:
    """Spans of the sentences, cut at the punctuation that ends one in Western and Chinese texts, and at line breaks.

    A part without letters, digits or symbols such as emoji is no sentence.

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
        if any(_kind(char) in ("han", "word") or unicodedata.category(char) == "So" for char in part):
            spans.append((first, first + len(part.strip())))
    return spans
