"""Word vectors as every format gives and takes them, and onevec's own file of them.

The file starts with `MAGIC`, the length of a JSON header as little-endian uint32, and the header; then come the
arrays, each at a multiple of 64 bytes from the start. It is mapped, so opening takes the same short time for any size.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from ..errors import ConfigurationError
from .index import DiskIndex, ListIndex, packed_words
from .rows import FloatRows, packed_rows, rows_from
from .subwords import Subwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arrays import Array
    from .index import WordIndex
    from .rows import Rows

__all__ = ["MAGIC", "Stored", "open_stored", "stored_of", "verify_stored", "write_stored"]

MAGIC = b"ONEVECW1"
ALIGNED = 64
PIECE = 1 << 24
"""Bytes that are written at once."""


class Stored(NamedTuple):
    """Word vectors, wherever they came from.

    Attributes:
        words: all words, each once, the most frequent first if the source keeps that order.
        rows: their vectors.
        counts: how often each was seen in training, int64 `(n,)`; None if the source does not tell.
        subwords: vectors of n-grams, None if there are none.
        revision: the sha256 of the content, "" if nobody computed it.
    """

    words: WordIndex
    rows: Rows
    counts: NDArray[np.int64] | None = None
    subwords: Subwords | None = None
    revision: str = ""

    def head(self, count: int | None) -> Stored:
        """The first so many words, all if None; the rows keep their form."""
        if count is None or count >= len(self.words):
            return self
        counts = None if self.counts is None else self.counts[:count]
        return Stored(ListIndex(self.words[:count]), self.rows.head(count), counts, self.subwords)

    def packed(self, form: str) -> Stored:
        """The same in another form, the n-grams' vectors too."""
        grams = self.subwords and self.subwords._replace(rows=packed_rows(self.subwords.rows, form))
        return self._replace(rows=packed_rows(self.rows, form), subwords=grams, revision="")


def stored_of(
    words: Sequence[str], vectors: Array, counts: NDArray[np.int64] | None = None, subwords: Subwords | None = None
) -> Stored:
    """Word vectors in memory; of a word that stands there twice, the first vector counts.

    Raises:
        ConfigurationError: the lengths differ.
    """
    if len(words) != len(vectors) or (counts is not None and len(counts) != len(words)):
        message = f"{len(words)} words have {len(vectors)} vectors and {'no' if counts is None else len(counts)} counts"
        raise ConfigurationError(message)
    first: dict[str, int] = {}
    for row, word in enumerate(words):
        first.setdefault(word, row)
    if len(first) < len(words):
        kept = np.fromiter(first.values(), np.int64, len(first))
        vectors, counts = vectors[kept], None if counts is None else counts[kept]
    return Stored(ListIndex(first), FloatRows.of(vectors), counts, subwords)


def write_stored(path: Path, stored: Stored) -> None:
    """Write onevec's own file."""
    arrays = {f"rows.{name}": array for name, array in stored.rows.whole().items()}
    arrays |= {f"words.{name}": array for name, array in packed_words(stored.words).items()}
    header: dict[str, Any] = {"form": stored.rows.form, "revision": "0" * 64}
    if stored.counts is not None:
        arrays["counts"] = stored.counts
    if stored.subwords is not None:
        least, most, rows = stored.subwords
        header["subwords"] = {"least": least, "most": most, "form": rows.form}
        arrays |= {f"subwords.{name}": array for name, array in rows.arrays.items()}
    with path.open("wb") as file:
        _fill(file, header, arrays)


def _fill(file: BinaryIO, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays, then the header with their hash over the place that was kept for it."""
    little = {name: array.dtype.newbyteorder("<") for name, array in arrays.items()}
    header["arrays"] = {name: [little[name].str, list(array.shape)] for name, array in arrays.items()}
    kept = len(_head(header))
    file.write(bytes(kept))
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, array in arrays.items():
        file.write(bytes(-file.tell() % ALIGNED))
        for piece in _in_pieces(np.ascontiguousarray(array, dtype=little[name])):
            digest.update(piece)
            file.write(piece)
    file.seek(0)
    file.write(_head({**header, "revision": digest.hexdigest()}))


def _in_pieces(array: NDArray[Any]) -> Iterator[memoryview]:
    flat = array.reshape(-1).view(np.uint8).data
    for start in range(0, len(flat), PIECE):
        yield flat[start : start + PIECE]


def _head(header: Mapping[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return MAGIC + len(text).to_bytes(4, "little") + text


def open_stored(path: Path) -> Stored:
    """Map onevec's own file; nothing but its header is read.

    Raises:
        ConfigurationError: parts of the file do not fit each other.
    """
    header, arrays = _opened(path)
    index, rows = DiskIndex(_part(arrays, "words")), rows_from(header["form"], _part(arrays, "rows"))
    subwords, counts = None, arrays.get("counts")
    if known := header.get("subwords"):
        subwords = Subwords(known["least"], known["most"], rows_from(known["form"], _part(arrays, "subwords")))
    widths = {rows.width, len(rows.mean), rows.width if subwords is None else subwords.rows.width}
    lengths = {len(index), len(rows), len(rows.norms), len(index.hashes), len(index.order)}
    lengths |= set() if counts is None else {len(counts)}
    end = int(index.ends[-1]) if len(index) else 0
    if len(lengths) > 1 or len(widths) > 1 or end != len(index.text):
        message = f"{path} is damaged, its parts do not fit each other: write it again with WordVectors.save"
        raise ConfigurationError(message)
    return Stored(index, rows, counts, subwords, header["revision"])


def verify_stored(path: Path) -> None:
    """Read the whole file, and compare it with the sha256 in its header.

    Raises:
        ConfigurationError: they differ.
    """
    header, arrays = _opened(path)
    digest = hashlib.sha256(json.dumps({**header, "revision": "0" * 64}, sort_keys=True).encode())
    for array in arrays.values():
        for piece in _in_pieces(array):
            digest.update(piece)
    if digest.hexdigest() != header["revision"]:
        message = f"{path} is damaged, it has not the sha256 that its header tells: write it again"
        raise ConfigurationError(message)


def _opened(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with path.open("rb") as file:
        start = file.read(len(MAGIC) + 4)
        text = file.read(int.from_bytes(start[len(MAGIC) :], "little"))
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if not start.startswith(MAGIC):
        message = f"it does not begin with {MAGIC.decode()}"
        raise ValueError(message)
    header = json.loads(text)
    return header, _mapped(whole, header["arrays"], len(start) + len(text))


def _mapped(whole: mmap.mmap, known: Mapping[str, tuple[str, list[int]]], place: int) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, shape) in known.items():
        place += -place % ALIGNED
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(whole, dtype, count, place).reshape(shape) if count else np.zeros(shape, dtype)
        place += arrays[name].nbytes
    if place != len(whole):
        message = f"it has {len(whole)} bytes, and its header tells of {place}"
        raise ValueError(message)
    return arrays


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
