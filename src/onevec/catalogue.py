"""What the vendors say of their models: width, limits and price, from models.toml."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Model", "model", "price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Facts of one model; None where the vendor says nothing.

    Attributes:
        dimensions: width of a vector.
        max_tokens: tokens a text.
        texts: texts a request, if the model takes fewer than others of its vendor.
        request_tokens: tokens a request, if the model takes more or fewer than others of its vendor.
        price: US dollars a million tokens.
        normalised: whether every vector has length 1.
        source: the page that says so.
    """

    dimensions: int | None = None
    max_tokens: int | None = None
    texts: int | None = None
    request_tokens: int | None = None
    price: float | None = None
    normalised: bool | None = None
    source: str = ""


@cache
def _tables() -> dict[str, dict[str, Any]]:
    import tomllib

    return tomllib.loads(Path(__file__).with_name("models.toml").read_text(encoding="utf-8"))


def model(slug: str, name: str) -> Model:
    """The facts of a model; an unknown one has none.

    Example:
        >>> model("openai", "text-embedding-3-small").dimensions
        1536
    """
    known = {field.name for field in fields(Model)}
    row = _tables().get(slug, {}).get(name, {})
    return Model(**{key: value for key, value in row.items() if key in known})


def price(slug: str, name: str) -> float | None:
    """US dollars a million tokens; None if the catalogue has no price."""
    return model(slug, name).price
