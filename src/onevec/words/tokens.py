"""Cut texts into words: by a pattern, at white space, or Chinese by jieba."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from ..engines.segmenting import HAN_RUN, Finder, jieba_cutter
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TOKENIZERS", "tokenizer"]

TOKENIZERS = ("auto", "words", "whitespace", "jieba")
_words = Finder(r"\w")


def tokenizer(name: str, *, lower: bool = False) -> Callable[[str], list[str]]:
    """What cuts a text into words.

    Args:
        name: "words" takes runs of digits and letters, with the vowel signs and accents that belong to them; "auto" is
            the same, but cuts runs of Chinese characters with jieba; "jieba" lets jieba cut the whole text and leaves
            out what has no letter; "whitespace" splits.
        lower: whether to put the text in lower case first.

    Raises:
        ConfigurationError: there is no such tokenizer.

    Example:
        >>> tokenizer("words", lower=True)("The cat's out!")
        ['the', 'cat', 's', 'out']
    """
    cuts: dict[str, Callable[[str], list[str]]] = {
        "auto": _auto,
        "words": _words,
        "whitespace": str.split,
        "jieba": _by_jieba,
    }
    if name not in cuts:
        message = f"tokenizer must be one of {', '.join(TOKENIZERS)}, not {name!r}"
        raise ConfigurationError(message)
    return partial(_lower, cuts[name]) if lower else cuts[name]


def _lower(cut: Callable[[str], list[str]], text: str) -> list[str]:
    return cut(text.lower())


def _auto(text: str) -> list[str]:
    if text.isascii() or not HAN_RUN.search(text):
        return _words(text)
    found: list[str] = []
    place = 0
    for run in HAN_RUN.finditer(text):
        found += _words(text[place : run.start()])
        found += _by_jieba(run[0])
        place = run.end()
    return found + _words(text[place:])


def _by_jieba(text: str) -> list[str]:
    return _jieba()(text)


@cache
def _jieba() -> Callable[[str], list[str]]:
    return jieba_cutter("words")
