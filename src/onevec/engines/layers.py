"""The parts that all encoders are made of, as operators of ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigurationError
from .onnx_file import MICROSOFT, OnnxFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Layers", "refuse"]

ACTIVATIONS = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
FLOAT, INT64 = 1, 7
BLOCK = 128
TINY = 1e-12
"""In place of a scale of zero."""
LARGE = 1e9
"""Taken from the attention to a token that must not be seen."""


class _Weights(dict[str, "NDArray[Any]"]):
    """Weights by name; one that is missing is an error that names it."""

    def __missing__(self, name: str) -> NDArray[Any]:
        message = f"the weights have no {name}: the files are not whole, or config.json is that of another model"
        raise ConfigurationError(message)


class Layers:
    """A graph in the making: the weights of a model, and operators that use them.

    Args:
        config: config.json.
        weights: by the names that the architecture gives them, without a prefix.
        int8: as in `graph.build`.
    """

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], int8: str) -> None:
        self.config, self.weights, self.int8 = config, _Weights(weights), int8
        self.width: int = config.get("hidden_size") or config["dim"]
        self.file = OnnxFile(str(config.get("model_type")), self.width)
        self.heads: int = config.get("num_attention_heads") or config["n_heads"]
        self.layers: int = config.get("num_hidden_layers") or config["n_layers"]
        self.epsilon: float = config.get("layer_norm_eps", 1e-12)
        self.activation = ACTIVATIONS[_activation(config)]

    @classmethod
    def unsupported(cls, config: Mapping[str, Any]) -> str:
        """What a model of this architecture may have that the graph lacks, in words; "" if there is nothing."""
        activation = _activation(config)
        return "" if activation in ACTIVATIONS else f"the activation {activation!r}"

    def build(self) -> OnnxFile:
        """The whole network; `hidden_0`, `hidden_1`, ... name what goes into each layer."""
        hidden = self.embed()
        for number in range(self.layers):
            self.node("Identity", [hidden], output=f"hidden_{number}")
            hidden = self.layer(number, hidden)
        self.node("Identity", [self.end(hidden)], output="last_hidden_state")
        return self.file

    def embed(self) -> str:
        """The vectors that go into the first layer."""
        raise NotImplementedError

    def layer(self, number: int, hidden: str) -> str:
        """One layer."""
        raise NotImplementedError

    def end(self, hidden: str) -> str:
        """What comes after the last layer."""
        return hidden

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Add an operator."""
        return self.file.node(kind, inputs, output, **attributes)

    def constant(self, name: str, values: ArrayLike) -> str:
        """Add numbers."""
        return self.file.constant(name, values)

    def floats(self, name: str, values: ArrayLike) -> str:
        """Add numbers as float32."""
        return self.constant(name, np.asarray(values, dtype=np.float32))

    def weight(self, name: str) -> str:
        """Add a weight of the model."""
        return self.floats(name, self.weights[name])

    def linear(self, name: str, hidden: str) -> str:
        """A product with a matrix, and a shift if the model has one."""
        weight = self.weights[f"{name}.weight"].astype(np.float32, copy=False)
        if self.int8 == "onnxruntime" and weight.shape[1] % BLOCK == 0:
            product = self._blocks(name, hidden, weight)
        else:
            factor = self._rows(name, weight) if self.int8 else self.constant(f"{name}.weight", weight.T)
            product = self.node("MatMul", [hidden, factor])
        return self.node("Add", [product, self.weight(f"{name}.bias")]) if f"{name}.bias" in self.weights else product

    def _rows(self, name: str, weight: NDArray[np.float32]) -> str:
        """int8 with one scale a row."""
        scales = np.maximum(np.abs(weight).max(axis=1), TINY) / 127
        rounded = np.rint(weight.T / scales).astype(np.int8)
        inputs = [self.constant(f"{name}.int8", rounded), self.floats(f"{name}.scales", scales)]
        return self.node("DequantizeLinear", inputs, axis=1)

    def _blocks(self, name: str, hidden: str, weight: NDArray[np.float32]) -> str:
        """int8 with one scale a block of a row; ONNX Runtime then computes in int8."""
        rows, columns = weight.shape
        blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
        scales = np.maximum(np.abs(blocks).max(axis=2), TINY) / 127
        rounded = (np.rint(blocks / scales[..., None]) + 128).astype(np.uint8)
        inputs = [hidden, self.constant(f"{name}.int8", rounded), self.floats(f"{name}.scales", scales.ravel())]
        sizes: dict[str, Any] = {"K": columns, "N": rows, "bits": 8, "block_size": BLOCK}
        return self.node("MatMulNBits", inputs, domain=MICROSOFT, accuracy_level=4, **sizes)

    def norm(self, name: str, hidden: str) -> str:
        """Layer normalisation (Ba et al., 2016), with or without a shift."""
        scale = f"{name}.gamma" if f"{name}.gamma" in self.weights else f"{name}.weight"  # as TensorFlow called it
        shift = f"{name}.bias" if f"{name}.bias" in self.weights else f"{name}.beta"
        inputs = [hidden, self.weight(scale), *([self.weight(shift)] if shift in self.weights else [])]
        return self.node("LayerNormalization", inputs, axis=-1, epsilon=self.epsilon)

    def gelu(self, hidden: str) -> str:
        """The activation of the model."""
        return self.node("Gelu", [hidden], approximate=self.activation)

    def split(self, hidden: str, order: list[int]) -> str:
        """A vector a head: `(texts, tokens, width)` to the axes texts, tokens, heads, numbers in another order."""
        shape = self.constant("head_shape", np.array([0, 0, self.heads, self.width // self.heads]))
        return self.node("Transpose", [self.node("Reshape", [hidden, shape])], perm=order)

    def attention(self, query: str, key: str, value: str, *shifts: str) -> str:
        """Attention (Vaswani et al., 2017) of all heads, put side by side; the shifts are added before the softmax.

        Args:
            query: `(texts, heads, tokens, numbers)`, as `split` gives it in the order 0, 2, 1, 3.
            key: `(texts, heads, numbers, tokens)`.
            value: as the query.
            shifts: what `mask` gives, and others that can be added to `(texts, heads, tokens, tokens)`.
        """
        root = self.floats("root", [(self.width // self.heads) ** 0.5])
        scores = self.node("Div", [self.node("MatMul", [query, key]), root])
        for shift in shifts:
            scores = self.node("Add", [scores, shift])
        mixed = self.node("MatMul", [self.node("Softmax", [scores], axis=-1), value])
        mixed = self.node("Transpose", [mixed], perm=[0, 2, 1, 3])
        return self.node("Reshape", [mixed, self.constant("joined_shape", np.array([0, 0, self.width]))])

    def mask(self) -> str:
        """0 for a token, and a large negative number for padding: `(texts, 1, 1, tokens)`."""
        real = self.node("Cast", ["attention_mask"], to=FLOAT)
        large = self.node("Mul", [self.node("Sub", [real, self.floats("ones", [1])]), self.floats("large", [LARGE])])
        return self.node("Unsqueeze", [large, self.constant("head_axes", np.array([1, 2]))])

    def counted(self, padding: int) -> str:
        """Numbers of the tokens from `padding` + 1, int64 `(texts, tokens)`; the padding's id is not counted.

        A text may hold this id too, spelled "<pad>", and transformers does not count it either.
        """
        pad = self.constant("padding", np.array(padding))
        real = self.node("Cast", [self.node("Not", [self.node("Equal", ["input_ids", pad])])], to=INT64)
        counted = self.node("CumSum", [real, self.constant("one", np.array(1))])
        return self.node("Add", [self.node("Mul", [counted, real]), pad])

    def places(self) -> str:
        """0, 1, 2, ... for the tokens of the longest text, int64 `(tokens,)`."""
        shape = self.node("Shape", ["input_ids"])
        count = self.node("Gather", [shape, self.constant("token_axis", np.array(1))])
        return self.node("Range", [self.constant("zero", np.array(0)), count, self.constant("one", np.array(1))])

    def distances(self, places: str) -> str:
        """How far the second token is behind the first, int64 `(tokens, tokens)`."""
        column = self.node("Unsqueeze", [places, self.constant("last_axis", np.array([1]))])
        return self.node("Sub", [places, column])


def _activation(config: Mapping[str, Any]) -> str:
    names = (config.get(key) for key in ("hidden_act", "activation", "hidden_activation"))
    return str(next(filter(None, names), "gelu"))


def refuse(what: str) -> None:
    """Say what to do with a model that has something unknown.

    Raises:
        ConfigurationError: always.
    """
    message = f"can't build a graph with {what}: export the model to model.onnx, or take HuggingFaceEmbeddings"
    raise ConfigurationError(message)
