"""Files of texts or of vectors, as verbs take them that work on either."""

from __future__ import annotations

import typer

from ..optional import need
from .columns import TEXT, VECTOR
from .reading import FORMATS, RowStream, Source, survey

__all__ = ["COLUMN", "INPUT_HELP", "has_vectors", "text_rows"]

COLUMN = typer.Option(metavar="NAME", help="The column with the texts.", show_default='"text", or the only one')
INPUT_HELP = f"Texts ({', '.join(FORMATS)}, - for standard input), or what `onevec embed` wrote."


def has_vectors(name: str) -> bool:
    """Whether a file is one that `onevec embed` wrote."""
    if not name.lower().endswith(".parquet"):
        return False
    pa, parquet = need("pyarrow", extra="cli"), need("pyarrow.parquet", extra="cli")
    try:
        schema = parquet.read_schema(name)
    except (OSError, pa.ArrowInvalid):
        return False  # opening it as texts says what is wrong
    return {TEXT, VECTOR}.issubset(schema.names) and b"onevec.space" in (schema.metadata or {})


def text_rows(inputs: list[str], column: str | None) -> tuple[RowStream, int | None]:
    """The rows of files of texts, and their number if that is known."""
    sources = [Source(name, column) for name in inputs]
    for source in sources:
        if source.format not in FORMATS:
            message = f"{source.path!r} ends in none of {', '.join(FORMATS)}, so its format is unknown"
            raise typer.BadParameter(message)
    schema, total = survey(sources)
    return RowStream.of(sources, schema), total
