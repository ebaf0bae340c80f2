"""The docstrings of Python's standard library: some thousand real texts that are on every machine."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import io
import re
import sys
import sysconfig
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["Docstring", "docstrings"]

SKIPPED = (  # noqa: SIM905  # easier to read so
    "antigravity distutils encodings ensurepip idlelib lib2to3 ntpath nturl2path pydoc pydoc_data test this tkinter "
    "turtle turtledemo"
).split()
"""Modules that are jokes, programs, windows, or written for one other module."""

WRITTEN_IN_C = (  # noqa: SIM905  # easier to read so
    "array binascii bisect builtins bz2 cmath codecs collections contextvars csv datetime decimal errno faulthandler "
    "fcntl functools gc grp hashlib heapq io itertools json lzma marshal math mmap operator os pickle pwd queue random "
    "re resource select signal socket sqlite3 ssl struct sys syslog termios threading time types unicodedata weakref "
    "zlib zoneinfo"
).split()
"""Modules that are written in C, as a whole or in part, so that their docstrings exist only at run time."""

PUBLIC_NAMES = {"genericpath": "os.path", "posixpath": "os.path"}
"""Modules that are known by another name."""


class Docstring(NamedTuple):
    """What one function, class or method says of itself.

    Attributes:
        name: qualified name, such as "datetime.datetime.strptime".
        summary: the first paragraph of its docstring, on one line.
    """

    name: str
    summary: str

    @property
    def text(self) -> str:
        """What is embedded: the last two parts of the name as words, and the summary.

        Example:
            >>> Docstring("zipfile.ZipFile.read_all", "Return all bytes.").text
            'Zip File read all: Return all bytes.'
        """
        name = ".".join(self.name.split(".")[-2:])
        return f"{re.sub('(?<=[a-z])(?=[A-Z])|[._]', ' ', name)}: {self.summary}"


def docstrings() -> list[Docstring]:
    """Every documented public function, class and method of the standard library, sorted by name.

    Python modules are read without importing them, so none can act; only modules written in C are imported.
    """
    found: dict[str, str] = {}
    for entry in (*_read(), *_imported()):
        found.setdefault(entry.name, entry.summary)
    return [Docstring(name, summary) for name, summary in sorted(found.items())]


def _read() -> Iterator[Docstring]:
    folder = Path(sysconfig.get_path("stdlib"))
    for module in sorted(sys.stdlib_module_names.difference(SKIPPED)):
        inside = (folder / module).rglob("*.py")
        for file in [folder / f"{module}.py", *sorted(inside)]:
            parts = file.relative_to(folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            if file.exists() and not any(part.startswith(("_", "test")) for part in parts):
                name = ".".join(parts)
                yield from _defined(_parsed(file).body, PUBLIC_NAMES.get(name, name))


def _parsed(file: Path) -> ast.Module:
    with warnings.catch_warnings(action="ignore"):
        return ast.parse(file.read_bytes())


def _defined(body: list[ast.stmt], owner: str) -> Iterator[Docstring]:
    """The classes and functions in the body of a module or class."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _defined([*node.body, *node.orelse], owner)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            name = f"{owner}.{node.name}"
            yield from _described(name, ast.get_docstring(node))
            if isinstance(node, ast.ClassDef):
                yield from _defined(node.body, name)


def _imported() -> Iterator[Docstring]:
    for name in WRITTEN_IN_C:
        with contextlib.suppress(ImportError), contextlib.redirect_stdout(io.StringIO()):  # some systems lack some
            yield from _members(importlib.import_module(name))


def _members(module: ModuleType) -> Iterator[Docstring]:
    for name, value in vars(module).items():
        home = getattr(value, "__module__", None) or module.__name__
        foreign = home.lstrip("_") not in (module.__name__, "posix", "nt")
        alias = getattr(value, "__name__", name) != name
        bound = inspect.ismethod(value)  # random.shuffle is random.Random.shuffle of a hidden instance
        if name.startswith("_") or foreign or alias or bound:
            continue
        if inspect.isroutine(value):
            yield from _described(f"{module.__name__}.{name}", value.__doc__)
        elif inspect.isclass(value):
            yield from _described(f"{module.__name__}.{name}", value.__doc__)
            for inner, member in vars(value).items():
                if callable(member) and not inner.startswith("_"):
                    yield from _described(f"{module.__name__}.{name}.{inner}", member.__doc__)


def _described(name: str, doc: str | None) -> Iterator[Docstring]:
    summary = " ".join(inspect.cleandoc(doc or "").partition("\n\n")[0].split())
    if summary:
        yield Docstring(name, summary)
