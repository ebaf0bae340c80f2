"""`onevec search`: the texts of a vector file or an index that are nearest to a query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..embeddings import Role
from ..errors import SpaceMismatch
from ..load import load
from ..optional import need
from ..search import HybridIndex, VectorIndex, top_n_chunked
from . import console
from .columns import TEXT
from .options import BASE_URL, DEBUG, DIMENSIONS, JSON, given
from .vectorfile import VectorFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..space import SpaceId

__all__ = ["EXAMPLES", "nearest", "search"]

EXAMPLES = """
onevec search notes.parquet "how do I get there?"
onevec search notes.parquet 去机场怎么走 --top 3 --json
onevec search docs.index "error E1047" --words --where lang=en --where year=2026
"""
WHERE = typer.Option(
    metavar="COLUMN=VALUE",
    help="Only rows with this value; of a column that is named twice, one of them (an index).",
    show_default=False,
)

FILE = typer.Argument(metavar="INDEX", help="A file of `onevec embed` or a folder of `onevec index`.")
OTHER_MODEL = typer.Option(
    "--model", metavar="PROVIDER:NAME", help="The model for the query.", show_default="that of the texts"
)
DIVERSITY = typer.Option(min=0, max=1, metavar="X", help="0 to 1: how different the texts shall be (an index).")


def search(
    file: Annotated[str, FILE],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for.")],
    *,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many texts to show.")] = 5,
    model: Annotated[str | None, OTHER_MODEL] = None,
    dimensions: Annotated[int | None, DIMENSIONS] = None,
    base_url: Annotated[str | None, BASE_URL] = None,
    words: Annotated[bool, typer.Option("--words", help="Rank by shared words, too (an index).")] = False,
    where: Annotated[list[str] | None, WHERE] = None,
    diversity: Annotated[float | None, DIVERSITY] = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Show the texts that are nearest to a query by their meaning."""
    with console.failures(debug=debug):
        asked = _Asked(query, top, model, given(dimensions=dimensions, base_url=base_url))
        if Path(file).is_dir():
            found = _in_index(Path(file), asked, _Options(words, _wanted(where or []), diversity))
        elif words or where or diversity is not None:
            raise typer.BadParameter("--words, --where and --diversity are for an index: `onevec index` makes one")
        else:
            found = _in_file(Path(file), asked)
        if json:
            console.json({"file": file, "query": query, "found": found})
        else:
            console.rows(["score", "where", "text"], [[f"{hit['score']:.3f}", _where(hit), hit[TEXT]] for hit in found])


class _Asked(NamedTuple):
    """What is looked for.

    Attributes:
        query: the text.
        top: how many texts to show.
        model: what embeds the query; None is that of the texts.
        options: of the model.
    """

    query: str
    top: int
    model: str | None
    options: dict[str, Any]


def _in_file(file: Path, asked: _Asked) -> list[dict[str, Any]]:
    with VectorFile.open(file) as vectors:
        loaded = load(asked.model or vectors.header.model, **asked.options)
        _check(file, vectors.header.space, loaded.space, vectors.header.model)
        return nearest(vectors, loaded.embed([asked.query], Role.QUERY).vectors[0], asked.top)


class _Options(NamedTuple):
    """What only an index can do."""

    words: bool
    where: dict[str, list[str]]
    diversity: float | None


def _in_index(folder: Path, asked: _Asked, options: _Options) -> list[dict[str, Any]]:
    found = VectorIndex.open(folder)
    loaded = load(asked.model or found.model_name, **asked.options)
    _check(folder, found.space, loaded.space, found.model_name or "a model without a name")
    found = VectorIndex.open(folder, loaded)
    wanted = _condition(options.where) if options.where else None
    if not options.words:
        hits = found.search(asked.query, asked.top, filter=wanted, diversity=options.diversity)
    elif options.diversity is None:
        hits = HybridIndex(found).search(asked.query, asked.top, filter=wanted)
    else:
        raise typer.BadParameter("--words and --diversity exclude each other")
    return [{"id": hit.id, "score": hit.score, TEXT: hit.text, **hit.metadata} for hit in hits]


def _check(path: Path, space: SpaceId, other: SpaceId, made_by: str) -> None:
    try:
        space.check(other)
    except SpaceMismatch as error:
        shorter = f" with {space.dimensions} dimensions" if space.dimensions != other.dimensions else ""
        error.add_note(f"The vectors of {path} were made by {made_by}{shorter}")
        raise


def _wanted(where: list[str]) -> dict[str, list[str]]:
    """The values of each column."""
    found: dict[str, list[str]] = {}
    for pair in where:
        name, equals, value = pair.partition("=")
        if not equals:
            message = f"--where takes COLUMN=VALUE, not {pair!r}"
            raise typer.BadParameter(message)
        found.setdefault(name, []).append(value)
    return found


def _condition(where: dict[str, list[str]]) -> Any:
    """Each of the columns, as text, has one of its values."""
    compute = need("pyarrow.compute", extra="search")
    whole = compute.scalar(True)
    for name, values in where.items():
        whole &= compute.field(name).cast("string").isin(values)
    return whole


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
