"""Texts from .txt, .csv, .tsv, .jsonl and .parquet files and from standard input, a few at a time."""

from __future__ import annotations

import csv
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson

from ..errors import ConfigurationError
from ..optional import need
from .columns import TEXT, VECTOR, fitted, joined, table, types_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .columns import Row

__all__ = ["FORMATS", "STDIN", "TABLES", "Form", "RowStream", "Source", "survey"]

FORMATS = (".txt", ".csv", ".tsv", ".jsonl", ".parquet")
TABLES = {".csv": ",", ".tsv": "\t"}
"""Formats with a delimiter, and which it is."""
STDIN = "-"
AT_ONCE = 1024
LONGEST_CELL = 2**31 - 1


class Form(NamedTuple):
    """How texts stand in files.

    Attributes:
        column: the column that holds the texts; None takes "text", or the only one.
        delimiter: what parts two cells; None takes what the ending of the name or else the first row tells.
        encoding: of the characters, one in which a line ends with one byte; None takes UTF-8.
    """

    column: str | None = None
    delimiter: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    Attributes:
        path: a file, or "-" for standard input, one text a line.
        form: how the texts stand in it.
    """

    path: str
    form: Form = field(default_factory=Form)

    @property
    def format(self) -> str:
        """The ending of the file's name in small letters; ".txt" for standard input."""
        return ".txt" if self.path == STDIN else Path(self.path).suffix.lower()

    def types(self) -> tuple[dict[str, Any], int | None]:
        """The Arrow type of each column, and the number of texts; None if only reading it to its end tells.

        A file is read as a whole, so that a fault at its end is found before anything is paid for.
        """
        pa = need("pyarrow", extra="cli")
        if self.path == STDIN:
            return {TEXT: pa.string(), "source": pa.string(), "line": pa.int64()}, None
        if self.format == ".parquet":
            return self._parquet_types()
        return types_of(self._rows())

    def tables(self, schema: Any) -> Iterator[Any]:
        """The rows as Arrow tables."""
        if self.format == ".parquet":
            yield from (fitted(part, schema) for part in self._parquet_tables())
            return
        rows: list[Row] = []
        for row in self._rows():
            rows.append(row)
            if len(rows) == AT_ONCE:
                yield table(rows, schema)
                rows = []
        yield table(rows, schema)

    def _rows(self) -> Iterator[Row]:
        if self.format in TABLES:
            return self._csv_rows()
        return self._json_rows() if self.format == ".jsonl" else self._line_rows()

    def lines(self) -> Iterator[tuple[int, str]]:
        """The number of each line, and the line with its end."""
        encoding = self.form.encoding or "UTF-8"
        help_ = "" if self.form.encoding else ": save it as UTF-8, or name its --encoding"
        with nullcontext(sys.stdin.buffer) if self.path == STDIN else Path(self.path).open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    text = line.decode(encoding)
                except UnicodeDecodeError as error:
                    what = f"not {encoding} ({error.reason} at byte {error.start}){help_}"
                    raise self._fault(number, what) from None
                yield number, text.removeprefix("\ufeff") if number == 1 else text

    def _line_rows(self) -> Iterator[Row]:
        for number, line in self.lines():
            if line.strip():
                yield {TEXT: line.rstrip("\r\n"), "source": self.path, "line": number}

    def _csv_rows(self) -> Iterator[Row]:
        csv.field_size_limit(LONGEST_CELL)
        lines = (line for _, line in self.lines())
        first = next(lines, "")
        reader = csv.reader(chain([first], lines), delimiter=self._delimiter(first), strict=True)
        try:
            header = next(reader, list[str]())
            column = self._text_column(header)
            for cells in reader:
                if len(cells) == len(header):
                    yield self._row(dict(zip(header, cells, strict=True)), column, reader.line_num)
                elif cells:
                    raise self._fault(reader.line_num, f"{len(cells)} cells, but the header has {len(header)}")
        except csv.Error as error:
            raise self._fault(reader.line_num, str(error)) from None

    def _delimiter(self, first: str) -> str:
        """What parts two cells: if the first row lacks what is usual, a tab or semicolon that it has."""
        usual = TABLES[self.format]
        other = next((each for each in "\t;" if each in first), usual)
        return self.form.delimiter or (usual if usual in first else other)

    def _json_rows(self) -> Iterator[Row]:
        column = None
        for number, line in self.lines():
            if not line.strip():
                continue
            try:
                value: Any = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise self._fault(number, f"not JSON: {error}") from None
            if not isinstance(value, dict):
                raise self._fault(number, 'not a JSON object, such as {"text": "..."}')
            row = cast("Row", value)
            column = column or self._text_column(list(row))
            yield self._row(row, column, number)

    def _row(self, row: Row, column: str, number: int) -> Row:
        """The row with its text first, under that name; the vector of another model is left out."""
        text = row.pop(column, None)
        if not isinstance(text, str):
            what = "no text" if text is None else f"{type(text).__name__}, not text"
            raise self._fault(number, f"the column {column!r} holds {what}")
        row.pop(VECTOR, None)
        return {TEXT: text, **row}

    def _parquet_types(self) -> tuple[dict[str, Any], int]:
        pa = need("pyarrow", extra="cli")
        with self._parquet_file() as file:
            schema, count = file.schema_arrow, file.metadata.num_rows
        column = self._text_column(schema.names)
        kind = schema.field(column).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            message = f"{self.path}: the column {column!r} holds {kind}, not text"
            raise ConfigurationError(message)
        others = {field.name: field.type for field in schema if field.name not in (column, VECTOR)}
        return {TEXT: pa.string(), **others}, count

    def _parquet_tables(self) -> Iterator[Any]:
        pa = need("pyarrow", extra="cli")
        with self._parquet_file() as file:
            column = self._text_column(file.schema_arrow.names)
            names = [name for name in file.schema_arrow.names if name == column or name != VECTOR]
            start = 0
            for batch in file.iter_batches(AT_ONCE, columns=names):
                part = pa.Table.from_batches([batch])
                texts = part[column].cast(pa.string())
                if texts.null_count:
                    row = start + texts.is_null().to_pylist().index(True) + 1
                    raise self._fault(row, f"the column {column!r} holds no text", "row")
                yield part.drop_columns([column]).append_column(TEXT, texts)
                start += len(part)

    def _parquet_file(self) -> Any:
        pa, parquet = need("pyarrow", extra="cli"), need("pyarrow.parquet", extra="cli")
        Path(self.path).stat()  # if there is no such file, Python's error says so better than Arrow's
        try:
            return parquet.ParquetFile(self.path)
        except pa.ArrowInvalid as error:
            message = f"{self.path} is not a Parquet file: {error}"
            raise ConfigurationError(message) from None

    def _text_column(self, names: list[str]) -> str:
        has = f"{self.path} has the columns {', '.join(map(repr, names))}" if names else f"{self.path} has no columns"
        if len(set(names)) < len(names):
            message = f"{has}: two have the same name"
            raise ConfigurationError(message)
        column = self.form.column or (names[0] if len(names) == 1 else TEXT)
        if column not in names:
            message = f"{has}, and no {column!r}: name the one to embed with --column"
            raise ConfigurationError(message)
        if column != TEXT and TEXT in names:
            message = f"{has}: rename {TEXT!r}, as the text that is embedded takes this name"
            raise ConfigurationError(message)
        return column

    def _fault(self, number: int, what: str, unit: str = "line") -> ConfigurationError:
        return ConfigurationError(f"{self.path}, {unit} {number}: {what}")


def survey(sources: list[Source]) -> tuple[Any, int | None]:
    """The schema of all inputs together, and the number of texts; None if standard input is among them."""
    found = [(source.path, *source.types()) for source in sources]
    counts = [count for _, _, count in found]
    schema = joined([(path, types) for path, types, _ in found])
    return schema, None if None in counts else sum(count or 0 for count in counts)


class RowStream:
    """Rows of several tables, taken in any number at a time."""

    def __init__(self, tables: Iterator[Any], schema: Any) -> None:
        self.schema = schema
        self._tables = tables
        self._rest = schema.empty_table()

    @classmethod
    def of(cls, sources: list[Source], schema: Any) -> RowStream:
        """The rows of inputs, one after the other."""
        return cls((part for source in sources for part in source.tables(schema)), schema)

    def take(self, count: int) -> Any:
        """The next rows as one Arrow table; fewer than `count` only at the end."""
        pa = need("pyarrow", extra="cli")
        parts, have = [self._rest], len(self._rest)
        while have < count and (part := next(self._tables, None)) is not None:
            parts.append(part)
            have += len(part)
        whole = pa.concat_tables(parts)
        self._rest = whole.slice(count)
        return whole.slice(0, count).combine_chunks()
