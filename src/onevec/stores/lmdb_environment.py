"""One open LMDB environment: a process must not open the same one twice, so its stores share it."""

from __future__ import annotations

import os
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import CacheError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

__all__ = ["AGES", "Environment"]

READERS = 1024
AGES = struct.Struct("<dd")
"""When a value was written and when it was read, in seconds since 1970."""


class Environment:
    """The environment in a folder and its databases, counted by the stores that use it."""

    def __init__(self, path: str, map_size: int, *, write: bool) -> None:
        self.path, self.users, self.process = path, 0, os.getpid()
        self.active: set[int] = set()
        lmdb = need("lmdb", extra="lmdb")
        options = {
            "map_size": map_size,
            "max_dbs": 8,
            "max_readers": READERS,
            "metasync": False,
            "max_spare_txns": 0,
        }  # a spare one would be in use at a fork
        try:
            self.env = lmdb.open(path, **options)
        except (lmdb.Error, OSError):
            if write:
                raise
            self.env = lmdb.open(path, **options, readonly=True, lock=False)  # a folder that can't be written
        try:
            self._refuse_cut_file()
            self.values: Any = self.env.open_db(b"values")
            self.ages: Any = self.env.open_db(b"ages")
            self.long: Any = self.env.open_db(b"long")
            self.leases: Any = self.env.open_db(b"leases")
        except BaseException:
            self.env.close()
            raise

    def _refuse_cut_file(self) -> None:
        """To read behind the end of the file would kill the process."""
        needed = (self.env.info()["last_pgno"] + 1) * self.env.stat()["psize"]
        there = os.stat(os.path.join(self.path, "data.mdb")).st_size  # noqa: PTH116, PTH118
        if there < needed:
            message = f"{self.path}: the file has {there} bytes, {needed} were written: move the folder away"
            raise CacheError(message)

    @classmethod
    def of(cls, folder: Path, map_size: int, *, write: bool) -> Environment:
        """The environment of a folder, opened if this process has not done so yet."""
        path = os.path.realpath(folder)
        with _lock:
            _leave_parent()
            if path not in _open:
                if write:
                    folder.mkdir(parents=True, exist_ok=True)
                _open[path] = cls(path, map_size, write=write)
            _open[path].users += 1
            return _open[path]

    @contextmanager
    def begin(self, *, write: bool) -> Generator[Any]:
        """A transaction on the values; one that reads gives views into the file."""
        mark = threading.get_ident()
        with self.env.begin(db=self.values, write=write, buffers=not write) as transaction:
            self.active.add(mark)
            try:
                yield transaction
            finally:
                self.active.discard(mark)

    def leave(self) -> None:
        """Close it if no other store of this process uses it."""
        with _lock:
            self.users -= 1
            if self.users == 0 and self.process == os.getpid():
                del _open[self.path]
                self.env.close()

    def size(self, transaction: Any) -> int:
        """Bytes of the pages that are in use."""
        stats = [transaction.stat(db) for db in (self.values, self.ages, self.long)]
        kinds = ("branch_pages", "leaf_pages", "overflow_pages")
        pages: int = sum(stat[kind] for stat in stats for kind in kinds)
        return pages * int(stats[0]["psize"])

    def drop(self, transaction: Any, names: Sequence[bytes]) -> None:
        """Drop values and all that is known of them."""
        for name in names:
            for db in (self.values, self.ages, self.long):
                transaction.delete(name, db=db)

    def ages_in(self, transaction: Any) -> Generator[tuple[tuple[float, float], bytes]]:
        """All ages, each with the value's name."""
        for name, age in transaction.cursor(self.ages):
            yield AGES.unpack(age), bytes(name)


_open: dict[str, Environment] = {}
_lock = threading.Lock()
_process = [os.getpid()]


def _leave_parent() -> None:
    """In a forked process, close what the parent has open; that does not touch the parent's own.

    Raises:
        CacheError: a thread of the parent was just reading; to close would end its transaction in the parent too.
    """
    if _process[0] == os.getpid():
        return
    if any(environment.active for environment in _open.values()):
        message = f"{', '.join(_open)}: in use at the time of the fork: start processes by spawn, or before threads"
        raise CacheError(message)
    _process[0] = os.getpid()
    for environment in _open.values():
        environment.env.close()
    _open.clear()


def _after_fork() -> None:
    """A thread that was opening did not come along, so it would never let go of the lock."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
