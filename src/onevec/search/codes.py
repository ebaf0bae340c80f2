"""Vectors in the form in which they are scanned: float32, float16, int8 or one bit a number.

A kernel gives raw scores of a block of rows, and the score that ranks is `raw * scale * factor - offset` with a scale
and an offset a row and a factor a query. The kernels are numkong's, and numpy's for float32 and many queries; all
release the interpreter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..optional import need
from .columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["DTYPES", "Bits", "Codes", "Kernel", "codes_of", "words_of"]

BITS_AT_ONCE = 2**15
MANY = 16
"""From so many queries on, the product of float32 matrices is faster with BLAS."""
FEW = 2
"""Up to so many queries, comparing pairs is faster than multiplying matrices."""


class Kernel(NamedTuple):
    """How a scan compares a block of rows with all queries.

    Attributes:
        raw: takes the number of the first row (None if the rows are not neighbours) and the block `(m, ...)`; gives the
            raw scores.
        rows_first: whether these are `(m, queries)` or `(queries, m)`.
        factor: float32 `(queries,)`.
    """

    raw: Callable[[int | None, NDArray[Any]], NDArray[Any]]
    rows_first: bool
    factor: NDArray[np.float32]


class Codes(ABC):
    """The rows of an index as one kind of code.

    Args:
        dimensions: numbers a vector.
        euclidean: whether the distance ranks, not the product.
        saved: columns of an earlier index, by the names of `columns`.

    Attributes:
        queries: how many of them are compared at a time; their scores for one block stay in the processor's cache.
        aligned: where the blocks of a scan have to end, so that a kernel meets the same ones again.
        scale: float32, one a row; None stands for 1.
        offset: float32, one a row; None stands for 0.
    """

    queries = 64
    aligned: int | None = None

    def __init__(self, dimensions: int, *, euclidean: bool, saved: Mapping[str, NDArray[Any]]) -> None:
        self.dimensions = dimensions
        empty = self.encode(np.zeros((0, dimensions), dtype=np.float32))
        self.rows = Column(saved.get("codes", empty[0]))
        no_number = np.zeros(0, dtype=np.float32)
        self.scale = None if empty[1] is None else Column(saved.get("scale", no_number))
        self.offset = Column(saved.get("offset", no_number)) if euclidean else None

    def __len__(self) -> int:
        return len(self.rows)

    def append(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """Encode vectors `(n, d)` and keep them; their codes."""
        codes, scale = self.encode(vectors)
        self.rows.append(codes)
        if self.scale is not None and scale is not None:
            self.scale.append(scale)
        if self.offset is not None:
            self.offset.append(np.einsum("ij,ij->i", vectors, vectors) / 2)
        return codes

    def columns(self) -> dict[str, Column]:
        """What has to be saved."""
        found = {"codes": self.rows, "scale": self.scale, "offset": self.offset}
        return {name: column for name, column in found.items() if column is not None}

    @abstractmethod
    def encode(self, vectors: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        """The codes of vectors, and their scales."""

    @abstractmethod
    def decode(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some vectors, as well as the codes tell them."""

    @abstractmethod
    def kernel(self, queries: NDArray[np.float32]) -> Kernel:
        """How to compare with queries `(q, d)`."""


def _ones(count: int) -> NDArray[np.float32]:
    return np.ones(count, dtype=np.float32)


