"""The docstrings of Python's standard library: a few thousand real texts that are on every machine."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import inspect
import io
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["Docstring", "docstrings"]

# Left out: what acts when it is imported, is not for users, or describes only itself.
SKIPPED = frozenset(
    "antigravity distutils encodings ensurepip idlelib lib2to3 msilib nt posix pydoc_data test this tkinter turtle turtledemo".split()
)

# Written in C, as a whole or in part, so that the docstrings exist only at run time. Importing them does nothing else.
COMPILED = (
    "array binascii bisect builtins bz2 cmath codecs collections contextvars csv datetime decimal errno faulthandler "
    "fcntl functools gc grp hashlib heapq io itertools json lzma marshal math mmap operator os pickle pwd queue random "
    "re resource select signal socket sqlite3 ssl struct sys syslog termios threading time types unicodedata weakref "
    "zlib zoneinfo"
).split()


class Docstring(NamedTuple):
    """What one function, class or method says of itself.

    Attributes:
        name: qualified name, such as "datetime.datetime.strptime".
        kind: "class", "function" or "method".
        summary: the first paragraph of its docstring, on one line.
    """

    name: str
    kind: str
    summary: str


def docstrings() -> list[Docstring]:
    """Every documented public function, class and method of the standard library, sorted by name.

    Python modules are read as text, without importing them. Only modules written in C are imported.
    """
    found: dict[str, Docstring] = {}
    for entry in _from_source():
        found.setdefault(entry.name, entry)
    for entry in _from_compiled():
        found.setdefault(entry.name, entry)
    return sorted(found.values())


def _from_source() -> Iterator[Docstring]:
    for module in sorted(sys.stdlib_module_names - SKIPPED):
        if module.startswith("_"):
            continue
        spec = importlib.util.find_spec(module)
        if spec is None or not spec.has_location or not str(spec.origin).endswith(".py"):
            continue
        file = Path(str(spec.origin))
        yield from _parsed(module, file)
        if spec.submodule_search_locations:
            for inner in sorted(file.parent.rglob("*.py")):
                parts = inner.relative_to(file.parent).with_suffix("").parts
                if not any(part.startswith(("_", "test", "idle_test")) for part in parts):
                    yield from _parsed(".".join((module, *parts)), inner)


def _parsed(module: str, file: Path) -> Iterator[Docstring]:
    with warnings.catch_warnings(action="ignore"):
        tree = ast.parse(file.read_bytes())
    yield from _defined(tree.body, module, "function")


def _defined(body: list[ast.stmt], owner: str, kind: str) -> Iterator[Docstring]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _defined([*node.body, *node.orelse], owner, kind)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        name = f"{owner}.{node.name}"
        is_class = isinstance(node, ast.ClassDef)
        if summary := _summary(ast.get_docstring(node)):
            yield Docstring(name, "class" if is_class else kind, summary)
        if is_class:
            yield from _defined(node.body, name, "method")


def _from_compiled() -> Iterator[Docstring]:
    for name in COMPILED:
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                module = importlib.import_module(name)
        except ImportError:  # not on this system
            continue
        yield from _members(module)


def _members(module: ModuleType) -> Iterator[Docstring]:
    for attribute, value in vars(module).items():
        home = getattr(value, "__module__", None) or module.__name__
        ours = home.lstrip("_").partition(".")[0]
        bound = inspect.ismethod(value)  # random.shuffle is random.Random.shuffle of one hidden instance
        if attribute.startswith("_") or bound or ours not in (module.__name__, "posix", "nt"):
            continue
        name = f"{module.__name__}.{attribute}"
        if inspect.isclass(value):
            yield from _described(name, "class", value)
            for inner, member in vars(value).items():
                if not inner.startswith("_") and callable(member):
                    yield from _described(f"{name}.{inner}", "method", member)
        elif inspect.isroutine(value):
            yield from _described(name, "function", value)


def _described(name: str, kind: str, value: object) -> Iterator[Docstring]:
    doc = getattr(value, "__doc__", None)
    if isinstance(doc, str) and (summary := _summary(inspect.cleandoc(doc))):
        yield Docstring(name, kind, summary)


def _summary(doc: str | None) -> str:
    return " ".join((doc or "").strip().partition("\n\n")[0].split())
