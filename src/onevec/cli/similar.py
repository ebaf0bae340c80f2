"""`onevec similar`: how near two texts are."""

from __future__ import annotations

from typing import Annotated

import typer

from ..embeddings import Role
from ..load import load
from ..search import cosine
from . import console
from .options import BASE_URL, DEBUG, DIMENSIONS, JSON, MODEL, given

__all__ = ["EXAMPLES", "similar"]

EXAMPLES = """
onevec similar cat kitten
onevec similar 猫 cat --json
"""


def similar(
    a: Annotated[str, typer.Argument(metavar="A", help="A text.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another text.")],
    *,
    model: Annotated[str | None, MODEL] = None,
    dimensions: Annotated[int | None, DIMENSIONS] = None,
    base_url: Annotated[str | None, BASE_URL] = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Show the cosine similarity of two texts: 1 for the same meaning, about 0 for none in common."""
    with console.failures(debug=debug):
        loaded = load(model, **given(dimensions=dimensions, base_url=base_url))
        vectors = loaded.embed([a, b], Role.SIMILARITY).vectors
        score = float(cosine(vectors[0], vectors[1:])[0])
        if json:
            console.json({"similarity": score, "model": str(loaded.space)})
        else:
            console.line(f"{score:.4f}")
