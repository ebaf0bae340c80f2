"""Count the tokens of a text, exactly with a tokenizer or by a careful estimate without one."""

from __future__ import annotations

from bisect import bisect_right
from math import ceil
from typing import Any, NamedTuple, Protocol

__all__ = ["Estimate", "Exact", "Piece", "TokenCounter", "counter", "estimate_tokens"]

ASCII_PER_TOKEN = 3
"""English prose has about 4.2 ASCII characters a token in the common vocabularies, source code about 3."""
BYTES_PER_TOKEN = 2
"""Of other characters in UTF-8: Chinese has 3 bytes a character and about 1.2 tokens, so this counts 1.5."""


FEWEST = 0.6
"""Ordinary text rarely has fewer tokens than this part of the estimate: 5 ASCII characters or 3.3 bytes a token."""


def estimate_tokens(text: str) -> int:
    """An upper estimate of the tokens of ordinary text, whatever the vocabulary.

    Example:
        >>> estimate_tokens("How are you?"), estimate_tokens("你好吗")
        (4, 5)
    """
    if text.isascii():
        return ceil(len(text) / ASCII_PER_TOKEN)
    size = len(text.encode("utf-8", "surrogatepass"))
    plain = len(text.encode("ascii", "ignore"))
    return ceil(plain / ASCII_PER_TOKEN + (size - plain) / BYTES_PER_TOKEN)


class Piece(NamedTuple):
    """A part of a text and its tokens."""

    text: str
    tokens: int


class TokenCounter(Protocol):
    """Counts and cuts texts."""

    estimated: bool

    def count(self, text: str) -> int:
        """Tokens of the text."""
        ...

    def fewest(self, tokens: int) -> int:
        """How many there are at least, where so many were counted."""
        ...

    def cut(self, text: str, limit: int) -> list[Piece]:
        """The text in consecutive pieces of at most `limit` tokens."""
        ...


class Estimate:
    """Counts by `estimate_tokens`."""

    estimated = True

    def count(self, text: str) -> int:
        """An upper estimate of the tokens."""
        return estimate_tokens(text)

    def fewest(self, tokens: int) -> int:
        """A low estimate in place of the high one."""
        return int(tokens * FEWEST)

    def cut(self, text: str, limit: int) -> list[Piece]:
        """Pieces whose estimate is at most `limit`, each of at least one character."""
        pieces: list[Piece] = []
        start = 0
        while start < len(text):
            rest = text[start : start + limit * ASCII_PER_TOKEN]  # no character counts for less than 1/3 token
            size = max(1, bisect_right(range(1, len(rest) + 1), limit, key=lambda end: estimate_tokens(rest[:end])))
            pieces.append(Piece(rest[:size], estimate_tokens(rest[:size])))
            start += size
        return pieces


class Exact:
    """Counts with the model's tokenizer.

    Args:
        tokenizer: an object with `encode(text)` that gives token ids (or an object with `.ids`, as the package
            tokenizers does) and `decode(ids)`.
    """

    estimated = False

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def _ids(self, text: str) -> list[int]:
        found = self._tokenizer.encode(text)
        return list(getattr(found, "ids", found))

    def count(self, text: str) -> int:
        """Tokens of the text."""
        return len(self._ids(text))

    def fewest(self, tokens: int) -> int:
        """The number itself."""
        return tokens

    def cut(self, text: str, limit: int) -> list[Piece]:
        """Pieces of `limit` tokens, less where a piece would end inside a character."""
        ids = self._ids(text)
        pieces: list[Piece] = []
        start = 0
        while start < len(ids):
            end = min(start + limit, len(ids))
            part = self._tokenizer.decode(ids[start:end])
            whole = end
            while part.endswith("\ufffd") and end - 1 > max(start, whole - 4) and end < len(ids):
                end -= 1  # no character has more than 4 bytes
                part = self._tokenizer.decode(ids[start:end])
            pieces.append(Piece(part, end - start))
            start = end
        return pieces


def counter(tokenizer: Any | None) -> TokenCounter:
    """The counter for a tokenizer; without one, the estimate."""
    return Estimate() if tokenizer is None else Exact(tokenizer)
