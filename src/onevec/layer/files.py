"""Layers as safetensors files, which other programs read and which can't hold code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import ConfigurationError
from ..optional import need
from .constraints import CONSTRAINTS
from .initializers import INITIALIZERS
from .named import from_config, to_config
from .regularizers import REGULARIZERS

if TYPE_CHECKING:
    from .embedding import Embedding

__all__ = ["load", "save"]

Layer = TypeVar("Layer", bound="Embedding")
NAMES = ("embeddings", "weight")
"""What the table is called: by us, and by torch."""
PARTS = {
    "embeddings_initializer": INITIALIZERS,
    "embeddings_regularizer": REGULARIZERS,
    "embeddings_constraint": CONSTRAINTS,
}


def save(layer: Embedding, path: str | Path) -> None:
    """Write a layer: the tensors "embeddings" and, if rows are frozen, "frozen", and the settings as metadata.

    A file of this name is replaced when the new one is whole.

    Raises:
        ConfigurationError: initializer, regularizer or constraint is a function, which a file can't hold.
        MissingDependency: safetensors is not installed.
    """
    library: Any = need("safetensors.numpy", extra="layer")
    settings = {name: to_config(kinds, getattr(layer, name)) for name, kinds in PARTS.items()}
    tensors: dict[str, Any] = {"embeddings": layer.embeddings}
    if layer.frozen.size:
        tensors["frozen"] = layer.frozen
    target = Path(path)
    unfinished = target.with_name(f"{target.name}.part")
    metadata = {"format": "onevec.layer", "settings": json.dumps({**settings, "mask_zero": layer.mask_zero})}
    library.save_file(tensors, unfinished, metadata)
    unfinished.replace(target)


def load(kind: type[Layer], path: str | Path) -> Layer:
    """Read a layer; a file of other programs is one that holds a table named "embeddings" or "weight", or just one.

    Raises:
        ConfigurationError: there is no such file, or it holds no table.
        MissingDependency: safetensors is not installed.
    """
    library: Any = need("safetensors", extra="layer")
    if not Path(path).is_file():
        message = f"Embedding: there is no file {str(path)!r}: give one that save() wrote"
        raise ConfigurationError(message)
    try:
        with library.safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
            metadata: dict[str, str] = file.metadata() or {}
    except library.SafetensorError as error:
        message = f"Embedding: {str(path)!r} is no safetensors file: {error}"
        raise ConfigurationError(message) from None
    table = _table(tensors, path)
    settings: dict[str, Any] = json.loads(metadata.get("settings", "{}"))
    parts = {name: from_config(kinds, settings[name]) for name, kinds in PARTS.items() if name in settings}
    layer = kind(1, 1, "zeros", mask_zero=settings.get("mask_zero", False))
    for name, part in parts.items():
        setattr(layer, name, part)
    layer.embeddings = np.ascontiguousarray(table, dtype=np.float32)
    layer.frozen = (
        tensors["frozen"] if metadata.get("format") == "onevec.layer" and "frozen" in tensors else layer.frozen
    )
    return layer


def _table(tensors: dict[str, Any], path: str | Path) -> Any:
    tables = {name: tensor for name, tensor in tensors.items() if tensor.ndim == 2 and tensor.dtype.kind == "f"}
    found = [tables[name] for name in NAMES if name in tables] or list(tables.values())
    if not found or (len(found) > 1 and not tables.keys() & set(NAMES)):
        message = f"Embedding: {str(path)!r} must hold one table of floats; it has {', '.join(tensors) or 'nothing'}"
        raise ConfigurationError(message)
    return found[0]
