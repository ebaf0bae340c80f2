"""The binary format of word2vec: a line with two numbers, then each word, a space and its float32s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigurationError
from .stored import stored_of
from .text import opened, plain_word

if TYPE_CHECKING:
    from pathlib import Path

    from ..arrays import Array
    from .stored import Stored

__all__ = ["read_word2vec", "write_word2vec"]

BLOCK = 1 << 25
"""Bytes that are read at once."""


def read_word2vec(path: Path, limit: int | None = None, errors: str = "strict") -> Stored:
    """Read the binary format of word2vec.

    Args:
        path: the file, may end with .gz.
        limit: read only so many words.
        errors: what to do with a word that is no UTF-8, as in `bytes.decode`.

    Raises:
        ConfigurationError: the file is cut off, or a word is no UTF-8.
    """
    with opened(path) as file:
        count, width = map(int, file.readline().split())
        count = count if limit is None else min(count, limit)
        vectors = np.empty((count, width), dtype=np.float32)
        words: list[bytes] = []
        rest = b""
        while len(words) < count:
            piece = file.read(BLOCK)
            if not piece:
                message = f"{path} is cut off: it has {len(words)} of {count} words"
                raise ConfigurationError(message)
            data = rest + piece
            start = len(words)
            found, rows, end = _records(data, width, count - start)
            words += found
            vectors[start : len(words)] = rows
            rest = data[end:]
    try:
        return stored_of([word.decode(errors=errors) for word in words], vectors)
    except UnicodeDecodeError as error:
        message = f"{path} holds a word that is no UTF-8 ({error}): give errors='replace' or 'ignore'"
        raise ConfigurationError(message) from None


def _records(data: bytes, width: int, most: int) -> tuple[list[bytes], Array, int]:
    """The words and rows of all whole records, and where the next one starts."""
    words: list[bytes] = []
    rows: list[bytes] = []
    place, size = 0, 4 * width
    while len(words) < most:
        end = data.find(b" ", place)
        if end < 0 or end + 1 + size > len(data):
            break
        words.append(data[place:end].lstrip(b"\n"))
        place = end + 1 + size
        rows.append(data[end + 1 : place])
    return words, np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), width), place


def write_word2vec(path: Path, stored: Stored) -> None:
    """Write the binary format of word2vec.

    Raises:
        ConfigurationError: a word holds white space, by which the format tells where it ends.
    """
    with path.open("wb") as file:
        file.write(f"{len(stored.words)} {stored.rows.width}\n".encode())
        start = 0
        for block in stored.rows.blocks():
            for word, row in zip(stored.words[start : start + len(block)], block.astype("<f4"), strict=True):
                file.write(plain_word(word) + b" " + row.tobytes() + b"\n")
            start += len(block)
