"""Word vectors as safetensors (https://github.com/huggingface/safetensors): a JSON header, then plain arrays."""

from __future__ import annotations

import json
import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigurationError
from .rows import FloatRows
from .stored import stored_of
from .subwords import Subwords

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from .rows import Rows
    from .stored import Stored

__all__ = ["read_tensors", "write_tensors"]

KINDS = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "u1", "I8": "i1"}
NAMES = {np.dtype(kind): name for name, kind in KINDS.items()}


def read_tensors(path: Path) -> Stored:
    """Read what `write_tensors` wrote: "vectors" `(n, d)`, "words" (the UTF-8 of all), "word_ends", maybe "counts".

    Raises:
        ConfigurationError: the file holds other tensors.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8:start])
    info = header.pop("__metadata__", {})
    found = {name: _tensor(data, start, known) for name, known in header.items()}
    if not found.keys() >= {"vectors", "words", "word_ends"}:
        message = (
            f"{path} has the tensors {', '.join(sorted(found)[:8])}, and no 'vectors', 'words' and 'word_ends': read "
            "its matrix with the package safetensors and make WordVectors(words, matrix)"
        )
        raise ConfigurationError(message)
    text, ends = found["words"].tobytes(), found["word_ends"].tolist()
    words = [text[begin:end].decode() for begin, end in zip([0, *ends], ends, strict=False)]
    subwords = None
    if "ngrams" in found:
        subwords = Subwords(int(info["least"]), int(info["most"]), FloatRows.of(found["ngrams"]))
    return stored_of(words, found["vectors"].astype(np.float32, copy=False), found.get("counts"), subwords)


def _tensor(data: mmap.mmap, start: int, known: Mapping[str, Any]) -> NDArray[Any]:
    begin, end = known["data_offsets"]
    dtype = np.dtype(KINDS[known["dtype"]])
    flat = np.frombuffer(data, dtype, (end - begin) // dtype.itemsize, start + begin)
    return flat.reshape(known["shape"])


def write_tensors(path: Path, stored: Stored) -> None:
    """Write safetensors that any reader of the format opens; float16 rows stay, other forms become float32."""
    texts = [word.encode() for word in stored.words]
    arrays: dict[str, NDArray[Any]] = {
        "vectors": _kept(stored.rows),
        "words": np.frombuffer(b"".join(texts), np.uint8),
        "word_ends": np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts))),
    }
    if stored.counts is not None:
        arrays["counts"] = stored.counts
    info: dict[str, str] = {"format": "onevec.words"}
    if stored.subwords is not None:
        info |= {"least": str(stored.subwords.least), "most": str(stored.subwords.most)}
        arrays["ngrams"] = _kept(stored.subwords.rows)
    ordered = sorted(arrays.items(), key=lambda item: -item[1].dtype.itemsize)  # so that each begins where it may
    header: dict[str, Any] = {"__metadata__": info}
    place = 0
    for name, array in ordered:
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": [*array.shape],
            "data_offsets": [place, place + array.nbytes],
        }
        place += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in ordered:
            file.write(np.ascontiguousarray(array).data)


def _kept(rows: Rows) -> NDArray[Any]:
    return rows.arrays["rows"] if rows.form == "float16" else rows.matrix()
