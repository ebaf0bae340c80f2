"""Say once that a model does not get the prefix or role that it was trained with, or does not have the width asked."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from .catalogue import trained
from .embeddings import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .catalogue import Model
    from .embeddings import Embeddings

__all__ = ["advise", "advise_of_width"]

_TOLD: set[tuple[str, str]] = set()
_TELLING = ("instruct", "prompt", "task", "type")
"""Parts of the names of fields that tell a model what the texts are for."""


def advise(model: Embeddings, name: str, role: Role, texts: Sequence[str]) -> None:
    """Warn if the model has been trained with something that neither the request nor the texts carry.

    It is said once for each class and model. Texts that begin with the prefix, and fields that name a task, are enough.

    Args:
        model: what is about to embed the texts.
        name: of the model, as its server or its folder calls it.
        role: what the texts are embedded for.
        texts: as the user gave them.
    """
    known, kind = trained(name), type(model)
    if known is None or not texts or role not in {Role.QUERY, Role.DOCUMENT} or (kind.__name__, name) in _TOLD:
        return
    wanted = known.query if role is Role.QUERY else known.document
    begun = wanted and texts[0].startswith(wanted.split(" ")[0])
    if begun or not (wanted or known.role) or _is_told(model, role):
        return
    _TOLD.add((kind.__name__, name))
    before = f"{wanted!r} before every {role}" if wanted else "a role for every text"
    message = f"{kind.__name__}: {name} was trained with {before} ({known.source}): {_way(kind, wanted, role)}"
    warnings.warn(message, UserWarning, stacklevel=2)


def advise_of_width(kind: str, name: str, width: int, known: Model) -> None:
    """Warn once if vectors of a width are asked for that the model is not known to give; the provider decides.

    Args:
        kind: name of the class.
        name: of the model.
        width: as the user gave it.
        known: what the catalogue says of the model.
    """
    if known.gives(width) or (kind, f"{name} {width}") in _TOLD:
        return
    _TOLD.add((kind, f"{name} {width}"))
    message = f"{kind}: {name} gives vectors of {known.choice} dimensions, not {width} ({known.source})"
    warnings.warn(message, UserWarning, stacklevel=2)


def _is_told(model: Embeddings, role: Role) -> bool:
    """Whether the request says what the texts are for."""
    recipe = model.recipe(role)
    if recipe.prefix or any(part in field.lower() for field, _ in recipe.options for part in _TELLING):
        return True
    return recipe != model.recipe(Role.DOCUMENT if role is Role.QUERY else Role.QUERY)


def _way(kind: type, wanted: str, role: Role) -> str:
    """What the user can do about it."""
    parameters: Any = getattr(kind, "_params", {})
    own: str = getattr(kind, "role_parameter", "")
    name = "query_instruction" if role is Role.QUERY else "embed_instruction"
    if wanted and name in parameters:
        return f"pass {name}={wanted!r}"
    return f"pass {own}" if own else "put it before the texts" if wanted else "pass it as the service wants it"
