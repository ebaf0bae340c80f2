"""Word vectors as text: a word and its numbers on each line, as GloVe, word2vec and fastText write them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
import orjson

from ..errors import ConfigurationError
from .stored import stored_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..arrays import Array
    from .stored import Stored

__all__ = ["opened", "plain_word", "read_text", "write_text"]

PIECE = 1 << 16
"""Bytes that are parsed at once: their numbers fit a processor's cache while they are Python's."""
SPACE = ord(" ")


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, of a .gz file those inside."""
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def read_text(path: Path, limit: int | None = None, errors: str = "strict") -> Stored:
    """Read lines of a word and its numbers; a first line of two whole numbers is the header of word2vec.

    A word may hold spaces, since the numbers are counted from the end of the line.

    Args:
        path: the file, may end with .gz.
        limit: read only so many words.
        errors: what to do with a word that is no UTF-8, as in `bytes.decode`.

    Raises:
        ConfigurationError: a line has another count of numbers; the message names it.
    """
    words: list[str] = []
    blocks: list[Array] = []
    with opened(path) as file:
        header, first = _start(file)
        width = header[1] if header else len(first.split(b" ")) - 1
        if width < 1:
            message = f"{path} does not begin with a word and its numbers"
            raise ConfigurationError(message)
        for lines in _pieces(file, first):
            heads, block = _parsed(lines, width, path, len(words) + 1 + bool(header))
            try:
                words += [head.decode(errors=errors) for head in heads]
            except UnicodeDecodeError as error:
                message = f"{path} holds a word that is no UTF-8 ({error}): give errors='replace' or 'ignore'"
                raise ConfigurationError(message) from None
            blocks.append(block)
            if limit is not None and len(words) >= limit:
                break
    stop = min(len(words) if limit is None else limit, header[0] if header else len(words))
    if header and len(words) < min(header[0], limit or header[0]):
        message = f"{path} is cut off: it has {len(words)} of {header[0]} words"
        raise ConfigurationError(message)
    vectors = np.concatenate([np.zeros((0, width), np.float32), *blocks])
    return stored_of(words[:stop], vectors[:stop])


def _start(file: BinaryIO) -> tuple[tuple[int, int] | None, bytes]:
    """The header if there is one, and the first line after it."""
    first = file.readline().rstrip()
    parts = first.split()
    if len(parts) == 2 and all(part.isdigit() for part in parts):
        return (int(parts[0]), int(parts[1])), file.readline().rstrip()
    return None, first


def _pieces(file: BinaryIO, first: bytes) -> Iterator[list[bytes]]:
    """Whole lines without their ends, some at a time; empty ones are left out."""
    if first:
        yield [first]
    while piece := file.read(PIECE):
        piece += file.readline()
        yield [line for line in piece.split(b"\n") if line and not line.isspace()]


def _parsed(lines: list[bytes], width: int, path: Path, number: int) -> tuple[list[bytes], Array]:
    """The words and numbers of some lines; JSON's parser takes them all at once if they are as simple as most are."""
    parts = [line.rstrip().split(b" ", 1) for line in lines]
    try:
        text = b"[" + b" ".join([rest for _, rest in parts]).replace(b" ", b",") + b"]"
        with np.errstate(over="ignore"):
            flat = np.array(orjson.loads(text), dtype=np.float32)
        simple = all(rest.count(b" ") == width - 1 for _, rest in parts)
    except (ValueError, OverflowError):
        simple, flat = False, np.zeros(0, np.float32)
    if not simple:
        return _one_by_one(lines, width, path, number)
    return [word for word, _ in parts], flat.reshape(len(lines), width)


def _one_by_one(lines: list[bytes], width: int, path: Path, number: int) -> tuple[list[bytes], Array]:
    words: list[bytes] = []
    rows: list[Any] = []
    for place, line in enumerate(lines):
        parts = line.split()
        try:
            rows.append([float(part) for part in parts[-width:]])
            head = line[: _word_end(line, width)]
        except ValueError:
            head = b""
        if len(parts) <= width or not head:
            message = f"{path}: line {number + place} is no word with {width} numbers: {line[:60]!r}"
            raise ConfigurationError(message)
        words.append(head)
    with np.errstate(over="ignore"):  # beyond float32's range is infinity
        return words, np.array(rows, dtype=np.float32).reshape(len(lines), width)


def _word_end(line: bytes, width: int) -> int:
    """Where the word ends, counted from the numbers at the end."""
    head = line.rstrip()
    for _ in range(width):
        head = head[: max(head.rfind(b" "), head.rfind(b"\t"), 0)].rstrip(b" \t")
    return len(head)


def write_text(path: Path, stored: Stored, *, header: bool) -> None:
    """Write lines of a word and its numbers, each with the shortest decimal that gives the float32 back.

    Raises:
        ConfigurationError: a word holds a line break or a space, or a vector NaN or infinity.
    """
    with gzip.open(path, "wb", compresslevel=6) if path.suffix == ".gz" else path.open("wb") as file:
        if header:
            file.write(f"{len(stored.words)} {stored.rows.width}\n".encode())
        start = 0
        for block in stored.rows.blocks():
            lines = [
                _line(word, row) for word, row in zip(stored.words[start : start + len(block)], block, strict=True)
            ]
            file.write(b"".join(lines))
            start += len(block)


def _line(word: str, row: Array) -> bytes:
    numbers = orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY)
    if b"null" in numbers:
        message = f"the vector of {word!r} holds NaN or infinity, which text can't keep"
        raise ConfigurationError(message)
    return b"%s %s\n" % (plain_word(word), numbers[1:-1].replace(b",", b" "))


def plain_word(word: str) -> bytes:
    """The UTF-8 of a word without white space.

    Raises:
        ConfigurationError: it is empty or holds some, by which text and word2vec's format tell where a word ends.
    """
    text = word.encode()
    if text.split() != [text]:
        message = f"the word {word!r} is empty or holds white space: save as 'onevec', 'safetensors' or 'gensim'"
        raise ConfigurationError(message)
    return text
