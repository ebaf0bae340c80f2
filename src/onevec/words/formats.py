"""Which format a file has, and how each is read and written."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .binary import read_word2vec, write_word2vec
from .checks import check_whole
from .fasttext import MAGIC as FASTTEXT
from .fasttext import read_fasttext, write_fasttext
from .files import damage, opened, replacing
from .gensim_files import read_gensim, write_gensim
from .stored import MAGIC, open_stored, verify_stored, write_stored
from .tensors import read_tensors, write_tensors
from .text import WHOLE, numbers_at_the_end, read_text, without_mark, write_text

if TYPE_CHECKING:
    import os

    from .stored import Stored
    from .text import Reading

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
LONGEST = 1 << 20
"""Bytes of a line that are looked at to tell the format."""


def format_of(path: Path) -> str:
    """The format of a file, told by its first bytes.

    Raises:
        ConfigurationError: it is none of the known ones.
    """
    with opened(path) as file:
        start = file.read(16)
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
    return _text_or_binary(path)


def _text_or_binary(path: Path) -> str:
    """What the first lines tell; after a header, a line of text ends with as many numbers as the header says."""
    with opened(path) as file:
        first = without_mark(file.readline(LONGEST)).split()
        second = file.readline(LONGEST).split()
    if len(first) == 2 and all(part.isdigit() for part in first):
        is_text = not second or numbers_at_the_end(second) >= int(first[1])
        return "word2vec" if is_text else "word2vec-binary"
    if len(first) > 2 and numbers_at_the_end(first) > 1:
        return "glove"
    message = f"{path} is none of {', '.join(FORMATS)}: give format= if it is one of them after all"
    raise ConfigurationError(message)


def read(
    path: str | os.PathLike[str], form: str | None = None, how: Reading = WHOLE, *, verify: bool = False
) -> Stored:
    """Read word vectors of any format.

    Args:
        path: the file.
        form: the format; None tells it by the first bytes.
        how: which words are read, and how.
        verify: whether to compare the whole of onevec's own file with the sha256 in it.

    Raises:
        ConfigurationError: there is no such file or format, or the file is damaged.
    """
    place = Path(path)
    _check(place, form, how)
    with damage(place, "file of word vectors"):
        found = form or format_of(place)
    if place.suffix == ".gz" and found in MAPPED:
        message = f"{place} is mapped rather than read, as all files of the format {found!r}: unpack it first"
        raise ConfigurationError(message)
    if verify and found != "onevec":
        message = f"verify=True needs a file with a sha256 in it, which only 'onevec' has: {place} is {found!r}"
        raise ConfigurationError(message)
    with damage(place, f"{found} file"):
        if verify:
            verify_stored(place)
        return _read(place, found, how).head(how.limit)


def _check(place: Path, form: str | None, how: Reading) -> None:
    if not place.is_file():
        message = f"there is no file of word vectors at {place}"
        raise ConfigurationError(message)
    if form is not None and form not in FORMATS:
        message = f"format must be one of {', '.join(FORMATS)}, not {form!r}"
        raise ConfigurationError(message)
    if how.limit is not None:
        check_whole(0, limit=how.limit)
    for name, look_up in (("encoding", codecs.lookup), ("errors", codecs.lookup_error)):
        try:
            look_up(getattr(how, name))
        except LookupError as error:
            message = f"{name}={getattr(how, name)!r}: {error}"
            raise ConfigurationError(message) from None


def _read(place: Path, found: str, how: Reading) -> Stored:
    if found in {"glove", "word2vec"}:
        return read_text(place, how, header=found == "word2vec")
    if found == "word2vec-binary":
        return read_word2vec(place, how)
    readers = {
        "onevec": open_stored,
        "fasttext": read_fasttext,
        "gensim": read_gensim,
        "safetensors": read_tensors,
    }
    return readers[found](place)


def write(path: str | os.PathLike[str], stored: Stored, kind: str | None = None, form: str | None = None) -> None:
    """Write word vectors; nobody sees half of a file, and one that can't be written leaves what was there.

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
    if place.suffix == ".gz" and found in MAPPED:
        message = f"files of the format {found!r} are mapped, so they can't be compressed: save without .gz"
        raise ConfigurationError(message)
    if form is not None:
        stored = stored.packed(form)
    try:
        with replacing(place) as part:
            _write(part, stored, found)
    except UnicodeEncodeError as error:
        message = f"a word is no text that UTF-8 can keep: {error}"
        raise ConfigurationError(message) from None


def _write(place: Path, stored: Stored, found: str) -> None:
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
