"""Word vectors as text: a word and its numbers on each line, as GloVe, word2vec and fastText write them."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
import orjson

from ..errors import ConfigurationError
from .files import created, opened
from .stored import stored_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..arrays import Array
    from .stored import Stored

__all__ = ["WHOLE", "Reading", "decoded", "numbers_at_the_end", "plain_word", "read_text", "without_mark", "write_text"]

PIECE = 1 << 16
"""Bytes that are parsed at once: their numbers fit a processor's cache while they are Python's."""
SIMPLE = b"0123456789+-.eE "
"""What the numbers of a line are made of, if JSON's parser may read them."""


class Reading(NamedTuple):
    """How words are read from a file.

    Attributes:
        limit: read only so many words.
        encoding: of the words.
        errors: what to do with a word that is not of this encoding, as in `bytes.decode`.
    """

    limit: int | None = None
    encoding: str = "utf-8"
    errors: str = "strict"


WHOLE = Reading()


def decoded(words: Sequence[bytes], how: Reading, path: Path) -> list[str]:
    """The words as str.

    Raises:
        ConfigurationError: a word is not of the encoding.
    """
    try:
        return [word.decode(how.encoding, how.errors) for word in words]
    except UnicodeDecodeError as error:
        name = how.encoding.upper()
        message = f"{path} holds a word that is no {name} ({error}): give encoding=, or errors='replace' or 'ignore'"
        raise ConfigurationError(message) from None


def without_mark(start: bytes) -> bytes:
    """The start of a file without the mark that some editors put before UTF-8."""
    plain = start.removeprefix(codecs.BOM_UTF8)
    return start if plain[:1].isspace() else plain


def numbers_at_the_end(parts: Sequence[bytes]) -> int:
    """How many of the last parts are numbers."""
    return next((count for count, part in enumerate(reversed(parts)) if not _is_number(part)), len(parts))


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def read_text(path: Path, how: Reading = WHOLE, *, header: bool = False) -> Stored:
    """Read lines of a word and its numbers.

    A word may hold spaces, since the numbers are counted from the end of the line; but if a part of it after the first
    is a number, the line is damaged.

    Args:
        path: the file, may end with .gz.
        how: which words are read, and how.
        header: whether a line with the counts of words and of numbers comes first, as word2vec has it.

    Raises:
        ConfigurationError: a line has another count of numbers; the message names it.
    """
    words: list[str] = []
    blocks: list[Array] = []
    with opened(path) as file:
        count, width, first = _start(file, path, header=header)
        wanted = min((each for each in (count, how.limit) if each is not None), default=None)
        for lines in _pieces(file, first):
            if wanted is not None and len(words) >= wanted:
                break
            heads, block = _parsed(lines, width, path, len(words) + 1 + header)
            words += decoded(heads, how, path)
            blocks.append(block)
    if wanted is not None and count is not None and len(words) < wanted:
        message = f"{path} is cut off: it has {len(words)} of {count} words"
        raise ConfigurationError(message)
    vectors = np.concatenate([np.zeros((0, width), np.float32), *blocks])
    return stored_of(words[:wanted], vectors[:wanted])


def _start(file: BinaryIO, path: Path, *, header: bool) -> tuple[int | None, int, bytes]:
    """The count of words if there is a header, how many numbers each has, and the first line of a word."""
    first = without_mark(file.readline()).rstrip()
    if header:
        count, width = map(int, first.split())
        first = file.readline().rstrip()
    else:
        parts = first.split()
        count, width = None, min(numbers_at_the_end(parts), len(parts) - 1)
    if width < 1 or (count is not None and count < 0):
        message = f"{path} does not begin with a word and its numbers"
        raise ConfigurationError(message)
    return count, width, first


def _pieces(file: BinaryIO, first: bytes) -> Iterator[list[bytes]]:
    """Whole lines without their ends, some at a time; empty ones are left out."""
    if first:
        yield [first]
    while piece := file.read(PIECE):
        piece += file.readline()
        yield [line for line in piece.split(b"\n") if line and not line.isspace()]


def _parsed(lines: list[bytes], width: int, path: Path, number: int) -> tuple[list[bytes], Array]:
    """The words and numbers of some lines; JSON's parser takes them all at once if they are as simple as most are."""
    parts = [line.rstrip().partition(b" ") for line in lines]
    words, rests = [word for word, _, _ in parts], [rest for _, _, rest in parts]
    text = b" ".join(rests)
    simple = not text.translate(None, SIMPLE) and all(words) and b"\t" not in b"".join(words)
    if simple and all(rest.count(b" ") == width - 1 for rest in rests):
        try:
            with np.errstate(over="ignore"):
                flat = np.array(orjson.loads(b"[" + text.replace(b" ", b",") + b"]"), dtype=np.float32)
            return words, flat.reshape(len(lines), width)
        except (ValueError, OverflowError):
            pass  # such as +1, .5 and 2., which JSON does not know
    return _one_by_one(lines, width, path, number)


def _one_by_one(lines: list[bytes], width: int, path: Path, number: int) -> tuple[list[bytes], Array]:
    words: list[bytes] = []
    rows: list[Any] = []
    for place, line in enumerate(lines):
        word, *numbers = line.strip().rsplit(None, width)
        if len(numbers) < width or not all(map(_is_number, numbers)) or any(map(_is_number, word.split()[1:])):
            message = f"{path}: line {number + place} is no word with {width} numbers: {line[:60]!r}"
            raise ConfigurationError(message)
        words.append(word)
        rows.append([float(each) for each in numbers])
    with np.errstate(over="ignore"):  # beyond float32's range is infinity
        return words, np.array(rows, dtype=np.float32).reshape(len(lines), width)


def write_text(path: Path, stored: Stored, *, header: bool) -> None:
    """Write lines of a word and its numbers, each with the shortest decimal that gives the float32 back.

    Raises:
        ConfigurationError: a word holds a line break or a space, or a vector NaN or infinity.
    """
    with created(path) as file:
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
    if text.split() != [text] or b"\0" in text:
        message = f"the word {word!r} is empty or holds white space or NUL: save as 'onevec', 'safetensors' or 'gensim'"
        raise ConfigurationError(message)
    return text
