"""Values in a PostgreSQL table."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConfigurationError
from ..optional import need
from .address import Address
from .base import ByteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ..secret import HasSecretValue

__all__ = ["PostgresStore"]

T = TypeVar("T")

AT_ONCE = 4096
"""Rows in one statement, so that neither side builds messages of gigabytes."""
EXPIRED_AT_ONCE = 1000
"""Expired rows that one write removes."""
WAITS = {"connect_timeout": 10, "tcp_user_timeout": 30_000}
"""Seconds and milliseconds; a cache that waits longer for a lost server costs more than it saves."""
HINT = "is the server running and reachable, and may this user create and write the table?"

# Keys are bytea: text would depend on the encoding of the database, and can't hold U+0000.
CREATE = """
SELECT pg_advisory_xact_lock(6014072910348124);
CREATE TABLE IF NOT EXISTS {values} (key bytea PRIMARY KEY, value bytea NOT NULL, expires timestamptz);
ALTER TABLE {values} ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS {index} ON {values} (expires) WHERE expires IS NOT NULL;
CREATE UNLOGGED TABLE IF NOT EXISTS {leases} (key bytea PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL)
"""
STATEMENTS = {
    "exists": "SELECT to_regclass(%s) IS NOT NULL",
    "get": "SELECT key, value FROM {values} WHERE key = ANY(%b) AND (expires IS NULL OR expires > now())",
    "set": """
        INSERT INTO {values} (key, value, expires)
        SELECT key, value, now() + %s::float8 * interval '1 second'
        FROM unnest(%b::bytea[], %b::bytea[]) AS new (key, value)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires""",
    "expire": """
        DELETE FROM {values} WHERE key IN (
            SELECT key FROM {values} WHERE expires <= now() LIMIT %s FOR UPDATE SKIP LOCKED)""",
    "delete": "DELETE FROM {values} WHERE key = ANY(%b)",
    "keys": """
        SELECT key FROM {values}
        WHERE key >= %b AND key < %b AND (expires IS NULL OR expires > now()) ORDER BY key LIMIT %s""",
    "lease": """
        INSERT INTO {leases} AS old (key, holder, until)
        SELECT key, %s, clock_timestamp() + %s::float8 * interval '1 second' FROM unnest(%b::bytea[]) AS new (key)
        ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE old.until <= clock_timestamp() OR old.holder = excluded.holder RETURNING key""",
    "release": "DELETE FROM {leases} WHERE key = ANY(%b) AND holder = %s",
}


class PostgresStore(ByteStore):
    """Keeps values in a table of a PostgreSQL database; the table is made when it is missing.

    Each thread that is at work has a connection of its own. Async methods use worker threads.

    Args:
        url: such as `postgresql://user:password@host:5432/database`, or a `Secret` with it; what it leaves out comes
            from libpq's variables and files (PGHOST, PGPASSWORD, ~/.pgpass, ...).
        table: name of the table, perhaps with its schema and a dot before it. Leases are kept beside it, in
            `<table>_leases`.
        ttl: seconds until a value is dropped, counted from its last write; None keeps it.

    Raises:
        ConfigurationError: `url` is no PostgreSQL URL, or `ttl` is not positive.
        MissingDependency: psycopg is not installed.
    """

    def __init__(self, url: str | HasSecretValue, *, table: str = "onevec_cache", ttl: float | None = None) -> None:
        self._address = Address(url)
        if self._address.scheme not in {"postgresql", "postgres"}:
            raise ConfigurationError("PostgresStore: url must begin with postgresql:// or postgres://")
        if ttl is not None and ttl <= 0:
            message = f"PostgresStore: ttl={ttl} would drop values at once: pass seconds, or None to keep them for ever"
            raise ConfigurationError(message)
        need("psycopg", extra="postgres")
        self.table = table
        self.ttl = ttl
        self._start()

    def _start(self) -> None:
        self._holder = uuid.uuid4().hex
        self._held: set[str] = set()
        self._ready = False
        self._idle: dict[int, list[Any]] = {}  # by process: a child must not use its parent's connections

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none.

        Raises:
            CacheError: the server failed; so do all methods.
        """
        wanted = [key.encode() for key in keys]

        def work(connection: Any) -> dict[bytes, bytes]:
            found: dict[bytes, bytes] = {}
            for part in _parts(list(dict.fromkeys(wanted))):
                found.update(connection.execute(self._sql("get"), [part], binary=True))
            return found

        found = self._run(work) if wanted else {}
        return [found.get(key) for key in wanted]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values, all or none of them."""
        last = dict(key_value_pairs)
        rows = sorted((key.encode(), value) for key, value in last.items())  # one order for all: no deadlock
        leased = self._held.intersection(last)

        def work(connection: Any) -> None:
            with connection.transaction():
                for part in _parts(rows):
                    connection.execute(self._sql("set"), [self.ttl, *map(list, zip(*part, strict=True))])
                if leased:
                    connection.execute(self._sql("release"), [_sorted(leased), self._name()])
            if self.ttl is not None:
                connection.execute(self._sql("expire"), [EXPIRED_AT_ONCE])

        if rows:
            self._run(work)
        self._held.difference_update(leased)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        if keys:
            self._run(lambda connection: connection.execute(self._sql("delete"), [_sorted(keys)]))

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`, in the order of their UTF-8 bytes; a page at a time."""
        start = (prefix or "").encode()
        end = start[:-1] + bytes([start[-1] + 1]) if start else b"\xff"  # no byte of UTF-8 is 0xFF
        while page := self._page(start, end):
            yield from (key.decode() for key in page)
            start = page[-1] + b"\0"

    def lease(self, keys: Sequence[str], seconds: float) -> list[bool]:
        """Announce that this caller is about to compute the values of the keys; False where another one is."""

        def work(connection: Any) -> set[bytes]:
            rows = connection.execute(self._sql("lease"), [self._name(), seconds, _sorted(keys)], binary=True)
            return {key for (key,) in rows}

        mine = self._run(work) if keys else set[bytes]()
        self._held.update(key.decode() for key in mine)
        return [key.encode() in mine for key in keys]

    def release(self, keys: Sequence[str]) -> None:
        """Give back leases; one that has expired and is another caller's now stays."""
        held = self._held.intersection(keys)
        if held:
            self._run(lambda connection: connection.execute(self._sql("release"), [_sorted(held), self._name()]))
        self._held.difference_update(held)

    def close(self) -> None:
        """Close the connections that are not at work; they open again when needed."""
        idle = self._idle.get(os.getpid(), [])
        while idle:
            idle.pop().close()

    def _run(self, work: Callable[[Any], T]) -> T:
        """Do something with a connection; anew with a fresh one if the server has closed the old one since."""
        psycopg = need("psycopg", extra="postgres")
        idle = self._idle.setdefault(os.getpid(), [])
        with self._address.faults(psycopg.Error, HINT):
            try:
                connection = idle.pop()
            except IndexError:
                connection = self._connect()
            else:
                try:
                    return self._with(connection, work)
                except psycopg.OperationalError:
                    self.close()
                    connection = self._connect()
            return self._with(connection, work)

    def _with(self, connection: Any, work: Callable[[Any], T]) -> T:
        try:
            result = work(connection)
        except BaseException:  # Ctrl-C too: a connection in the middle of something is of no more use
            connection.close()
            raise
        self._idle[os.getpid()].append(connection)
        return result

    def _connect(self) -> Any:
        psycopg = need("psycopg", extra="postgres")
        try:
            given = psycopg.conninfo.conninfo_to_dict(self._address.url)
        except psycopg.Error:  # it may show the password
            message = (
                f"PostgresStore can't read the URL {str(self._address)!r}: special characters in a password are "
                "written as %XX"
            )
            raise ConfigurationError(message) from None
        connection = psycopg.connect(**{**WAITS, **given}, autocommit=True, prepare_threshold=None)  # poolers forget
        if not self._ready:
            try:
                self._create(connection)
            except BaseException:
                connection.close()
                raise
            self._ready = True
        return connection

    def _create(self, connection: Any) -> None:
        """Make the tables, unless they are there: a user who may not create needs none then."""
        names = self._names()
        found = connection.execute(STATEMENTS["exists"], [names["leases"].as_string(connection)]).fetchone()
        if found != (True,):
            with connection.transaction():
                connection.execute(need("psycopg.sql", extra="postgres").SQL(CREATE).format(**names))

    def _page(self, start: bytes, end: bytes) -> list[bytes]:
        def work(connection: Any) -> list[bytes]:
            return [key for (key,) in connection.execute(self._sql("keys"), [start, end, AT_ONCE], binary=True)]

        return self._run(work)

    def _sql(self, name: str) -> Any:
        return need("psycopg.sql", extra="postgres").SQL(STATEMENTS[name]).format(**self._names())

    def _names(self) -> dict[str, Any]:
        identifier = need("psycopg.sql", extra="postgres").Identifier
        *schema, table = self.table.split(".")
        return {
            "values": identifier(*schema, table),
            "leases": identifier(*schema, f"{table}_leases"),
            "index": identifier(f"{table}_expires"),
        }

    def _name(self) -> str:
        """What marks a lease as this process's."""
        return f"{self._holder}:{os.getpid()}"

    def __del__(self) -> None:
        if hasattr(self, "_idle"):  # else the constructor has failed
            self.close()

    def __repr__(self) -> str:
        return f"PostgresStore({self._address}, table={self.table!r}, ttl={self.ttl!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"_address": self._address, "table": self.table, "ttl": self.ttl}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start()


def _sorted(keys: Sequence[str] | set[str]) -> list[bytes]:
    return sorted({key.encode() for key in keys})


def _parts(rows: list[T]) -> Generator[list[T]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]
