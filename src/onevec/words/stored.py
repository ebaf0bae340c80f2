"""Word vectors as every format gives and takes them, and onevec's own file of them.

The file starts with `MAGIC`, the length of a JSON header as little-endian uint32, and the header; then come the
arrays, each at a multiple of 64 bytes from the start. It is mapped, so opening takes the same short time for any size.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from uuid import uuid4

import numpy as np

from ..errors import ConfigurationError
from .index import DiskIndex, ListIndex, packed_words
from .rows import FloatRows, rows_from
from .subwords import Subwords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arrays import Array
    from .index import WordIndex
    from .rows import Rows

__all__ = ["MAGIC", "Stored", "open_stored", "stored_of", "write_stored"]

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
    """Write onevec's own file; nobody sees half of it."""
    arrays = {f"rows.{name}": array for name, array in stored.rows.whole().items()}
    arrays |= {f"words.{name}": array for name, array in packed_words(stored.words).items()}
    header: dict[str, Any] = {"form": stored.rows.form, "revision": "0" * 64}
    if stored.counts is not None:
        arrays["counts"] = stored.counts
    if stored.subwords is not None:
        least, most, rows = stored.subwords
        header["subwords"] = {"least": least, "most": most, "form": rows.form}
        arrays |= {f"subwords.{name}": array for name, array in rows.arrays.items()}
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with part.open("xb") as file:
            _fill(file, header, arrays)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _fill(file: BinaryIO, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays, then the header with their hash over the place that was kept for it."""
    little = {name: array.dtype.newbyteorder("<") for name, array in arrays.items()}
    header["arrays"] = {name: [little[name].str, list(array.shape)] for name, array in arrays.items()}
    kept = len(_head(header))
    file.write(bytes(kept))
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, array in arrays.items():
        file.write(bytes(-file.tell() % ALIGNED))
        flat = np.ascontiguousarray(array, dtype=little[name]).reshape(-1).view(np.uint8).data
        for start in range(0, len(flat), PIECE):
            digest.update(flat[start : start + PIECE])
            file.write(flat[start : start + PIECE])
    file.seek(0)
    file.write(_head({**header, "revision": digest.hexdigest()}))


def _head(header: Mapping[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return MAGIC + len(text).to_bytes(4, "little") + text


def open_stored(path: Path) -> Stored:
    """Map onevec's own file; nothing but its header is read.

    Raises:
        ConfigurationError: the file is cut off, or of a later version.
    """
    with path.open("rb") as file:
        start = file.read(len(MAGIC) + 4)
        text = file.read(int.from_bytes(start[len(MAGIC) :], "little"))
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        header = json.loads(text)
        arrays = _mapped(whole, header["arrays"], len(start) + len(text))
    except (ValueError, KeyError) as error:
        message = f"{path} is damaged or cut off ({error}): write it again with WordVectors.save"
        raise ConfigurationError(message) from None
    subwords = None
    if known := header.get("subwords"):
        subwords = Subwords(known["least"], known["most"], rows_from(known["form"], _part(arrays, "subwords")))
    index = DiskIndex(_part(arrays, "words"))
    return Stored(
        index, rows_from(header["form"], _part(arrays, "rows")), arrays.get("counts"), subwords, header["revision"]
    )


def _mapped(whole: mmap.mmap, known: Mapping[str, tuple[str, list[int]]], place: int) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, shape) in known.items():
        place += -place % ALIGNED
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(whole, dtype, count, place).reshape(shape) if count else np.zeros(shape, dtype)
        place += arrays[name].nbytes
    return arrays


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
