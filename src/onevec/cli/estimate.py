"""What embedding would take, told before anything is embedded."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING

from ..catalogue import price
from ..load import ALIASES, load, providers
from ..plan import estimate_tokens
from .columns import TEXT

if TYPE_CHECKING:
    from ..load import ProviderInfo
    from .reading import RowStream

__all__ = ["AT_ONCE", "Estimate", "estimate"]

AT_ONCE = 1024
"""Texts a step, if nobody says how many; a model that is not loaded does not tell, and takes as many or more."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take.

    Attributes:
        model: what `load` takes.
        texts: texts in the input.
        unique_texts: different texts in the input.
        estimated_tokens: tokens that would be sent; of equal texts within one step, one is sent.
        cost: US dollars for these tokens, 0 for a model that runs here; None if the catalogue has no price.
    """

    model: str
    texts: int
    unique_texts: int
    estimated_tokens: int
    cost: float | None


def estimate(rows: RowStream, model: str, size: int) -> Estimate:
    """What embedding all rows would take, `size` texts a step; of a text no more than a hash is kept in memory.

    Raises:
        ConfigurationError: there is no such model.
    """
    dollars = _price(model)
    texts = tokens = 0
    seen: set[bytes] = set()
    while len(part := rows.take(size)):
        sent = set(part[TEXT].to_pylist())
        texts += len(part)
        tokens += sum(map(estimate_tokens, sent))
        seen.update(blake2b(text.encode(), digest_size=8).digest() for text in sent)
    return Estimate(model, texts, len(seen), tokens, None if dollars is None else tokens * dollars / 1e6)


def _price(model: str) -> float | None:
    """US dollars a million tokens."""
    slug, _, name = ALIASES.get(model, model).partition(":")
    entry = next((entry for entry in providers() if slug in (entry.name, entry.slug if entry.default else None)), None)
    if entry is None:
        load(model)  # a folder on this machine, or an error that names what is near
    if entry is None or entry.kind == "engine":
        return 0.0
    return price(entry.slug, name or _usual_model(entry))


def _usual_model(entry: ProviderInfo) -> str:
    """The model that a class takes if none is named."""
    kind = getattr(import_module(entry.module), entry.name)
    parameter = signature(kind).parameters.get(getattr(kind, "model_parameter", "model"))
    return str(parameter.default) if parameter else ""
