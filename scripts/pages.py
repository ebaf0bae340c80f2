"""One page of documentation a module of models, read from the classes; part of gen.py."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gen import Entry

__all__ = ["code", "model_pages", "shared_table", "table"]

NOTE = "Written by scripts/gen.py: change the classes, then run it."
ROLES = ("document", "query", "similarity", "classification", "clustering")
ADDRESS = {"base_url": "http://localhost:8000"}
PARAMETERS = ("Parameter", "Also spelled", "Type", "Default", "Variable", "Meaning")


def cell(text: str) -> str:
    """Text that stays in one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(part or "-" for part in line) + " |" for line in lines)


def code(words: Iterable[str]) -> str:
    """The words, each as code."""
    return ", ".join(f"`{cell(word)}`" for word in words)


@cache
def meanings_in(path: Path) -> dict[str, dict[str, str]]:
    """Class -> attribute -> the text under its line, for one file."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            texts = found.setdefault(node.name, {})
            for line, below in zip(node.body, node.body[1:], strict=False):
                is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and is_text:
                    texts[line.target.id] = str(ast.literal_eval(below.value))  # type: ignore[attr-defined]
    return found


def meaning(cls: type, name: str) -> str:
    """What the nearest class that explains the parameter says of it."""
    for base in cls.__mro__:
        if base.__module__ != "builtins" and (path := inspect.getsourcefile(base)):
            text = meanings_in(Path(path)).get(base.__name__, {}).get(name)
            if text is not None:
                return text
    return ""


def parameter_rows(cls: Any, known: Mapping[str, Any]) -> list[list[str]]:
    """A row for every parameter that has an effect and is not in `known` as it is."""
    aliases: dict[str, list[str]] = {}
    for alias, target in getattr(cls, "_aliases", {}).items():
        aliases.setdefault(target, []).append(alias)
    rows: list[list[str]] = []
    params = getattr(cls, "_params", {})
    for name, spec in sorted(params.items(), key=lambda item: item[0] in known):  # its own first
        said = meaning(cls, name)
        same = name in known and (spec.default, spec.env, aliases.get(name)) == (*known[name], None)
        if not (spec.ignored or same):
            said = said or usual_meaning(cls, spec)
            names = [f"`{name}`", code(aliases.get(name, ())), code([spec.annotation])]
            rows.append([*names, default_of(spec), code(spec.env), cell(said)])
    return rows


def usual_meaning(cls: Any, spec: Any) -> str:
    """What a parameter means that its class does not explain."""
    if spec.name == getattr(cls, "model_parameter", "model"):
        return "Name of the model."
    return "The credential." if spec.secret else ""


def default_of(spec: Any) -> str:
    """The default as it is written in Python; what has none is required."""
    if spec.required:
        return "required"
    return "" if spec.default is None else code([repr(spec.default)])


def shared_parameters(package: str) -> dict[str, Any]:
    """Default and variables of what every hosted class takes."""
    hosted = importlib.import_module(f"{package}.hosted").HostedEmbeddings
    return {name: (spec.default, spec.env) for name, spec in hosted._params.items()}


def shared_table(package: str) -> str:
    """The parameters that every hosted class takes."""
    hosted = importlib.import_module(f"{package}.hosted").HostedEmbeddings
    return table(PARAMETERS, parameter_rows(hosted, {}))


def example(cls: Any, entry: Entry, model: str) -> str:
    """Five lines that embed two texts."""
    needed = {name: "..." for name, spec in getattr(cls, "_params", {}).items() if spec.required}
    address = getattr(cls, "_params", {}).get("base_url")
    if address is not None and not address.default and (entry.successor or entry.status == "self-hosted"):
        needed["base_url"] = "https://..."
    given = ", ".join(f'{name}="{value}"' for name, value in needed.items())
    loaded = f'load("{entry.slug if entry.default else entry.name}{":" + model if model else ""}"'
    first, second = f"{entry.name}({given})", f"{loaded}{', ' if given else ''}{given})  # the same"
    if hasattr(cls, "fit"):
        first = f"{first}.fit(texts)"
        second = f'load("{entry.slug}:{entry.slug}.json")  # what model.save() wrote'
    return "\n".join(
        [
            "```python",
            f"from onevec import {entry.name}, load",
            "",
            f"model = {first}",
            f"model = {second}",
            'vectors = model.embed(["a text", "一段文字"]).vectors',
            "```",
        ]
    )


def usual_model(cls: Any) -> str:
    """The model that the class takes if none is named."""
    spec = getattr(cls, "_params", {}).get(getattr(cls, "model_parameter", "model"))
    return str(spec.default) if spec is not None and not spec.required and spec.default else ""


def instances(cls: Any) -> Iterator[dict[str, str]]:
    """Arguments that may be enough for an instance: what is required, an address, every credential."""
    needed = {name: "x" for name, spec in cls._params.items() if spec.required}
    secrets = {name: "x" for name, spec in cls._params.items() if spec.secret}
    yield from ({**needed, **more} for more in ({}, ADDRESS, secrets, {**ADDRESS, **secrets}))


def sample(cls: Any, package: str) -> Any:
    """An instance of a hosted class whose requests can be made; None if it takes more than a page can know."""
    if not hasattr(cls, "request"):
        return None
    errors = importlib.import_module(f"{package}.errors")
    for arguments in instances(cls):
        try:
            made = cls(**arguments)
            made.recipe(ROLES[0])
        except (errors.EmbeddingError, ImportError):
            continue  # next try: with an address, with a credential
        return made
    return None


def spelled_roles(made: Any) -> str:
    """How the requests of an instance tell the roles apart."""
    told = {role: spelling(made.recipe(role)) for role in ROLES}
    shown = {role: text for role, text in told.items() if role == "document" or text != told["document"]}
    return "; ".join(f"{role} {text}" for role, text in shown.items()) if len(shown) > 1 else "the same for all"


def spelling(recipe: Any) -> str:
    """How one role looks in a request."""
    parts: list[str] = []
    for part in (recipe.role or "").split("&"):
        way, found, value = part.partition("]=")
        if found:
            parts.append(f"{json.loads(way + ']')[-1]}={value}")
    if recipe.prefix:
        parts.append(f"{recipe.prefix!r} before the text")
    return code(parts) or "nothing"


def limits_told(limits: Any) -> str:
    """What one request may carry."""
    names = ("texts", "tokens", "bytes")
    found = [f"{value:,} {name}" for name in names if (value := getattr(limits, name, None)) is not None]
    return f"{', '.join(found)} a request" if found else ""


def facts_list(cls: Any, entry: Entry, package: str) -> str:
    """What a reader asks first, one line a fact."""
    with patch.dict(os.environ, {}, clear=True):  # a variable of whoever writes the page must not be in it
        made = sample(cls, package)
        roles = spelled_roles(made) if made else ""
        limits = made.provider_limits() if made else getattr(cls, "limits", None)
    facts = {
        "Status": f"{entry.status}; use `{entry.successor}`" if entry.successor else entry.status,
        "Install": f"`pip install 'onevec[{entry.extra}]'`" if entry.extra else "",
        "Vendor's page": f"<{entry.docs}>" if entry.docs else "",
        "Roles, with the usual model": roles,
        "Limits": limits_told(limits),
    }
    return "\n".join(f"- {title}: {value}" for title, value in facts.items() if value)


def models_known(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """What the catalogue knows of the module's models."""
    if not rows:
        return ""
    cells = [
        [
            f"`{name}`",
            *(str(row[key]) if key in row else "" for key in ("dimensions", "max_tokens", "price")),
            f"[{row['date']}]({row['source']})",
        ]
        for name, row in sorted(rows.items())
    ]
    return (
        "## Models\n\n"
        + table(["Model", "Dimensions", "Tokens a text", "$ a million tokens", "Source"], cells)
        + "\n\n"
    )


