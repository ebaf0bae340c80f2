"""The nearest rows, most of them, by walking a graph of neighbours (HNSW, Malkov and Yashunin 2018): usearch's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..optional import need

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Graph"]

SCALARS = {"float32": "f32", "float16": "f16", "int8": "i8", "binary": "b1"}
METRICS = {"cosine": "cos", "dot": "ip", "euclidean": "l2sq"}


class Graph:
    """Rows by number, found by walking from neighbour to neighbour.

    Args:
        dimensions: numbers a vector.
        dtype: "float32", "float16", "int8" or "binary". int8 codes of several scales can be compared by their angle
            only, so with another metric the graph holds float16.
        metric: "cosine", "dot" or "euclidean".
        file: a saved graph; it is mapped, and read as a whole when rows are added.
    """

    def __init__(self, dimensions: int, *, dtype: str, metric: str, file: Path | None = None) -> None:
        usearch = need("usearch.index", extra="search")
        self._takes_codes = dtype == "binary" or (dtype == "int8" and metric == "cosine")
        kind = dtype if self._takes_codes or dtype == "float32" else "float16"
        self._index: Any = usearch.Index(
            ndim=dimensions,
            metric="hamming" if dtype == "binary" else METRICS[metric],
            dtype=SCALARS[kind],
        )
        self._file = file
        if file is not None:
            self._index.view(str(file))

    def __len__(self) -> int:
        return len(self._index)

    def append(self, first: int, vectors: NDArray[np.float32], codes: NDArray[Any]) -> None:
        """Add rows that are numbered from `first` on: their vectors `(n, d)` and their codes."""
        self._write()
        numbers = np.arange(first, first + len(vectors), dtype=np.uint64)
        self._index.add(numbers, codes if self._takes_codes else vectors)

    def remove(self, number: int) -> None:
        """Let a row not be found any more."""
        self._write()
        self._index.remove(number)

    def nearest(self, vectors: NDArray[np.float32], codes: NDArray[Any], n: int) -> NDArray[np.int64]:
        """The numbers `(q, n)` of the rows nearest to queries, best first; -1 where fewer were found."""
        if not len(self._index):
            return np.full((len(vectors), n), -1, dtype=np.int64)
        found = self._index.search(codes if self._takes_codes else vectors, n, exact=False)
        keys = np.asarray(found.keys).reshape(len(vectors), -1).astype(np.int64)
        counts = np.asarray(getattr(found, "counts", [len(found)])).reshape(-1, 1)
        whole = np.full((len(vectors), n), -1, dtype=np.int64)
        whole[:, : keys.shape[1]] = np.where(np.arange(keys.shape[1]) < counts, keys, -1)
        return whole

    def save(self, file: Path) -> None:
        """Write the graph."""
        self._write()  # a mapped one can't be written
        self._index.save(str(file))

    def _write(self) -> None:
        if self._file is not None:
            self._index.load(str(self._file))
            self._file = None
