"""Texts as tokens with their places in the text, and windows of a long text that a model can read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ConfigurationError, InputTooLong
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LONG_TEXT", "Read", "Reader", "Window", "windows"]

LONG_TEXT = ("windows", "truncate", "error")


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


class Reader:
    """The tokenizer of a checkpoint, a `tokenizers.Tokenizer`."""

    def __init__(
        self, tokenizer: Any, *, limit: int | None, overlap: int | None, long_text: str, lowercase: bool
    ) -> None:
        self.tokenizer, self.long_text = tokenizer, long_text
        tokenizer.no_padding()
        tokenizer.no_truncation()
        if lowercase:  # by the tokenizer, because str.lower changes the places of some letters
            _lowercase(tokenizer)
        around = tokenizer.encode("a")
        marks: list[int] = around.special_tokens_mask
        before = marks.index(0) if 0 in marks else len(marks)
        after = marks[::-1].index(0) if 0 in marks else 0
        self.before = _Special(around.ids[:before], around.tokens[:before])
        self.after = _Special(around.ids[len(marks) - after :], around.tokens[len(marks) - after :])
        self.limit = limit
        self.room = limit - before - after if limit else None
        self.overlap = self.room // 4 if overlap is None and self.room else overlap or 0
        if self.room is not None and not 0 <= self.overlap < self.room:
            message = f"window_overlap must be from 0 to {self.room - 1}, because a window has {self.room} tokens"
            raise ConfigurationError(message)

    def read(self, texts: Sequence[str]) -> list[Read]:
        """The tokens of each text.

        Raises:
            InputTooLong: a text is beyond the limit, and `long_text` is "error".
        """
        found = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [self._read(index, each) for index, each in enumerate(found)]

    def _read(self, index: int, encoding: Any) -> Read:
        total = len(encoding.ids)
        kept = total
        if self.room is not None and total > self.room:
            if self.long_text == "error":
                message = (
                    f"text {index} has {total} tokens and the model reads {self.room}: "
                    'pass long_text="windows" or "truncate"'
                )
                raise InputTooLong(message, provider="contextual")
            kept = self.room if self.long_text == "truncate" else total
        offsets = np.array(encoding.offsets[:kept], dtype=np.int64).reshape(-1, 2)
        found = windows(kept, self.room or kept, self.overlap)
        return Read(encoding.ids[:kept], encoding.tokens[:kept], offsets, found, total)

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


def _lowercase(tokenizer: Any) -> None:
    normalizers = need("tokenizers.normalizers", extra="contextual")
    own = tokenizer.normalizer
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *([own] if own is not None else [])])
