"""Files of texts or of vectors, as verbs take them that work on either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ..cache import cached
from ..optional import need
from .columns import TEXT, VECTOR
from .reading import FORMATS, STDIN, TABLES, RowStream, Source, survey

if TYPE_CHECKING:
    from ..embeddings import Embeddings
    from .reading import Form

__all__ = [
    "COLUMN",
    "DELIMITER",
    "ENCODING",
    "INPUT_HELP",
    "has_vectors",
    "refuse_for_vectors",
    "sources_of",
    "text_rows",
    "texts_at_once",
]

COLUMN = typer.Option(metavar="NAME", help="The column with the texts.", show_default='"text", or the only one')
DELIMITER = typer.Option(
    metavar="CHARACTER", help="What parts two cells of a .csv file.", show_default="a comma, or what the first row has"
)
ENCODING = typer.Option(metavar="NAME", help="Such as gb18030, which knows all of GBK.", show_default="UTF-8")
INPUT_HELP = f"Texts ({', '.join(FORMATS)}, - for standard input), or what `onevec embed` wrote."

NAMED = {"tab": "\t", "\\t": "\t"}
"""A delimiter that is hard to type."""


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


def refuse_for_vectors(**given: object) -> None:
    """Refuse options that say how to read or embed texts, where the vectors are there already.

    Raises:
        typer.BadParameter: one of them was given.
    """
    for name, value in given.items():
        if value is not None:
            message = f"--{name.replace('_', '-')} is for texts, and the vectors are there already: leave it out"
            raise typer.BadParameter(message)


def sources_of(inputs: list[str], form: Form) -> list[Source]:
    """Files of texts, and standard input.

    Raises:
        typer.BadParameter: a format is unknown, or an option does not fit.
    """
    form = form._replace(delimiter=NAMED.get(form.delimiter or "", form.delimiter))
    sources = [Source(name, form) for name in inputs]
    for source in sources:
        if source.format not in FORMATS:
            message = f"{source.path!r} ends in none of {', '.join(FORMATS)}, so its format is unknown"
            raise typer.BadParameter(message)
    if inputs.count(STDIN) > 1:
        raise typer.BadParameter("standard input (-) can be read only once")
    _check_form(form, {source.format for source in sources})
    return sources


def _check_form(form: Form, formats: set[str]) -> None:
    if form.column is not None and formats == {".txt"}:
        raise typer.BadParameter("--column is for files with columns, not for lines of text")
    if form.delimiter is not None:
        if formats.isdisjoint(TABLES):
            raise typer.BadParameter(f"--delimiter is for {' and '.join(TABLES)} files")
        if len(form.delimiter) != 1 or form.delimiter in '"\r\n':
            message = f"--delimiter must be one character, or tab, not {form.delimiter!r}"
            raise typer.BadParameter(message)
    if form.encoding is not None:
        if formats == {".parquet"}:
            raise typer.BadParameter("--encoding is for files of text, and a .parquet file knows its own")
        _check_encoding(form.encoding)


def _check_encoding(name: str) -> None:
    try:
        one_byte = "\n".encode(name) == b"\n"
    except (LookupError, UnicodeError):
        message = f"--encoding {name!r} is unknown: take gb18030, big5, shift_jis, cp1252 or another one of Python's"
        raise typer.BadParameter(message) from None
    if not one_byte:
        message = f"--encoding {name!r} has no line ends of one byte: save the file as UTF-8"
        raise typer.BadParameter(message)


def text_rows(inputs: list[str], form: Form) -> tuple[RowStream, int | None]:
    """The rows of files of texts, and their number if that is known."""
    sources = sources_of(inputs, form)
    schema, total = survey(sources)
    return RowStream.of(sources, schema), total


def texts_at_once(model: Embeddings) -> int:
    """Texts that are embedded together, as a cache computes them: enough to keep the model busy."""
    return cached(model, "memory:").chunk()
