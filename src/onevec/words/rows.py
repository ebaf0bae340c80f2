"""The vectors themselves, one row a word: as float32, or in a form that takes less room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..arrays import Array

__all__ = ["FORMS", "FloatRows", "Rows", "largest", "packed_rows", "rows_from"]

BLOCK = 8192
"""Rows that are unpacked at once: they fit a processor's cache."""
SAMPLE = 50_000
"""Rows that a codebook is made from, at most."""
ROUNDS = 12
"""Rounds of k-means for a codebook."""
CENTROIDS = 256
PER_ROW = {"rows", "scales", "codes", "norms"}
"""Arrays with one entry a row."""
GROUP = 1024
"""Numbers whose maximum is compared before they are."""

Arrays = Mapping[str, NDArray[Any]]


class Rows(ABC):
    """A matrix of `count` rows and `width` columns in some form.

    Args:
        arrays: what the form keeps, by name; "norms" may be among them.
    """

    form: ClassVar[str]

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = dict(arrays)

    @property
    @abstractmethod
    def width(self) -> int:
        """Columns."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def take(self, rows: NDArray[np.int64]) -> Array:
        """The rows at these places, float32 `(len(rows), width)`."""

    @abstractmethod
    def block(self, start: int, stop: int) -> Array:
        """The rows from `start` to `stop` as float32."""

    def dots(self, queries: Array, stop: int) -> Array:
        """The products of `(q, width)` with the first `stop` rows, `(q, stop)`."""
        whole = np.empty((len(queries), stop), dtype=np.float32)
        for start in range(0, stop, BLOCK):
            end = min(start + BLOCK, stop)
            np.matmul(queries, self.block(start, end).T, out=whole[:, start:end])
        return whole

    def blocks(self) -> Iterator[Array]:
        """All rows, some thousand at a time."""
        for start in range(0, len(self), BLOCK):
            yield self.block(start, min(start + BLOCK, len(self)))

    @cached_property
    def norms(self) -> Array:
        """The length of each row; 1 in place of 0, so that one may divide by it."""
        if "norms" in self.arrays:
            stored: Array = self.arrays["norms"]
            return stored
        lengths = np.concatenate([np.zeros(0, np.float32), *(np.linalg.norm(block, axis=1) for block in self.blocks())])
        lengths[lengths == 0] = 1
        return lengths.astype(np.float32)

    @cached_property
    def mean(self) -> Array:
        """The mean of all rows."""
        if "mean" in self.arrays:
            stored: Array = self.arrays["mean"]
            return stored
        total = sum((block.sum(axis=0, dtype=np.float64) for block in self.blocks()), np.zeros(self.width))
        mean: Array = (total / max(len(self), 1)).astype(np.float32)
        return mean

    def matrix(self) -> Array:
        """All rows at once."""
        return np.concatenate([np.zeros((0, self.width), np.float32), *self.blocks()])

    def head(self, count: int) -> Rows:
        """A copy of the first rows in the same form."""
        kept = {name: array for name, array in self.arrays.items() if name != "mean"}
        return type(self)({name: array[:count].copy() if name in PER_ROW else array for name, array in kept.items()})

    def whole(self) -> dict[str, NDArray[Any]]:
        """All arrays, also those that can be derived but take a pass over the rows."""
        return {**self.arrays, "norms": self.norms, "mean": self.mean}


class FloatRows(Rows):
    """Float32 as it is."""

    form = "float32"

    @classmethod
    def of(cls, matrix: NDArray[Any]) -> FloatRows:
        """The rows of a matrix; of float32 no copy is made."""
        return cls({"rows": np.ascontiguousarray(matrix, dtype=np.float32)})

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.arrays["rows"].shape[1])

    def __len__(self) -> int:
        return len(self.arrays["rows"])

    def take(self, rows: NDArray[np.int64]) -> Array:
        """The rows at these places."""
        taken: Array = self.arrays["rows"].take(rows, axis=0)
        return taken

    def block(self, start: int, stop: int) -> Array:
        """The rows from `start` to `stop`, without a copy."""
        part: Array = self.arrays["rows"][start:stop]
        return part

    def dots(self, queries: Array, stop: int) -> Array:
        """The products with the first `stop` rows; one query is a matrix times a vector, which BLAS does faster."""
        rows: Array = self.arrays["rows"][:stop]
        if len(queries) == 1:
            one: Array = (rows @ queries[0])[None]
            return one
        return super().dots(queries, stop)


class HalfRows(FloatRows):
    """Float16: half the room, about 3 digits."""

    form = "float16"

    @classmethod
    def packed(cls, rows: Rows) -> HalfRows:
        """Pack rows of another form."""
        halves = np.empty((len(rows), rows.width), dtype=np.float16)
        with np.errstate(over="ignore"):
            for start, block in _numbered(rows):
                halves[start : start + len(block)] = block
        if not np.isfinite(halves).all():
            message = "form='float16' can't hold numbers beyond 65504: take 'int8' or 'float32'"
            raise ConfigurationError(message)
        return cls({"rows": halves})

    def take(self, rows: NDArray[np.int64]) -> Array:
        """The rows at these places."""
        return super().take(rows).astype(np.float32)

    def block(self, start: int, stop: int) -> Array:
        """The rows from `start` to `stop`."""
        return super().block(start, stop).astype(np.float32)

    def dots(self, queries: Array, stop: int) -> Array:
        """The products with the first `stop` rows."""
        return Rows.dots(self, queries, stop)


class ByteRows(HalfRows):
    """Int8 with one scale a row: a quarter of the room, 255 steps between a row's largest number and its negative."""

    form = "int8"

    @classmethod
    def packed(cls, rows: Rows) -> ByteRows:
        """Pack rows of another form."""
        codes = np.empty((len(rows), rows.width), dtype=np.int8)
        scales = np.empty(len(rows), dtype=np.float32)
        for start, block in _numbered(rows):
            part = slice(start, start + len(block))
            scales[part] = np.abs(block).max(axis=1) / np.float32(127)
            scales[part][scales[part] == 0] = 1  # of zeros, and of what float32 can't divide by 127
            codes[part] = np.rint(block / scales[part, None])
        return cls({"rows": codes, "scales": scales})

    def take(self, rows: NDArray[np.int64]) -> Array:
        """The rows at these places."""
        return super().take(rows) * self.arrays["scales"].take(rows)[:, None]

    def block(self, start: int, stop: int) -> Array:
        """The rows from `start` to `stop`."""
        return super().block(start, stop) * self.arrays["scales"][start:stop, None]


