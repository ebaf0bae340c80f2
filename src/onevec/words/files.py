"""Files: opened, replaced as a whole, and told to be damaged."""

from __future__ import annotations

import gzip
import pickle
import shutil
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast
from uuid import uuid4

from ..errors import ConfigurationError, EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["created", "damage", "opened", "replacing"]

DAMAGE = (
    *(ArithmeticError, AttributeError, EOFError, FileNotFoundError, ImportError, LookupError, MemoryError),
    *(RuntimeError, SystemError, TypeError, ValueError),
    *(gzip.BadGzipFile, pickle.UnpicklingError, struct.error, zipfile.BadZipFile, zlib.error),
)
"""What parsers raise of bytes that are not what they expect."""


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, of a .gz file those inside."""
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def created(path: Path) -> BinaryIO:
    """A new file, compressed if its name ends with .gz."""
    return cast("BinaryIO", gzip.open(path, "wb", compresslevel=6)) if path.suffix == ".gz" else path.open("wb")


@contextmanager
def damage(path: Path, kind: str) -> Generator[None]:
    """Turn what a parser raises of a damaged file into an error that names the file."""
    try:
        yield
    except EmbeddingError:
        raise
    except DAMAGE as error:
        message = f"{path} is damaged or no {kind}: {str(error) or type(error).__name__}"
        raise ConfigurationError(message) from error


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Where to write a file; all that was written there takes its place beside `path` if the block ends well.

    So nobody sees half a file, and what is mapped from the old one stays as it was.

    Raises:
        ConfigurationError: there is no such folder.
    """
    folder = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        folder.mkdir()
    except FileNotFoundError:
        message = f"there is no folder {path.parent} to write {path.name!r} to"
        raise ConfigurationError(message) from None
    try:
        yield folder / path.name
        for written in sorted(folder.iterdir(), key=lambda each: each.name == path.name):  # the file itself at last
            place = path.with_name(written.name)
            if place.exists():
                shutil.copymode(place, written)
            written.replace(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
