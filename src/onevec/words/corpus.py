"""Texts that are read from disk again for every pass, one a line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .text import opened
from .tokens import tokenizer as tokenizer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Corpus"]

LONGEST = 10_000
"""Words that gensim takes of one text; it would drop the rest."""


class Corpus:
    """Texts as lists of words, for as many passes as are needed, with never more than one line in memory.

    Args:
        source: a file with one text a line (.gz too), a folder of such files, or texts that can be gone through again.
        tokenizer: "auto", "words", "whitespace", "jieba", or a function from a text to its words.
        lower: whether to put texts in lower case first.
        encoding: of the files.

    Raises:
        ConfigurationError: there is no such file or folder, or the texts can be gone through only once.

    Example:
        >>> list(Corpus(["The cat.", "A dog!"]))
        [['the', 'cat'], ['a', 'dog']]
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Iterable[str],
        tokenizer: str | Callable[[str], list[str]] = "auto",
        *,
        lower: bool = True,
        encoding: str = "utf-8",
    ) -> None:
        self.source = source
        self.encoding = encoding
        self.cut = tokenizer_of(tokenizer, lower=lower) if isinstance(tokenizer, str) else tokenizer
        if isinstance(source, Iterator):
            message = "the texts are gone through several times: give a list, a file or a folder, not an iterator"
            raise ConfigurationError(message)
        if isinstance(source, str | os.PathLike) and not Path(source).exists():
            message = f"there is no file or folder {os.fspath(source)!r}; to train on one text give a list"
            raise ConfigurationError(message)

    def texts(self) -> Iterator[str]:
        """All texts."""
        if not isinstance(self.source, str | os.PathLike):
            yield from self.source
            return
        place = Path(self.source)
        files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
        for path in files:
            yield from self._lines(path)

    def _lines(self, path: Path) -> Iterator[str]:
        with opened(path) as file:
            for number, line in enumerate(file, 1):
                try:
                    yield line.decode(self.encoding)
                except UnicodeDecodeError as error:
                    message = f"{path}: line {number} is no {self.encoding} ({error}): give encoding="
                    raise ConfigurationError(message) from None

    def __iter__(self) -> Iterator[list[str]]:
        for text in self.texts():
            words = self.cut(text)
            for start in range(0, len(words), LONGEST):
                yield words[start : start + LONGEST]

    def vocabulary(self, least: int) -> dict[str, int]:
        """The words that stand there at least so often with how often, the most frequent first.

        Raises:
            ConfigurationError: there is no such word.
        """
        counts: Counter[str] = Counter()
        for words in self:
            counts.update(words)
        kept = sorted((item for item in counts.items() if item[1] >= least), key=lambda item: (-item[1], item[0]))
        if not kept:
            message = f"no word stands {least} times in the corpus ({len(counts)} different ones): lower min_count"
            raise ConfigurationError(message)
        return dict(kept)
