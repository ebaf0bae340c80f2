"""The .bin files of fastText: words, counts, and vectors of words and of n-grams.

Layout (https://github.com/facebookresearch/fastText, src/fasttext.cc, args.cc, dictionary.cc, all little-endian):
magic and version as int32, 12 int32 of arguments and one float64, the dictionary, a byte that tells whether the input
matrix is quantised, and the matrix. Files from before version 11 have no magic, no count of pruned n-grams and not
that byte.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import ConfigurationError
from .rows import FloatRows
from .stored import stored_of
from .subwords import Subwords

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arrays import Array
    from .stored import Stored

__all__ = ["MAGIC", "read_fasttext", "write_fasttext"]

MAGIC = 793712314
VERSIONS = (11, 12)
SUPERVISED = 3
ARGUMENTS = struct.Struct("<12id")
ENTRY = struct.Struct("<qb")


class _Header(NamedTuple):
    width: int
    model: int
    buckets: int
    least: int
    most: int


def read_fasttext(path: Path) -> Stored:
    """Read a fastText model; a word's vector is the mean of its own and those of its n-grams, as fastText makes it.

    Raises:
        ConfigurationError: the model is quantised, made for classification, of an unknown version, or has too few rows.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    header, modern, place = _header(data, path)
    words, counts, place = _dictionary(data, place, modern, path)
    if modern:
        if data[place]:
            message = f"{path} is quantised (.ftz), which only fastText itself reads: use the .bin it was made from"
            raise ConfigurationError(message)
        place += 1
    rows, width = struct.unpack_from("<qq", data, place)
    buckets = header.buckets if header.most > 0 else rows - len(words)  # of those without n-grams, some keep buckets
    if width < 1 or width != header.width or buckets < 0 or rows != len(words) + buckets:
        told = f"{header.width} dimensions, {len(words)} words and {header.buckets} buckets"
        message = f"{path} says {told}, but its matrix is {rows} x {width}"
        raise ConfigurationError(message)
    matrix = np.frombuffer(data, "<f4", rows * width, place + 16).reshape(rows, width)
    own, grams = matrix[: len(words)], matrix[len(words) :]
    if not len(grams) or header.most < 1:
        return stored_of(words, own, counts)
    subwords = Subwords(header.least, header.most, FloatRows.of(grams))
    return stored_of(words, subwords.with_own(words, own), counts, subwords)


def _header(data: mmap.mmap, path: Path) -> tuple[_Header, bool, int]:
    magic, version = struct.unpack_from("<2i", data, 0)
    modern = magic == MAGIC
    if modern and version not in VERSIONS:
        message = f"{path} has version {version} of fastText's format; known are {', '.join(map(str, VERSIONS))}"
        raise ConfigurationError(message)
    start = 8 if modern else 0  # without a magic, the arguments come at once
    width, _, _, _, _, _, _, model, buckets, least, most, _, _ = ARGUMENTS.unpack_from(data, start)
    if model == SUPERVISED:
        message = f"{path} classifies texts; its vectors were not made to be compared: use a skip-gram or CBOW model"
        raise ConfigurationError(message)
    return _Header(width, model, buckets, least, most), modern, start + ARGUMENTS.size


def _dictionary(data: mmap.mmap, place: int, modern: bool, path: Path) -> tuple[list[str], NDArray[np.int64], int]:
    size, words, labels, _ = struct.unpack_from("<3iq", data, place)
    place += 20
    pruned = 0
    if modern:
        (pruned,) = struct.unpack_from("<q", data, place)
        place += 8
    if labels or size != words or words < 0:
        message = f"{path} has {labels} labels: it classifies texts, so it is no model of words"
        raise ConfigurationError(message)
    if words * (1 + ENTRY.size) > len(data):
        message = f"{path} is cut off: it is too short for {words} words"
        raise ConfigurationError(message)
    found: list[str] = []
    counts = np.empty(words, dtype=np.int64)
    for row in range(words):
        if (end := data.find(b"\0", place)) < 0:
            message = f"{path} is cut off within its words"
            raise ConfigurationError(message)
        found.append(data[place:end].decode(errors="backslashreplace"))
        counts[row], _ = ENTRY.unpack_from(data, end + 1)
        place = end + 1 + ENTRY.size
    return found, counts, place + 8 * max(pruned, 0)


def write_fasttext(path: Path, stored: Stored) -> None:
    """Write a model that fastText and gensim read, at version 12.

    What training needs beside the vectors is not known here, so it is written as zeros: the model can't be trained on.
    """
    width, subwords = stored.rows.width, stored.subwords
    buckets = len(subwords.rows) if subwords else 0
    least, most = (subwords.least, subwords.most) if subwords else (0, 0)
    counts = np.ones(len(stored.words), np.int64) if stored.counts is None else stored.counts
    with path.open("wb") as file:
        file.write(struct.pack("<2i", MAGIC, VERSIONS[-1]))
        file.write(ARGUMENTS.pack(width, 5, 5, 1, 5, 1, 2, 2, buckets, least, most, 100, 1e-4))
        file.write(struct.pack("<3iqq", len(stored.words), len(stored.words), 0, int(counts.sum()), -1))
        for word, count in zip(stored.words, counts, strict=True):
            if "\0" in word:
                message = f"the word {word!r} holds NUL, by which fastText tells where a word ends: save as 'onevec'"
                raise ConfigurationError(message)
            file.write(word.encode() + b"\0" + ENTRY.pack(int(count), 0))
        file.write(struct.pack("<?qq", False, len(stored.words) + buckets, width))
        start = 0
        for block in stored.rows.blocks():
            file.write(_own(stored, start, block).astype("<f4").tobytes())
            start += len(block)
        for block in subwords.rows.blocks() if subwords else ():
            file.write(block.astype("<f4").tobytes())
        file.write(struct.pack("<?qq", False, len(stored.words), width))
        for block in stored.rows.blocks():
            file.write(bytes(block.nbytes))


def _own(stored: Stored, start: int, block: Array) -> Array:
    """The words' own vectors, without those of their n-grams."""
    if stored.subwords is None:
        return block
    return stored.subwords.own_of(stored.words[start : start + len(block)], block)
