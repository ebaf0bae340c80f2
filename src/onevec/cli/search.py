"""`onevec search`: the texts of a vector file that are nearest to a query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..embeddings import Role
from ..errors import SpaceMismatch
from ..load import load
from ..search import top_n_chunked
from . import console
from .columns import TEXT
from .options import DEBUG, JSON
from .vectorfile import VectorFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EXAMPLES", "nearest", "search"]

EXAMPLES = """
onevec search notes.parquet "how do I get there?"
onevec search notes.parquet 去机场怎么走 --top 3 --json
"""


def search(
    file: Annotated[str, typer.Argument(metavar="FILE.parquet", help="A file that `onevec embed` wrote.")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for.")],
    *,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many texts to show.")] = 5,
    model: Annotated[
        str | None,
        typer.Option(metavar="PROVIDER:NAME", help="The model for the query.", show_default="the file's own"),
    ] = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Show the texts of a vector file that are nearest to a query by their meaning."""
    with console.failures(debug=debug), VectorFile.open(Path(file)) as vectors:
        loaded = load(model or vectors.header.model)
        try:
            vectors.header.space.check(loaded.space)
        except SpaceMismatch as error:
            error.add_note(f"The vectors of {file} were made by {vectors.header.model}")
            raise
        found = nearest(vectors, loaded.embed([query], Role.QUERY).vectors[0], top)
        if json:
            console.json({"file": file, "query": query, "found": found})
        else:
            console.rows(["score", "where", "text"], [[f"{hit['score']:.3f}", _where(hit), hit[TEXT]] for hit in found])


def nearest(vectors: VectorFile, query: NDArray[np.float32], top: int) -> list[dict[str, Any]]:
    """The rows nearest to the vector of a query, each with its row number and score before its columns."""
    numbers, scores = top_n_chunked(query, vectors.vectors(), top)
    rows = vectors.rows(numbers.tolist())
    return [
        {"row": number, "score": score, **row}
        for number, score, row in zip(numbers.tolist(), scores.tolist(), rows, strict=True)
    ]


def _where(hit: dict[str, Any]) -> str:
    """What the other columns of the row say."""
    return " ".join(f"{name}={value}" for name, value in hit.items() if name not in ("row", "score", TEXT))
