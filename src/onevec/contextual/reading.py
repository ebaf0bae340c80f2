"""Texts as tokens with their places in the text, and windows of a long text that a model can read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ConfigurationError, InputTooLong
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LONG_TEXT", "Read", "Reader", "Tokens", "Window", "windows"]

LONG_TEXT = ("windows", "truncate", "error")
CHECKED = 256
"""Texts whose length is looked at together."""


class Window(NamedTuple):
    """Tokens that are computed together, and those of them whose vectors are kept.

    Attributes:
        start: the first token that is read.
        end: one behind the last that is read.
        first: the first that is kept.
        last: one behind the last that is kept.
    """

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Read:
    """What a model reads of one text, the special tokens left out.

    Attributes:
        ids: the tokens.
        tokens: as the vocabulary spells them.
        offsets: int64 `(tokens, 2)` in code points.
        windows: at least one.
        total: tokens of the whole text.
    """

    ids: list[int]
    tokens: list[str]
    offsets: NDArray[np.int64]
    windows: list[Window]
    total: int


class Tokens:
    """The tokenizer of a checkpoint, a `tokenizers.Tokenizer`, and the special tokens that it puts around a text."""

    def __init__(self, tokenizer: Any, *, lowercase: bool) -> None:
        self.tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.no_truncation()
        if lowercase:  # by the tokenizer, because str.lower changes the places of some letters
            _lowercase(tokenizer)
        around = _with_own_token(tokenizer)
        marks: list[int] = around.special_tokens_mask
        before = marks.index(0) if 0 in marks else len(marks)
        after = marks[::-1].index(0) if 0 in marks else 0
        self.before = _Special(around.ids[:before], around.tokens[:before])
        self.after = _Special(around.ids[len(marks) - after :], around.tokens[len(marks) - after :])

    def encoded(self, texts: list[str]) -> list[Any]:
        """What the tokenizer gives for each text, without special tokens."""
        found: list[Any] = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        return found


class Reader:
    """Texts as windows that a model can read.

    Args:
        tokens: the tokenizer.
        limit: tokens of a window, special ones included; None for no limit.
        overlap: tokens that two windows share; None for a quarter.
        long_text: one of `LONG_TEXT`.

    Raises:
        ConfigurationError: a window has no room, or the overlap does not fit into it.
    """

    def __init__(self, tokens: Tokens, *, limit: int | None, overlap: int | None, long_text: str) -> None:
        self.tokens, self.before, self.after, self.long_text = tokens, tokens.before, tokens.after, long_text
        special = len(tokens.before.ids) + len(tokens.after.ids)
        self.room = limit - special if limit else None
        self.overlap = self.room // 4 if overlap is None and self.room else overlap or 0
        if self.room is not None and self.room < 1:
            message = (
                f"ContextualEmbeddings: max_tokens must be at least {special + 1}, not {limit}, because the model adds "
                f"{special} special tokens to a window"
            )
            raise ConfigurationError(message)
        if self.room is not None and not 0 <= self.overlap < self.room:
            message = (
                f"ContextualEmbeddings: window_overlap must be from 0 to {self.room - 1}, not {self.overlap}, because "
                f"a window has {self.room} tokens"
            )
            raise ConfigurationError(message)

    def check(self, texts: Sequence[str]) -> None:
        """Refuse texts beyond the limit if they are to be refused; the whole call is checked before it computes.

        Raises:
            InputTooLong: a text is beyond the limit, and `long_text` is "error".
        """
        if self.long_text != "error" or self.room is None:
            return
        for start in range(0, len(texts), CHECKED):
            found = self.tokens.encoded(list(texts[start : start + CHECKED]))
            for index, total in enumerate((len(each.ids) for each in found), start):
                if total > self.room:
                    message = (
                        f"text {index} has {total} tokens and the model reads {self.room}: "
                        'pass long_text="windows" or "truncate"'
                    )
                    raise InputTooLong(message, provider="contextual")

    def read(self, texts: list[str]) -> list[Read]:
        """The tokens of each text."""
        return [self._read(*each) for each in zip(texts, self.tokens.encoded(texts), strict=True)]

    def _read(self, text: str, encoding: Any) -> Read:
        total = len(encoding.ids)
        room = self.room or total
        kept = min(room, total) if self.long_text == "truncate" else total
        offsets = np.array([_trimmed(text, *each) for each in encoding.offsets[:kept]], dtype=np.int64).reshape(-1, 2)
        return Read(encoding.ids[:kept], encoding.tokens[:kept], offsets, windows(kept, room, self.overlap), total)

    def row(self, read: Read, window: Window) -> list[int]:
        """The ids of a window, with the special tokens around them."""
        return [*self.before.ids, *read.ids[window.start : window.end], *self.after.ids]


class _Special(NamedTuple):
    ids: list[int]
    tokens: list[str]


def windows(total: int, room: int, overlap: int) -> list[Window]:
    """Windows of at most `room` tokens; where two overlap, each gives the half that is farther from its edge.

    Example:
        >>> windows(10, 6, 2)[1]
        Window(start=4, end=10, first=5, last=10)
    """
    if total <= room:
        return [Window(0, total, 0, total)]
    starts = [*range(0, total - room, room - overlap), total - room]
    cuts = [0, *((later + earlier + room) // 2 for earlier, later in pairwise(starts)), total]
    return [
        Window(start, start + room, first, last) for start, (first, last) in zip(starts, pairwise(cuts), strict=True)
    ]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A token's place without white space, which byte-level tokenizers may count to the token behind it.

    Example:
        >>> _trimmed("a bank", 1, 6)
        (2, 6)
    """
    part = text[start:end]
    first = end - len(part.lstrip())
    return first, first + len(part.strip())


def _with_own_token(tokenizer: Any) -> Any:
    """What the tokenizer makes of some text that has a token; not every vocabulary has the same letters."""
    vocabulary = (tokenizer.decode([number]) for number in range(tokenizer.get_vocab_size()))
    found = (tokenizer.encode(text) for text in chain(["a"], vocabulary))
    return next((each for each in found if 0 in each.special_tokens_mask), tokenizer.encode(""))


def _lowercase(tokenizer: Any) -> None:
    normalizers = need("tokenizers.normalizers", extra="contextual")
    own = tokenizer.normalizer
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *([own] if own is not None else [])])
