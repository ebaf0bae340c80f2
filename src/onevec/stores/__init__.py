"""Where a cache keeps its bytes. A store's module is imported when its name is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import ByteStore
    from .lmdb import LMDBStore
    from .memory import MemoryStore
    from .objects import ObjectStore
    from .postgres import PostgresStore
    from .readonly import ReadOnlyStore
    from .redis import RedisStore
    from .sqlite import SQLiteStore
    from .tiered import TieredStore
    from .urls import store_from

__all__ = [
    "ByteStore",
    "LMDBStore",
    "MemoryStore",
    "ObjectStore",
    "PostgresStore",
    "ReadOnlyStore",
    "RedisStore",
    "SQLiteStore",
    "TieredStore",
    "store_from",
]

_MODULES = {
    "ByteStore": "base",
    "LMDBStore": "lmdb",
    "MemoryStore": "memory",
    "ObjectStore": "objects",
    "PostgresStore": "postgres",
    "ReadOnlyStore": "readonly",
    "RedisStore": "redis",
    "SQLiteStore": "sqlite",
    "TieredStore": "tiered",
    "store_from": "urls",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value
