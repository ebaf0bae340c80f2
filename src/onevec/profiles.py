"""What `onevec doctor --save` has found out about servers, as a file that the classes of OpenAI's format read.

The file is `servers.json` in the platform's folder for settings: address -> model -> what is known. It never changes
what a vector means, only how many texts go together, how long they may be, and in which form the numbers travel.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from .errors import ConfigurationError

__all__ = ["Learned", "learned", "least", "profile_file", "save", "server_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What is known of one model on one server; None is not known.

    Attributes:
        base64: whether it sends numbers as base64 when it is asked to.
        batch_size: texts that it takes in one request.
        text_tokens: tokens of a text that it reads.
    """

    base64: bool | None = None
    batch_size: int | None = None
    text_tokens: int | None = None


NOTHING = Learned()
TYPES: dict[str, type] = {"base64": bool, "batch_size": int, "text_tokens": int}


VARIABLES = ("APPDATA", "USERPROFILE") if sys.platform == "win32" else ("XDG_CONFIG_HOME", "HOME")
"""What the platform's folder for settings depends on."""


def profile_file() -> Path:
    """Where the profiles are: in the folder that the platform has for settings."""
    return _file_for(*map(os.environ.get, VARIABLES))


@lru_cache(maxsize=4)
def _file_for(*_variables: str | None) -> Path:
    """The file; kept, because it is asked for with every request and takes longer than all the rest to put together."""
    home = Path.home()
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return folder / "onevec" / "servers.json"


def server_of(address: str) -> str:
    """Host and path of an address, which name a server whoever asks it.

    Example:
        >>> server_of("http://me:pw@localhost:8000/v1/")
        'localhost:8000/v1'
    """
    return address.partition("//")[2].rstrip("/").rpartition("@")[2]


def least(*limits: int | None) -> int | None:
    """The smallest limit; None is none.

    Example:
        >>> least(None, 32, 100), least(None)
        (32, None)
    """
    return min((limit for limit in limits if limit is not None), default=None)


def learned(address: str, model: str) -> Learned:
    """What is known of a model on a server.

    Raises:
        ConfigurationError: the file can't be read.
    """
    path = profile_file()
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return NOTHING
    return _read(path, changed).get((server_of(address), model), NOTHING)


def save(address: str, model: str, found: Learned) -> Path:
    """Keep what is known; the file that it is in."""
    path = profile_file()
    rows = _load(path) if path.exists() else {}
    known = {name: value for name, value in asdict(found).items() if value is not None}
    rows.setdefault(server_of(address), {})[model] = known
    _write(path, rows)
    return path


def _write(path: Path, rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")  # replaced whole: another process may be reading
    fresh.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    fresh.replace(path)
    _read.cache_clear()  # two files may have the same time


def _load(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        rows: dict[str, dict[str, dict[str, Any]]] = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        message = f"{path} can't be read ({error}): mend or remove it, `onevec doctor --save` writes it anew"
        raise ConfigurationError(message) from None
    return rows


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> dict[tuple[str, str], Learned]:  # noqa: ARG001  # it is part of the key
    """All profiles; `changed` is the file's time, so that a new content is read."""
    names = [field.name for field in fields(Learned)]
    try:
        return {
            (server, model): Learned(**{name: _typed(name, row[name], path) for name in names if name in row})
            for server, models in _load(path).items()
            for model, row in models.items()
        }
    except (AttributeError, TypeError) as error:
        message = f"{path} has another form than onevec writes ({error}): mend or remove it"
        raise ConfigurationError(message) from None


def _typed(name: str, value: Any, path: Path) -> Any:
    if type(value) is not TYPES[name] or (type(value) is int and value < 1):
        message = f"{path}: {name} is {value!r}: mend or remove it"
        raise ConfigurationError(message)
    return value
