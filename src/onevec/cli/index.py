"""`onevec index`: texts, or vectors that are there already, to an index that is searched fast."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigurationError
from ..optional import need
from ..search import VectorIndex
from ..search.codes import DTYPES
from ..search.folder import is_index
from ..search.graph import METRICS
from . import console
from .columns import TEXT, VECTOR
from .inputs import COLUMN, INPUT_HELP, has_vectors, text_rows
from .options import DEBUG, JSON, MODEL
from .vectorfile import VectorFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reading import RowStream

__all__ = ["EXAMPLES", "index"]

EXAMPLES = """
onevec index notes.txt --out notes.index
onevec index docs.csv --column body --out docs.index --model openai:text-embedding-3-small
onevec embed big.csv --out big.parquet && onevec index big.parquet --out big.index --dtype int8
onevec index more.csv --out docs.index --add
"""
ID = "id"


def index(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help=INPUT_HELP),
    ],
    *,
    out: Annotated[str, typer.Option("--out", "-o", metavar="INDEX", help="The folder to write.", show_default=False)],
    column: Annotated[str | None, COLUMN] = None,
    model: Annotated[str | None, MODEL] = None,
    dtype: Annotated[
        str, typer.Option(metavar="TYPE", help=f"How vectors are compared: {', '.join(DTYPES)}.")
    ] = DTYPES[0],
    metric: Annotated[str, typer.Option(metavar="NAME", help=f"One of {', '.join(METRICS)}.")] = "cosine",
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Build a graph: for some 100,000 rows on.")
    ] = False,
    add: Annotated[bool, typer.Option("--add", help="Add to the index that is there.")] = False,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Make a folder that `onevec search` finds texts in, by meaning, by words and by their other columns.

    A column "id" gives the ids; a row whose id is there already is replaced. Embedding many texts with a hosted model
    is safer in two steps: `onevec embed` goes on after an interruption, and its file is indexed as it is.
    """
    with console.failures(debug=debug), ExitStack() as stack:
        folder, rows = Path(out), _Rows(inputs, column, stack)
        found = _opened(folder, rows, model) if add else _made(folder, rows, model, dtype, metric, approximate)
        before = len(found)
        with console.progress() as progress:
            bar = progress.add_task("indexing", total=rows.total)
            for table in rows.tables():
                _add(found, table)
                progress.advance(bar, len(table))
        found.save(folder)
        if json:
            console.json({"index": out, "rows": len(found), "added": len(found) - before, "space": str(found.space)})
        else:
            console.line(f"{out}: {len(found):,} texts in {found.space}")


def _opened(folder: Path, rows: _Rows, model: str | None) -> VectorIndex:
    if not is_index(folder):
        message = f"there is no index in {folder}: leave out --add"
        raise ConfigurationError(message)
    found = VectorIndex.open(folder, None if rows.space else model)
    if rows.space:
        found.space.check(rows.space)
    return found


def _made(  # noqa: PLR0917  # as the options of the verb
    folder: Path, rows: _Rows, model: str | None, dtype: str, metric: str, approximate: bool
) -> VectorIndex:
    if is_index(folder):
        message = f"there is an index in {folder}: give --add, or choose another --out"
        raise ConfigurationError(message)
    found = VectorIndex(rows.space or model, dtype=dtype, metric=metric, approximate=approximate)
    found.model_name = found.model_name or rows.model
    return found


class _Rows:
    """What is to be indexed: texts, or texts with the vectors of one space.

    Attributes:
        space: the space of the vectors; None if the texts have none yet.
        model: the name of their model.
        total: how many rows there are; None if only reading tells.
    """

    def __init__(self, inputs: list[str], column: str | None, stack: ExitStack) -> None:
        files = [stack.enter_context(VectorFile.open(Path(name))) for name in inputs if has_vectors(name)]
        self.space = files[0].header.space if files else None
        self.model = files[0].header.model if files else None
        self._files = files
        self.total: int | None = sum(map(len, files))
        if files and len(files) < len(inputs):
            raise typer.BadParameter("some inputs have vectors and some have not: index them one after the other")
        for file in files[1:]:
            files[0].header.space.check(file.header.space)
        self._texts: RowStream | None = None
        if not files:
            self._texts, self.total = text_rows(inputs, column)

    def tables(self, count: int = 1024) -> Iterator[Any]:
        """All rows, as Arrow tables of at most `count`."""
        for file in self._files:
            yield from file.tables(count)
        while self._texts is not None and len(table := self._texts.take(count)):
            yield table


def _add(found: VectorIndex, table: Any) -> None:
    """Add rows with the columns text, perhaps vector and id, and others."""
    pa = need("pyarrow", extra="search")
    names = table.column_names
    vectors = None
    if VECTOR in names:
        flat = table[VECTOR].combine_chunks().flatten()
        vectors = flat.to_numpy(zero_copy_only=False).reshape(len(table), -1)
    ids = table[ID].cast(pa.string()).to_pylist() if ID in names else None
    metadata = table.drop_columns([name for name in (TEXT, VECTOR, ID) if name in names])
    found.add(table[TEXT].to_pylist(), vectors=vectors, ids=ids, metadata=metadata)
