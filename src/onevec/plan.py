"""Texts -> unique texts -> long-text policy -> batches -> vectors in the order of the texts. No I/O in here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from .embeddings import Note, Role
from .errors import Completed, ConfigurationError, InputTooLong
from .tokens import Piece, estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .arrays import Array
    from .tokens import TokenCounter

__all__ = ["LONG_TEXT", "Batch", "Limits", "LongText", "Plan", "estimate_tokens", "make_plan"]

LongText = Literal["error", "truncate", "split"]
LONG_TEXT: tuple[LongText, ...] = get_args(LongText)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may carry; None is no limit.

    Attributes:
        texts: texts a request.
        tokens: tokens a request.
        bytes: bytes of UTF-8 a request, texts only.
        text_tokens: tokens a text.
    """

    texts: int | None = None
    tokens: int | None = None
    bytes: int | None = None
    text_tokens: int | None = None

    def behind(self, tokens: int) -> Limits:
        """What is left for texts that have so many tokens put before them."""
        if not tokens or self.text_tokens is None:
            return self
        return replace(self, text_tokens=max(1, self.text_tokens - tokens))


@dataclass(frozen=True, slots=True)
class Batch:
    """The texts of one request.

    Attributes:
        texts: what is sent, in order.
        role: what the texts are embedded for.
        tokens: their tokens, counted or estimated.
        start: number of the first text among all pieces of the call.
    """

    texts: list[str]
    role: Role = Role.DOCUMENT
    tokens: int = 0
    start: int = 0

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches with half of the texts each."""
        middle = len(self.texts) // 2
        share = self.tokens // 2
        return (
            Batch(self.texts[:middle], self.role, share, self.start),
            Batch(self.texts[middle:], self.role, self.tokens - share, self.start + middle),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be sent, and how the vectors come back together.

    Attributes:
        batches: one a request.
        notes: what was done to long texts.
        total: number of texts that were asked for.
    """

    batches: list[Batch]
    total: int
    notes: tuple[Note, ...] = ()
    _places: Sequence[int] = ()  # text -> unique text
    _pieces: Sequence[list[Piece]] = ()  # unique text -> its pieces; only if any was split

    def gather(self, results: Sequence[Array]) -> Array:
        """The vectors of all batches as one array `(total, d)`."""
        pieces = results[0] if len(results) == 1 else np.concatenate(results)
        unique = self._joined(pieces) if self._pieces else pieces
        return unique if len(unique) == self.total else unique[np.asarray(self._places)]

    def cut(self, numbers: set[int]) -> tuple[Note, ...]:
        """A note for every text that the provider has cut.

        Args:
            numbers: those of the pieces that were cut.
        """
        if not numbers:
            return ()
        lengths = [len(parts) for parts in self._pieces] or [1] * (max(numbers) + 1)
        unique = {int(np.searchsorted(np.cumsum(lengths), number, "right")) for number in numbers}
        return tuple(Note(index, "truncated") for index, place in enumerate(self._places) if place in unique)

    def completed(self, results: Mapping[int, Array]) -> Completed | None:
        """What can be given of a call of which only some requests succeeded.

        Args:
            results: vectors by the number of their first piece.
        """
        if not results:
            return None
        width = next(iter(results.values())).shape[1]
        count = sum(len(batch.texts) for batch in self.batches)
        pieces = np.zeros((count, width), dtype=np.float32)
        done = np.zeros(count, dtype=np.bool_)
        for start, rows in results.items():
            pieces[start : start + len(rows)] = rows
            done[start : start + len(rows)] = True
        if self._pieces:
            starts = np.cumsum([0, *(len(parts) for parts in self._pieces[:-1])])
            done, pieces = np.logical_and.reduceat(done, starts), self._joined(pieces)
        places = np.asarray(self._places)
        indices = np.flatnonzero(done[places])
        return Completed(indices.tolist(), pieces[places[indices]]) if len(indices) else None

    def _joined(self, pieces: Array) -> Array:
        """One vector a text: the token-weighted mean of its pieces, of length 1; a single piece stays as it is."""
        joined = np.empty((len(self._pieces), pieces.shape[1]), dtype=np.float32)
        start = 0
        for number, parts in enumerate(self._pieces):
            rows = pieces[start : start + len(parts)]
            start += len(parts)
            if len(parts) == 1:
                joined[number] = rows[0]
                continue
            mean = np.average(rows.astype(np.float64), axis=0, weights=[max(1, part.tokens) for part in parts])
            length = np.linalg.norm(mean)
            joined[number] = mean / length if length else mean
        return joined


