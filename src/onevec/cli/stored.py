"""The vectors in a cache's store, some at a time: counted, checked, copied, and as a Parquet file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..embeddings import Role
from ..errors import CacheError, ConfigurationError
from ..keys import NativeKeys
from ..load import load
from ..optional import need
from ..stores import store_from
from ..stores.urls import DEFAULT_FILE, default_folder
from ..values import Damaged, decode, encoder
from .columns import TEXT, VECTOR
from .vectorfile import VectorFile, vector_column

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from numpy.typing import NDArray

    from ..embeddings import Embeddings
    from ..stores import ByteStore

__all__ = ["Group", "Part", "counted", "export", "found_store", "parts", "put", "take_file"]

AT_ONCE = 1024
KEY = "key"
_NATIVE = re.compile(r"(v\d+\.[a-z2-7]{26}/)")
_HASHED = re.compile(r"(.*)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{128}|[0-9a-f]{64})", re.DOTALL)
_LOCAL = re.compile(r"(?:sqlite|lmdb|file):(?://)?(.+)", re.IGNORECASE | re.DOTALL)


def found_store(where: str | None, **options: Any) -> ByteStore:
    """A store that is there already; a folder without our file in it is one of LangChain's LocalFileStore.

    Args:
        where: what `store_from` takes; None is the user's cache folder.
        options: parameters of the store's class; those that are None are left out.

    Raises:
        ConfigurationError: there is nothing at that path, or no cache of the user.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if where is None:
        path = default_folder() / DEFAULT_FILE
        if not path.exists():
            message = f"there is no cache at {path}: name a STORE, or fill it with `load(..., cache=True)`"
            raise ConfigurationError(message)
        return store_from(True, **given)
    local = _LOCAL.fullmatch(where)
    path = Path(local[1] if local else where).expanduser()
    if local is None and ":" in where and not path.exists():  # a URL
        return store_from(where, **given)
    if not path.exists():
        message = f"there is no cache at {path}"
        raise ConfigurationError(message)
    if local is None and path.is_dir() and not (path / DEFAULT_FILE).exists():
        return store_from(f"lmdb:{path}" if (path / "data.mdb").exists() else f"file:{path}", **given)
    return store_from(where, **given)


@dataclass(slots=True)
class Part:
    """Some values of a store.

    Attributes:
        keys: those whose value is sound.
        values: their values.
        rows: their vectors, float32, each `(width,)`.
        damaged: the keys whose value is not.
    """

    keys: list[str] = field(default_factory=list[str])
    values: list[bytes] = field(default_factory=list[bytes])
    rows: list[NDArray[np.float32]] = field(default_factory=list["NDArray[np.float32]"])
    damaged: list[str] = field(default_factory=list[str])


def parts(store: ByteStore, prefix: str | None, model: str | None) -> Iterator[Part]:
    """All values, at most 1,024 at a time.

    Args:
        store: where they are.
        prefix: only keys that begin with it.
        model: what `load` takes: only keys of vectors that it made.
    """
    for keys in _chunks(selected(store, prefix, model)):
        part = Part()
        for key, value in zip(keys, store.mget(keys), strict=True):
            if value is None:  # gone since
                continue
            try:
                part.rows.append(decode(key, value))
            except Damaged:
                part.damaged.append(key)
                continue
            part.keys.append(key)
            part.values.append(value)
        yield part


def selected(store: ByteStore, prefix: str | None, model: str | None) -> Iterator[str]:
    """The keys that begin with the prefix, or with a recipe of the model."""
    if model is None:
        yield from store.yield_keys(prefix=prefix)
        return
    loaded = load(model)
    for start in sorted({f"{loaded.recipe(role)}/" for role in Role}):
        yield from (key for key in store.yield_keys(prefix=start) if key.startswith(prefix or ""))


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, AT_ONCE)):
        yield chunk


# stats --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Group:
    """The values whose keys begin alike: of one recipe, or of one namespace.

    Attributes:
        prefix: what the keys begin with.
        dimensions: width of the vectors.
        vectors: how many there are.
        bytes: size of their keys and values.
        damaged: values that can't be used.
    """

    prefix: str
    dimensions: int
    vectors: int = 0
    bytes: int = 0
    damaged: int = 0


