"""`onevec index`: texts, or vectors that are there already, to an index that is searched fast."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigurationError
from ..load import load
from ..optional import need
from ..search import VectorIndex
from ..search.codes import DTYPES
from ..search.folder import is_index
from ..search.folder import read as read_index
from ..search.graph import METRICS
from . import console
from .columns import TEXT, VECTOR
from .inputs import COLUMN, DELIMITER, ENCODING, INPUT_HELP, has_vectors, refuse_for_vectors, text_rows, texts_at_once
from .options import BASE_URL, DEBUG, DIMENSIONS, JSON, MODEL, given, one_of
from .reading import Form
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
AT_ONCE = 1024
DTYPE = typer.Option(
    metavar="TYPE", help=f"How vectors are compared: {', '.join(DTYPES)}.", show_default=f"{DTYPES[0]}"
)
METRIC = typer.Option(metavar="NAME", help=f"One of {', '.join(METRICS)}.", show_default="cosine")


def index(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT", help=INPUT_HELP)],
    *,
    out: Annotated[str, typer.Option("--out", "-o", metavar="INDEX", help="The folder to write.", show_default=False)],
    column: Annotated[str | None, COLUMN] = None,
    delimiter: Annotated[str | None, DELIMITER] = None,
    encoding: Annotated[str | None, ENCODING] = None,
    model: Annotated[str | None, MODEL] = None,
    dimensions: Annotated[int | None, DIMENSIONS] = None,
    base_url: Annotated[str | None, BASE_URL] = None,
    dtype: Annotated[str | None, DTYPE] = None,
    metric: Annotated[str | None, METRIC] = None,
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
        wanted = _layout(dtype, metric, approximate)
        options = given(dimensions=dimensions, base_url=base_url)
        rows = _Rows(inputs, Form(column, delimiter, encoding), given(model=model, **options), stack)
        found, size = (_opened if add else _made)(Path(out), rows, model, wanted)
        before = len(found)
        _fill(found, rows, size)
        found.save(out)
        if json:
            console.json({"index": out, "rows": len(found), "added": len(found) - before, "space": str(found.space)})
        else:
            console.line(f"{out}: {len(found):,} texts in {found.space}")


def _layout(dtype: str | None, metric: str | None, approximate: bool) -> dict[str, Any]:
    """The kind of index that the command line asks for: what it does not name is left out."""
    if dtype is not None:
        one_of("--dtype", dtype, DTYPES)
    if metric is not None:
        one_of("--metric", metric, METRICS)
    wanted = {"dtype": dtype, "metric": metric, "approximate": approximate or None}
    return {name: value for name, value in wanted.items() if value is not None}


def _opened(folder: Path, rows: _Rows, model: str | None, wanted: dict[str, Any]) -> tuple[VectorIndex, int]:
    """The index that is there, and how many rows to add at a time."""
    if not is_index(folder):
        message = f"there is no index in {folder}: leave out --add"
        raise ConfigurationError(message)
    layout = read_index(folder).facts["layout"]
    for name, value in wanted.items():
        if layout[name] != value:
            message = f"--{name} {value} does not fit --add: the index in {folder} has {name} {layout[name]}"
            raise typer.BadParameter(message)
    found = VectorIndex.open(folder)
    if rows.space:
        found.space.check(rows.space)
        return found, AT_ONCE
    loaded = load(model or found.model_name, **rows.options)
    found = VectorIndex.open(folder, loaded)
    found.model_name = model or found.model_name
    return found, texts_at_once(loaded)


def _made(folder: Path, rows: _Rows, model: str | None, wanted: dict[str, Any]) -> tuple[VectorIndex, int]:
    """A new index, and how many rows to add at a time."""
    if is_index(folder):
        message = f"there is an index in {folder}: give --add, or choose another --out"
        raise ConfigurationError(message)
    loaded = None if rows.space else load(model, **rows.options)
    found = VectorIndex(rows.space or loaded, **wanted)
    found.model_name = rows.model or model or "default"
    return found, texts_at_once(loaded) if loaded else AT_ONCE


class _Rows:
    """What is to be indexed: texts, or texts with the vectors of one space.

    Attributes:
        space: the space of the vectors; None if the texts have none yet.
        model: the name of their model.
        total: how many rows there are; None if only reading tells.
        given: how many were read.
        options: of the model that embeds them, but for its name.
    """

    def __init__(self, inputs: list[str], form: Form, options: dict[str, Any], stack: ExitStack) -> None:
        files = [stack.enter_context(VectorFile.open(Path(name))) for name in inputs if has_vectors(name)]
        self.space = files[0].header.space if files else None
        self.model = files[0].header.model if files else None
        self._files = files
        self.total: int | None = sum(map(len, files))
        self.given = 0
        self.options = {name: value for name, value in options.items() if name != "model"}
        if files and len(files) < len(inputs):
            raise typer.BadParameter("some inputs have vectors and some have not: index them one after the other")
        if files:
            refuse_for_vectors(**form._asdict(), **options)
        for file in files[1:]:
            files[0].header.space.check(file.header.space)
        self._texts: RowStream | None = None
        if not files:
            self._texts, self.total = text_rows(inputs, form)

    def tables(self, count: int) -> Iterator[Any]:
        """All rows, as Arrow tables of at most `count`."""
        for table in self._tables(count):
            self.given += len(table)
            yield table

    def _tables(self, count: int) -> Iterator[Any]:
        for file in self._files:
            yield from file.tables(count)
        while self._texts is not None and len(table := self._texts.take(count)):
            yield table


def _fill(found: VectorIndex, rows: _Rows, size: int) -> None:
    """Add all rows, `size` at a time, and show the progress."""
    with console.progress() as progress:
        bar = progress.add_task("indexing", total=rows.total)
        for table in rows.tables(size):
            _add(found, table)
            progress.advance(bar, len(table))
    if not rows.given:
        raise ConfigurationError("there are no texts in the input")


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
