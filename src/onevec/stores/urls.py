"""Get a store by a URL or a path."""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .base import ByteStore

__all__ = ["default_folder", "store_from"]

DEFAULT_FILE = "vectors.sqlite"
"""Name of the default store's file in a folder."""
OBJECTS = ("s3", "gs", "gcs", "az", "abfs", "azure", "http", "https")
REDIS = ("redis", "rediss", "redis+sentinel", "rediss+sentinel", "unix")
SERVERS = {
    **dict.fromkeys(REDIS, ("redis", "RedisStore")),
    "postgresql": ("postgres", "PostgresStore"),
    "postgres": ("postgres", "PostgresStore"),
    **dict.fromkeys(OBJECTS, ("objects", "ObjectStore")),
}
"""Schemes whose store takes the whole URL: module and class."""
FOLDERS = {
    "memory": ("memory", "MemoryStore"),
    "file": ("files", "LocalFileStore"),
    "sqlite": ("sqlite", "SQLiteStore"),
    "lmdb": ("lmdb", "LMDBStore"),
}
"""Schemes of this machine, with a path behind the ":"."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(.*)", re.IGNORECASE | re.DOTALL)  # two letters at least: "D:\" is a path


def store_from(where: str | os.PathLike[str] | bool, **options: Any) -> ByteStore:
    """Get a store.

    Args:
        where: `memory:`, `file:DIR`, `sqlite:FILE`, `lmdb:DIR`, `redis://...`, `postgresql://...`, `s3://...`; a path
            is SQLite in that folder, or in that file if there is one; True is SQLite in the user's cache folder.
        options: parameters of the store's class.

    Raises:
        ConfigurationError: there is no such kind of store, or it takes no such option.
        MissingDependency: the store's package is not installed.

    Example:
        >>> store_from("memory:", max_bytes=1_000_000)
        MemoryStore(max_bytes=1000000)
    """
    if isinstance(where, bool):
        if not where:
            raise ConfigurationError("a store is True, a path or a URL, not False")
        return _made("sqlite", "SQLiteStore", default_folder() / DEFAULT_FILE, options)
    found = _SCHEME.fullmatch(where) if isinstance(where, str) else None
    if found is None:
        return _made("sqlite", "SQLiteStore", _file_in(Path(where)), options)
    scheme, rest = found[1].lower(), found[2]
    if scheme in SERVERS:
        return _made(*SERVERS[scheme], where, options)
    if scheme in FOLDERS:
        return _made(*FOLDERS[scheme], _path(scheme, rest), options)
    message = (
        f"there is no store for {scheme}: use one of {', '.join(f'{name}:' for name in [*FOLDERS, *SERVERS])} or a path"
    )
    raise ConfigurationError(message)


def default_folder() -> Path:
    """The folder that the platform has for caches, with our name below it."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "onevec" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "onevec"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "onevec"


def _file_in(path: Path) -> Path:
    """The default store's file: in the folder, or the path itself if it is a file."""
    path = path.expanduser()
    return path if path.is_file() else path / DEFAULT_FILE


def _path(scheme: str, rest: str) -> Path | None:
    """What stands behind `scheme:`; of `scheme:///path` the slashes of an empty host are left out."""
    if scheme == "memory":
        return None
    path = rest.removeprefix("//")
    if not path:
        message = f"{scheme}: needs a path behind it, such as {scheme}:./cache"
        raise ConfigurationError(message)
    return Path(path).expanduser()


def _made(module: str, name: str, where: Any, options: dict[str, Any]) -> ByteStore:
    kind = getattr(import_module(f".{module}", __package__), name)
    make = getattr(kind, "from_url", kind)
    try:
        store: ByteStore = make(**options) if where is None else make(where, **options)
    except TypeError as error:  # an option that the class does not have
        message = f"{name}: {error}"
        raise ConfigurationError(message) from error
    return store
