"""`VectorIndex`: texts and vectors to search by meaning, in memory or in a folder."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..embeddings import Embedded, Role, check_texts, in_thread
from ..errors import ConfigurationError
from ..load import load
from ..space import SpaceId
from . import folder
from .arguments import checked_ids, checked_vectors, embedder_of, given
from .diverse import mmr
from .rows import Rows
from .vectors import Layout, Vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ..embeddings import Embeddings
    from .rows import Filter, Hit

__all__ = ["VectorIndex"]

MOST_DEAD = 0.5
"""The share of removed rows from which on a save builds a graph anew; without a graph it drops all of them."""


class VectorIndex:
    """Finds the rows nearest to a query; threads may share it, and one at a time works, on all processors.

    Args:
        model: what embeds texts: a model, the name that `load` takes, or None for the embedded default. A `SpaceId`
            makes an index of vectors alone.
        dtype: how vectors are compared: "float32"; "float16", half as large; "int8", 1/4; "binary", the signs, 1/32.
        metric: "cosine", "dot" or "euclidean".
        approximate: walk a graph (HNSW) instead of comparing every row; it makes `add` slow, and pays for many rows.
        rescore: with int8 and binary, keep the float32 vectors too (mapped from the disk, once the index is opened),
            and compare the best candidates exactly.
        oversample: candidates for each wanted row; None takes what `benchmarks/search.py` found good.

    Attributes:
        space: where the vectors live.
        model_name: what `load` takes to get the model; None if it was given as an object.

    Raises:
        ConfigurationError: a parameter has no such value.
        MissingDependency: the extra `search` is not installed.

    Example:
        >>> index = VectorIndex()
        >>> index.add(["猫在睡觉", "the train to the airport"], metadata=[{"lang": "zh"}, {"lang": "en"}])
        ['0', '1']
        >>> index.search("去机场怎么走", 1)[0].text
        'the train to the airport'
        >>> index.search("去机场怎么走", filter={"lang": "zh"})[0].id
        '0'
    """

    def __init__(
        self,
        model: Embeddings | str | SpaceId | Any = None,
        *,
        dtype: str = "float32",
        metric: str = "cosine",
        approximate: bool = False,
        rescore: bool = True,
        oversample: int | None = None,
    ) -> None:
        layout = Layout(dtype=dtype, metric=metric, approximate=approximate, rescore=rescore, oversample=oversample)
        self.model_name = "default" if model is None else model if isinstance(model, str) else None
        self._model = embedder_of(self.model_name or model)
        self.space: SpaceId = model if isinstance(model, SpaceId) else self._embedder().space
        self._rows = Rows()
        self._vectors = Vectors(layout, self.space.dimensions or 0)
        self._next = 0
        self._lock = threading.RLock()
        self.changes = 0

    def __repr__(self) -> str:
        layout = self._vectors.layout
        kind = " graph" if layout.approximate else ""
        return f"VectorIndex({len(self):,} rows of {self.space}, {layout.dtype}{kind}, {layout.metric})"

    def __len__(self) -> int:
        return len(self._vectors) - self._vectors.dead

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._rows.number(name) is not None

    # Change ---------------------------------------------------------------------------------------------------------

    def add(
        self,
        texts: Sequence[str] | None = None,
        *,
        vectors: NDArray[Any] | Embedded | None = None,
        ids: Sequence[str] | None = None,
        metadata: Sequence[Mapping[str, Any]] | Any = None,
    ) -> list[str]:
        """Add rows.

        Args:
            texts: what to embed; or the texts of `vectors`.
            vectors: an array `(n, d)`, or what `Embeddings.embed` gave; without them the model embeds the texts.
            ids: one a row; a row that has the id already is replaced. None counts on from "0".
            metadata: one dict a row, or an Arrow table.

        Returns:
            The ids.

        Raises:
            ConfigurationError: counts, widths or types of metadata differ, a number is not finite, an id comes twice.
            SpaceMismatch: `vectors` is what a model of another space gave.
        """
        texts = None if texts is None else check_texts(texts)
        if vectors is None:
            wanted = given(texts)
            vectors = self._embedder().embed(wanted, Role.DOCUMENT)
        return self._put(texts, self._array(vectors), ids, metadata)

    async def aadd(self, texts: Sequence[str], **options: Any) -> list[str]:
        """`add` for texts, without blocking the event loop; options are `ids` and `metadata`."""
        vectors = await self._embedder().aembed(texts, Role.DOCUMENT)
        return await in_thread(self.add, texts, vectors=vectors, **options)

    def _put(
        self, texts: list[str] | None, vectors: NDArray[np.float32], ids: Sequence[str] | None, metadata: Any
    ) -> list[str]:
        with self._lock:
            names = self._new_ids(len(vectors)) if ids is None else checked_ids(ids)
            for what, found in (("texts", texts), ("ids", names)):
                if found is not None and len(found) != len(vectors):
                    message = f"there are {len(found)} {what} for {len(vectors)} vectors"
                    raise ConfigurationError(message)
            if not len(vectors):
                return []
            if not self._vectors.dimensions:
                self._vectors = Vectors(self._vectors.layout, vectors.shape[1])
            former = [number for name in names if (number := self._rows.number(name)) is not None]
            self._rows.append(names, texts, metadata)
            self._vectors.append(vectors)
            for number in former:
                self._vectors.remove(number)
            self.changes += 1
            return names

    def _new_ids(self, count: int) -> list[str]:
        names: list[str] = []
        while len(names) < count:
            if str(self._next) not in self:
                names.append(str(self._next))
            self._next += 1
        return names

    def delete(self, ids: Sequence[str]) -> int:
        """Remove rows; how many there were."""
        with self._lock:
            numbers = {name: number for name in checked_ids(ids) if (number := self._rows.number(name)) is not None}
            for name, number in numbers.items():
                self._rows.forget(name)
                self._vectors.remove(number)
            self.changes += 1
            return len(numbers)

    # Search ---------------------------------------------------------------------------------------------------------

    def search(
        self,
        query: str | NDArray[Any],
        n: int = 10,
        *,
        filter: Filter | Any = None,  # noqa: A002  # the name that every vector store gives it
        diversity: float | None = None,
    ) -> list[Hit]:
        """The rows nearest to a query.

        Args:
            query: a text, or a vector `(d,)`.
            n: how many at most.
            filter: the metadata that rows must have: a dict (`{"lang": "zh", "year": [2025, 2026]}`), an expression of
                pyarrow (`pc.field("year") > 2024`), or a function over the row as a dict.
            diversity: from 0 to 1: choose among the nearest 4 n those that are not near to each other, see `mmr`.

        Raises:
            ConfigurationError: the filter names a column that there is not, or the vector has another width.
            TypeError: `query` is neither a text nor one vector; for several there is `search_batch`.
        """
        if not isinstance(query, str) and np.ndim(query) != 1:
            raise TypeError("query must be a str or one vector (d,): search_batch takes several")
        queries: Any = [query] if isinstance(query, str) else np.asarray(query)[None]
        return self.search_batch(queries, n, filter=filter, diversity=diversity)[0]

    def search_batch(
        self,
        queries: Sequence[str] | NDArray[Any] | Embedded,
        n: int = 10,
        *,
        filter: Filter | Any = None,  # noqa: A002  # as in `search`
        diversity: float | None = None,
    ) -> list[list[Hit]]:
        """`search` for several texts, or vectors `(q, d)`: the hits of each, in order. It is faster than one by one."""
        vectors = self._queries(queries)
        numbers, scores = self.nearest(vectors, n if diversity is None else 4 * n, filter=filter)
        with self._lock:
            return [self._hits(*row, n, diversity) for row in zip(vectors, numbers, scores, strict=True)]

    async def asearch(self, query: str | NDArray[Any], n: int = 10, **options: Any) -> list[Hit]:
        """`search`, without blocking the event loop; options are `filter` and `diversity`."""
        if isinstance(query, str):
            query = (await self._embedder().aembed([query], Role.QUERY)).vectors[0]
        return await in_thread(self.search, query, n, **options)

    def nearest(
        self,
        vectors: NDArray[Any],
        n: int = 10,
        *,
        filter: Filter | Any = None,  # noqa: A002  # as in `search`
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows nearest to vectors `(q, d)` by number, for who needs arrays.

        Returns:
            Row numbers, which hold until the index is saved, and scores, both `(q, n)`; -1 and NaN where there are
            fewer rows. Euclidean scores are distances, the smallest first.
        """
        found = self._array(vectors)
        if n < 1:
            message = f"n must be at least 1, not {n}"
            raise ConfigurationError(message)
        with self._lock:
            allowed = None if filter is None else self._rows.allowed(filter)
            return self._vectors.nearest(found, n, allowed)

    def _hits(
        self,
        query: NDArray[np.float32],
        numbers: NDArray[np.int64],
        scores: NDArray[np.float32],
        n: int,
        diversity: float | None,
    ) -> list[Hit]:
        known = numbers >= 0
        numbers, scores = numbers[known], scores[known]
        if diversity is not None:
            chosen, _ = mmr(query, self._vectors.take(numbers), n, diversity=diversity)
            numbers, scores = numbers[chosen], scores[chosen]
        return self._rows.hits(numbers, scores)

    # Look -----------------------------------------------------------------------------------------------------------

    def texts(self) -> tuple[list[str], list[str | None]]:
        """The ids and the texts of all rows."""
        table = self._rows.table.filter(self._vectors.alive)
        return table["id"].to_pylist(), table["text"].to_pylist()

    def matching(self, filter: Filter | Any) -> list[str]:  # noqa: A002  # as in `search`
        """The ids of the rows that a filter lets through."""
        found: list[str] = self._rows.table["id"].filter(self._rows.allowed(filter) & self._vectors.alive).to_pylist()
        return found

    def hits(self, scores: Mapping[str, float]) -> list[Hit]:
        """The rows with these ids, with the scores that they are given."""
        return self._rows.hits(self._numbers(scores), np.array([*scores.values()], dtype=np.float32))

    def vectors(self, ids: Iterable[str]) -> NDArray[np.float32]:
        """The vectors `(n, d)` of rows, of length 1 if the metric is cosine; KeyError if there is no such row."""
        return self._vectors.take(self._numbers(ids))

    def _numbers(self, ids: Iterable[str]) -> NDArray[np.int64]:
        found: list[int] = []
        for name in ids:
            if (number := self._rows.number(name)) is None:
                raise KeyError(name)
            found.append(number)
        return np.array(found, dtype=np.int64)

    # Keep -----------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the index to a folder, whole or not at all; an index that is there already is replaced.

        Raises:
            OSError: the folder can't be written.
        """
        with self._lock:
            vectors, rows = self._vectors, self._rows.table
            if vectors.dead > (MOST_DEAD * len(vectors) if vectors.graph else 0):
                vectors, numbers = vectors.packed()
                rows = rows.take(numbers)
                self._vectors, self._rows = vectors, Rows(rows)
            facts = {
                "space": self.space.to_json(),
                "model": self.model_name,
                "layout": vectors.layout.settings(),
                "dimensions": vectors.dimensions,
                "next": self._next,
            }
            folder.write(Path(path), facts, vectors.columns(), rows, vectors.graph)

    @classmethod
    def open(cls, path: str | Path, model: Embeddings | str | Any = None) -> Self:
        """Open an index that `save` wrote; its files are mapped into memory and read where they are needed.

        Args:
            path: the folder.
            model: what embeds queries; None loads, at the first text, the model that the index was made with by name.

        Raises:
            ConfigurationError: there is no index, or it is damaged.
            SpaceMismatch: the model's vectors can't be compared with those of the index.
        """
        saved = folder.read(Path(path))
        facts = saved.facts
        index = cls.__new__(cls)
        index.space = SpaceId.from_json(facts["space"])
        index.model_name = model if isinstance(model, str) else facts["model"]
        index._model = embedder_of(model, index.space)
        index._lock = threading.RLock()
        index._next, index.changes = facts["next"], 0
        index._vectors = Vectors(Layout(**facts["layout"]), facts["dimensions"], saved.columns, saved.graph)
        index._rows = Rows(saved.rows, index._vectors.alive)
        return index

    def _embedder(self) -> Embeddings:
        if self._model is None:
            if self.model_name is None:
                raise ConfigurationError(
                    f"the index holds vectors of {self.space} and knows no model: pass vectors, "
                    "or the model to VectorIndex.open"
                )
            self._model = load(self.model_name)
            self.space.check(self._model.space)
        return self._model

    def _queries(self, queries: Any) -> NDArray[np.float32]:
        if isinstance(queries, str):
            raise TypeError("queries must be several texts, not one str: search takes one")
        if isinstance(queries, Embedded | np.ndarray) or not all(isinstance(query, str) for query in queries):
            return self._array(queries)
        return self._array(self._embedder().embed(list(queries), Role.QUERY))

    def _array(self, vectors: Any) -> NDArray[np.float32]:
        return checked_vectors(vectors, self.space, self._vectors.dimensions)