def counted(found: Iterable[Part]) -> list[Group]:
    """What there is, by prefix and width, the largest group first."""
    groups: dict[tuple[str, int], Group] = {}
    for part in found:
        for key, value, row in zip(part.keys, part.values, part.rows, strict=True):
            group = groups.setdefault((prefix_of(key), len(row)), Group(prefix_of(key), len(row)))
            group.vectors += 1
            group.bytes += len(key.encode()) + len(value)
        for key in part.damaged:
            groups.setdefault((prefix_of(key), 0), Group(prefix_of(key), 0)).damaged += 1
    return sorted(groups.values(), key=lambda group: -group.bytes)


def prefix_of(key: str) -> str:
    """What stands before the hash of the text in a key.

    Example:
        >>> prefix_of("m3e-basee885db5b-c0bd-5fbc-88b1-4d1da6020aa5")
        'm3e-base'
    """
    found = _NATIVE.match(key) or _HASHED.fullmatch(key)
    return found[1] if found else ""


# Copies -------------------------------------------------------------------------------------------------------------


def put(store: ByteStore, keys: list[str], rows: NDArray[np.float32], value_format: str) -> None:
    """Keep vectors `(n, d)` in a format of `onevec.values`."""
    store.mset(list(zip(keys, encoder(value_format)(keys, rows), strict=True)))


def export(found: Iterable[Part], file: Path) -> tuple[int, int]:
    """Write keys and vectors to a Parquet file, which appears when it is whole.

    Returns:
        How many vectors it has, and how many values were damaged.

    Raises:
        ConfigurationError: the vectors have different widths, or there are none.
    """
    pa, parquet = need("pyarrow", extra="cli"), need("pyarrow.parquet", extra="cli")
    unfinished = file.with_name(f"{file.name}.unfinished")
    writer: Any = None
    written = damaged = width = 0
    try:
        for part in found:
            damaged += len(part.damaged)
            if not part.keys:
                continue
            rows = _one_width(part.rows, width)
            table = pa.table({KEY: pa.array(part.keys, pa.string()), VECTOR: vector_column(rows)})
            writer = writer or parquet.ParquetWriter(
                unfinished, table.schema, compression={KEY: "zstd", VECTOR: "none"}, use_dictionary=False
            )
            writer.write_table(table)
            written, width = written + len(rows), rows.shape[1]
        if writer is None:
            raise ConfigurationError("there are no vectors to export")
        writer.close()
        unfinished.replace(file)
    finally:
        if writer is not None:
            writer.close()
        unfinished.unlink(missing_ok=True)
    return written, damaged


def _one_width(rows: list[NDArray[np.float32]], width: int) -> NDArray[np.float32]:
    widths = sorted({len(row) for row in rows} | ({width} if width else set()))
    if len(widths) > 1:
        message = (
            f"there are vectors of {' and '.join(map(str, widths))} dimensions, and a file takes one width: choose "
            "with --prefix or --model (`onevec cache stats` shows the prefixes)"
        )
        raise ConfigurationError(message)
    return np.stack(rows)


@dataclass(frozen=True, slots=True)
class _Made:
    """Stands for the model of a file, of which no more is needed than its recipe."""

    made_by: str

    def recipe(self, _: Role) -> str:
        return self.made_by


def take_file(file: Path) -> Generator[tuple[list[str], NDArray[np.float32]]]:
    """Keys and vectors of a file that `export` wrote, or of one that `onevec embed` wrote.

    Raises:
        ConfigurationError: the file is neither.
    """
    pa, parquet = need("pyarrow", extra="cli"), need("pyarrow.parquet", extra="cli")
    try:
        names = parquet.read_schema(file).names
    except pa.ArrowInvalid as error:
        message = f"{file} is not a Parquet file: {error}"
        raise ConfigurationError(message) from None
    if KEY in names and TEXT not in names:
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(AT_ONCE, columns=[KEY, VECTOR]):
                vectors = batch.column(VECTOR)
                yield batch.column(KEY).to_pylist(), _array(vectors, file)
        return
    with VectorFile.open(file) as embedded:
        keys = NativeKeys(cast("Embeddings", _Made(embedded.header.recipe)))
        for table in embedded.tables(AT_ONCE):
            yield keys.of(table[TEXT].to_pylist(), Role.DOCUMENT), _array(table[VECTOR].chunk(0), file)


def _array(column: Any, file: Path) -> NDArray[np.float32]:
    rows = np.array(column.flatten().to_numpy(zero_copy_only=False), dtype=np.float32)
    if column.null_count or not np.isfinite(rows).all():
        message = f"{file} has rows without a vector of finite numbers: what stands before them was imported"
        raise CacheError(message)
    return rows.reshape(len(column), -1)
