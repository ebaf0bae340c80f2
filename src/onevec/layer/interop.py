"""The same table in torch and Keras, on the same memory where that can be.

| | memory |
|---|---|
| `to_torch`, `from_torch` | shared on the CPU, for float32 |
| `to_keras`, `from_keras` | shared on the CPU with Keras's torch backend; copied with its others |

Shared means that a change on one side is seen on the other, until `grow` moves the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import ConfigurationError
from ..optional import need
from .constraints import CONSTRAINTS
from .named import from_config, to_config
from .regularizers import REGULARIZERS

if TYPE_CHECKING:
    from .embedding import Embedding

__all__ = ["from_keras", "from_torch", "to_keras", "to_torch"]

Layer = TypeVar("Layer", bound="Embedding")


def to_torch(layer: Embedding, *, sparse: bool = True) -> Any:
    """A torch.nn.Embedding on the layer's memory.

    torch knows one row that does not learn (`padding_idx`), and neither regularizers nor constraints of this kind;
    those stay behind, and are applied by our optimizers only.

    Args:
        layer: the layer.
        sparse: whether torch makes sparse gradients, which SparseAdam, Adagrad and SGD take.

    Raises:
        ConfigurationError: more than one row is frozen.
        MissingDependency: torch is not installed.
    """
    torch: Any = need("torch", extra="local")
    if layer.frozen.size > 1:
        message = f"Embedding: {layer.frozen.size} rows are frozen, but torch knows one padding_idx: unfreeze() first"
        raise ConfigurationError(message)
    padding = int(layer.frozen[0]) if layer.frozen.size else None
    table = torch.from_numpy(layer.embeddings)
    return torch.nn.Embedding.from_pretrained(table, freeze=False, padding_idx=padding, sparse=sparse)


def from_torch(kind: type[Layer], module: Any) -> Layer:
    """A layer on the memory of a torch.nn.Embedding; a table on another device or of another dtype is copied.

    `padding_idx` becomes a frozen row, `mask_zero` stays False.

    Raises:
        ConfigurationError: the module changes its table when it is called (`max_norm`), or counts ids
            (`scale_grad_by_freq`), which this layer does not do.
    """
    if module.max_norm is not None or module.scale_grad_by_freq:
        message = (
            "Embedding: max_norm and scale_grad_by_freq of torch have no counterpart here: set them to their defaults"
        )
        raise ConfigurationError(message)
    layer = _around(kind, module.weight.detach().cpu().float().contiguous().numpy())
    if module.padding_idx is not None:
        layer.freeze([module.padding_idx])
    return layer


def to_keras(layer: Embedding) -> Any:
    """A built keras.layers.Embedding with the layer's table, mask_zero, regularizer and constraint.

    Raises:
        ConfigurationError: rows are frozen, which Keras does not know, or regularizer or constraint is a function.
        MissingDependency: Keras is not installed.
    """
    keras: Any = need("keras", extra="keras")
    if layer.frozen.size:
        message = "Embedding: Keras knows no frozen rows: unfreeze() first"
        raise ConfigurationError(message)
    regularizer = to_config(REGULARIZERS, layer.embeddings_regularizer)
    constraint = to_config(CONSTRAINTS, layer.embeddings_constraint)
    made = keras.layers.Embedding(
        layer.input_dim,
        layer.output_dim,
        "zeros",
        regularizer and getattr(keras.regularizers, regularizer["class_name"])(**regularizer["config"]),
        constraint and getattr(keras.constraints, constraint["class_name"])(**constraint["config"]),
        mask_zero=layer.mask_zero,
    )
    made.build()
    if keras.backend.backend() == "torch" and made.embeddings.value.device.type == "cpu":
        made.embeddings.value.data = need("torch", extra="local").from_numpy(layer.embeddings)
    else:
        made.set_weights([layer.embeddings])
    return made


def from_keras(kind: type[Layer], layer: Any) -> Layer:
    """A layer with the table, mask_zero, regularizer and constraint of a built keras.layers.Embedding.

    Raises:
        ConfigurationError: the Keras layer is not built, or has a regularizer or constraint that is not known here.
    """
    if not layer.built:
        message = "Embedding: the Keras layer has no table yet: call its build()"
        raise ConfigurationError(message)
    made = _around(kind, _keras_table(layer.embeddings))
    made.mask_zero = layer.mask_zero
    made.embeddings_regularizer = _from_keras_part(REGULARIZERS, layer.embeddings_regularizer)
    made.embeddings_constraint = _from_keras_part(CONSTRAINTS, layer.embeddings_constraint)
    return made


def _keras_table(variable: Any) -> Any:
    value = variable.value
    if hasattr(value, "detach"):  # a tensor of torch
        return value.detach().cpu().float().contiguous().numpy()
    return np.array(value, dtype=np.float32)


def _from_keras_part(kinds: Any, part: Any) -> Any:
    if part is None:
        return None
    if not hasattr(part, "get_config"):
        message = f"Embedding: {kinds.what} {part!r} of Keras is a function, which can't be read: set it to None"
        raise ConfigurationError(message)
    return from_config(kinds, {"class_name": type(part).__name__, "config": part.get_config()})


def _around(kind: type[Layer], table: Any) -> Layer:
    """A layer whose table is this array, not a copy."""
    layer = kind(1, 1, "zeros")
    layer.embeddings = table
    return layer
