"""Qdrant, on a server or in a local folder: texts in a collection, which knows the space of its vectors."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from ..embeddings import Role
from ..load import model_of
from ..optional import need
from ..search.rows import Hit
from ..space import SpaceId
from .rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["QdrantTexts"]

ID, TEXT, SPACE = "onevec_id", "text", "onevec_space"
NAMES = uuid.UUID("0f7cf5a2-6c0b-4a52-9d35-5f2c1f2ad0cb")
"""Qdrant takes only numbers and UUIDs as ids; ours are hashed under this one."""


class QdrantTexts:
    """Texts in a collection, found by the cosine similarity of their vectors.

    Args:
        client: a `qdrant_client.QdrantClient`.
        collection: its name; it is made with the first texts.
        model: a model, the name that `load` takes, or None for the default.

    Raises:
        SpaceMismatch: the collection holds vectors of another model.
        MissingDependency: qdrant-client is not installed.
    """

    def __init__(self, client: Any, collection: str, model: Any = None) -> None:
        self._models: Any = need("qdrant_client.models", extra="qdrant")
        self._client, self._collection = client, collection
        self._model = model_of(model)
        if client.collection_exists(collection):
            rows, _ = client.scroll(collection, limit=1)
            if rows and SPACE in rows[0].payload:
                SpaceId.from_json(rows[0].payload[SPACE]).check(self._model.space)

    def add(
        self,
        texts: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        metadata: Sequence[Mapping[str, Any]] | None = None,
    ) -> list[str]:
        """Embed texts and put them into the collection; one that has the id already is replaced. Their ids."""
        rows = rows_of(texts, ids, metadata)
        vectors = self._model.embed(texts, Role.DOCUMENT).vectors
        if len(vectors):
            self._create(vectors.shape[1])
            space = self._model.space.to_json()
            payloads = [{**row.metadata, ID: row.id, TEXT: row.text, SPACE: space} for row in rows]
            keys = _keys([row.id for row in rows])
            self._client.upload_collection(self._collection, vectors, payloads, keys, wait=True)
        return [row.id for row in rows]

    def _create(self, width: int) -> None:
        if not self._client.collection_exists(self._collection):
            kind = self._models.VectorParams(size=width, distance=self._models.Distance.COSINE)
            self._client.create_collection(self._collection, vectors_config=kind)

    def search(self, query: str, n: int = 10, *, filter: Any = None) -> list[Hit]:  # noqa: A002  # Qdrant's name
        """The texts nearest to a query; `filter` is a `qdrant_client.models.Filter`."""
        if not self._client.collection_exists(self._collection):
            return []
        vector = self._model.embed([query], Role.QUERY).vectors[0].tolist()
        found = self._client.query_points(self._collection, query=vector, limit=n, query_filter=filter)
        return [_hit(point) for point in found.points]

    def delete(self, ids: Sequence[str]) -> None:
        """Remove texts."""
        self._client.delete(self._collection, points_selector=_keys(ids))


def _keys(names: Sequence[str]) -> list[str]:
    return [str(uuid.uuid5(NAMES, name)) for name in names]


def _hit(point: Any) -> Hit:
    facts = {name: value for name, value in point.payload.items() if name not in (ID, TEXT, SPACE)}
    return Hit(point.payload[ID], point.score, point.payload[TEXT], facts)
