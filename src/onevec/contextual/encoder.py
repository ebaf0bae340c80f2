"""A checkpoint that is loaded: texts in, the vectors of all their tokens out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..embeddings import Note
from ..engines.token_ids import groups, padded
from .spans import TokenVectors

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ..arrays import Array
    from ..engines.runtimes import Runtime
    from ..space import SpaceId
    from .networks import Torch
    from .reading import Read, Reader, Tokens, Window

__all__ = ["Computed", "Encoder"]


class Encoder(NamedTuple):
    """What is loaded; several threads may use it at once, and models that only read their texts in other ways.

    Attributes:
        tokens: the tokenizer.
        network: what computes the layers.
        pool: threads that compute side by side.
        padding: the id of the padding.
    """

    tokens: Tokens
    network: Runtime | Torch
    pool: ThreadPoolExecutor
    padding: int

    def compute(self, reader: Reader, runtime: Runtime, texts: list[str], batch_tokens: int) -> list[Computed]:
        """The vectors of all tokens, computed in groups of windows of about one length."""
        reads = reader.read(texts)
        jobs = [(place, window) for place, read in enumerate(reads) for window in read.windows]
        ids = [reader.row(reads[place], window) or [self.padding] for place, window in jobs]  # none is no shape

        def compute(places: list[int]) -> Array:
            batch = padded([ids[place] for place in places], self.padding)
            return runtime.run(batch.ids, batch.mask, np.copy)

        parts = groups([len(row) for row in ids], batch_tokens)
        around = len(reader.before.ids) + len(reader.after.ids)
        vectors: dict[int, Array] = {}
        for part, hidden in zip(parts, self.pool.map(compute, parts), strict=True):
            for job, rows in zip(part, hidden, strict=True):
                place, window = jobs[job]
                if place not in vectors:
                    vectors[place] = np.empty((len(reads[place].ids) + around, rows.shape[1]), dtype=np.float32)
                _keep(vectors[place], rows, window, reader)
        return [Computed(read, vectors[place], reader) for place, read in enumerate(reads)]


def _keep(vectors: Array, rows: Array, window: Window, reader: Reader) -> None:
    """Put what a window has to give in its place."""
    before, after = len(reader.before.ids), len(reader.after.ids)
    own = rows[before : before + window.end - window.start]
    vectors[before + window.first : before + window.last] = own[
        window.first - window.start : window.last - window.start
    ]
    if window.first == 0:
        vectors[:before] = rows[:before]
    if window.last == len(vectors) - before - after:
        vectors[len(vectors) - after :] = rows[before + len(own) :][:after]


@dataclass(frozen=True, slots=True)
class Computed:
    """One text.

    Attributes:
        read: its own tokens.
        vectors: float32 `(tokens, dimension)`: the special tokens before, its own, the special ones after.
        reader: what has read it.
    """

    read: Read
    vectors: Array
    reader: Reader

    def mean(self, skipped: str, *, special_tokens: bool) -> Array:
        """The mean of the tokens but for those of the prompt `skipped`; of a text without any, of the special ones.

        If there are none either, it is zero.
        """
        special = self._special()
        pooled = np.ones(len(special), dtype=np.bool_)
        pooled[self._prompt(skipped)] = False
        if not special_tokens and (pooled & ~special).any():
            pooled &= ~special
        mean: Array = self.vectors[pooled].sum(axis=0, dtype=np.float32) / max(1, int(pooled.sum()))
        return mean

    def token_vectors(self, text: str, prompt: str, space: SpaceId, *, special_tokens: bool) -> TokenVectors:
        """The tokens of `text`, which stood behind a prompt."""
        before, after, special = self.reader.before, self.reader.after, self._special()
        offsets = np.concatenate(
            [
                np.zeros((len(before.ids), 2), dtype=np.int64),
                np.maximum(self.read.offsets - len(prompt), 0),
                np.full((len(after.ids), 2), len(text), dtype=np.int64),
            ]
        )
        kept = ~special | special_tokens
        kept[self._prompt(prompt)] = False
        names = [*before.tokens, *self.read.tokens, *after.tokens]
        tokens = tuple(name for name, keep in zip(names, kept, strict=True) if keep)
        return TokenVectors(text, self.vectors[kept], offsets[kept], tokens, special[kept], space)

    def notes(self, index: int) -> tuple[Note, ...]:
        """Whether the text was cut, or read in several windows, or has no tokens at all."""
        special = len(self.vectors) - len(self.read.ids)
        kept, total = len(self.vectors), self.read.total + special
        kind = "truncated" if kept < total else "split" if len(self.read.windows) > 1 else "" if kept else "unknown"
        return (Note(index, kind, kept, total),) if kind else ()

    def _special(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        special = np.ones(len(self.vectors), dtype=np.bool_)
        before = len(self.reader.before.ids)
        special[before : before + len(self.read.ids)] = False
        return special

    def _prompt(self, prompt: str) -> slice:
        """Where the tokens of a prompt stand."""
        before = len(self.reader.before.ids)
        return slice(before, before + int((self.read.offsets[:, 1] <= len(prompt)).sum()) if prompt else before)
