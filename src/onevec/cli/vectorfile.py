"""A Parquet file of texts and their vectors, and what it knows about them.

Columns: `text`, `vector` (FixedSizeList<float32>[d]) and those of the input. The file's metadata holds the space of the
vectors, the recipe that they were made by, and the name that `load` takes to get their model again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..errors import ConfigurationError
from ..optional import need
from ..space import SpaceId
from .columns import VECTOR

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Header", "VectorFile", "parts_folder", "vector_column"]

BYTES_AT_ONCE = 2**24


@dataclass(frozen=True, slots=True)
class Header:
    """What a file knows about its vectors.

    Attributes:
        space: the space that they live in.
        recipe: `str` of the `Recipe` that they were made by.
        model: what `load` takes to get the model.
        verb: "demo" for a file that the demo may write anew, else "".
    """

    space: SpaceId
    recipe: str
    model: str
    verb: str = ""

    def metadata(self) -> dict[str, str]:
        """The header as a Parquet file keeps it."""
        known = {"onevec.space": self.space.to_json(), "onevec.recipe": self.recipe, "onevec.model": self.model}
        return {**known, "onevec.verb": self.verb} if self.verb else known

    @classmethod
    def of(cls, metadata: dict[bytes, bytes]) -> Self:
        """Read what `metadata` wrote.

        Raises:
            KeyError: a part is missing.
            ValueError: the space is none.
        """
        space = SpaceId.from_json(metadata[b"onevec.space"])
        recipe, model = metadata[b"onevec.recipe"].decode(), metadata[b"onevec.model"].decode()
        return cls(space, recipe, model, metadata.get(b"onevec.verb", b"").decode())


def parts_folder(path: Path) -> Path:
    """Where the parts of a file are until it is finished."""
    return path.with_name(path.name + ".parts")


def vector_column(vectors: NDArray[np.float32]) -> Any:
    """An array `(n, d)` as an Arrow column, without a copy."""
    pa = need("pyarrow", extra="cli")
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])


class VectorFile:
    """A vector file, open for reading.

    Attributes:
        header: what the file knows about its vectors.
        dimensions: numbers a vector.
        schema: the Arrow schema of all columns.
    """

    def __init__(self, file: Any, path: Path) -> None:
        self._file = file
        self.schema = file.schema_arrow
        try:
            self.header = Header.of(self.schema.metadata or {})
            self.dimensions = int(self.schema.field(VECTOR).type.list_size)
        except (AttributeError, KeyError, ValueError):
            message = f"{path} is not a vector file: `onevec embed` writes one"
            raise ConfigurationError(message) from None
        self._others = [name for name in self.schema.names if name != VECTOR]

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Generator[Self]:
        """Open a file.

        Raises:
            ConfigurationError: it is no Parquet file, or has no vectors.
            OSError: it can't be opened.
        """
        pa, parquet = need("pyarrow", extra="cli"), need("pyarrow.parquet", extra="cli")
        if not path.exists() and parts_folder(path).exists():
            message = f"{path} is not finished: run the command again that was writing it"
            raise ConfigurationError(message)
        path.stat()  # if there is no such file, Python's error says so better than Arrow's
        try:
            file = parquet.ParquetFile(path, memory_map=True)
        except pa.ArrowInvalid as error:
            message = f"{path} is not a Parquet file: {error}"
            raise ConfigurationError(message) from None
        with file:
            yield cls(file, path)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def vectors(self) -> Iterator[NDArray[np.float32]]:
        """All vectors, as arrays `(m, d)` of at most 16 MB; they are views of Arrow's memory."""
        count = max(1, BYTES_AT_ONCE // (4 * self.dimensions))
        for batch in self._file.iter_batches(count, columns=[VECTOR]):
            yield batch.column(0).flatten().to_numpy(zero_copy_only=True).reshape(-1, self.dimensions)

    def tables(self, count: int) -> Iterator[Any]:
        """All rows with all columns, as Arrow tables of at most `count` rows."""
        pa = need("pyarrow", extra="cli")
        for batch in self._file.iter_batches(count):
            yield pa.Table.from_batches([batch])

    def inputs(self, count: int) -> Iterator[Any]:
        """All rows without their vectors, as Arrow tables of at most `count` rows."""
        pa = need("pyarrow", extra="cli")
        for batch in self._file.iter_batches(count, columns=self._others):
            yield pa.Table.from_batches([batch])

    def rows(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Some rows without their vectors, in the order of `numbers`."""
        groups = [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]
        ends = np.cumsum(groups)
        found: list[dict[str, Any]] = []
        for number in numbers:
            group = int(np.searchsorted(ends, number, side="right"))
            part = self._file.read_row_group(group, columns=self._others)
            found += part.slice(number - int(ends[group]) + groups[group], 1).to_pylist()
        return found