def make_plan(
    texts: Sequence[str],
    role: Role,
    limits: Limits,
    *,
    long_text: LongText = "error",
    tokens: TokenCounter,
) -> Plan:
    """Plan a call.

    Raises:
        ConfigurationError: a limit is less than 1.
        InputTooLong: a text is beyond the limit and `long_text` is "error"; one that is so by a high estimate but not
            by a low one is sent, with a note.
    """
    for name, limit in (
        ("texts a request (parameter batch_size)", limits.texts),
        ("tokens a text", limits.text_tokens),
    ):
        if limit is not None and limit < 1:
            message = f"the limit of {name} must be at least 1, not {limit}"
            raise ConfigurationError(message)
    unique = list(dict.fromkeys(texts))
    number = {text: place for place, text in enumerate(unique)}
    places = range(len(texts)) if len(unique) == len(texts) else [number[text] for text in texts]
    pieces, changed = _cut(unique, limits.text_tokens, long_text, tokens)
    notes = tuple(replace(changed[place], index=index) for index, place in enumerate(places) if place in changed)
    flat = [piece for parts in pieces for piece in parts]
    split = len(flat) != len(unique)
    return Plan(_batches(flat, role, limits), len(texts), notes, places, pieces if split else [])


def _cut(
    unique: list[str], limit: int | None, policy: LongText, tokens: TokenCounter
) -> tuple[list[list[Piece]], dict[int, Note]]:
    """The pieces of each text, and a note for each that did not stay whole."""
    pieces: list[list[Piece]] = []
    changed: dict[int, Note] = {}
    suffix = " estimated" if tokens.estimated else ""
    for place, text in enumerate(unique):
        total = tokens.count(text)
        if limit is None or total <= limit:
            pieces.append([Piece(text, total)])
            continue
        if policy == "error":
            if tokens.fewest(total) > limit:
                raise _too_long(text, total, limit, estimated=tokens.estimated)
            changed[place] = Note(place, "long" + suffix, None, total)  # the provider decides
            pieces.append([Piece(text, total)])
            continue
        parts = tokens.cut(text, limit)
        if policy == "truncate":
            parts = parts[:1]
            changed[place] = Note(place, "truncated" + suffix, parts[0].tokens, total)
        else:
            changed[place] = Note(place, "split" + suffix, total, total)
        pieces.append(parts)
    return pieces, changed


def _too_long(text: str, total: int, limit: int, *, estimated: bool) -> InputTooLong:
    about = "an estimated " if estimated else ""
    hint = ", or pass tokenizer= for an exact count" if estimated else ""
    return InputTooLong(
        f"the text that begins with {text[:40]!r} has {about}{total} tokens, the model takes {limit}: "
        f"pass long_text='truncate' or long_text='split'{hint}"
    )


def _batches(pieces: list[Piece], role: Role, limits: Limits) -> list[Batch]:
    """Consecutive pieces in as few batches as the limits allow; a piece beyond a limit goes alone."""
    batches: list[Batch] = []
    start = tokens = size = 0
    for end, piece in enumerate(pieces):
        bytes_here = len(piece.text.encode()) if limits.bytes else 0
        full = (
            end - start == limits.texts
            or (limits.tokens is not None and tokens + piece.tokens > limits.tokens)
            or (limits.bytes is not None and size + bytes_here > limits.bytes)
        )
        if full and end > start:
            batches.append(_batch(pieces[start:end], role, tokens, start))
            start, tokens, size = end, 0, 0
        tokens += piece.tokens
        size += bytes_here
    if pieces:
        batches.append(_batch(pieces[start:], role, tokens, start))
    return batches


def _batch(pieces: list[Piece], role: Role, tokens: int, start: int) -> Batch:
    return Batch([piece.text for piece in pieces], role, tokens, start)
