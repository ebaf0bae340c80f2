"""Get a model by one string, `load("provider:model")`, and list what there is."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._catalog import ENTRIES
from ._catalog import Entry as ProviderInfo
from .catalogue import owners
from .errors import ConfigurationError

if TYPE_CHECKING:
    from .embeddings import Embeddings

__all__ = ["ProviderInfo", "load", "providers"]  # the public names; `model_of` is for the modules above

ALIASES = {"default": "use", "minilm": "onnx:minilm"}
"""Short names of models that need no key."""
FOLDER_SLUGS = ("onnx", "sentence_transformers", "huggingface")
"""Engines that load a folder, the first one that exists is taken."""
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_OF_THE_HUB = re.compile(r"[\w.-]+/[\w.-]+")


def load(name: str | None = None, /, *, cache: Any = None, **init: Any) -> Embeddings:
    """Get a model.

    Args:
        name: "provider:model", "provider" for its default model, a folder on this machine, or None for the embedded
            default, which needs neither a key nor a network.
        cache: True, a path, a URL or a store: keep vectors there and never compute one twice.
        init: parameters of the class.

    Raises:
        ConfigurationError: nothing has this name (the message suggests the nearest), or a parameter is wrong.
        MissingDependency: the model's package is not installed.

    Example:
        >>> load("fake:3").embed(["猫", "狗"]).vectors.shape
        (2, 3)
    """
    asked: str = (init.pop("model", None) if name is None else name) or "default"
    if not isinstance(asked, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # what a user passes
        message = f'the name of a model must be a str such as "openai:text-embedding-3-small", not {asked!r}'
        raise TypeError(message)
    entry, rest = _find(ALIASES.get(asked, asked))
    kind = getattr(import_module(entry.module), entry.name)
    parameter = getattr(kind, "model_parameter", "model")
    for given in (parameter, "model"):
        if rest and given in init:
            message = f"the model is given twice: {rest!r} in {asked!r}, and {given}={init[given]!r}"
            raise ConfigurationError(message)
    if rest or "model" in init:
        init[parameter] = rest or init.pop("model")
    found: Embeddings = kind(**init)
    if cache is None or cache is False:
        return found
    return import_module("onevec.cache").cached(found, cache)  # type: ignore[no-any-return]


def model_of(model: Any) -> Embeddings:
    """A model itself, LangChain's too, or what `load` gives for a name; None is the embedded default.

    Raises:
        ConfigurationError: nothing has this name.
        TypeError: it is neither a name nor a model.
    """
    from .foreign import as_embeddings  # it needs numpy

    return load(model) if model is None or isinstance(model, str) else as_embeddings(model)


def providers() -> list[ProviderInfo]:
    """Every model class: name, module, status, extra, environment variables and documentation."""
    return list(ENTRIES)


def _find(name: str) -> tuple[ProviderInfo, str]:
    """The class for a name, and what it is to load."""
    by_slug = {entry.slug: entry for entry in ENTRIES if entry.default}
    if _DRIVE.match(name) or (name not in by_slug and os.path.exists(name)):  # noqa: PTH110  # takes any name
        for folder_slug in FOLDER_SLUGS:
            if folder_slug in by_slug:
                return by_slug[folder_slug], name
    slug, _, rest = name.partition(":")
    by_class = {entry.name: entry for entry in ENTRIES}
    found = by_slug.get(slug) or by_class.get(slug)
    if found is not None:
        return found, rest
    near = _nearest(name, slug, [*by_slug, *ALIASES, *by_class])
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "`onevec providers` lists all"
    message = f"there is no provider, engine or folder {slug!r}; {hint}"
    raise ConfigurationError(message)


def _nearest(name: str, slug: str, known: list[str]) -> list[str]:
    """What a user may have meant: a model without its provider, one of the hub, or a name with a slip."""
    if slug in ALIASES:
        return [slug]
    hub = ["huggingface"] if _OF_THE_HUB.fullmatch(name) else []
    owned = [f"{owner}:{name}" for owner in [*hub, *owners(name)]]
    return owned[:3] or get_close_matches(slug, known, 3, 0.5)
