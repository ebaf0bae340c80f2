"""Which format a file has, and how each is read and written."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .binary import read_word2vec, write_word2vec
from .fasttext import MAGIC as FASTTEXT
from .fasttext import read_fasttext, write_fasttext
from .gensim_files import read_gensim, write_gensim
from .rows import packed_rows
from .stored import MAGIC, open_stored, write_stored
from .tensors import read_tensors, write_tensors
from .text import opened, read_text, write_text

if TYPE_CHECKING:
    import os

    from .stored import Stored

__all__ = ["FORMATS", "format_of", "read", "write"]

FORMATS = ("onevec", "glove", "word2vec", "word2vec-binary", "fasttext", "gensim", "safetensors")
SUFFIXES = {
    ".wv": "onevec",
    ".vec": "word2vec",
    ".kv": "gensim",
    ".safetensors": "safetensors",
}
"""What a new file is, by its name; .txt and .bin are used for several formats."""
MAPPED = ("onevec", "fasttext", "safetensors")
LOOK = 4096


def format_of(path: Path) -> str:
    """The format of a file, told by its first bytes.

    Raises:
        ConfigurationError: it is none of the known ones.
    """
    with opened(path) as file:
        start = file.read(LOOK)
    if start.startswith(MAGIC):
        return "onevec"
    if start.startswith(struct.pack("<i", FASTTEXT)):
        return "fasttext"
    if start[:1] == b"\x80" and start[1:2] <= b"\x05":
        return "gensim"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < path.stat().st_size:
        return "safetensors"
    if b"\0" in start[:4]:
        return "fasttext"  # from before there was a magic: the file begins with a small int32
    return _text_or_binary(start, path)


def _text_or_binary(start: bytes, path: Path) -> str:
    first, _, rest = start.partition(b"\n")
    parts = first.split()
    if len(parts) == 2 and all(part.isdigit() for part in parts):
        return "word2vec" if _is_text(rest) else "word2vec-binary"
    if len(parts) > 2 and _is_text(start):
        return "glove"
    message = f"{path} is none of {', '.join(FORMATS)}: give format= if it is one of them after all"
    raise ConfigurationError(message)


def _is_text(rest: bytes) -> bool:
    """Whether a number follows the first word."""
    numbers = rest.partition(b"\n")[0].split(b" ")[1:]
    try:
        for number in numbers[:1] or [b""]:
            float(number)
    except ValueError:
        return len(rest.split()) < 2 and not rest.strip()  # no words at all
    return b"\0" not in rest


def read(
    path: str | os.PathLike[str], form: str | None = None, limit: int | None = None, errors: str = "strict"
) -> Stored:
    """Read word vectors of any format.

    Raises:
        ConfigurationError: there is no such file or format, or the file is damaged.
    """
    place = Path(path)
    if not place.is_file():
        message = f"there is no file of word vectors at {place}"
        raise ConfigurationError(message)
    if form is not None and form not in FORMATS:
        message = f"format must be one of {', '.join(FORMATS)}, not {form!r}"
        raise ConfigurationError(message)
    found = form or format_of(place)
    if place.suffix == ".gz" and found in MAPPED:
        message = f"{place} is mapped rather than read, as all files of the format {found!r}: unpack it first"
        raise ConfigurationError(message)
    if found in {"glove", "word2vec"}:
        return read_text(place, limit, errors)
    if found == "word2vec-binary":
        return read_word2vec(place, limit, errors)
    readers = {
        "onevec": open_stored,
        "fasttext": read_fasttext,
        "gensim": read_gensim,
        "safetensors": read_tensors,
    }
    return readers[found](place)


def write(path: str | os.PathLike[str], stored: Stored, kind: str | None = None, form: str | None = None) -> None:
    """Write word vectors.

    Args:
        path: the file.
        stored: the vectors.
        kind: the format; None tells it by the name.
        form: float32, float16, int8 or pq; None leaves the rows as they are.

    Raises:
        ConfigurationError: the name does not tell the format, or it can't keep these vectors.
    """
    place = Path(path)
    found = kind or SUFFIXES.get(place.with_suffix("").suffix if place.suffix == ".gz" else place.suffix)
    if found is None or found not in FORMATS:
        message = f"format must be one of {', '.join(FORMATS)}, not {kind!r}; {place.name!r} alone does not tell it"
        raise ConfigurationError(message)
    if form is not None:
        stored = stored._replace(rows=packed_rows(stored.rows, form))
    if found in {"glove", "word2vec"}:
        write_text(place, stored, header=found == "word2vec")
        return
    writers = {
        "onevec": write_stored,
        "word2vec-binary": write_word2vec,
        "fasttext": write_fasttext,
        "gensim": write_gensim,
        "safetensors": write_tensors,
    }
    writers[found](place, stored)
