"""What an index knows about its vectors: an id, a text and metadata each, in an Arrow table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Filter", "Hit", "Rows"]

ID, TEXT = "id", "text"

Filter = Mapping[str, Any] | Callable[[dict[str, Any]], bool]
"""Values that columns must have (a list or tuple allows several), or a function over {"id", "text", ...}; an expression
of pyarrow.compute is taken as well."""


class Hit(NamedTuple):
    """One row that a search found.

    Attributes:
        id: the row's id.
        score: the cosine similarity, the product, or the Euclidean distance to the query.
        text: its text; None if it was added as a bare vector.
        metadata: what else it was added with.
    """

    id: str
    score: float
    text: str | None
    metadata: dict[str, Any]


class Rows:
    """Ids, texts and metadata by row number.

    Args:
        saved: the table of an earlier index.
        alive: which of its rows were not removed.
    """

    def __init__(self, saved: Any = None, alive: NDArray[np.bool_] | None = None) -> None:
        pa = need("pyarrow", extra="search")
        empty = pa.schema([(ID, pa.large_string()), (TEXT, pa.large_string())]).empty_table()
        self._parts: list[Any] = [empty if saved is None else saved]
        self._schema = self._parts[0].schema
        self._count = len(self._parts[0])
        self._alive = alive  # of the rows that were saved, as long as their ids were not looked at
        self._numbers: dict[str, int] | None = None

    def __len__(self) -> int:
        return self._count

    def append(
        self, ids: Sequence[str], texts: Sequence[str] | None, metadata: Sequence[Mapping[str, Any]] | Any
    ) -> None:
        """Put rows behind the others; a column that some of them lack is null there.

        Raises:
            ConfigurationError: metadata has a column "id" or "text", or a type that the column does not have so far.
        """
        pa = need("pyarrow", extra="search")
        part = _table(pa, ids, texts, metadata)
        try:
            self._schema = pa.unify_schemas([self._schema, part.schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            message = f"metadata does not fit the columns that the index has: {error}"
            raise ConfigurationError(message) from None
        while self._parts and len(self._parts[-1]) <= len(part):  # few parts, and each row is copied few times
            part = _joined(pa, [self._parts.pop(), part]).combine_chunks()
        self._parts.append(part)
        if self._numbers is not None:
            self._numbers.update(zip(ids, range(self._count, self._count + len(ids)), strict=True))
        self._count += len(ids)

    @property
    def table(self) -> Any:
        """All rows as one Arrow table."""
        return _joined(need("pyarrow", extra="search"), self._parts)

    def number(self, name: str) -> int | None:
        """The number of the last row with this id."""
        return self._by_id().get(name)

    def forget(self, name: str) -> None:
        """Let an id be unknown; its row stays."""
        self._by_id().pop(name, None)

    def _by_id(self) -> dict[str, int]:
        if self._numbers is None:
            names = self.table[ID].to_pylist()
            alive = range(len(names)) if self._alive is None else np.flatnonzero(self._alive).tolist()
            self._numbers = {names[number]: number for number in alive}
        return self._numbers

    def take(self, numbers: NDArray[np.int64]) -> list[dict[str, Any]]:
        """Some rows with their columns; those that are null are left out, but for the id and the text."""
        ends = np.cumsum([len(part) for part in self._parts])
        where = np.searchsorted(ends, numbers, side="right")
        found: list[dict[str, Any]] = [{}] * len(numbers)
        for place in np.unique(where).tolist():
            part, mine = self._parts[place], np.flatnonzero(where == place)
            rows = part.take(numbers[mine] - (ends[place] - len(part))).to_pylist()
            for index, row in zip(mine.tolist(), rows, strict=True):
                found[index] = {name: value for name, value in row.items() if value is not None or name == TEXT}
        return found

    def hits(self, numbers: NDArray[np.int64], scores: NDArray[np.float32]) -> list[Hit]:
        """Some rows with their scores."""
        found = zip(self.take(numbers), scores.tolist(), strict=True)
        return [Hit(row.pop(ID), score, row.pop(TEXT), row) for row, score in found]

    def allowed(self, wanted: Filter | Any) -> NDArray[np.bool_]:
        """Which rows a filter lets through.

        Raises:
            ConfigurationError: it names a column that there is not, or compares it with a value of another type.
            TypeError: it is no filter.
        """
        pa, compute = need("pyarrow", extra="search"), need("pyarrow.compute", extra="search")
        if callable(wanted) and not isinstance(wanted, compute.Expression):
            return np.fromiter((bool(wanted(row)) for row in self.table.to_pylist()), np.bool_, len(self))
        table = self.table
        if isinstance(wanted, Mapping):
            wanted = _expression(compute, cast("Mapping[str, Any]", wanted), table.column_names)
        if not isinstance(wanted, compute.Expression):
            message = f"filter must be a dict, a function or a pyarrow expression, not {type(wanted).__name__}"
            raise TypeError(message)
        dataset = need("pyarrow.dataset", extra="search").dataset(table)
        try:
            found = dataset.to_table(columns={"found": compute.coalesce(wanted, False)})["found"]
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, KeyError) as error:
            message = f"the filter can't be used ({error}); the columns are {', '.join(table.column_names)}"
            raise ConfigurationError(message) from None
        allowed: NDArray[np.bool_] = found.to_numpy()
        return allowed


def _table(pa: Any, ids: Sequence[str], texts: Sequence[str] | None, metadata: Any) -> Any:
    """New rows as a table."""
    if metadata is not None and len(metadata) != len(ids):
        message = f"metadata has {len(metadata)} rows for {len(ids)} vectors"
        raise ConfigurationError(message)
    try:
        columns = _columns(pa, metadata)
        if taken := sorted({ID, TEXT}.intersection(columns)):
            message = f"metadata can't have the name {taken[0]!r}: every row has its {taken[0]} already"
            raise ConfigurationError(message)
        known: Sequence[str | None] = texts or [None] * len(ids)
        own = {ID: pa.array(ids, pa.large_string()), TEXT: pa.array(known, pa.large_string())}
        return pa.table({**own, **columns})
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        message = f"metadata must have one type a name: {error}"
        raise ConfigurationError(message) from None


def _columns(pa: Any, metadata: Any) -> dict[str, Any]:
    if isinstance(metadata, pa.Table):
        table: Any = metadata
        return dict(zip(table.column_names, table.columns, strict=True))
    rows: Sequence[Mapping[str, Any]] = metadata or []
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _joined(pa: Any, parts: list[Any]) -> Any:
    return pa.concat_tables(parts, promote_options="permissive")


def _expression(compute: Any, wanted: Mapping[str, Any], names: list[str]) -> Any:
    """A dict as an expression: every column equal to its value, or to one of several."""
    whole = compute.scalar(True)
    for name, value in wanted.items():
        if name not in names:
            message = f"the filter names {name!r}, but the columns are {', '.join(names)}"
            raise ConfigurationError(message)
        whole &= _condition(compute.field(name), value)
    return whole


def _condition(column: Any, value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return column.isin(list(cast("Sequence[Any]", value)))
    return column.is_null() if value is None else column == value
