"""The vectors of an index by row number: added, removed, and found by their nearness."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import unit_length
from ..errors import ConfigurationError
from .bits import nearest_by_bits
from .codes import DTYPES, codes_of
from .columns import Column
from .graph import METRICS, Graph
from .scan import on_all_processors, scan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Layout", "Vectors"]

OVERSAMPLE = {"float32": 1, "float16": 1, "int8": 2, "binary": 48}
"""Candidates a wanted row, where an exact comparison follows; `benchmarks/search.py` measures what it brings."""
WALKED = 4
"""The same for a graph, which passes over some rows."""
WORTH_THREADS = 2**12
"""Candidates below which comparing them in several threads costs more than it brings."""
QUERIES = 256
"""Queries whose candidates are compared at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How an index keeps its vectors and compares them; see `VectorIndex`."""

    dtype: str = "float32"
    metric: str = "cosine"
    approximate: bool = False
    rescore: bool = True
    oversample: int | None = None

    def __post_init__(self) -> None:
        for name, value, known in (("dtype", self.dtype, DTYPES), ("metric", self.metric, tuple(METRICS))):
            if value not in known:
                message = f"{name} must be one of {', '.join(known)}, not {value!r}"
                raise ConfigurationError(message)
        if self.oversample is not None and self.oversample < 1:
            message = f"oversample must be at least 1, not {self.oversample}"
            raise ConfigurationError(message)
        if self.dtype == "binary" and self.metric != "cosine" and not self.rescore:
            message = f"signs alone tell no {self.metric}: take rescore=True, metric='cosine', or another dtype"
            raise ConfigurationError(message)

    @property
    def keeps_vectors(self) -> bool:
        """Whether the vectors are kept beside codes that lose much."""
        return self.rescore and self.dtype in ("int8", "binary")

    def candidates(self, n: int, *, walked: bool) -> int:
        """How many rows to compare with exactly when `n` are wanted."""
        usual = OVERSAMPLE[self.dtype] * (WALKED if walked and OVERSAMPLE[self.dtype] < WALKED else 1)
        return n * (self.oversample or usual)

    def settings(self) -> dict[str, Any]:
        """What makes an equal layout."""
        return asdict(self)


class Vectors:
    """Rows of vectors.

    Args:
        layout: how they are kept.
        dimensions: numbers a vector.
        saved: columns of an earlier index.
        graph: the file of its graph.
    """

    def __init__(
        self,
        layout: Layout,
        dimensions: int,
        saved: Mapping[str, NDArray[Any]] | None = None,
        graph: Path | None = None,
    ) -> None:
        saved = saved or {}
        self.layout = layout
        self.dimensions = dimensions
        self.codes = codes_of(layout.dtype, dimensions, euclidean=layout.metric == "euclidean", saved=saved)
        nothing = np.zeros((0, dimensions), dtype=np.float32)
        self._vectors = Column(saved.get("vectors", nothing)) if layout.keeps_vectors else None
        self.alive = np.array(saved.get("alive", np.ones(len(self.codes), dtype=np.bool_)))
        self.graph = None
        if layout.approximate:
            self.graph = Graph(dimensions, dtype=layout.dtype, metric=layout.metric, file=graph)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def dead(self) -> int:
        """Rows that were removed and still take room."""
        return len(self.alive) - int(np.count_nonzero(self.alive))

    def columns(self) -> dict[str, Column]:
        """What has to be saved, but for the graph."""
        found = {**self.codes.columns(), "alive": Column(self.alive)}
        return found if self._vectors is None else {**found, "vectors": self._vectors}

    def append(self, vectors: NDArray[np.float32]) -> None:
        """Add vectors `(n, d)` behind the others."""
        first = len(self)
        prepared = self._prepared(vectors)
        codes = self.codes.append(prepared)
        if self._vectors is not None:
            self._vectors.append(prepared)
        self.alive = np.concatenate([self.alive, np.ones(len(vectors), dtype=np.bool_)])
        if self.graph is not None:
            self.graph.append(first, prepared, codes)

    def remove(self, number: int) -> None:
        """Let a row not be found any more."""
        self.alive[number] = False
        if self.graph is not None:
            self.graph.remove(number)

    def take(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some vectors, of length 1 if the metric is cosine; as well as the index knows them."""
        if self._vectors is not None:
            found: NDArray[np.float32] = self._vectors.take(numbers)
            return found
        return self.codes.decode(numbers)

    def nearest(
        self, queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows nearest to queries `(q, d)`, the nearest first, those of equal score by number.

        Args:
            queries: float32 array.
            n: rows a query.
            allowed: which rows may be found; a graph can't be walked then, so all these rows are compared.

        Returns:
            Numbers and scores, both `(q, n)`; -1 and NaN where there are fewer rows.
        """
        found = np.full((len(queries), n), -1, dtype=np.int64)
        scores = np.full((len(queries), n), np.nan, dtype=np.float32)
        prepared = self._prepared(queries)
        for start in range(0, len(prepared), QUERIES):
            candidates = self._candidates(prepared[start : start + QUERIES], n, allowed)

            def rank(row: int, candidates: NDArray[np.int64] = candidates, start: int = start) -> None:
                mine = candidates[row]
                numbers, known = self._ranked(prepared[start + row], mine[mine >= 0], n)
                found[start + row, : len(numbers)], scores[start + row, : len(numbers)] = numbers, known

            on_all_processors(rank, range(len(candidates)), worth=candidates.size >= WORTH_THREADS)
        return found, scores

    def _candidates(self, queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        if self.graph is not None and allowed is None:
            wanted = min(self.layout.candidates(n, walked=True), len(self))
            return self.graph.nearest(queries, self.codes.encode(queries)[0], wanted)
        if self.dead:
            allowed = self.alive if allowed is None else self.alive & allowed
        wanted = min(self.layout.candidates(n, walked=False), len(self))
        found = nearest_by_bits(self.codes, queries, wanted, allowed)
        return scan(self.codes, queries, wanted, allowed) if found is None else found

    def _ranked(
        self, query: NDArray[np.float32], numbers: NDArray[np.int64], n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The best of some rows by their vectors."""
        vectors = self.take(numbers)
        if self.layout.metric == "euclidean":
            scores = np.linalg.norm(vectors - query, axis=1)
            order = np.lexsort((numbers, scores))[:n]
        else:
            scores = np.einsum("ij,j->i", vectors, query)
            order = np.lexsort((numbers, -scores))[:n]
        return numbers[order], scores[order]

    def _prepared(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """A copy as the metric wants it."""
        return unit_length(vectors) if self.layout.metric == "cosine" else vectors.copy()

    def packed(self) -> tuple[Vectors, NDArray[np.int64]]:
        """The same without the removed rows, and the old numbers of those that stay."""
        numbers = np.flatnonzero(self.alive)
        columns = {name: column.take(numbers) for name, column in self.columns().items()}
        packed = Vectors(self.layout, self.dimensions, columns)
        if packed.graph is not None:
            for first, codes in packed.codes.rows.blocks(0, len(packed), 2**14):
                some = np.arange(first, first + len(codes))
                packed.graph.append(first, packed.take(some), codes)
        return packed, numbers
