"""The binary format of word2vec: a line with two numbers, then each word, a space and its float32s."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from ..errors import ConfigurationError
from .files import created, opened
from .stored import stored_of
from .text import WHOLE, decoded, plain_word

if TYPE_CHECKING:
    from pathlib import Path

    from ..arrays import Array
    from .stored import Stored
    from .text import Reading

__all__ = ["read_word2vec", "write_word2vec"]

BLOCK = 1 << 25
"""Bytes that are read at once."""


def read_word2vec(path: Path, how: Reading = WHOLE) -> Stored:
    """Read the binary format of word2vec.

    Args:
        path: the file, may end with .gz.
        how: which words are read, and how.

    Raises:
        ConfigurationError: the file is cut off or goes on, or a word is not of the encoding.
    """
    with opened(path) as file:
        count, width = map(int, file.readline().split())
        if count < 0 or width < 1:
            message = f"{path} begins with {count} {width}, which are no counts of words and of their numbers"
            raise ConfigurationError(message)
        count = count if how.limit is None else min(count, how.limit)
        if path.suffix != ".gz" and count * (4 * width + 1) > path.stat().st_size:
            _refuse_cut(path, f"it is too short for {count} words of {width} numbers")
        vectors = np.empty((count, width), dtype=np.float32)
        words: list[bytes] = []
        rest = b""
        while len(words) < count:
            piece = file.read(BLOCK)
            if not piece:
                _refuse_cut(path, f"it has {len(words)} of {count} words")
            data = rest + piece
            start = len(words)
            found, rows, end = _records(data, width, count - start)
            words += found
            vectors[start : len(words)] = rows
            rest = data[end:]
        if how.limit is None and (rest + file.read(BLOCK)).strip():
            message = f"{path} goes on after its {count} words of {width} numbers: it is no file of this format"
            raise ConfigurationError(message)
    return stored_of(decoded(words, how, path), vectors)


def _refuse_cut(path: Path, reason: str) -> NoReturn:
    message = f"{path} is cut off, or no word2vec-binary file: {reason}"
    raise ConfigurationError(message)


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
    with created(path) as file:
        file.write(f"{len(stored.words)} {stored.rows.width}\n".encode())
        start = 0
        for block in stored.rows.blocks():
            for word, row in zip(stored.words[start : start + len(block)], block.astype("<f4"), strict=True):
                file.write(plain_word(word) + b" " + row.tobytes() + b"\n")
            start += len(block)
