"""The arguments of word, words and chunks, checked before anything is computed."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigurationError
from .segments import SEGMENTERS, occurrences, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .segments import Span

__all__ = ["Wanted", "check_pooling", "chunk_spans", "word_span", "word_spans"]

POOLINGS = ("mean", "first")


class Wanted(NamedTuple):
    """Parts of a text that get a vector.

    Attributes:
        spans: where they are.
        given: whether the caller named them; then each must have a token, so that rows and spans agree.
    """

    spans: list[Span]
    given: bool


def check_pooling(pooling: str) -> None:
    """Refuse a name that is not known."""
    if pooling not in POOLINGS:
        message = f"pooling must be one of {', '.join(POOLINGS)}, not {pooling!r}"
        raise ConfigurationError(message)


def word_span(text: str, span: Span | str, occurrence: int) -> Wanted:
    """The one part that `word` is asked for.

    Raises:
        ConfigurationError: the text has no such part.
    """
    number = _whole("occurrence", occurrence)
    if not isinstance(span, str):
        if number != 1:
            message = f"occurrence={number} counts a part that is given as str, and span={span!r} is a place"
            raise ConfigurationError(message)
        return Wanted([_span("span must be a part of the text, or", span, text)], given=True)
    places = occurrences(text, span)
    if not 1 <= number <= len(places):
        message = f"the text holds {span!r} {len(places)} times, so there is no occurrence {number} (counted from 1)"
        raise ConfigurationError(message)
    start = places[number - 1]
    return Wanted([(start, start + len(span))], given=True)


def word_spans(text: str, segmenter: str | Callable[[str], Iterable[Span]]) -> Wanted:
    """The words of a text, as a segmenter cuts them."""
    if isinstance(segmenter, str) and segmenter in SEGMENTERS:
        return Wanted([*SEGMENTERS[segmenter](text)], given=False)
    if isinstance(segmenter, str) or not callable(segmenter):
        message = f"segmenter must be a function or one of {', '.join(SEGMENTERS)}, not {segmenter!r}"
        raise ConfigurationError(message)
    return Wanted(_spans("segmenter(text)", segmenter(text), text), given=True)


def chunk_spans(text: str, spans: Iterable[Span] | None, size: int | None, overlap: int) -> Wanted | None:
    """The parts that `chunks` is asked for; None if they are cut by size, for which the tokens must be known."""
    shared = _whole("overlap", overlap)
    if size is None:
        if shared:
            message = f"overlap={shared} is for parts that are cut by size: pass size=... too"
            raise ConfigurationError(message)
        return Wanted(sentences(text), given=False) if spans is None else Wanted(_spans("spans", spans, text), True)
    if spans is not None:
        message = "chunks takes spans or size, not both"
        raise ConfigurationError(message)
    if _whole("size", size) < 1 or not 0 <= shared < size:
        message = f"size must be at least 1 and overlap from 0 to size - 1, not {size} and {overlap}"
        raise ConfigurationError(message)
    return None


def _whole(name: str, value: Any) -> int:
    try:
        return index(value)
    except TypeError:
        message = f"{name} must be an int, not {value!r}"
        raise ConfigurationError(message) from None


def _spans(name: str, spans: Any, text: str) -> list[Span]:
    try:
        whole = list(spans)
    except TypeError:
        message = f"{name} must be a list of (start, end), not {spans!r}"
        raise ConfigurationError(message) from None
    return [_span(f"{name}[{number}] must be", span, text) for number, span in enumerate(whole)]


def _span(what: str, span: Any, text: str) -> Span:
    try:
        start, end = (index(place) for place in span)
    except (TypeError, ValueError):
        start = end = -1
    if not 0 <= start < end <= len(text):
        message = f"{what} (start, end) with 0 <= start < end <= {len(text)}, the length of the text, not {span!r}"
        raise ConfigurationError(message)
    return start, end
