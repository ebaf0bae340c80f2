"""Texts as the token ids of a model, cut at its limit, and batches of about equal work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["TokenIds", "groups", "padded"]

LEAST = 128
"""Tokens below which a group is not made smaller so that all workers have something to do."""


class TokenIds:
    """The tokenizer of a folder."""

    def __init__(self, folder: Path, limit: int | None, *, lowercase: bool = False) -> None:
        self.lowercase = lowercase
        self.tokenizer = _tokenizer(folder)
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        if limit:
            self.tokenizer.enable_truncation(limit)
        self.special: int = self.tokenizer.num_special_tokens_to_add(is_pair=False)

    def read(self, texts: list[str]) -> tuple[list[list[int]], list[int]]:
        """The ids of each text, and how many tokens it had before it was cut."""
        found = self.tokenizer.encode_batch_fast([text.lower() for text in texts] if self.lowercase else texts)
        totals = [len(each) + sum(len(part) - self.special for part in each.overflowing) for each in found]
        return [each.ids for each in found], totals

    def prompt_length(self, prompt: str) -> int:
        """How many tokens stand before the text, if a prompt does; with the first special token."""
        ids: list[int] = self.tokenizer.encode(prompt).ids
        return len(ids) - (self.special > 1)


def _tokenizer(folder: Path) -> Any:
    library = need("tokenizers", extra="onnx")
    if (folder / "tokenizer.json").is_file():
        try:
            return library.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library has no class of its own for it
            message = f"{folder / 'tokenizer.json'} is no tokenizer: {error}; get the file again"
            raise ConfigurationError(message) from error
    if not (folder / "vocab.txt").is_file():
        message = f"{folder} has neither tokenizer.json nor vocab.txt: take HuggingFaceEmbeddings"
        raise ConfigurationError(message)
    path = folder / "tokenizer_config.json"
    lowercase = json.loads(path.read_bytes()).get("do_lower_case", True) if path.is_file() else True
    return library.BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=lowercase)


class Padded(NamedTuple):
    """Token ids and which of them are real, int64 `(texts, tokens)`."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


def padded(rows: Sequence[list[int]], padding: int) -> Padded:
    """Rows of one width.

    Example:
        >>> padded([[7], [8, 9]], 0).ids.tolist()
        [[7, 0], [8, 9]]
    """
    shape = (len(rows), max(map(len, rows)))
    ids, mask = np.full(shape, padding, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, given in enumerate(rows):
        ids[row, : len(given)] = given
        mask[row, : len(given)] = 1
    return Padded(ids, mask)


def groups(lengths: Sequence[int], tokens: int, workers: int = 1) -> list[list[int]]:
    """Positions of texts, sorted by length and cut so that a group has few tokens, padding included.

    Several workers that take a group each are done at about the same time: the last groups are smaller.

    Example:
        >>> groups([3, 1, 2, 9], 6)
        [[3], [0, 2], [1]]
    """
    found: list[list[int]] = []
    left, most = sum(lengths), 0
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if found and (len(found[-1]) + 1) * lengths[found[-1][0]] <= most:
            found[-1].append(place)
        else:
            found.append([place])
            most = min(tokens, max(LEAST, left // (2 * workers))) if workers > 1 else tokens
        left -= lengths[place]
    return found