class ProductRows(Rows):
    """Product quantisation: 4 numbers become one byte, the number of the nearest of 256 groups of 4.

    Jégou et al. 2011, https://doi.org/10.1109/TPAMI.2010.57.
    """

    form = "pq"
    part: ClassVar[int] = 4

    @classmethod
    def packed(cls, rows: Rows) -> ProductRows:
        """Pack rows of another form; the codebooks come from at most `SAMPLE` of them."""
        draw = np.random.default_rng(0)
        chosen = np.sort(draw.permutation(len(rows))[:SAMPLE])
        sample = _in_parts(rows.take(chosen), cls.part)
        books = np.stack([_centroids(sample[:, place], draw) for place in range(sample.shape[1])])
        codes = np.empty((len(rows), len(books)), dtype=np.uint8)
        for start, block in _numbered(rows):
            parts = _in_parts(block, cls.part)
            for place, book in enumerate(books):
                codes[start : start + len(block), place] = _nearest(parts[:, place], book)
        return cls({"codes": codes, "books": books, "width": np.array([rows.width], np.int64)})

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.arrays["width"][0])

    def __len__(self) -> int:
        return len(self.arrays["codes"])

    def _decoded(self, codes: NDArray[np.uint8]) -> Array:
        books = self.arrays["books"]
        parts = books[np.arange(len(books)), codes]
        return np.ascontiguousarray(parts.reshape(len(codes), -1)[:, : self.width])

    def take(self, rows: NDArray[np.int64]) -> Array:
        """The rows at these places."""
        return self._decoded(self.arrays["codes"].take(rows, axis=0))

    def block(self, start: int, stop: int) -> Array:
        """The rows from `start` to `stop`."""
        return self._decoded(self.arrays["codes"][start:stop])


