"""Build the graph of an encoder from its weights alone: safetensors in, ONNX out, without torch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["build", "read", "tensors"]

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}
ACTIVATIONS = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
OPSET = 20
"""The first with Gelu."""
MICROSOFT = "com.microsoft"
BLOCK = 128
TINY = 1e-12
"""In place of a scale of zero."""
BERT = {
    "words": "embeddings.word_embeddings.weight",
    "places": "embeddings.position_embeddings.weight",
    "kinds": "embeddings.token_type_embeddings.weight",
    "norm": "embeddings.LayerNorm",
    "layer": "encoder.layer.{}.",
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "out_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "down_norm": "output.LayerNorm",
}
DISTILBERT = BERT | {
    "layer": "transformer.layer.{}.",
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "out": "attention.out_lin",
    "out_norm": "sa_layer_norm",
    "up": "ffn.lin1",
    "down": "ffn.lin2",
    "down_norm": "output_layer_norm",
}
FAMILIES = {
    "bert": BERT,
    "camembert": BERT,
    "distilbert": DISTILBERT,
    "electra": BERT,
    "roberta": BERT,
    "xlm-roberta": BERT,
}
"""Where the parts of an architecture are among its weights, by config.json's model_type."""
PADDED = {"camembert", "roberta", "xlm-roberta"}
"""Families whose positions begin behind the id of the padding."""


def tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The weights of a safetensors file, mapped into memory; bfloat16 and float16 become float32."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(size))
    whole = np.memmap(path, np.uint8, "r", offset=8 + size)
    found: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        raw, kind = whole[start:end], entry["dtype"]
        if kind == "BF16":
            values: NDArray[Any] = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = raw.view(DTYPES[kind])
        values = values.astype(np.float32) if kind == "F16" else values
        found[name] = values.reshape(entry["shape"])
    return found


def build(config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], int8: str = "") -> Any:
    """The ONNX model: input_ids and attention_mask `(texts, tokens)` to last_hidden_state `(texts, tokens, width)`.

    Args:
        config: config.json.
        weights: what `read` gives.
        int8: the runtime that the layers are turned to int8 for, "openvino" or "onnxruntime"; they have different
            forms for it, both with scales for every token of its own, so that a vector depends on no other text.

    Raises:
        ConfigurationError: an architecture that is not in `FAMILIES`, or an activation or kind of position that it
            usually does not have.
    """
    return _Builder(config, weights, int8).model()


