"""Cut a text into words, Chinese too."""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings
from typing import TYPE_CHECKING, Any

from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HAN_RUN", "folded", "jieba_cutter", "words"]

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, as the inside of a class of a regular expression."""
HAN_RUN = re.compile(f"[{HAN}]+")
_WORD = re.compile(f"[{HAN}]|[^\\W{HAN}]+(?:['’][^\\W{HAN}]+)*")
_LETTER = re.compile(r"\w")


def folded(text: str) -> str:
    """The text without the differences of upper and lower case, and of wide and narrow forms."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> list[str]:
    """The words of a text, and each Chinese character by itself; no punctuation.

    Example:
        >>> words("It's 猫粮, 3 kg")
        ["It's", '猫', '粮', '3', 'kg']
    """
    return _WORD.findall(text)


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
