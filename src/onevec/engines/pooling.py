"""Make one vector of a text from those of its tokens, as sentence-transformers does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays import unit_length
from ..errors import ConfigurationError
from .graph import tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arrays import Array
    from .checkpoint import Checkpoint

__all__ = ["Head", "pool"]

ACTIVATIONS = {"Tanh": np.tanh, "Identity": np.positive}


def pool(hidden: Array, mask: NDArray[np.int64], modes: Sequence[str]) -> Array:
    """The vectors of texts, those of several modes side by side.

    Args:
        hidden: vectors of tokens, float32 `(texts, tokens, width)`.
        mask: 1 for a token that counts, 0 for another; int64 `(texts, tokens)`.
        modes: names as sentence-transformers spells them.

    Example:
        >>> hidden = np.array([[[1, 4], [3, 2], [9, 9]]], dtype=np.float32)
        >>> pool(hidden, np.array([[1, 1, 0]]), ["mean", "max", "cls"]).tolist()
        [[2.0, 3.0, 3.0, 4.0, 1.0, 4.0]]
    """
    found = [_pooled(hidden, mask, mode) for mode in modes]
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


def _pooled(hidden: Array, mask: NDArray[np.int64], mode: str) -> Array:
    rows = np.arange(len(hidden))
    if mode in ("cls", "lasttoken"):
        place = mask.argmax(axis=1) if mode == "cls" else mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
        one: Array = hidden[rows, place]
        return one
    if mode == "max":
        most: Array = np.where(mask[:, :, None] == 1, hidden, -np.inf).max(axis=1).astype(np.float32)
        return most
    shares = mask.astype(np.float32)
    if mode == "weightedmean":
        shares *= np.arange(1, mask.shape[1] + 1, dtype=np.float32)
    elif mode not in ("mean", "mean_sqrt_len_tokens"):
        message = f"the pooling {mode!r} is not known: take HuggingFaceEmbeddings"
        raise ConfigurationError(message)
    total = np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    shares /= np.sqrt(total) if mode == "mean_sqrt_len_tokens" else total
    pooled: Array = np.matmul(shares[:, None, :], hidden)[:, 0]
    return pooled


class _Dense(NamedTuple):
    weight: Array
    bias: Array
    activation: str


class Head:
    """What comes after the transformer: pooling, layers, and division by the length."""

    def __init__(self, checkpoint: Checkpoint, *, modes: Sequence[str], normalise: bool) -> None:
        self.modes, self.normalise = modes, normalise
        self.dense = [_dense(folder) for folder in checkpoint.dense]

    def vectors(self, hidden: Array, mask: NDArray[np.int64]) -> Array:
        """The vectors of texts from those of their tokens."""
        found = pool(hidden, mask, self.modes)
        for layer in self.dense:
            found = ACTIVATIONS[layer.activation](found @ layer.weight.T + layer.bias)
        return unit_length(found) if self.normalise else found


def _dense(folder: Path) -> _Dense:
    path = folder / "model.safetensors"
    activation = json.loads((folder / "config.json").read_bytes()).get("activation_function", "Identity")
    name = activation.rpartition(".")[2]
    if name not in ACTIVATIONS or not path.exists():
        message = (
            f"the layer in {folder} has no model.safetensors, or the activation {name}: take HuggingFaceEmbeddings"
        )
        raise ConfigurationError(message)
    weights = tensors(path)
    weight = np.asarray(weights["linear.weight"], dtype=np.float32)
    return _Dense(weight, np.asarray(weights.get("linear.bias", np.zeros(len(weight))), dtype=np.float32), name)
