"""Connections to a SQLite file: one for every thread that works, none that came over a fork."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import CacheError
from .sqlite_tables import APPLICATION_ID, BUSY_SECONDS, HINTS, PAGE_BYTES, SCHEMA, SETTINGS, VERSION

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["Connections"]

CONNECT: dict[str, Any] = {"isolation_level": None, "check_same_thread": False, "cached_statements": 32}


class Connections:
    """The connections of one store.

    Attributes:
        path: the file.
        owner: what this process calls itself in leases.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start()

    def _start(self) -> None:
        self.owner = secrets.token_hex(8)
        self._process = os.getpid()
        self._writing = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        weakref.finalize(self, _close, self._idle, self._process)

    def close(self) -> None:
        """Close those that nobody uses."""
        _close(self._idle, self._process)

    def _leave_parent(self) -> None:
        """In a forked process, begin anew; to close the parent's connections would let go of its locks."""
        if self._process != os.getpid():
            _of_parent.append(self._idle)
            self._start()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """A connection for writing; all that is done with it is kept, or none if it fails."""
        self._leave_parent()
        with self._writing, self.connection(write=True) as connection:
            assert connection is not None  # noqa: S101  # write=True makes the file
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def connection(self, *, write: bool = False) -> Generator[sqlite3.Connection | None]:
        """A connection that no other thread has now; None if there is no file and nothing is to be written."""
        self._leave_parent()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = None
        try:
            if connection is None and (write or self.path.exists()):
                connection = self._open(write=write)
            yield connection
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error | OSError):
                raise self._error(error) from error
            raise
        if connection is not None:
            self._idle.append(connection)

    def _open(self, *, write: bool) -> sqlite3.Connection:
        if write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._set_up(sqlite3.connect(self.path, timeout=BUSY_SECONDS, **CONNECT))
        except sqlite3.OperationalError:
            if write:
                raise
        # A folder that can't be written holds no locks either, so the file is read as one that nobody changes.
        address = f"{self.path.as_uri()}?mode=ro&immutable=1"
        connection: sqlite3.Connection = sqlite3.connect(address, uri=True, **CONNECT)
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Make tables if there are none, and set what belongs to a connection."""
        try:
            _use_log(connection)
            if self._version(connection) == 0:
                connection.executescript(SCHEMA)
            for name, value in SETTINGS.items():
                connection.execute(f"PRAGMA {name} = {value}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        """Version of the tables; 0 if the file is new.

        Raises:
            CacheError: the tables are those of another program, or of a newer onevec.
        """
        # In this order: another process may just be making the tables, and it makes all of this at once.
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        program = connection.execute("PRAGMA application_id").fetchone()[0]
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if (tables and program != APPLICATION_ID) or version > VERSION:
            whose = "a newer onevec" if program == APPLICATION_ID else "another program"
            message = f"{self.path} is a database of {whose}: choose another file"
            raise CacheError(message)
        return version

    def _error(self, error: sqlite3.Error | OSError) -> CacheError:
        name = getattr(error, "sqlite_errorname", "")
        hint = next((hint for start, hint in HINTS.items() if name.startswith(start)), "")
        return CacheError(f"{self.path}: {error}{hint and '; '}{hint}")


_of_parent: list[list[sqlite3.Connection]] = []


def _close(connections: list[sqlite3.Connection], process: int) -> None:
    while connections and process == os.getpid():
        connections.pop().close()


def _use_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; SQLite does not wait for another process that is just doing that."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
        else:
            return
