"""`onevec providers`: which models there are, and what one of them takes."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..load import providers as all_providers
from ..params import parameters_of
from . import console
from .options import DEBUG, JSON

if TYPE_CHECKING:
    from ..load import ProviderInfo
    from ..params import Param

__all__ = ["EXAMPLES", "providers"]

EXAMPLES = """
onevec providers
onevec providers OpenAIEmbeddings
onevec providers --json
"""


def providers(
    name: Annotated[str | None, typer.Argument(metavar="CLASS", help="A class, or its short name.")] = None,
    *,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """List every model class; or show the parameters of one."""
    with console.failures(debug=debug):
        if name is not None:
            _show(_find(name), json=json)
        elif json:
            console.json([entry._asdict() for entry in all_providers()])
        else:
            titles = ["class", "--model", "status", "variables"]
            cells = [
                [entry.name, _model(entry) if entry.default else "", entry.status, " ".join(entry.variables)]
                for entry in all_providers()
            ]
            console.rows(titles, cells)


def _find(name: str) -> ProviderInfo:
    entries = all_providers()
    for entry in entries:
        if name == entry.name or (name == entry.slug and entry.default):
            return entry
    near = get_close_matches(name, [known for entry in entries for known in (entry.name, entry.slug)], 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    message = f"there is no class {name!r}{hint}"
    raise typer.BadParameter(message)


def _show(entry: ProviderInfo, *, json: bool) -> None:
    kind = getattr(import_module(entry.module), entry.name)
    parameters: list[dict[str, Any]] = [
        {
            "name": spec.name,
            "aliases": list(aliases),
            "type": spec.annotation,
            "default": _default(spec),
            "variables": list(spec.env),
        }
        for spec, aliases in parameters_of(kind)
    ]
    if json:
        console.json({**entry._asdict(), "parameters": parameters})
        return
    install = f"pip install 'onevec[{entry.extra}]'" if entry.extra else "nothing more"
    facts = {
        "class": entry.name,
        "--model": _model(entry),
        "status": entry.status,
        "successor": entry.successor or "",
        "to install": install,
        "variables": " ".join(entry.variables),
        "docs": entry.docs,
    }
    console.rows(["", ""], [[title, value] for title, value in facts.items() if value])
    console.line("")
    titles = ["parameter", "also spelled", "type", "default", "variables"]
    cells = [[_cell(value) for value in row.values()] for row in parameters]
    console.rows(titles, cells)


def _model(entry: ProviderInfo) -> str:
    """How to name it to `load` and --model; the model's own name goes behind the colon."""
    return f"{entry.slug if entry.default else entry.name}:"


def _cell(value: Any) -> str:
    return " ".join(cast("list[str]", value)) if isinstance(value, list) else str(value)


def _default(spec: Param) -> Any:
    """The default as JSON can hold it; what has none is required."""
    if spec.required:
        return "(required)"
    value = spec.default
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
