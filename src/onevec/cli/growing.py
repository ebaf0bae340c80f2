"""A vector file that grows part by part, so that whatever ends the process, what was done stays done.

A Parquet file can only be read once its end is written. So each part is a small vector file of its own in the folder
`FILE.parquet.parts`, named after the number of its first row and renamed into place when it is whole. At the end they
are copied into FILE.parquet, which is renamed into place as well. A later run compares the rows of the finished file
and of the parts with its own input, and goes on behind them. So it also adds what was appended to an input.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..embeddings import Role, Usage
from ..errors import ConfigurationError, EmbeddingError, SpaceMismatch
from ..optional import need
from . import console
from .columns import TEXT, VECTOR
from .reading import RowStream
from .vectorfile import BYTES_AT_ONCE, Header, VectorFile, parts_folder, vector_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ..embeddings import Embeddings

__all__ = ["GrowingFile", "Growth", "grow"]

ROWS_AT_ONCE = 8192
ANEW = "--restart removes it and begins anew"


@dataclass
class Growth:
    """What a run did.

    Attributes:
        kept: texts that an earlier run had embedded.
        embedded: texts that this run embedded.
        usage: what they took.
        notes: how many texts have a note of each kind.
    """

    kept: int
    embedded: int = 0
    usage: Usage = field(default_factory=Usage)
    notes: Counter[str] = field(default_factory=Counter[str])

    @property
    def texts(self) -> int:
        """Texts in the file."""
        return self.kept + self.embedded


class GrowingFile:
    """A vector file that is being written.

    Args:
        path: the file.
        header: what it will know about its vectors.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.folder = parts_folder(path)
        self._header = header
        self._rows = 0
        self._dimensions: int | None = None

    def remove(self) -> None:
        """Remove what an earlier run left.

        Raises:
            ConfigurationError: the file is no vector file, so it is not ours to remove.
        """
        if self.path.exists():
            with VectorFile.open(self.path):
                pass
            self.path.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def resume(self, rows: RowStream) -> int:
        """Take the rows that are done already out of the input; their number.

        Raises:
            SpaceMismatch: they were embedded with another model.
            ConfigurationError: they were embedded in another way, or from another input.
        """
        if self.path.exists():
            self._accept(self.path, rows)
        for part in self._parts():
            start = int(part.stem)
            if start == self._rows and _is_whole(part):
                self._accept(part, rows)
                continue
            if start >= self._rows:  # else it is in the finished file already
                console.remark(f"{part} is damaged, or the one before it is: its texts are embedded again")
            part.unlink()
        return self._rows

    def append(self, rows: Any, vectors: NDArray[np.float32]) -> None:
        """Write rows and their vectors `(n, d)` as one part; afterwards nothing but the disk can lose them."""
        parquet = need("pyarrow.parquet", extra="cli")
        width = vectors.shape[1]
        if self._dimensions not in (None, width):
            message = f"{self.path} holds vectors of {self._dimensions} dimensions, the model now gives {width}: {ANEW}"
            raise SpaceMismatch(message)
        self.folder.mkdir(parents=True, exist_ok=True)
        table = rows.add_column(1, VECTOR, vector_column(vectors)).replace_schema_metadata(self._header.metadata())
        part = self.folder / f"{self._rows:012}.parquet"
        whole = part.with_suffix(".unfinished")
        parquet.write_table(table, whole, **_encoding(table.schema))
        _move(whole, part)
        self._rows += len(rows)
        self._dimensions = width

    def finish(self) -> None:
        """Put the finished file in its place."""
        parts = self._parts()
        if parts:
            whole = self.folder / "all.unfinished"
            self._merge([self.path, *parts] if self.path.exists() else parts, whole)
            _move(whole, self.path)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _merge(self, files: list[Path], whole: Path) -> None:
        """Copy the rows of files into one; its row groups do not depend on where the parts were cut."""
        parquet = need("pyarrow.parquet", extra="cli")
        with VectorFile.open(files[0]) as first:
            schema, dimensions = first.schema, first.dimensions
        size = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // (4 * dimensions)))
        rows = RowStream((table for file in files for table in _tables(file, size)), schema)
        with parquet.ParquetWriter(whole, schema, **_encoding(schema)) as writer:
            while len(group := rows.take(size)):
                writer.write_table(group, row_group_size=size)

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def _accept(self, path: Path, rows: RowStream) -> None:
        """Check that a file holds the next rows of the input, embedded as this run would."""
        with VectorFile.open(path) as done:
            try:
                done.header.space.check(self._header.space)
            except SpaceMismatch as error:
                error.add_note(f"{self.path} is from another run: {ANEW}")
                raise
            if done.header.recipe != self._header.recipe:
                message = f"{self.path} is from a run with other options of the model: {ANEW}"
                raise ConfigurationError(message)
            for table in done.inputs(ROWS_AT_ONCE):
                if not _same(table, rows.take(len(table))):
                    message = f"{self.path} is from another input, which differs behind row {self._rows}: {ANEW}"
                    raise ConfigurationError(message)
                self._rows += len(table)
            self._dimensions = done.dimensions


