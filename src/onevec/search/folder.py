"""An index as a folder: columns as .npy, rows as an Arrow file, both mapped when they are read, and a manifest.

A save writes new files beside the old ones and then puts a new manifest in the old one's place in one step. So a folder
always holds a whole index, whenever a process or the machine stops.
"""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedWriter
    from pathlib import Path

    from numpy.typing import NDArray

    from .columns import Column
    from .graph import Graph

__all__ = ["FORMAT", "Opened", "is_index", "read", "write"]

FORMAT = 1
MANIFEST = "onevec-index.json"
ROWS, GRAPH = "rows", "graph"
AT_ONCE = 2**16
STALE = 24 * 3600
"""Seconds after which files that no manifest names are left over from a save that was stopped."""


def is_index(path: Path) -> bool:
    """Whether a folder holds an index."""
    return (path / MANIFEST).is_file()


# Write --------------------------------------------------------------------------------------------------------------


def write(path: Path, facts: Mapping[str, Any], columns: Mapping[str, Column], rows: Any, graph: Graph | None) -> None:
    """Save an index.

    Args:
        path: the folder; it is made when it is missing.
        facts: what the manifest tells beside the files.
        columns: columns of numbers.
        rows: an Arrow table.
        graph: the graph, if there is one.
    """
    path.mkdir(parents=True, exist_ok=True)
    former = _files(path)
    tag = uuid.uuid4().hex[:12]
    named: dict[str, Path] = {name: path / f"{name}-{tag}.npy" for name in columns}
    named[ROWS] = path / f"{ROWS}-{tag}.arrow"
    try:
        for name, column in columns.items():
            with named[name].open("wb") as file:
                _write_column(file, column)
                _settle(file)
        _write_rows(named[ROWS], rows)
        if graph is not None:
            named[GRAPH] = path / f"{GRAPH}-{tag}.usearch"
            graph.save(named[GRAPH])
            with named[GRAPH].open("rb+") as written:
                _settle(written)
        sizes = {name: {"file": file.name, "bytes": file.stat().st_size} for name, file in named.items()}
        _write_manifest(path, {"format": FORMAT, **facts, "files": sizes}, tag)
    except BaseException:
        _remove(named.values())
        raise
    _remove([*(path / name for name in former), *_left_over(path, named)])


def _write_column(file: BufferedWriter, column: Column) -> None:
    first = column.slice(0, 0)
    shape = (len(column), *first.shape[1:])
    header = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    file.writelines(np.ascontiguousarray(block).tobytes() for _, block in column.blocks(0, len(column), AT_ONCE))


def _write_rows(file: Path, rows: Any) -> None:
    pa = need("pyarrow", extra="search")
    with file.open("wb") as sink:
        with pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
        _settle(sink)


def _write_manifest(path: Path, manifest: dict[str, Any], tag: str) -> None:
    unfinished = path / f"manifest-{tag}.unfinished"
    with unfinished.open("wb") as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        _settle(file)
    unfinished.replace(path / MANIFEST)
    if os.name != "nt":  # there a folder can't be opened, and its entries are kept by themselves
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _settle(file: Any) -> None:
    """What was written is on the disk from here on."""
    file.flush()
    os.fsync(file.fileno())


def _files(path: Path) -> list[str]:
    """The names of the files that the manifest names."""
    try:
        return [entry["file"] for entry in orjson.loads((path / MANIFEST).read_bytes())["files"].values()]
    except FileNotFoundError:
        return []
    except (orjson.JSONDecodeError, KeyError, TypeError):
        message = f"{path / MANIFEST} is not a manifest of onevec: choose another folder, or remove it"
        raise ConfigurationError(message) from None


def _left_over(path: Path, named: Mapping[str, Path]) -> list[Path]:
    before = time.time() - STALE
    current = {file.name for file in named.values()} | {MANIFEST}
    ours = (*(f"{name}-" for name in ("codes", "scale", "offset", "vectors", "alive", ROWS, GRAPH)), "manifest-")
    found = [file for file in path.iterdir() if file.name.startswith(ours) and file.name not in current]
    return [file for file in found if file.stat().st_mtime < before]


def _remove(files: Any) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError:  # Windows keeps a file that is mapped; a later save removes it
            continue


# Read ---------------------------------------------------------------------------------------------------------------


class Opened:
    """A saved index.

    Attributes:
        facts: the manifest.
        columns: arrays, mapped from their files.
        rows: an Arrow table, mapped as well.
        graph: the file of the graph, if there is one.
    """

    def __init__(self, path: Path) -> None:
        pa = need("pyarrow", extra="search")
        self.facts: dict[str, Any] = orjson.loads((path / MANIFEST).read_bytes())
        if self.facts.get("format") != FORMAT:
            message = f"{path} has the format {self.facts.get('format')}: this version of onevec reads {FORMAT}"
            raise ConfigurationError(message)
        files = {name: path / entry["file"] for name, entry in self.facts["files"].items()}
        for name, file in files.items():
            size, whole = file.stat().st_size, self.facts["files"][name]["bytes"]
            if size != whole:
                message = f"{file} has {size} bytes instead of {whole}: the index is damaged, build it again"
                raise ConfigurationError(message)
        self.graph = files.pop(GRAPH, None)
        self.rows = pa.ipc.open_file(pa.memory_map(str(files.pop(ROWS)))).read_all()
        self.columns: dict[str, NDArray[Any]] = {name: _mapped(file) for name, file in files.items()}


def read(path: Path) -> Opened:
    """Open a saved index.

    Raises:
        ConfigurationError: there is none, it is damaged, or of a later version.
    """
    for _ in range(3):
        if not is_index(path):
            break
        try:
            return Opened(path)
        except FileNotFoundError:  # saved anew just now: read the new manifest
            continue
    message = f"there is no index in {path}: VectorIndex.save and `onevec index` write one"
    raise ConfigurationError(message)


def _mapped(file: Path) -> NDArray[Any]:
    whole: NDArray[Any] = np.load(file, mmap_mode="r") if _has_rows(file) else np.load(file)
    return whole.view(np.ndarray)


def _has_rows(file: Path) -> bool:
    """An array without numbers can't be mapped."""
    with file.open("rb") as opened:
        np.lib.format.read_magic(opened)
        shape, _, _ = np.lib.format.read_array_header_1_0(opened)
    return 0 not in shape
