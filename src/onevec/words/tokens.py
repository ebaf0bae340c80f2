"""Cut texts into words: by a pattern, at white space, or Chinese by jieba."""

from __future__ import annotations

import logging
import re
import warnings
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TOKENIZERS", "tokenizer"]

TOKENIZERS = ("auto", "words", "whitespace", "jieba")
WORD = re.compile(r"\w+")
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")


def tokenizer(name: str, *, lower: bool = False) -> Callable[[str], list[str]]:
    r"""What cuts a text into words.

    Args:
        name: "words" takes runs of letters and digits (`\w+`); "auto" is the same, but cuts runs of Chinese characters
            with jieba; "jieba" lets jieba cut the whole text and leaves out what has no letter; "whitespace" splits.
        lower: whether to put the text in lower case first.

    Raises:
        ConfigurationError: there is no such tokenizer.

    Example:
        >>> tokenizer("words", lower=True)("The cat's out!")
        ['the', 'cat', 's', 'out']
    """
    cuts: dict[str, Callable[[str], list[str]]] = {
        "auto": _auto,
        "words": WORD.findall,
        "whitespace": str.split,
        "jieba": _jieba_words,
    }
    if name not in cuts:
        message = f"tokenizer must be one of {', '.join(TOKENIZERS)}, not {name!r}"
        raise ConfigurationError(message)
    return partial(_lower, cuts[name]) if lower else cuts[name]


def _lower(cut: Callable[[str], list[str]], text: str) -> list[str]:
    return cut(text.lower())


def _auto(text: str) -> list[str]:
    if text.isascii() or not HAN.search(text):
        return WORD.findall(text)
    found: list[str] = []
    place = 0
    for run in HAN.finditer(text):
        found += WORD.findall(text, place, run.start())
        found += _jieba().lcut(run[0])
        place = run.end()
    return found + WORD.findall(text, place)


def _jieba_words(text: str) -> list[str]:
    return [word for word in _jieba().lcut(text) if WORD.search(word)]


@cache
def _jieba() -> Any:
    with warnings.catch_warnings(action="ignore"):  # its source has escapes that newer Pythons warn of
        library = need("jieba", extra="words")
    library.setLogLevel(logging.WARNING)
    return library