class _Builder:
    """One graph in the making."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], int8: str) -> None:
        self.onnx = need("onnx", extra="onnx")
        self.config, self.kind, self.int8 = config, str(config.get("model_type")), int8
        self._check()
        self.names = FAMILIES[self.kind]
        prefix = next((p for p in ("", f"{self.kind}.", "bert.", "roberta.") if p + BERT["words"] in weights), None)
        if prefix is None:
            message = f"the weights of this {self.kind} model have no {BERT['words']}"
            raise ConfigurationError(message)
        self.weights = {name.removeprefix(prefix): values for name, values in weights.items()}
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.width: int = config.get("hidden_size") or config["dim"]
        self.heads: int = config.get("num_attention_heads") or config["n_heads"]
        self.layers: int = config.get("num_hidden_layers") or config["n_layers"]
        self.epsilon: float = config.get("layer_norm_eps", 1e-12)

    def _check(self) -> None:
        config = self.config
        act = str(config.get("hidden_act") or config.get("activation") or "gelu")
        position = config.get("position_embedding_type", "absolute")
        narrow = config.get("embedding_size", config.get("hidden_size")) != config.get("hidden_size")
        wrong = next(
            (
                text
                for bad, text in (
                    (self.kind not in FAMILIES, f"the architecture {self.kind!r} (only {', '.join(FAMILIES)})"),
                    (act not in ACTIVATIONS, f"the activation {act!r}"),
                    (position != "absolute", f"positions of the kind {position!r}"),
                    (narrow and self.kind == "bert", "embeddings of another width than the layers"),
                )
                if bad
            ),
            None,
        )
        if wrong:
            message = f"can't build a graph with {wrong}: export the model to model.onnx, or take HuggingFaceEmbeddings"
            raise ConfigurationError(message)
        self.activation = ACTIVATIONS[act]

    def model(self) -> Any:
        """The whole model."""
        helper, types = self.onnx.helper, self.onnx.TensorProto
        hidden = self._embed()
        mask = self._mask()
        for number in range(self.layers):
            hidden = self._layer(self.names["layer"].format(number), hidden, mask)
        self._node("Identity", [hidden], output="last_hidden_state")
        axes = ["texts", "tokens"]
        graph = helper.make_graph(
            self.nodes,
            self.kind,
            [helper.make_tensor_value_info(name, types.INT64, axes) for name in ("input_ids", "attention_mask")],
            [helper.make_tensor_value_info("last_hidden_state", types.FLOAT, [*axes, self.width])],
            [self.onnx.numpy_helper.from_array(values, name) for name, values in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(
            graph, opset_imports=opsets if self.int8 == "onnxruntime" else opsets[:1], ir_version=9
        )

    def _node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, values: Any) -> str:
        self.constants[name] = np.ascontiguousarray(values)
        return name

    def _weight(self, name: str) -> str:
        return self._constant(name, self.weights[name].astype(np.float32, copy=False))

    def _embed(self) -> str:
        words = self._node("Gather", [self._weight(self.names["words"]), "input_ids"])
        total = self._node("Add", [words, self._node("Gather", [self._weight(self.names["places"]), self._places()])])
        if self.names["kinds"] in self.weights:  # every text is of the first kind
            total = self._node("Add", [total, self._constant("kind", self.weights[self.names["kinds"]][0])])
        total = self._norm(self.names["norm"], total)
        if "embeddings_project.weight" in self.weights:
            total = self._linear("embeddings_project", total)
        return total

    def _places(self) -> str:
        """The position of every token; padding comes last, so counting is enough."""
        one, ones = (
            self._constant("one", np.array(1)),
            self._node("Mul", ["input_ids", self._constant("zero", np.array(0))]),
        )
        ones = self._node("Add", [ones, one])
        counted = self._node("CumSum", [ones, one])
        first = self.config.get("pad_token_id", 1) if self.kind in PADDED else -1
        return self._node("Add", [counted, self._constant("first", np.array(first))])

    def _mask(self) -> str:
        """0 for a token, and a large negative number for padding, added to the attention."""
        real = self._node("Cast", ["attention_mask"], to=self.onnx.TensorProto.FLOAT)
        padding = self._node("Sub", [real, self._constant("one_float", np.array([1], dtype=np.float32))])
        large = self._node("Mul", [padding, self._constant("large", np.array([1e9], dtype=np.float32))])
        return self._node("Unsqueeze", [large, self._constant("head_axes", np.array([1, 2]))])

    def _linear(self, name: str, hidden: str) -> str:
        weight = self.weights[f"{name}.weight"].astype(np.float32, copy=False)
        if self.int8 == "onnxruntime" and weight.shape[1] % BLOCK == 0:
            product = self._blocks(name, hidden, weight)
        else:
            factor = self._int8(name, weight) if self.int8 else self._constant(f"{name}.weight", weight.T)
            product = self._node("MatMul", [hidden, factor])
        return self._node("Add", [product, self._weight(f"{name}.bias")])

    def _int8(self, name: str, weight: NDArray[np.float32]) -> str:
        """One scale a row."""
        scales = np.maximum(np.abs(weight).max(axis=1), TINY) / 127
        rounded = np.rint(weight.T / scales).astype(np.int8)
        inputs = [self._constant(f"{name}.int8", rounded), self._constant(f"{name}.scales", scales)]
        return self._node("DequantizeLinear", inputs, axis=1)

    def _blocks(self, name: str, hidden: str, weight: NDArray[np.float32]) -> str:
        """One scale a block of a row; ONNX Runtime then computes in int8."""
        rows, columns = weight.shape
        blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
        scales = np.maximum(np.abs(blocks).max(axis=2), TINY) / 127
        rounded = (np.rint(blocks / scales[..., None]) + 128).astype(np.uint8)
        inputs = [hidden, self._constant(f"{name}.int8", rounded), self._constant(f"{name}.scales", scales.ravel())]
        sizes: dict[str, Any] = {"K": columns, "N": rows, "bits": 8, "block_size": BLOCK}
        return self._node("MatMulNBits", inputs, domain=MICROSOFT, accuracy_level=4, **sizes)

    def _norm(self, name: str, hidden: str) -> str:
        scale = f"{name}.weight" if f"{name}.weight" in self.weights else f"{name}.gamma"  # as TensorFlow called it
        shift = f"{name}.bias" if f"{name}.bias" in self.weights else f"{name}.beta"
        return self._node(
            "LayerNormalization", [hidden, self._weight(scale), self._weight(shift)], axis=-1, epsilon=self.epsilon
        )

    def _split(self, name: str, hidden: str, order: list[int]) -> str:
        shape = self._constant("head_shape", np.array([0, 0, self.heads, self.width // self.heads]))
        return self._node("Transpose", [self._node("Reshape", [self._linear(name, hidden), shape])], perm=order)

    def _layer(self, prefix: str, hidden: str, mask: str) -> str:
        part = {name: prefix + place for name, place in self.names.items()}
        query = self._split(part["query"], hidden, [0, 2, 1, 3])
        key = self._split(part["key"], hidden, [0, 2, 3, 1])
        value = self._split(part["value"], hidden, [0, 2, 1, 3])
        root = self._constant("root", np.array([(self.width // self.heads) ** 0.5], dtype=np.float32))
        scores = self._node("Div", [self._node("MatMul", [query, key]), root])
        shares = self._node("Softmax", [self._node("Add", [scores, mask])], axis=-1)
        mixed = self._node("Transpose", [self._node("MatMul", [shares, value])], perm=[0, 2, 1, 3])
        joined = self._node("Reshape", [mixed, self._constant("joined_shape", np.array([0, 0, self.width]))])
        hidden = self._norm(part["out_norm"], self._node("Add", [self._linear(part["out"], joined), hidden]))
        wide = self._node("Gelu", [self._linear(part["up"], hidden)], approximate=self.activation)
        return self._norm(part["down_norm"], self._node("Add", [self._linear(part["down"], wide), hidden]))


def read(folder: Path) -> dict[str, NDArray[Any]]:
    """The weights of a folder, from one safetensors file or several."""
    return {name: values for path in sorted(folder.glob("*.safetensors")) for name, values in tensors(path).items()}