def section(cls: Any, entry: Entry, package: str, shared: Mapping[str, Any]) -> str:
    """One class."""
    rows = parameter_rows(cls, shared if entry.kind == "provider" else {})
    parts = [
        f"## {entry.name}",
        inspect.cleandoc((cls.__doc__ or "").partition("Example:")[0].partition("Raises:")[0]).strip(),
        facts_list(cls, entry, package),
        example(cls, entry, usual_model(cls)),
        table(PARAMETERS, rows) if rows else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n\n"


def model_pages(found: Sequence[Entry], folder: Path, package: Path) -> dict[Path, str]:
    """The page of every module, with all its classes."""
    catalogue = package / "models.toml"
    known = tomllib.loads(catalogue.read_text(encoding="utf-8")) if catalogue.exists() else {}
    shared = shared_parameters(package.name)
    pages: dict[Path, str] = {}
    for entry in found:
        path = folder / f"{entry.slug}.md"
        module = importlib.import_module(entry.module)
        if path not in pages:
            title = (module.__doc__ or entry.slug).strip().partition("\n")[0]
            pages[path] = f"<!-- {NOTE} -->\n# {entry.slug}\n\n{title}\n\n{models_known(known.get(entry.slug, {}))}"
        pages[path] += section(getattr(module, entry.name), entry, package.name, shared)
    tail = "The other parameters are those of [every hosted class](../providers.md#every-hosted-class).\n"
    kinds = {folder / f"{entry.slug}.md": entry.kind for entry in found}
    return {path: text + tail if kinds[path] == "provider" else text.rstrip() + "\n" for path, text in pages.items()}
