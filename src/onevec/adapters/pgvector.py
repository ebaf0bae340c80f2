"""PostgreSQL with pgvector: texts and their vectors in a table, which knows the space of its vectors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..embeddings import Role
from ..load import model_of
from ..optional import need
from ..search.rows import Hit
from ..space import SpaceId
from .rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["PgVectorTable"]

CREATE = (
    "CREATE TABLE IF NOT EXISTS {table} (id text PRIMARY KEY, text text, metadata jsonb, embedding vector({width}))"
)
PUT = """
INSERT INTO {table} (id, text, metadata, embedding) VALUES (%s, %s, %s::jsonb, %s::vector)
ON CONFLICT (id) DO UPDATE SET text = excluded.text, metadata = excluded.metadata, embedding = excluded.embedding"""
FIND = """
SELECT id, 1 - (embedding <=> %(query)s::vector), text, metadata FROM {table}
WHERE metadata @> %(filter)s::jsonb ORDER BY embedding <=> %(query)s::vector LIMIT %(n)s"""


class PgVectorTable:
    """A table of texts that are found by the cosine similarity of their vectors.

    Args:
        connection: an open connection of psycopg 3.
        table: the table's name; it is made with the first texts. An index on it is yours to make:
            `CREATE INDEX ON notes USING hnsw (embedding vector_cosine_ops)`.
        model: a model, the name that `load` takes, or None for the default.

    Raises:
        SpaceMismatch: the table holds vectors of another model.
        MissingDependency: psycopg is not installed.
    """

    def __init__(self, connection: Any, table: str, model: Any = None) -> None:
        self._sql: Any = need("psycopg.sql", extra="postgres")
        self._connection = connection
        self._model = model_of(model)
        self._table = self._sql.Identifier(*table.split("."))
        found = connection.execute("SELECT obj_description(to_regclass(%s))", [table]).fetchone()[0]
        self._exists = found is not None
        if self._exists:
            SpaceId.from_json(found).check(self._model.space)

    def add(
        self,
        texts: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        metadata: Sequence[Mapping[str, Any]] | None = None,
    ) -> list[str]:
        """Embed texts and put them into the table; a row that has the id already is replaced. Their ids."""
        rows = rows_of(texts, ids, metadata)
        vectors = self._model.embed(texts, Role.DOCUMENT).vectors
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._create(cursor, vectors.shape[1])
            values = [
                (row.id, row.text, json.dumps(row.metadata), _literal(vector))
                for row, vector in zip(rows, vectors, strict=True)
            ]
            cursor.executemany(self._sql.SQL(PUT).format(table=self._table), values)
        return [row.id for row in rows]

    def _create(self, cursor: Any, width: int) -> None:
        if self._exists or not width:
            return
        sql = self._sql
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
        cursor.execute(sql.SQL(CREATE).format(table=self._table, width=sql.Literal(width)))
        space = sql.Literal(self._model.space.to_json())
        cursor.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(self._table, space))
        self._exists = True

    def search(self, query: str, n: int = 10, *, filter: Mapping[str, Any] | None = None) -> list[Hit]:  # noqa: A002
        """The texts nearest to a query whose metadata holds `filter`."""
        if not self._exists:
            return []
        vector = _literal(self._model.embed([query], Role.QUERY).vectors[0])
        values = {"query": vector, "n": n, "filter": json.dumps(filter or {})}
        found = self._connection.execute(self._sql.SQL(FIND).format(table=self._table), values)
        return [Hit(*row) for row in found.fetchall()]

    def delete(self, ids: Sequence[str]) -> int:
        """Remove rows; how many there were."""
        if not self._exists:
            return 0
        statement = self._sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(self._table)
        removed: int = self._connection.execute(statement, [list(ids)]).rowcount
        return removed


def _literal(vector: NDArray[Any]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(map(repr, vector.tolist())) + "]"
