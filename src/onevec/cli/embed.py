"""`onevec embed`: files of texts to one file of vectors."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..load import load
from . import console
from .estimate import AT_ONCE, estimate
from .growing import grow
from .inputs import COLUMN, DELIMITER, ENCODING, sources_of, texts_at_once
from .options import BASE_URL, DEBUG, DIMENSIONS, JSON, MODEL, RESTART, given, parquet_file
from .reading import FORMATS, STDIN, Form, RowStream, survey

if TYPE_CHECKING:
    from ..embeddings import Embeddings
    from .estimate import Estimate
    from .growing import Growth
    from .reading import Source

__all__ = ["EXAMPLES", "embed"]

EXAMPLES = """
onevec embed notes.txt --out notes.parquet
cat notes.txt | onevec embed - --out notes.parquet
onevec embed a.csv b.jsonl --column body --out all.parquet --model openai:text-embedding-3-small
onevec embed a.csv --column body --model openai:text-embedding-3-small --dry-run
"""

INPUTS = typer.Argument(metavar="INPUT", help=f"Files ({', '.join(FORMATS)}), or - for standard input.")
OUT = typer.Option("--out", "-o", metavar="FILE.parquet", help="The file to write.", show_default=False)
BATCH_SIZE = typer.Option(
    min=1, metavar="N", help="Texts embedded and saved at a time.", show_default="what keeps the model busy"
)


def embed(
    inputs: Annotated[list[str], INPUTS],
    *,
    out: Annotated[str | None, OUT] = None,
    column: Annotated[str | None, COLUMN] = None,
    delimiter: Annotated[str | None, DELIMITER] = None,
    encoding: Annotated[str | None, ENCODING] = None,
    model: Annotated[str | None, MODEL] = None,
    dimensions: Annotated[int | None, DIMENSIONS] = None,
    base_url: Annotated[str | None, BASE_URL] = None,
    batch_size: Annotated[int | None, BATCH_SIZE] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell the texts, unique texts, estimated tokens and cost.")
    ] = False,
    restart: Annotated[bool, RESTART] = False,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Embed texts into a Parquet file with the columns text, vector, and all others of the input.

    A .txt file and standard input (-) hold one text a line. What is done is saved as it goes: after Ctrl-C or a crash
    the same command continues. It also adds what was appended to the input since.
    """
    with console.failures(debug=debug):
        sources = sources_of(inputs, Form(column, delimiter, encoding))
        file = None if dry_run else _target(out, sources)
        schema, total = survey(sources)
        rows = RowStream.of(sources, schema)
        if file is None:
            found = estimate(rows, model or "default", batch_size or AT_ONCE)
            _tell(replace(found, cost=None) if base_url else found, json=json)  # nobody knows what that server takes
            return
        loaded = load(model, **given(dimensions=dimensions, base_url=base_url))
        size = batch_size or texts_at_once(loaded)
        growth = grow(file, rows, loaded, name=model or "default", size=size, total=total, restart=restart, verb="")
        _report(file, growth, loaded, json=json)


def _target(out: str | None, sources: list[Source]) -> Path:
    if out is None:
        raise typer.BadParameter("--out is missing: the file to write")
    file = parquet_file(out)
    if any(source.path != STDIN and Path(source.path).resolve() == file.resolve() for source in sources):
        message = f"{out!r} is an input, too: choose another --out"
        raise typer.BadParameter(message)
    return file


def _tell(found: Estimate, *, json: bool) -> None:
    if json:
        console.json(asdict(found))
        return
    console.rows(
        ["", ""],
        [
            ["model", found.model],
            ["texts", f"{found.texts:,}"],
            ["unique texts", f"{found.unique_texts:,}"],
            ["estimated tokens", f"{found.estimated_tokens:,}"],
            ["estimated cost", "unknown" if found.cost is None else _dollars(found.cost)],
        ],
    )


def _dollars(cost: float) -> str:
    """An amount with cents, a smaller one with two digits that say something."""
    return f"${cost:,.2f}" if cost >= 1 or not cost else f"${Decimal(f'{cost:.2g}'):f}"


def _report(file: Path, growth: Growth, model: Embeddings, *, json: bool) -> None:
    for kind, count in sorted(growth.notes.items()):
        console.remark(f"{kind}: {count:,} texts")
    if json:
        console.json(
            {
                "file": str(file),
                "texts": growth.texts,
                "embedded": growth.embedded,
                "kept": growth.kept,
                **growth.usage._asdict(),
                "notes": growth.notes,
                "space": asdict(model.space),
            }
        )
        return
    kept = f", {growth.kept:,} of them from an earlier run" if growth.kept else ""
    console.line(f"{file}: {growth.texts:,} texts in {model.space}{kept}")
