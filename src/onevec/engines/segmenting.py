"""Cut a text into words, Chinese too."""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HAN", "HAN_RUN", "VERSION", "Finder", "folded", "jieba_cutter", "words"]

VERSION = 2
"""Goes up when the same text is cut or folded in another way: then vectors made before do not fit those made after."""

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, as the inside of a class of a regular expression."""
HAN_RUN = re.compile(f"[{HAN}]+")
LAST_MARK = 0x1E94A


@cache
def _marks() -> str:
    """Vowel signs, accents and the like, as the inside of a class; Python does not count them among a word's letters.

    Selectors of variants, which follow pictures too, are not among them.
    """
    found = (chr(code) for code in range(0x300, LAST_MARK + 1) if not 0xFE00 <= code <= 0xFE0F)
    return "".join(letter for letter in found if unicodedata.category(letter) in {"Mn", "Mc"})


class Finder:
    """Finds words by a pattern in which RUN stands for a run of letters, each with its marks.

    What joins or parts letters without being seen (U+200C, U+200D) belongs to a word between two letters.

    Args:
        letter: the pattern of one letter.
        pattern: the pattern of a word.
    """

    def __init__(self, letter: str, pattern: str = "RUN") -> None:
        self.letter, self.pattern = letter, pattern
        self.plain = re.compile(pattern.replace("RUN", f"{letter}+"))

    def __call__(self, text: str) -> list[str]:
        """The words of a text."""
        return (self._marked if not text.isascii() and _any_mark().search(text) else self.plain).findall(text)

    @cached_property
    def _marked(self) -> re.Pattern[str]:
        """The pattern for texts with marks; it takes five times as long."""
        letter = self.letter
        run = f"{letter}+(?:(?:[{_marks()}]|[\u200c\u200d](?={letter}))+{letter}*)*"
        return re.compile(self.pattern.replace("RUN", run))


@cache
def _any_mark() -> re.Pattern[str]:
    return re.compile(f"[{_marks()}\u200c\u200d]")


_find = Finder(f"[^\\W{HAN}]", f"[{HAN}]|RUN(?:['’]RUN)*")
_LETTER = re.compile(r"\w")


def folded(text: str) -> str:
    """The text without the differences of upper and lower case, and of wide and narrow forms.

    Folding it again changes nothing: casefold may leave what NFKC would compose, as of ß and an accent.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def words(text: str) -> list[str]:
    """The words of a text, and each Chinese character by itself; no punctuation.

    Example:
        >>> words("It's 猫粮, 3 kg")
        ["It's", '猫', '粮', '3', 'kg']
        >>> words("हिन्दी سلام‌علیکم ❤️")
        ['हिन्दी', 'سلام\u200cعلیکم']
    """
    return _find(text)


def jieba_cutter(extra: str) -> Callable[[str], list[str]]:
    """A function that cuts a text into words with jieba, which knows Chinese ones; no punctuation.

    Raises:
        MissingDependency: jieba is not installed; `extra` brings it.
    """
    with warnings.catch_warnings():  # jieba imports what setuptools and Python call old
        warnings.simplefilter("ignore")
        jieba: Any = need("jieba", extra=extra)
    jieba.setLogLevel(logging.WARNING)  # it tells on stderr that it loads its dictionary

    def cut(text: str) -> list[str]:
        return [word for word in jieba.cut(text) if _LETTER.search(word)]

    return cut
