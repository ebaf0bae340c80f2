"""Derive a recipe from the requests themselves, so that what changes a vector can't be left out of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import orjson

from .embeddings import Role
from .space import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .space import SpaceId
    from .wire import Request

__all__ = ["PROBE", "recipe_of"]

PROBE = "\u2402onevec\u2403"
"""Stands for a text in the requests that are compared."""

IGNORED = frozenset({("encoding_format",)})
"""Parts of a request that change how the numbers travel, not the numbers."""


def recipe_of(request: Callable[[Role], Request], role: Role, *, space: SpaceId, long_text: str) -> Recipe:
    """The recipe of a role, from the request that `request(role)` makes for the one text `PROBE`.

    What differs between the roles is how the wire spells the role; what is put before the text is the prefix; the
    rest of the body is the options.
    """
    read = {each: _read(request(each)) for each in Role}
    leaves, prefix = read[role]
    names = {name for found, _ in read.values() for name in found}
    varying = {name for name in names if len({found.get(name) for found, _ in read.values()}) > 1}
    spelled = "&".join(f"{name}={leaves[name]}" for name in sorted(varying & leaves.keys()))
    options = tuple(sorted((name, value) for name, value in leaves.items() if name not in varying | {"url"}))
    return Recipe(
        space=space, role=(spelled or "-") if varying else None, prefix=prefix, long_text=long_text, options=options
    )


def _read(request: Request) -> tuple[dict[str, str], str]:
    """The parts of a request by name, and what stands before the text."""
    leaves, prefix = {"url": request.url}, ""
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return {**leaves, "body": hashlib.blake2b(request.body, digest_size=16).hexdigest()}, ""
    for path, value in _walk(body, ()):
        name = orjson.dumps(path).decode()  # as JSON, no two paths look alike
        if isinstance(value, str) and PROBE in value:
            prefix, _, after = value.partition(PROBE)
            if after:
                leaves[f"{name}:suffix"] = orjson.dumps(after).decode()
        elif path not in IGNORED:
            leaves[name] = orjson.dumps(value).decode()
    return leaves, prefix


def _walk(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every leaf of a JSON value with its path; an empty list or object is a leaf."""
    if value and isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _walk(inner, (*path, key))
    elif value and isinstance(value, list):
        for place, inner in enumerate(cast("Sequence[Any]", value)):
            yield from _walk(inner, (*path, place))
    else:
        yield path, value