class _Floats(Codes):
    """Numbers as they are, perhaps in half precision."""

    dtype: type[np.floating[Any]] = np.float32
    few = 0
    queries = 256

    def encode(self, vectors: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        return vectors.astype(self.dtype), None

    def decode(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.rows.take(numbers).astype(np.float32, copy=False)

    def kernel(self, queries: NDArray[np.float32]) -> Kernel:
        if self.dtype is not np.float32 or len(queries) < MANY:
            return _dots(self.encode(queries)[0], _ones(len(queries)), self.few)
        columns = np.ascontiguousarray(queries.T)

        def products(_: int | None, block: NDArray[Any]) -> NDArray[Any]:
            scores: NDArray[Any] = block @ columns
            return scores

        return Kernel(products, rows_first=True, factor=_ones(len(queries)))


class _Halves(_Floats):
    dtype = np.float16
    few = FEW
    queries = 64


class _Int8(Codes):
    """255 steps between the largest number of a vector and its negative."""

    def encode(self, vectors: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        scale = np.abs(vectors).max(axis=1, initial=0) / 127
        scale[scale == 0] = 1
        codes = np.rint(vectors / scale[:, None]).astype(np.int8)
        return codes, scale.astype(np.float32, copy=False)

    def decode(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        assert self.scale is not None  # noqa: S101  # for the type checkers: encode gives scales
        whole: NDArray[np.float32] = self.rows.take(numbers) * self.scale.take(numbers)[:, None]
        return whole

    def kernel(self, queries: NDArray[np.float32]) -> Kernel:
        codes, scale = self.encode(queries)
        return _dots(codes, _ones(len(queries)) if scale is None else scale, FEW)


class Bits(Codes):
    """The signs, each number's in one bit.

    The kernel counts equal bits. It wants the rows laid out in its own way, which takes twice their size, and
    `nearest_by_bits` wants columns of words; each full block is laid out once and kept.
    """

    aligned = BITS_AT_ONCE

    def __init__(self, dimensions: int, *, euclidean: bool, saved: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(dimensions, euclidean=euclidean, saved=saved)
        self.offset = None  # signs know no lengths
        self._laid_out: dict[int, Any] = {}
        self._words: dict[int, NDArray[np.uint64]] = {}

    def encode(self, vectors: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        """Eight signs a byte; no scale."""
        return np.packbits(vectors > 0, axis=1), None

    def decode(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors of length 1 with these signs."""
        bits = np.unpackbits(self.rows.take(numbers), axis=1, count=self.dimensions)
        signs: NDArray[np.float32] = (bits * np.float32(2) - 1) / np.float32(np.sqrt(self.dimensions))
        return signs

    def words(self, start: int, block: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """`words_of` a block that begins with a row."""
        if (words := self._words.get(start)) is None:
            words = words_of(block)
            if len(block) == BITS_AT_ONCE:
                self._words[start] = words
        return words

    def kernel(self, queries: NDArray[np.float32]) -> Kernel:
        """The number of equal signs."""
        numkong = need("numkong", extra="search")
        opposite = ~self.encode(queries)[0]  # different from these means equal to the queries

        def raw(start: int | None, block: NDArray[Any]) -> NDArray[Any]:
            laid_out = self._laid_out.get(-1 if start is None else start)
            if laid_out is None:
                laid_out = numkong.hammings_pack(block, "uint1")
                if start is not None and len(block) == BITS_AT_ONCE:
                    self._laid_out[start] = laid_out
            return np.asarray(numkong.hammings_packed(opposite, laid_out)).view(np.int32)

        return Kernel(raw, rows_first=False, factor=_ones(len(queries)))


def _dots(queries: NDArray[Any], factor: NDArray[np.float32], few: int) -> Kernel:
    """The products with queries, which are codes themselves."""
    numkong = need("numkong", extra="search")
    if len(queries) <= few:

        def pairs(_: int | None, block: NDArray[Any]) -> NDArray[Any]:
            return np.asarray(numkong.cdist(queries, block, "dot"))

        return Kernel(pairs, rows_first=False, factor=factor)
    laid_out = numkong.dots_pack(queries)

    def products(_: int | None, block: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(numkong.dots_packed(block, laid_out))

    return Kernel(products, rows_first=True, factor=factor)


def words_of(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Codes `(n, bytes)` in words of 64 bits, `(words, n)`: neighbouring rows side by side; 4, 8, 12... words."""
    rows, width = codes.shape
    whole = np.zeros((rows, -(-width // 32) * 32), dtype=np.uint8)
    whole[:, :width] = codes
    return np.ascontiguousarray(whole.view(np.uint64).T)


_KINDS: dict[str, type[Codes]] = {"float32": _Floats, "float16": _Halves, "int8": _Int8, "binary": Bits}
DTYPES = tuple(_KINDS)


def codes_of(
    dtype: str, dimensions: int, *, euclidean: bool = False, saved: Mapping[str, NDArray[Any]] | None = None
) -> Codes:
    """Codes of one of `DTYPES`, empty or as they were saved."""
    return _KINDS[dtype](dimensions, euclidean=euclidean, saved=saved or {})
