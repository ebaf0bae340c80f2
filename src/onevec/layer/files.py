"""Layers and optimizers as safetensors files, which other programs read and which can't hold code."""

from __future__ import annotations

import inspect
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import ConfigurationError
from ..optional import need
from .arguments import floats, rows_of, whole
from .constraints import CONSTRAINTS
from .embedding import around
from .initializers import INITIALIZERS
from .named import from_config, to_config
from .regularizers import REGULARIZERS

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..arrays import Array
    from .embedding import Embedding
    from .optimizers import Optimizer

__all__ = ["load", "load_state", "save", "save_state"]

Layer = TypeVar("Layer", bound="Embedding")
Learner = TypeVar("Learner", bound="Optimizer")
LAYER, OPTIMIZER = "onevec.layer", "onevec.layer.optimizer"
"""What a file says it holds."""
NAMES = ("embeddings", "weight")
"""What the table is called: by us, and by torch."""
FLOATS = ("F16", "F32", "F64", "BF16")
"""Types of tables that are read, by their names in the format."""
FEW = 8
"""Names of tensors that a message lists."""
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
    _write(path, tensors, LAYER, {**settings, "mask_zero": bool(layer.mask_zero)})


def _write(path: str | Path, tensors: dict[str, Any], form: str, settings: dict[str, Any]) -> None:
    library: Any = need("safetensors.numpy", extra="layer")
    target = Path(path)
    unfinished = target.with_name(f"{target.name}.part")
    about = json.dumps(settings, default=lambda number: number.item())  # numpy's numbers
    library.save_file(tensors, unfinished, {"format": form, "settings": about})
    unfinished.replace(target)


def load(kind: type[Layer], path: str | Path, name: str | None = None) -> Layer:
    """Read a layer, or a table of float16, float32, float64 or bfloat16 in a file of other programs.

    Args:
        kind: the class of the layer.
        path: the file. Only the table is read.
        name: which tensor is the table, such as "model.embed_tokens.weight"; None is the one named "embeddings" or
            "weight", or the only one.

    Raises:
        ConfigurationError: there is no such file or tensor, it is no table, or the file is damaged.
        MissingDependency: safetensors is not installed.
    """
    with _opened(path) as file:
        metadata: dict[str, str] = file.metadata() or {}
        form = metadata.get("format")
        if form == OPTIMIZER:
            made = json.loads(metadata["settings"])["class_name"]
            message = (
                f"Embedding: {str(path)!r} holds no table, but what {made} knows: {made}.load(path, layer) reads it"
            )
            raise ConfigurationError(message)
        settings: dict[str, Any] = json.loads(metadata["settings"]) if form == LAYER else {}
        parts = {each: from_config(kinds, settings[each]) for each, kinds in PARTS.items() if each in settings}
        mask_zero = bool(settings.get("mask_zero", False))
        table = _table(file, path, name)
        frozen = "frozen" in file.keys() and form == LAYER  # noqa: SIM118  # it is no mapping
        rows = rows_of("frozen", file.get_tensor("frozen"), len(table)) if frozen else None
    layer = around(kind, table)
    layer.mask_zero = mask_zero
    for each, part in parts.items():
        setattr(layer, each, part)
    if rows is not None:
        layer.freeze(rows)
    return layer


@contextmanager
def _opened(path: str | Path) -> Generator[Any]:
    """A file to read from; whatever is wrong in it is told by its name."""
    library: Any = need("safetensors", extra="layer")
    if not Path(path).is_file():
        message = f"there is no file {str(path)!r}: give one that save() wrote"
        raise ConfigurationError(message)
    try:
        with library.safe_open(path, framework="numpy") as file:
            yield file
    except ConfigurationError:
        raise
    except library.SafetensorError as error:
        message = f"{str(path)!r} is no safetensors file, or lacks something: {error}"
        raise ConfigurationError(message) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"{str(path)!r} is no file that save() wrote: {error!r}"
        raise ConfigurationError(message) from None


def _table(file: Any, path: str | Path, name: str | None) -> Array:
    """The table that a file holds, without reading any other tensor."""
    heads = {each: file.get_slice(each) for each in file.keys()}  # noqa: SIM118  # it is no mapping
    shapes = {each: tuple(head.get_shape()) for each, head in heads.items() if head.get_dtype() in FLOATS}
    tables = [each for each, shape in shapes.items() if len(shape) == 2 and all(shape)]
    found = [each for each in NAMES if each in tables][:1] or tables
    if name is not None:
        found = [name] if name in tables else []
    if len(found) != 1:
        some = ", ".join(list(heads)[:FEW]) + (", ..." if len(heads) > FEW else "")
        wanted = "one table of floats" if name is None else f"a table of floats ({', '.join(FLOATS)}) named {name!r}"
        message = f"Embedding: {str(path)!r} must hold {wanted}; it has {some or 'nothing'}: give load() a name of one"
        raise ConfigurationError(message)
    if heads[found[0]].get_dtype() == "BF16":
        return _bfloat16(Path(path), found[0]).reshape(shapes[found[0]])
    return floats(found[0], file.get_tensor(found[0]))


def _bfloat16(path: Path, name: str) -> Array:
    """Numbers of bfloat16, which numpy lacks: the upper half of those of float32."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        start, end = json.loads(file.read(length))[name]["data_offsets"]
        file.seek(8 + length + start)
        halves = np.fromfile(file, dtype="<u2", count=(end - start) // 2)
    widened = halves.astype(np.uint32)
    widened <<= 16
    return widened.view(np.float32)


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
    with _opened(path) as file:
        metadata: dict[str, str] = file.metadata() or {}
        about: dict[str, Any] = json.loads(metadata["settings"]) if metadata.get("format") == OPTIMIZER else {}
        found = about.get("class_name", "no optimizer")
        if found != kind.__name__:
            message = f"{kind.__name__}: {str(path)!r} holds {found}, not {kind.__name__}"
            raise ConfigurationError(message)
        made = kind(layer, **about["config"])
        made.steps = whole("steps", about["steps"], 0)
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
        made.restore(state.pop("rows"), state)
    return made
