"""The columns beside the text: which type each has, and rows made into tables of these types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["TEXT", "VECTOR", "Row", "fitted", "joined", "table", "types_of"]

Row = dict[str, Any]
TEXT, VECTOR = "text", "vector"


def types_of(rows: Iterable[Row]) -> tuple[dict[str, Any], int]:
    """The Arrow type of each column, and the number of rows.

    A column of whole numbers and others is float64. One that mixes types, or holds objects or lists, becomes text;
    what is no text in it is kept as JSON.
    """
    pa = need("pyarrow", extra="cli")
    kinds: dict[str, set[type]] = {}
    count = 0
    for row in rows:
        count += 1
        for name, value in row.items():
            kinds.setdefault(name, set()).add(_kind(value))
    return {name: _type(pa, found) for name, found in kinds.items()}, count


def _kind(value: object) -> type:
    return str if isinstance(value, int) and not -(2**63) <= value < 2**63 else type(value)


def _type(pa: Any, kinds: set[type]) -> Any:
    some = kinds - {type(None)}
    if some == {bool}:
        return pa.bool_()
    if some == {int}:
        return pa.int64()
    return pa.float64() if some and some <= {int, float} else pa.string()


def joined(columns: Sequence[tuple[str, Mapping[str, Any]]]) -> Any:
    """One schema for several inputs: the text first, then all other columns.

    Args:
        columns: for each input its name and the types of its columns.

    Raises:
        ConfigurationError: a column has different types in two inputs.
    """
    pa = need("pyarrow", extra="cli")
    types: dict[str, tuple[str, Any]] = {TEXT: ("", pa.string())}
    for source, own in columns:
        for name, kind in own.items():
            first, known = types.setdefault(name, (source, kind))
            if known != kind:
                message = (
                    f"the column {name!r} is {known} in {first} and {kind} in {source}: embed them into separate files"
                )
                raise ConfigurationError(message)
    return pa.schema([(name, kind) for name, (_, kind) in types.items()])


def table(rows: Sequence[Row], schema: Any) -> Any:
    """Rows as an Arrow table; what a row lacks is null."""
    pa = need("pyarrow", extra="cli")
    texts = {field.name for field in schema if field.type == pa.string()}
    whole = [{name: _as_text(value) if name in texts else value for name, value in row.items()} for row in rows]
    return pa.Table.from_pylist(whole, schema=schema)


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def fitted(part: Any, schema: Any) -> Any:
    """An Arrow table with the columns of `schema` in its order; those that it lacks are null."""
    pa = need("pyarrow", extra="cli")
    columns = [
        part[field.name] if field.name in part.column_names else pa.nulls(len(part), field.type) for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
