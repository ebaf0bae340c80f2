"""One file a value below a folder, where LangChain's LocalFileStore keeps it."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .base import ByteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

__all__ = ["LocalFileStore"]

SEGMENT = 200
"""Longest name that is given to a file or folder; file systems take 255 bytes."""
TEMPORARY = "%tmp-"
"""What the name of a file begins with while it is written; no key makes such a name."""
CONTINUED = "%"
"""What ends a folder whose name goes on in the next one."""
_PLAIN = re.compile(r"[a-zA-Z0-9_.\-/]*")
_WITHOUT_PARTS = re.compile(r"[a-zA-Z0-9_\-]")
_ODD_PARTS = frozenset({"", ".", ".."})  # a path loses them; only LangChain's own keys may
_LINE_END = "\n"


class LocalFileStore(ByteStore):
    """One file a value below a folder; LangChain's class of this name finds our files, and this one finds its.

    A file appears whole or not at all, also if the process is killed. A key of letters, digits and `_ . - /` is the
    path; in other keys each other byte of UTF-8 is written as `%` and two hexadecimal digits.

    Args:
        root_path: the folder; it is made when something is written.
        chmod_file: mode of every file that is written, such as 0o644; None leaves it to the umask.
        chmod_dir: mode of every folder that is made.
        update_atime: whether a read sets a file's time of access to now.

    Raises:
        ConfigurationError: from every method: a key leads out of the folder, or is no name of a file.
        OSError: from every method: the file system refuses.

    Example:
        >>> import tempfile
        >>> store = LocalFileStore(tempfile.mkdtemp())
        >>> store.mset([("模型:a", b"1"), ("b", b"2")])
        >>> sorted(store.yield_keys()), store.mget(["b", "c"])
        (['b', '模型:a'], [b'2', None])
    """

    def __init__(
        self,
        root_path: str | os.PathLike[str],
        *,
        chmod_file: int | None = None,
        chmod_dir: int | None = None,
        update_atime: bool = False,
    ) -> None:
        self.root_path = Path(root_path).absolute()
        self.chmod_file, self.chmod_dir, self.update_atime = chmod_file, chmod_dir, update_atime
        self._inside: set[str] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root_path)!r})"

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none."""
        return [self._read(key) for key in keys]

    def visit(self, keys: Sequence[str], take: Callable[[int, bytes | memoryview], None]) -> None:
        """Hand every value that exists to `take(position in keys, value)`, one file at a time."""
        for index, key in enumerate(keys):
            value = self._read(key)
            if value is not None:
                take(index, value)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values, one after the other; a key that exists gets the new value."""
        for key, value in key_value_pairs:
            path = self._path(key)
            folder = os.path.dirname(path)  # noqa: PTH120  # pathlib takes longer than the rest of this method
            temporary = os.path.join(folder, TEMPORARY + secrets.token_hex(8))  # noqa: PTH118
            try:
                self._write(temporary, value)
            except FileNotFoundError:
                self._make(Path(folder))
                self._write(temporary, value)
            try:
                os.replace(temporary, path)  # noqa: PTH105
            except OSError:
                os.unlink(temporary)  # noqa: PTH108
                raise
            self._forget_old(key)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        for key in keys:
            Path(self._path(key)).unlink(missing_ok=True)
            self._forget_old(key)

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`; files that no key makes are passed over."""
        prefix = prefix or ""
        for folder, folders, names in os.walk(self.root_path):
            folders.sort()
            within = os.path.relpath(folder, self.root_path).replace(os.sep, "/") + "/"
            for name in sorted(names):
                key = _key_of(name if within == "./" else within + name)
                if key is not None and key.startswith(prefix):
                    yield key

    # Paths ------------------------------------------------------------------------------------------------------

    def _path(self, key: str) -> str:
        """Where a key is kept.

        Raises:
            ConfigurationError: that is not below the folder.
        """
        name = os.path.normpath(_name_of(key))
        path = f"{self.root_path}{os.sep}{name}"
        folder = os.path.dirname(path)  # noqa: PTH120
        outside = name.partition(os.sep)[0] in {"", os.curdir, os.pardir}
        if outside or not (folder in self._inside or self._holds(folder)):
            message = f"the key {key!r} is no path below {self.root_path}"
            raise ConfigurationError(message)
        return path

    def _holds(self, folder: str) -> bool:
        """Whether a folder is the root or below it, also if one of them is a link."""
        inside = Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(self.root_path))
        if inside and os.path.isdir(folder):  # noqa: PTH112  # what is not there yet may still become a link
            self._inside.add(folder)
        return inside

    def _old_path(self, key: str) -> str | None:
        """Where LangChain keeps a key with a line end behind it, which no file name should have."""
        plain = key.endswith(_LINE_END) and _PLAIN.fullmatch(key[:-1])
        return self._path(key[:-1]) + _LINE_END if plain and os.name != "nt" else None

    def _forget_old(self, key: str) -> None:
        old = self._old_path(key)
        if old is not None:
            Path(old).unlink(missing_ok=True)

    # Files ------------------------------------------------------------------------------------------------------

    def _read(self, key: str) -> bytes | None:
        for path in (self._path(key), self._old_path(key)):
            try:
                if path is not None:
                    return self._bytes(path)
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                continue
        return None

    def _bytes(self, path: str) -> bytes:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            size = os.fstat(file).st_size
            value = os.read(file, size + 1)
            while len(value) < size and (more := os.read(file, size + 1 - len(value))):
                value += more
        finally:
            os.close(file)
        if self.update_atime:
            os.utime(path, ns=(time.time_ns(), os.stat(path).st_mtime_ns))  # noqa: PTH116
        return value

    def _write(self, path: str, value: bytes) -> None:
        try:
            with open(path, "xb", buffering=0) as file:  # noqa: PTH123
                rest = memoryview(value)
                while rest:
                    rest = rest[file.write(rest) :]
            if self.chmod_file is not None:
                os.chmod(path, self.chmod_file)  # noqa: PTH101
        except FileNotFoundError:
            raise
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it, each with the mode that was asked for."""
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            if self.chmod_dir is not None:
                each.chmod(self.chmod_dir)


def _name_of(key: str) -> str:
    """The path of a key, with "/" between its parts."""
    if not _PLAIN.fullmatch(key):
        plain = _WITHOUT_PARTS if _ODD_PARTS.intersection(key.split("/")) else _PLAIN
        key = "".join(each if plain.fullmatch(each) else _escaped(each) for each in key)
    if len(key) <= SEGMENT:
        return key
    return "/".join(_in_pieces(part) for part in key.split("/"))


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _in_pieces(part: str) -> str:
    """A part as one name, or as several folders if it is too long for one."""
    if len(part) <= 255:
        return part
    pieces = [part[start : start + SEGMENT] for start in range(0, len(part), SEGMENT)]
    return f"{CONTINUED}/".join(pieces)


def _key_of(name: str) -> str | None:
    """The key that a path below the folder stands for; None if it is no value."""
    joined = name.replace(f"{CONTINUED}/", "")
    if f"/{joined}".rpartition("/")[2].startswith(TEMPORARY):
        return None
    if _PLAIN.fullmatch(joined.removesuffix(_LINE_END)):
        return joined
    try:
        key = re.sub(r"(?:%[0-9A-F]{2})+", lambda found: bytes.fromhex(found[0].replace("%", "")).decode(), joined)
    except UnicodeDecodeError:
        return None
    return key if _name_of(key) == name else None
