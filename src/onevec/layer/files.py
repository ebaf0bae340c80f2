"""Layers and optimizers as safetensors files, which other programs read and which can't hold code."""

from __future__ import annotations

import inspect
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
    from .optimizers import Optimizer

__all__ = ["load", "load_state", "save", "save_state"]

Layer = TypeVar("Layer", bound="Embedding")
Learner = TypeVar("Learner", bound="Optimizer")
LAYER, OPTIMIZER = "onevec.layer", "onevec.layer.optimizer"
"""What a file says it holds."""
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
    settings = {name: to_config(kinds, getattr(layer, name)) for name, kinds in PARTS.items()}
    tensors: dict[str, Any] = {"embeddings": layer.embeddings}
    if layer.frozen.size:
        tensors["frozen"] = layer.frozen
    _write(path, tensors, LAYER, {**settings, "mask_zero": layer.mask_zero})


def _write(path: str | Path, tensors: dict[str, Any], form: str, settings: dict[str, Any]) -> None:
    library: Any = need("safetensors.numpy", extra="layer")
    target = Path(path)
    unfinished = target.with_name(f"{target.name}.part")
    library.save_file(tensors, unfinished, {"format": form, "settings": json.dumps(settings)})
    unfinished.replace(target)


def load(kind: type[Layer], path: str | Path) -> Layer:
    """Read a layer; a file of other programs is one that holds a table named "embeddings" or "weight", or just one.

    Raises:
        ConfigurationError: there is no such file, or it holds no table.
        MissingDependency: safetensors is not installed.
    """
    tensors, metadata = _read(path)
    table = _table(tensors, path)
    ours = metadata.get("format") == LAYER
    settings: dict[str, Any] = json.loads(metadata["settings"]) if ours else {}
    parts = {name: from_config(kinds, settings[name]) for name, kinds in PARTS.items() if name in settings}
    layer = kind(1, 1, "zeros", mask_zero=settings.get("mask_zero", False))
    for name, part in parts.items():
        setattr(layer, name, part)
    layer.embeddings = np.ascontiguousarray(table, dtype=np.float32)
    layer.frozen = tensors["frozen"] if ours and "frozen" in tensors else layer.frozen
    return layer


def _read(path: str | Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors and the metadata of a file."""
    library: Any = need("safetensors", extra="layer")
    if not Path(path).is_file():
        message = f"there is no file {str(path)!r}: give one that save() wrote"
        raise ConfigurationError(message)
    try:
        with library.safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
            return tensors, file.metadata() or {}
    except library.SafetensorError as error:
        message = f"{str(path)!r} is no safetensors file: {error}"
        raise ConfigurationError(message) from None


def _table(tensors: dict[str, Any], path: str | Path) -> Any:
    tables = {name: tensor for name, tensor in tensors.items() if tensor.ndim == 2 and tensor.dtype.kind == "f"}
    found = [tables[name] for name in NAMES if name in tables] or list(tables.values())
    if not found or (len(found) > 1 and not tables.keys() & set(NAMES)):
        message = f"Embedding: {str(path)!r} must hold one table of floats; it has {', '.join(tensors) or 'nothing'}"
        raise ConfigurationError(message)
    return found[0]


def save_state(optimizer: Optimizer, path: str | Path) -> None:
    """Write an optimizer: the rows that were used, and what it knows of each; settings and steps as metadata.

    Raises:
        MissingDependency: safetensors is not installed.
    """
    names = list(inspect.signature(type(optimizer)).parameters)[1:]
    settings = {name: getattr(optimizer, name) for name in names}
    rows = optimizer.used()
    tensors = {name: array[rows] for name, array in optimizer.state.items()}
    about = {"class_name": type(optimizer).__name__, "config": settings, "steps": optimizer.steps}
    _write(path, {"rows": rows, **tensors}, OPTIMIZER, about)


def load_state(kind: type[Learner], path: str | Path, layer: Embedding) -> Learner:
    """Read an optimizer for a layer.

    Raises:
        ConfigurationError: the file is none of such an optimizer, or of a larger or wider layer.
        MissingDependency: safetensors is not installed.
    """
    tensors, metadata = _read(path)
    about: dict[str, Any] = json.loads(metadata["settings"]) if metadata.get("format") == OPTIMIZER else {}
    if about.get("class_name") != kind.__name__:
        message = f"{kind.__name__}: {str(path)!r} holds {about.get('class_name', 'no optimizer')}, not {kind.__name__}"
        raise ConfigurationError(message)
    made = kind(layer, **about["config"])
    made.steps = about["steps"]
    made.restore(tensors.pop("rows"), tensors)
    return made
