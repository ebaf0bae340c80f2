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
from .arguments import floats
from .constraints import CONSTRAINTS
from .embedding import around
from .initializers import INITIALIZERS, RandomNormal, RandomUniform
from .named import from_keras as from_keras_part
from .named import to_config
from .regularizers import REGULARIZERS

if TYPE_CHECKING:
    from .embedding import Embedding

__all__ = ["from_keras", "from_torch", "to_keras", "to_torch"]

Layer = TypeVar("Layer", bound="Embedding")
BLOCK = 1 << 14
"""Rows that are looked up at once."""


def to_torch(layer: Embedding, *, sparse: bool = True) -> Any:
    """A torch.nn.Embedding on the layer's memory.

    torch knows one row that does not learn (`padding_idx`), or a table that does not (`requires_grad=False`), and
    neither regularizers nor constraints of this kind; those stay behind, and are applied by our optimizers only.

    Args:
        layer: the layer.
        sparse: whether torch makes sparse gradients, which SparseAdam, Adagrad and SGD take.

    Raises:
        ConfigurationError: more than one row is frozen, but not all.
        MissingDependency: torch is not installed.
    """
    torch: Any = need("torch", extra="local")
    frozen = layer.frozen.size
    whole = frozen == layer.input_dim
    if frozen > 1 and not whole:
        message = f"Embedding: {frozen} rows are frozen, but torch knows one padding_idx or all: unfreeze() first"
        raise ConfigurationError(message)
    padding = int(layer.frozen[0]) if frozen and not whole else None
    table = torch.from_numpy(layer.embeddings)
    return torch.nn.Embedding.from_pretrained(table, freeze=whole, padding_idx=padding, sparse=sparse)


def from_torch(kind: type[Layer], module: Any) -> Layer:
    """A layer on the memory of a torch.nn.Embedding; a table on another device or of another dtype is copied.

    `padding_idx` becomes a frozen row, and a table that does not learn a layer whose rows are all frozen. `mask_zero`
    stays False. Rows that are added later are drawn as torch does, normal with a deviation of 1.

    Raises:
        ConfigurationError: the module changes its table when it is called (`max_norm`), or counts ids
            (`scale_grad_by_freq`), which this layer does not do.
        TypeError: it is no torch.nn.Embedding.
    """
    _expect(module, "scale_grad_by_freq", "torch.nn.Embedding")
    if module.max_norm is not None or module.scale_grad_by_freq:
        message = (
            "Embedding: max_norm and scale_grad_by_freq of torch have no counterpart here: set them to their defaults"
        )
        raise ConfigurationError(message)
    layer = around(kind, module.weight.detach().cpu().float().contiguous().numpy())
    layer.embeddings_initializer = RandomNormal(0.0, 1.0)
    if not module.weight.requires_grad:
        layer.freeze()
    if module.padding_idx is not None:
        layer.freeze([module.padding_idx])
    return layer


def to_keras(layer: Embedding) -> Any:
    """A built keras.layers.Embedding with the layer's table, mask_zero, initializer, regularizer and constraint.

    A layer whose rows are all frozen is not trainable there. An initializer that is a function stays behind.

    Raises:
        ConfigurationError: some rows are frozen, which Keras does not know, or regularizer or constraint is a function.
        MissingDependency: Keras is not installed.
    """
    keras: Any = need("keras", extra="keras")
    if 0 < layer.frozen.size < layer.input_dim:
        message = "Embedding: Keras knows no frozen rows, only whole tables: unfreeze() first"
        raise ConfigurationError(message)
    made = keras.layers.Embedding(
        layer.input_dim,
        layer.output_dim,
        "zeros",  # because the table is replaced
        _theirs(keras.regularizers, to_config(REGULARIZERS, layer.embeddings_regularizer)),
        _theirs(keras.constraints, to_config(CONSTRAINTS, layer.embeddings_constraint)),
        mask_zero=layer.mask_zero,
        trainable=layer.frozen.size == 0,
    )
    made.build()
    drawn = layer.embeddings_initializer
    drawn = drawn if type(drawn) in INITIALIZERS.types else RandomUniform()
    made.embeddings_initializer = _theirs(keras.initializers, to_config(INITIALIZERS, drawn))
    if keras.backend.backend() == "torch" and made.embeddings.value.device.type == "cpu":
        made.embeddings.value.data = need("torch", extra="local").from_numpy(layer.embeddings)
    else:
        made.set_weights([layer.embeddings])
    return made


def _theirs(module: Any, config: dict[str, Any] | None) -> Any:
    """The object of Keras that a config describes."""
    return config and getattr(module, config["class_name"])(**config["config"])


def from_keras(kind: type[Layer], layer: Any) -> Layer:
    """A layer with the table, mask_zero, initializer, regularizer and constraint of a built keras.layers.Embedding.

    One that is quantized or has LoRA gives a copy of the rows that it looks up. One that is not trainable becomes a
    layer whose rows are all frozen. If its initializer is not known here, rows that are added later are uniform.

    Raises:
        ConfigurationError: the Keras layer is not built, or has a regularizer or constraint that is not known here.
        TypeError: it is no keras.layers.Embedding.
    """
    _expect(layer, "embeddings_initializer", "keras.layers.Embedding")
    if not layer.built:
        message = "Embedding: the Keras layer has no table yet: call its build()"
        raise ConfigurationError(message)
    made = around(kind, _keras_table(layer))
    made.mask_zero = layer.mask_zero
    if INITIALIZERS.class_named(type(layer.embeddings_initializer).__name__):
        made.embeddings_initializer = from_keras_part(INITIALIZERS, layer.embeddings_initializer)
    made.embeddings_regularizer = from_keras_part(REGULARIZERS, layer.embeddings_regularizer)
    made.embeddings_constraint = from_keras_part(CONSTRAINTS, layer.embeddings_constraint)
    if not layer.trainable:
        made.freeze()
    return made


def _expect(given: object, attribute: str, kind: str) -> None:
    if not hasattr(given, attribute):
        message = f"Embedding: give a {kind}, not {type(given).__name__}"
        raise TypeError(message)


def _keras_table(layer: Any) -> Any:
    table = layer.embeddings
    if not hasattr(table, "value") or "float" not in str(table.dtype):  # quantized, or put together from parts
        return _looked_up(layer)
    if hasattr(table.value, "detach"):  # a tensor of torch
        return table.value.detach().cpu().float().contiguous().numpy()
    return np.array(table.value, dtype=np.float32)


def _looked_up(layer: Any) -> Any:
    """Every row as a layer of Keras gives it."""
    table = np.empty((layer.input_dim, layer.output_dim), dtype=np.float32)
    for start in range(0, len(table), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(table)))
        table[rows] = floats("rows of Keras", layer(rows))
    return table
