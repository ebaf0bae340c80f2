"""Write every list of classes from the classes themselves; with --check, only say which files are stale.

The modules of the package are imported without `onevec/__init__.py` and `onevec/_catalog.py`, so a merge conflict in
these two is settled by running this script.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from pages import code, model_pages, shared_table, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# Where users find the names of the core. None takes the whole __all__; names are given where a module also has some
# that are only for its siblings. A module that does not exist yet is left out.
CORE: Mapping[str, tuple[str, ...] | None] = {
    "cache": None,
    "embeddings": ("Embedded", "Embeddings", "Note", "Role", "Usage"),
    "errors": None,
    "load": None,
    "search": None,
    "secret": ("Secret", "reveal_secrets"),
    "space": None,
    "storage": None,
    "stores": None,
}
PACKAGES = ("adapters", "contextual", "errors", "layer", "search", "storage", "stores", "tasks", "testing", "words")
"""Modules that are there as `onevec.words` after `import onevec`."""
HERE = Path(__file__).resolve().parent.parent
KINDS = {"engines": "engine", "providers": "provider"}
ALSO = ("contextual", "words")
"""Modules above the engines that have model classes too."""
SOURCE = "Written by scripts/gen.py: change the classes, then run it."

INIT = '''"""One interface to every text-embedding model, hosted or local.

{source}
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

__version__ = "{version}"

# Public name: the module that is imported when the name is first used.
_MODULES = {modules}
_PACKAGES = {packages}

