"""Texts that are read from disk again for every pass, one a line."""

from __future__ import annotations

import codecs
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from ..errors import ConfigurationError
from .files import damage, opened
from .tokens import tokenizer as tokenizer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Corpus", "Source", "Text"]

Text: TypeAlias = str | list[str] | tuple[str, ...]
"""A text, or the words of one that was cut already."""
Source: TypeAlias = str | os.PathLike[str] | Iterable[Text]
"""A file, a folder, or texts."""

LONGEST = 10_000
"""Words that gensim takes of one text; it would drop the rest."""


class Corpus:
    """Texts as lists of words, for as many passes as are needed, with never more than one line in memory.

    Args:
        source: a file with one text a line (.gz too), a folder of such files (those whose name begins with "." are left
            out), or texts that can be gone through again. A text that is a list of words is taken as it is.
        tokenizer: "auto", "words", "whitespace", "jieba", or a function from a text to its words.
        lower: whether to put texts in lower case first; a function gets them as they are.
        encoding: of the files, such as "utf-8" or "gb18030".

    Raises:
        ConfigurationError: there is no such file, folder or encoding, or the texts can be gone through only once.

    Example:
        >>> list(Corpus(["The cat.", "A dog!"]))
        [['the', 'cat'], ['a', 'dog']]
    """

    def __init__(
        self,
        source: Source,
        tokenizer: str | Callable[[str], list[str]] = "auto",
        *,
        lower: bool = True,
        encoding: str = "utf-8",
    ) -> None:
        self.source = source
        self.encoding = encoding
        self.cut = tokenizer_of(tokenizer, lower=lower) if isinstance(tokenizer, str) else tokenizer
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            message = f"encoding={encoding!r}: {error}"
            raise ConfigurationError(message) from None
        if isinstance(source, Iterator):
            message = "the texts are gone through several times: give a list, a file or a folder, not an iterator"
            raise ConfigurationError(message)
        if not isinstance(source, str | os.PathLike | Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = f"a corpus is a file, a folder or a list of texts, not {source!r}"
            raise ConfigurationError(message)
        if isinstance(source, str | os.PathLike) and not (os.fspath(source) and Path(source).exists()):
            message = f"there is no file or folder {os.fspath(source)!r}; to train on one text give a list"
            raise ConfigurationError(message)

    def texts(self) -> Iterator[Text]:
        """All texts.

        Raises:
            ConfigurationError: one is no text, or a file is damaged or of another encoding.
        """
        if not isinstance(self.source, str | os.PathLike):
            for place, text in enumerate(self.source):
                if wrong := _wrong(text):
                    message = f"texts[{place}] is {wrong}: give texts, or lists of words"
                    raise ConfigurationError(message)
                yield text
            return
        for path in _files(Path(self.source)):
            with damage(path, "text"):
                yield from self._lines(path)

    def _lines(self, path: Path) -> Iterator[str]:
        with opened(path) as file:
            for number, line in enumerate(file, 1):
                try:
                    text = line.decode(self.encoding)
                except UnicodeDecodeError as error:
                    message = f"{path}: line {number} is no {self.encoding} ({error}): give encoding="
                    raise ConfigurationError(message) from None
                yield text.removeprefix("\ufeff") if number == 1 else text

    def __iter__(self) -> Iterator[list[str]]:
        for text in self.texts():
            words = [*(self.cut(text) if isinstance(text, str) else text)]
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


def _files(place: Path) -> list[Path]:
    """The file, or those of a folder, but for what its owner does not see, such as .DS_Store."""
    if not place.is_dir():
        return [place]
    found = (path for path in place.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(place).parts))


def _wrong(text: object) -> str:
    """What is neither a text nor a list of words, by its type; "" if it is one of these."""
    if not isinstance(text, list | tuple):
        return "" if isinstance(text, str) else type(text).__name__
    words = cast("Sequence[object]", text)
    kinds = {type(word).__name__ for word in words if not isinstance(word, str)}
    return f"a list with {', '.join(sorted(kinds))}" if kinds else ""
