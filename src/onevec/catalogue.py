"""What the vendors say of their models: width, limits and price, from models.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Model", "Trained", "model", "owners", "price", "trained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Facts of one model; None where the vendor says nothing.

    Attributes:
        dimensions: width of a vector.
        widths: other widths that can be asked for, none if it is empty.
        shortest: every width from this to `dimensions` can be asked for.
        max_tokens: tokens a text.
        texts: texts a request, if the model takes fewer than others of its vendor.
        request_tokens: tokens a request, if the model takes more or fewer than others of its vendor.
        price: US dollars a million tokens.
        normalised: whether every vector has length 1.
        source: the page that says so.
        price_source: the page of the price, if it is another one.
    """

    dimensions: int | None = None
    widths: Sequence[int] | None = None
    shortest: int | None = None
    max_tokens: int | None = None
    texts: int | None = None
    request_tokens: int | None = None
    price: float | None = None
    normalised: bool | None = None
    source: str = ""
    price_source: str = ""

    @property
    def choice(self) -> str:
        """The widths that can be asked for, in words; "" if the catalogue does not know them."""
        if self.shortest is not None:
            return f"{self.shortest} to {self.dimensions}"
        return "" if self.widths is None else ", ".join(map(str, self.widths or (self.dimensions,)))

    def gives(self, width: int) -> bool:
        """Whether vectors of this width can be asked for, as far as the catalogue knows."""
        if self.shortest is not None:
            return self.shortest <= width <= (self.dimensions or width)
        return self.widths is None or width in (self.widths or (self.dimensions,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """How a family of models was trained, wherever one of it runs.

    Attributes:
        query: what has to stand before a query.
        document: what has to stand before a document.
        role: whether the service wants to be told the role in a field.
        source: the page that says so.
    """

    query: str = ""
    document: str = ""
    role: bool = False
    source: str = ""


@cache
def _tables() -> dict[str, Any]:
    import tomllib

    return tomllib.loads(Path(__file__).with_name("models.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def model(slug: str, name: str) -> Model:
    """The facts of a model; an unknown one has none.

    Example:
        >>> model("openai", "text-embedding-3-small").dimensions
        1536
    """
    known = {field.name for field in fields(Model)}
    row = _tables().get(slug, {}).get(name, {})
    return Model(**{key: value for key, value in row.items() if key in known})


@lru_cache(maxsize=256)
def trained(name: str) -> Trained | None:
    """How a model was trained, by its name; None if nothing is known of it.

    Example:
        >>> trained("intfloat/e5-large-v2").query, trained("bge-small-zh-v1.5").document, trained("mine")
        ('query: ', '', None)
    """
    bare = name.lower().replace("\\", "/").rpartition("/")[2].partition(":")[0]
    for row in _tables()["trained"]:
        if re.search(f"(^|[-_.])({row['name']})$", bare):
            return Trained(**{key: value for key, value in row.items() if key not in {"name", "date"}})
    return None


def owners(name: str) -> list[str]:
    """The modules whose vendors have a model of this name.

    Example:
        >>> owners("text-embedding-3-small")[0]
        'openai'
    """
    return [slug for slug, rows in _tables().items() if isinstance(rows, dict) and name in rows]


def price(slug: str, name: str) -> float | None:
    """US dollars a million tokens; None if the catalogue has no price."""
    return model(slug, name).price