__all__ = [*_MODULES]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name in _PACKAGES:
        return import_module(f".{{name}}", __name__)
    if name not in _MODULES:
        message = f"module {{__name__!r}} has no attribute {{name!r}}"
        raise AttributeError(message, name=name, obj=sys.modules[__name__])
    value: object = getattr(import_module(f".{{_MODULES[name]}}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({{*globals(), *_MODULES, *_PACKAGES}})


class _Package(ModuleType):
    """Keeps `onevec.load` the function: importing a module would put it in the place of a name that it shares."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
'''

CATALOG = '''"""Every model class with what can be told without importing it.

{source}
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ENTRIES", "Entry"]


{entry}

ENTRIES: tuple[Entry, ...] = ({entries})
'''


class Entry(NamedTuple):
    """One model class.

    Attributes:
        name: the class.
        module: where it is, such as "onevec.providers.openai".
        kind: "provider" (reached over a network) or "engine" (runs here).
        slug: what stands before the ":" in `load("slug:model")`.
        default: whether `load` takes this class for its slug; one class of a module is.
        status: "live", "retired", ...
        successor: the class to use in place of a retired one.
        extra: the extra of onevec that it needs.
        variables: the environment variables that it reads.
        docs: the vendor's page.
    """

    name: str
    module: str
    kind: str
    slug: str
    default: bool
    status: str
    successor: str | None
    extra: str | None
    variables: tuple[str, ...]
    docs: str


class GenError(Exception):
    """The lists can't be made from these sources."""


def models(package: Path) -> list[Entry]:
    """Every model class below `package`, in the order of modules and of their __all__."""
    stub = ModuleType(package.name)
    stub.__path__ = [str(package)]
    sys.modules[package.name] = stub
    interface = importlib.import_module(f"{package.name}.embeddings").Embeddings
    found: list[Entry] = []
    for folder, kind in KINDS.items():
        for path in sorted((package / folder).glob("[!_]*.py")):
            found += classes(f"{package.name}.{folder}.{path.stem}", kind, interface)
    for name in ALSO:
        if importlib.util.find_spec(f"{package.name}.{name}"):
            found += classes(f"{package.name}.{name}", "engine", interface)
    return found


def classes(name: str, kind: str, interface: type) -> list[Entry]:
    """The model classes of a module, in the order of its __all__."""
    module = importlib.import_module(name)
    offered = [getattr(module, name) for name in module.__all__]
    embedders = [cls for cls in offered if isinstance(cls, type) and issubclass(cls, interface)]
    default = [*(cls for cls in embedders if vars(cls).get("general")), *embedders][:1]
    return [facts(cls, name, kind, default=cls in default) for cls in embedders]


def facts(cls: Any, module: str, kind: str, *, default: bool) -> Entry:
    """What the class body says."""
    successor = getattr(cls, "retired", None)
    parameters = getattr(cls, "_params", {}).values()
    return Entry(
        name=cls.__name__,
        module=module,
        kind=kind,
        slug=module.rpartition(".")[2],
        default=default,
        status="retired" if successor else getattr(cls, "status", "live"),
        successor=successor or None,
        extra=getattr(cls, "extra", None),
        variables=tuple(dict.fromkeys(variable for parameter in parameters for variable in parameter.env)),
        docs=getattr(cls, "docs", None) or "",
    )


def core_names(package: Path) -> list[tuple[str, str]]:
    """(name, module) of the core's public names, read from the source."""
    found: list[tuple[str, str]] = []
    for module, wanted in CORE.items():
        path = package / f"{module}.py"
        path = path if path.exists() else package / module / "__init__.py"
        if path.exists():
            found += [(name, module) for name in wanted or exported(path)]
    return found


def exported(path: Path) -> list[str]:
    """The module's __all__."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "__all__" for target in node.targets):
            return list(ast.literal_eval(node.value))
    message = f"{path} has no __all__, so nobody knows what it offers"
    raise GenError(message)


def public(package: Path, found: Iterable[Entry]) -> dict[str, str]:
    """Public name -> module below the package, sorted; no name may come from two modules."""
    names: dict[str, str] = {}
    pairs = [*core_names(package), *((model.name, model.module.partition(".")[2]) for model in found)]
    for name, module in sorted(pairs):
        if name in names:
            message = f"{name} is in {names[name]} and in {module}: rename one of them"
            raise GenError(message)
        names[name] = module
    return names


def stub_order(item: tuple[str, str]) -> tuple[str, bool, bool, str]:
    """Import order as ruff wants it: by module, then constants, classes, functions."""
    name, module = item
    return module, not name.isupper(), not name[0].isupper(), name


def stub_text(names: Mapping[str, str], inner: Iterable[str]) -> str:
    """`__init__.pyi`: what type checkers and editors read in place of the lazy table."""
    imports = [f"from .{module} import {name} as {name}" for name, module in sorted(names.items(), key=stub_order)]
    packages = [f"from . import {name} as {name}" for name in inner]
    return "\n".join([f"# {SOURCE}", *packages, *imports, "", "__version__: str", ""])


def models_table(found: Iterable[Entry], kind: str) -> str:
    """The table of one kind of class."""
    rows = [
        [
            f"[`{model.name}`](providers/{model.slug}.md)",
            f"`{model.slug}:`" if model.default else "",
            f"{model.status}, use `{model.successor}`" if model.successor else model.status,
            f"`{model.extra}`" if model.extra else "",
            code(model.variables),
            f"[page]({model.docs})" if model.docs else "",
        ]
        for model in sorted(found, key=lambda model: model.name.lower())
        if model.kind == kind
    ]
    return table(["Class", "`load`", "Status", "Extra", "Environment variables", "Vendor"], rows)


def extras_table(found: Sequence[Entry], extras: Mapping[str, Sequence[str]]) -> str:
    """What each extra installs, and which classes need it."""
    rows = [
        [f"`{extra}`", code(extras[extra]), code(sorted(model.name for model in found if model.extra == extra))]
        for extra in sorted(extras)
        if extra != "dev"
    ]
    return table(["Extra", "Installs", "For the classes"], rows)


def fill(path: Path, tables: Mapping[str, str]) -> str:
    """The page with the text between its markers replaced."""
    text = path.read_text(encoding="utf-8")
    for name, content in tables.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(f"{begin}.*?{end}", re.DOTALL)
        if not pattern.search(text):
            message = f"{path} has no '{begin}' with '{end}' after it"
            raise GenError(message)
        new = f"{begin}\n{content}\n{end}"
        text = pattern.sub(lambda _, new=new: new, text)  # type: ignore[misc]  # mypy can't type a lambda's default
    return text


def formatted(text: str, path: Path) -> str:
    """The text as `ruff format` writes it."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(path), "-"]
    done = subprocess.run(command, input=text, capture_output=True, check=False, text=True, encoding="utf-8")
    if done.returncode:
        message = f"ruff format failed, is it installed in this Python? {done.stderr.strip()}"
        raise GenError(message)
    return done.stdout


def outputs(root: Path) -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    package, docs = root / "src" / "onevec", root / "docs"
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = models(package)
    unknown = {model.extra for model in found if model.extra} - project["optional-dependencies"].keys()
    if unknown:
        message = f"pyproject.toml lacks the extras {', '.join(sorted(unknown))}"
        raise GenError(message)
    names = public(package, found)
    inner = tuple(name for name in PACKAGES if any(package.glob(f"{name}*")))
    entries = "".join(f"{model!r}," for model in found)
    python = {
        "__init__.py": INIT.format(source=SOURCE, version=project["version"], modules=names, packages=inner),
        "__init__.pyi": stub_text(names, inner),
        "_catalog.py": CATALOG.format(source=SOURCE, entry=inspect.getsource(Entry), entries=entries),
    }
    pages = {
        "extras.md": {"extras": extras_table(found, project["optional-dependencies"])},
        "providers.md": {
            **{kind: models_table(found, kind) for kind in KINDS.values()},
            "parameters": shared_table(package.name),
        },
    }
    return {
        **{package / name: formatted(text, package / name) for name, text in python.items()},
        **{docs / name: fill(docs / name, tables) for name, tables in pages.items()},
        **model_pages(found, docs / "providers", package),
    }


def stale(texts: Mapping[Path, str]) -> list[Path]:
    """The files whose content is another one."""
    return [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def orphans(texts: Mapping[Path, str], folder: Path) -> list[Path]:
    """Pages of modules that no longer exist."""
    return sorted(path for path in folder.glob("*.md") if path not in texts)


def put(path: Path, text: str | None) -> None:
    """Write the file, or remove it if there is no text for it."""
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None, show: Callable[[str], None] = print) -> int:
    """Write, or check, all generated files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument("--root", type=Path, default=HERE, help="the project's folder")
    options = parser.parse_args(arguments)
    try:
        texts = outputs(options.root)
    except GenError as problem:
        show(f"gen.py: {problem}")
        return 1
    changed, left = stale(texts), orphans(texts, options.root / "docs" / "providers")
    for path in [*changed, *left]:
        if not options.check:
            put(path, texts.get(path))
        done = "written" if path in texts else "removed"
        show(f"{path.relative_to(options.root)}: {'stale, run python scripts/gen.py' if options.check else done}")
    return int(options.check and bool(changed or left))


if __name__ == "__main__":
    sys.exit(main())
