"""Search by words: BM25 with bm25s, for Chinese too."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigurationError
from ..optional import need
from .nearest import best_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["KeywordIndex", "words_of"]

HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese and Japanese characters, which stand without blanks between words."""
_PIECES = re.compile(f"([{HAN}]+)|([^\\W_{HAN}]+)")


def words_of(text: str, cut: Callable[[str], list[str]] | None = None) -> list[str]:
    """The words of a text, in small letters.

    Args:
        text: any text.
        cut: what divides a run of Chinese or Japanese characters; None takes each pair of neighbours.

    Example:
        >>> words_of("The Great Wall, 万里长城!")
        ['the', 'great', 'wall', '万里', '里长', '长城']
    """
    words: list[str] = []
    for run, word in _PIECES.findall(text):
        words += (cut or _pairs)(run) if run else [word.casefold()]
    return words


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _jieba() -> Callable[[str], list[str]]:
    with warnings.catch_warnings():  # it is older than some rules of Python
        warnings.simplefilter("ignore")
        jieba = need("jieba", extra="jieba")
    jieba.setLogLevel("ERROR")
    cut: Callable[[str], list[str]] = jieba.lcut_for_search
    return cut


class KeywordIndex:
    """Texts by the words they hold, ranked by BM25 (Robertson and Zaragoza 2009).

    Args:
        texts: the texts.
        chinese: "pairs" takes each two neighbours of Chinese characters as a word; "jieba" divides them by its
            dictionary (extra `jieba`).
        k1: how much a word's repetition counts.
        b: how much a text's length counts, from 0 to 1.

    Raises:
        ConfigurationError: `chinese` is something else.
        MissingDependency: bm25s, or jieba, is not installed.

    Example:
        >>> index = KeywordIndex(["the train to the airport", "去机场的火车", "cats sleep"])
        >>> index.search("机场怎么走", 1)[0].tolist()
        [1]
    """

    def __init__(self, texts: Sequence[str], *, chinese: str = "pairs", k1: float = 1.5, b: float = 0.75) -> None:
        if chinese not in ("pairs", "jieba"):
            message = f"chinese must be 'pairs' or 'jieba', not {chinese!r}"
            raise ConfigurationError(message)
        bm25s = need("bm25s", extra="search")
        self._cut = _jieba() if chinese == "jieba" else None
        self._count = len(texts)
        words = [words_of(text, self._cut) for text in texts]
        self._bm25: Any = None
        if any(words):
            self._bm25 = bm25s.BM25(k1=k1, b=b)
            self._bm25.index(words, show_progress=False)

    def __len__(self) -> int:
        return self._count

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of every text, 0 where no word is shared."""
        words = words_of(query, self._cut)
        words = [] if self._bm25 is None else [word for word in words if word in self._bm25.vocab_dict]
        if self._bm25 is None or not words:
            return np.zeros(self._count, dtype=np.float32)
        return np.asarray(self._bm25.get_scores(words), dtype=np.float32)

    def search(
        self, query: str, n: int = 10, *, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The numbers of the best texts that share a word with a query, int64, and their scores, float32.

        Args:
            query: what to look for.
            n: how many at most.
            allowed: which texts may be found, a bool each.
        """
        scores = self.scores(query)
        if allowed is not None:
            scores[~allowed] = 0
        found = best_of(scores, n)
        found = found[scores[found] > 0]
        return found, scores[found]