def grow(  # the one place that embeds, so both `embed` and `demo` survive Ctrl-C
    path: Path, rows: RowStream, model: Embeddings, *, name: str, size: int, total: int | None, restart: bool, verb: str
) -> Growth:
    """Embed rows into a vector file, `size` texts at a time, and show the progress.

    Args:
        path: the file.
        rows: the input.
        model: what embeds.
        name: what `load` takes to get the model.
        size: texts at a time.
        total: texts in the input; None if that is not known.
        restart: whether to begin anew.
        verb: see `Header`.

    Raises:
        EmbeddingError: with a note that says what is kept.
    """
    file = GrowingFile(path, Header(model.space, str(model.recipe(Role.DOCUMENT)), name, verb))
    if restart:
        file.remove()
    growth = Growth(file.resume(rows))
    with console.progress() as bar:
        task = bar.add_task(path.name, total=total, completed=growth.kept)
        try:
            while len(part := rows.take(size)):
                _step(file, part, model, growth)
                bar.update(task, completed=growth.texts)
            file.finish()
        except BaseException as error:  # Ctrl-C, too
            if growth.texts:
                error.add_note(f"{growth.texts:,} texts are kept, and the same command goes on behind them")
            raise
    if not growth.texts:
        raise ConfigurationError("there are no texts in the input")
    return growth


def _step(file: GrowingFile, part: Any, model: Embeddings, growth: Growth) -> None:
    """Embed one part; if that fails, keep the rows before the first one that has no vector."""
    try:
        embedded = model.embed(part[TEXT].to_pylist(), Role.DOCUMENT)
    except EmbeddingError as error:
        if error.completed and (count := _unbroken(error.completed.indices)):
            file.append(part.slice(0, count), error.completed.vectors[:count])
            growth.embedded += count
        raise
    file.append(part, embedded.vectors)
    growth.embedded += len(part)
    growth.usage = growth.usage.plus(embedded.usage)
    growth.notes.update(note.kind for note in embedded.notes)


def _unbroken(indices: Sequence[int]) -> int:
    """How many of the ascending indices stand at their own place: 3 of [0, 1, 2, 5]."""
    return next((place for place, index in enumerate(indices) if place != index), len(indices))


def _same(done: Any, wanted: Any) -> bool:
    """Whether two tables hold the same rows; by their text if Arrow says no, since to it NaN differs from NaN."""
    return bool(done.equals(wanted)) or (
        done.schema.equals(wanted.schema) and repr(done.to_pylist()) == repr(wanted.to_pylist())
    )


def _is_whole(part: Path) -> bool:
    try:
        with VectorFile.open(part):
            return True
    except (ConfigurationError, OSError):
        return False


def _tables(path: Path, size: int) -> Iterator[Any]:
    with VectorFile.open(path) as file:
        yield from file.tables(size)


def _encoding(schema: Any) -> dict[str, Any]:
    """Vectors are written as they are: they hardly shrink, and reading them back is then a plain copy."""
    others = [name for name in schema.names if name != VECTOR]
    return {"compression": dict.fromkeys(others, "zstd"), "use_dictionary": others}


def _move(whole: Path, place: Path) -> None:
    """Rename a file that was just written, after the disk has all of it."""
    with whole.open("rb+") as file:
        os.fsync(file.fileno())
    whole.replace(place)
