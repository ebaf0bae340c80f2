"""`onevec embed`: files of texts to one file of vectors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..load import load
from . import console
from .estimate import estimate
from .growing import grow
from .options import DEBUG, JSON, MODEL, RESTART
from .reading import FORMATS, STDIN, RowStream, Source, survey

if TYPE_CHECKING:
    from ..embeddings import Embeddings
    from .estimate import Estimate
    from .growing import Growth

__all__ = ["EXAMPLES", "embed"]

EXAMPLES = """
onevec embed notes.txt --out notes.parquet
cat notes.txt | onevec embed - --out notes.parquet
onevec embed a.csv b.jsonl --column body --out all.parquet --model openai:text-embedding-3-small
onevec embed a.csv --column body --model openai:text-embedding-3-small --dry-run
"""


def embed(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help=f"Files ({', '.join(FORMATS)}), or - for standard input.")
    ],
    *,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE.parquet", help="The file to write.", show_default=False)
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The column with the texts.", show_default='"text", or the only one'),
    ] = None,
    model: Annotated[str | None, MODEL] = None,
    batch_size: Annotated[int, typer.Option(min=1, metavar="N", help="Texts embedded and saved at a time.")] = 1024,
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
        sources = _sources(inputs, column)
        file = None if dry_run else _target(out, sources)
        schema, total = survey(sources)
        rows = RowStream.of(sources, schema)
        if file is None:
            _tell(estimate(rows, model or "default", batch_size), json=json)
            return
        loaded = load(model)
        growth = grow(file, rows, loaded, name=model or "default", size=batch_size, total=total, restart=restart)
        _report(file, growth, loaded, json=json)


def _sources(inputs: list[str], column: str | None) -> list[Source]:
    sources = [Source(name, column) for name in inputs]
    for source in sources:
        if source.format not in FORMATS:
            message = f"{source.path!r} ends in none of {', '.join(FORMATS)}, so its format is unknown"
            raise typer.BadParameter(message)
    if inputs.count(STDIN) > 1:
        raise typer.BadParameter("standard input (-) can be read only once")
    if column and all(source.format == ".txt" for source in sources):
        raise typer.BadParameter("--column is for files with columns, not for lines of text")
    return sources


def _target(out: str | None, sources: list[Source]) -> Path:
    if out is None:
        raise typer.BadParameter("--out is missing: the file to write")
    file = Path(out)
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
            ["estimated cost", "unknown" if found.cost is None else f"${found.cost:,.6f}"],
        ],
    )


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
