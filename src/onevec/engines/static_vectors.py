"""Models that are one table of vectors: a text is the mean of the rows of its tokens."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import unit_length
from ..embeddings import Note
from ..local import Encoded
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["StaticVectors"]

ROWS = 1024
"""Rows that are added up together in float32: a long text takes little memory, and loses no precision."""


class StaticVectors:
    """A table of vectors, and the tokenizer that finds the rows of a text.

    Several threads may use one at a time.

    Args:
        tokenizer: a tokenizer.json.
        table: the vectors of the tokens, `(rows, width)`.
        limit: tokens of the longest text; None cuts nothing.
        weights: what the row of a token is multiplied by, float `(tokens,)`.
        rows: the row of each token, int `(tokens,)`; None if token 0 has row 0, and so on.
        skip_unknown: whether the token for unknown words is left out of the mean.
    """

    def __init__(
        self,
        tokenizer: Path,
        table: NDArray[Any],
        *,
        limit: int | None = None,
        weights: NDArray[Any] | None = None,
        rows: NDArray[Any] | None = None,
        skip_unknown: bool = False,
    ) -> None:
        self.tokenizer: Any = need("tokenizers", extra="model2vec").Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.table, self.weights, self.rows, self.limit = table, weights, rows, limit
        self.unknown = _unknown(self.tokenizer) if skip_unknown else None
        self.characters = limit * int(median(map(len, self.tokenizer.get_vocab()))) if limit else None

    def encode(self, texts: list[str], *, normalise: bool) -> Encoded:
        """The vectors of texts; one without any known token gets zeros."""
        whole = self._ids([text[: self.characters] for text in texts])
        ids = [each[: self.limit] for each in whole]
        vectors = np.zeros((len(texts), self.table.shape[1]), dtype=np.float32)
        for place, each in enumerate(ids):
            known = each if self.unknown is None else [token for token in each if token != self.unknown]
            if known:
                vectors[place] = self._mean(known)
        totals = self._totals(texts, whole)
        notes = tuple(
            Note(place, "truncated", len(kept), total)
            for place, (kept, total) in enumerate(zip(ids, totals, strict=True))
            if len(kept) < total
        )
        return Encoded(unit_length(vectors) if normalise else vectors, sum(map(len, ids)), notes)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return [found.ids for found in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def _totals(self, texts: list[str], ids: list[list[int]]) -> list[int]:
        """Tokens of each text before anything was cut; only long ones are read again."""
        totals = [len(each) for each in ids]
        if self.characters is not None:
            long = [place for place, text in enumerate(texts) if len(text) > (self.characters or 0)]
            for place, each in zip(long, self._ids([texts[place] for place in long]), strict=True):
                totals[place] = len(each)
        return totals

    def _mean(self, ids: Sequence[int]) -> Array:
        tokens = np.array(ids)
        total = np.zeros(self.table.shape[1])
        for start in range(0, len(tokens), ROWS):
            part = tokens[start : start + ROWS]
            found = self.table[part if self.rows is None else self.rows[part]]
            if self.weights is not None:
                found = found * self.weights[part, None]
            total += found.sum(axis=0, dtype=np.float32)
        mean: Array = total.astype(np.float32) / np.float32(len(tokens))
        return mean


def _unknown(tokenizer: Any) -> int | None:
    """The token for words that the vocabulary lacks, if there is one."""
    described: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    if described.get("unk_id") is not None:
        return int(described["unk_id"])
    found: int | None = tokenizer.token_to_id(described["unk_token"]) if described.get("unk_token") else None
    return found