def _numbered(rows: Rows) -> Iterator[tuple[int, Array]]:
    """All rows, some thousand at a time, each time with the place of the first."""
    return zip(range(0, len(rows), BLOCK), rows.blocks(), strict=True)


def _in_parts(block: Array, part: int) -> Array:
    """Rows cut into parts, `(n, parts, part)`; zeros fill the last one."""
    padded = np.pad(block, ((0, 0), (0, -block.shape[1] % part)))
    return padded.reshape(len(block), padded.shape[1] // part, part)


def _centroids(points: Array, draw: np.random.Generator) -> Array:
    """256 centroids of points by k-means."""
    if not len(points):
        return np.zeros((CENTROIDS, points.shape[1]), dtype=np.float32)
    first = draw.permutation(len(points))[:CENTROIDS]
    found = points[np.resize(first, CENTROIDS)]
    for _ in range(ROUNDS):
        nearest = _nearest(points, found)
        sizes = np.bincount(nearest, minlength=CENTROIDS)
        sums = np.stack([np.bincount(nearest, column, CENTROIDS) for column in points.T], axis=1)
        used = sizes > 0
        found[used] = sums[used] / sizes[used, None]
    return found


def _nearest(points: Array, centroids: Array) -> NDArray[np.uint8]:
    distances = (centroids**2).sum(axis=1) - 2 * points @ centroids.T
    nearest: NDArray[np.uint8] = distances.argmin(axis=1).astype(np.uint8)
    return nearest


FORMS: dict[str, type[Rows]] = {kind.form: kind for kind in (FloatRows, HalfRows, ByteRows, ProductRows)}


def packed_rows(rows: Rows, form: str) -> Rows:
    """The rows in another form.

    Raises:
        ConfigurationError: there is no such form, or it can't hold a row.
    """
    _check_form(form)
    if form == rows.form:
        return rows
    if form == "float32":
        return FloatRows.of(rows.matrix())
    kinds: dict[str, type[HalfRows | ProductRows]] = {"float16": HalfRows, "int8": ByteRows, "pq": ProductRows}
    for start, block in _numbered(rows):
        wrong = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if len(wrong):
            message = f"row {start + int(wrong[0])} holds NaN or infinity, which form={form!r} can't hold: leave it out"
            raise ConfigurationError(message)
    return kinds[form].packed(rows)


def _check_form(form: str) -> None:
    """Refuse an unknown form."""
    if form not in FORMS:
        message = f"form must be one of {', '.join(FORMS)}, not {form!r}"
        raise ConfigurationError(message)


def rows_from(form: str, arrays: Arrays) -> Rows:
    """The rows of a form from what it keeps."""
    _check_form(form)
    return FORMS[form](arrays)


def largest(values: Array, count: int) -> NDArray[np.int64]:
    """The places of the largest values, the largest first; NaN is less than all.

    They can only be in the groups with the largest maxima, which saves looking for places among all values.
    """
    groups = len(values) // GROUP
    if groups > 4 * count:
        tops = np.fmax.reduce(values[: groups * GROUP].reshape(groups, GROUP), axis=1)
        chosen = np.argpartition(-_ranked(tops), count)[:count, None] * GROUP + np.arange(GROUP)
        places = np.concatenate([chosen.reshape(-1), np.arange(groups * GROUP, len(values))])
    else:
        places = np.arange(len(values))
    found = _ranked(values[places])
    best = np.argpartition(-found, min(count, len(found) - 1))[:count] if count else np.zeros(0, np.int64)
    ordered: NDArray[np.int64] = places[best[np.argsort(-found[best], kind="stable")]]
    return ordered


def _ranked(values: Array) -> Array:
    return np.where(np.isnan(values), np.float32(-np.inf), values)
