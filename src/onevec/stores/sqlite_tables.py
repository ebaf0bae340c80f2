"""The tables of the SQLite store, and what is asked of them."""

from __future__ import annotations

from functools import cache

__all__ = [
    "AGE",
    "APPLICATION_ID",
    "BUSY_SECONDS",
    "HINTS",
    "KEEP",
    "KEYS_A_QUERY",
    "LEASE",
    "PAGE_BYTES",
    "SCHEMA",
    "SETTINGS",
    "VERSION",
    "read",
]

APPLICATION_ID = 0x6F6E6576
"""Tells our files from the databases of other programs."""
PAGE_BYTES = 32768
"""Five vectors of 1536 float32 fit on a page; on smaller pages one takes a third more."""
WAL_BYTES = 16 * 2**20
"""Size of the write-ahead log at which its pages are moved into the file."""
BUSY_SECONDS = 60.0
KEYS_A_QUERY = 256

VERSION = 1
SETTINGS = {
    "synchronous": "NORMAL",
    "wal_autocheckpoint": WAL_BYTES // PAGE_BYTES,
    "journal_size_limit": WAL_BYTES,
    "cache_size": -4096,  # KiB
    "mmap_size": 2**40,  # SQLite takes what it can, 2 GiB as a rule
}
HINTS = {
    "SQLITE_FULL": "free some space, or set max_bytes",
    "SQLITE_READONLY": "the file or its folder can't be written",
    "SQLITE_CANTOPEN": "the file or its folder can't be written or read",
    "SQLITE_BUSY": f"another process kept it locked for {BUSY_SECONDS:.0f} seconds",
    "SQLITE_CORRUPT": "the file is damaged: move it away to begin a new one, or save the rest with sqlite3's .recover",
    "SQLITE_NOTADB": "the file is no database, or its beginning is damaged: move it away, or choose another file",
}
SCHEMA = f"""BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, made REAL NOT NULL, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ages (
    id INTEGER PRIMARY KEY, made REAL NOT NULL, used REAL NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS holes (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS leases (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
COMMIT;"""  # only numbers
KEEP = """INSERT INTO entries (id, key, made, value) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET made = excluded.made, value = excluded.value"""
AGE = "INSERT OR REPLACE INTO ages (id, made, used, bytes) VALUES (?, ?, ?, ?)"
LEASE = """INSERT INTO leases (key, owner, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until
WHERE owner = excluded.owner OR coalesce(until, 0) NOT BETWEEN ? AND ?"""


@cache
def read(columns: str, count: int) -> str:
    """The query for columns of the entries of so many keys, each after the key's place."""
    wanted = ", ".join(f"({place}, ?)" for place in range(count))
    return (
        f"WITH wanted (place, key) AS (VALUES {wanted}) SELECT place, {columns} "  # noqa: S608  # only names and numbers
        "FROM wanted CROSS JOIN entries ON entries.key = wanted.key"
    )
