"""The architectures of encoders, built of `layers`: BERT and those that differ little, MPNet, ModernBERT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .layers import FLOAT, LARGE, Layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["FAMILIES", "positions", "unsupported"]

PADDED = {
    *("camembert", "clap_text_model", "data2vec-text", "esm", "ibert", "layoutlmv3", "lilt", "longformer", "luke"),
    *("markuplm", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
}
"""Architectures of transformers whose positions begin behind the id of the padding."""


class Bert(Layers):
    """BERT (Devlin et al., 2019), RoBERTa, XLM-R, CamemBERT and ELECTRA."""

    words = "embeddings.word_embeddings.weight"
    positions = "embeddings.position_embeddings.weight"
    kinds = "embeddings.token_type_embeddings.weight"
    block = "encoder.layer.{}."
    query, key, value = "attention.self.query", "attention.self.key", "attention.self.value"
    out, out_norm = "attention.output.dense", "attention.output.LayerNorm"
    up, down, down_norm = "intermediate.dense", "output.dense", "output.LayerNorm"

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], int8: str) -> None:
        super().__init__(config, weights, int8)
        self.shifts: list[str] = []

    @classmethod
    def unsupported(cls, config: Mapping[str, Any]) -> str:
        """As in all architectures; other positions than absolute ones, and tokens that see only what is before them."""
        position = config.get("position_embedding_type", "absolute")
        if position != "absolute":
            return f"positions of the kind {position!r}"
        return "is_decoder" if config.get("is_decoder") else super().unsupported(config)

    def embed(self) -> str:
        """Words, positions and the first kind of token, which all of a text are of."""
        self.shifts = [self.mask()]
        padded = self.config["model_type"] in PADDED
        numbers = self.counted(_padding(self.config)) if padded else self.places()
        places = self.node("Gather", [self.weight(self.positions), numbers])
        total = self.node("Add", [self.node("Gather", [self.weight(self.words), "input_ids"]), places])
        if self.kinds in self.weights:
            total = self.node("Add", [total, self.floats("kind", self.weights[self.kinds][0])])
        total = self.norm("embeddings.LayerNorm", total)
        return self.linear("embeddings_project", total) if "embeddings_project.weight" in self.weights else total

    def layer(self, number: int, hidden: str) -> str:
        """Attention and two products, each with a normalised sum behind it."""
        prefix = self.block.format(number)
        query = self.split(self.linear(prefix + self.query, hidden), [0, 2, 1, 3])
        key = self.split(self.linear(prefix + self.key, hidden), [0, 2, 3, 1])
        value = self.split(self.linear(prefix + self.value, hidden), [0, 2, 1, 3])
        joined = self.linear(prefix + self.out, self.attention(query, key, value, *self.shifts))
        hidden = self.norm(prefix + self.out_norm, self.node("Add", [joined, hidden]))
        wide = self.gelu(self.linear(prefix + self.up, hidden))
        return self.norm(prefix + self.down_norm, self.node("Add", [self.linear(prefix + self.down, wide), hidden]))


class DistilBert(Bert):
    """DistilBERT (Sanh et al., 2019)."""

    block = "transformer.layer.{}."
    query, key, value = "attention.q_lin", "attention.k_lin", "attention.v_lin"
    out, out_norm = "attention.out_lin", "sa_layer_norm"
    up, down, down_norm = "ffn.lin1", "ffn.lin2", "output_layer_norm"


class MPNet(Bert):
    """MPNet (Song et al., 2020): the distance of two tokens shifts their attention, alike in all layers."""

    query, key, value = "attention.attn.q", "attention.attn.k", "attention.attn.v"
    out, out_norm = "attention.attn.o", "attention.LayerNorm"

    def embed(self) -> str:
        """As in BERT; the shifts of all distances are laid out once."""
        hidden = super().embed()
        most: int = self.weights[self.positions].shape[0]
        table = self.weights["encoder.relative_attention_bias.weight"]
        steps = np.arange(1 - most, most, dtype=np.int64)
        shifts = self.floats("distance_shifts", table[_buckets(steps, len(table))])
        index = self.node("Add", [self.distances(self.places()), self.constant("most", np.array(most - 1))])
        shift = self.node("Transpose", [self.node("Gather", [shifts, index])], perm=[2, 0, 1])
        self.shifts.append(self.node("Unsqueeze", [shift, self.constant("text_axis", np.array([0]))]))
        return hidden


def _buckets(steps: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Distances in groups, as in T5 (Raffel et al., 2020, section 2.1): half for each direction, far ones together."""
    half, far = count // 2, np.abs(steps)
    near = half // 2
    ratio = np.log(np.maximum(far, near).astype(np.float32) / near) / np.log(128 / near)
    grown = np.minimum(near + (ratio * (half - near)).astype(np.int64), half - 1)
    return np.where(steps > 0, half, 0) + np.where(far < near, far, grown)


class ModernBert(Layers):
    """ModernBERT (Warner et al., 2024): rotary positions (Su et al., 2021), most layers see only what is near."""

    words = "embeddings.tok_embeddings.weight"

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], int8: str) -> None:
        super().__init__(config, weights, int8)
        self.epsilon = config.get("norm_eps", 1e-5)
        every = config.get("global_attn_every_n_layers", 3)
        usual = ["sliding_attention" if place % every else "full_attention" for place in range(self.layers)]
        self.kinds: list[str] = config.get("layer_types") or usual
        for place in range(self.layers):
            self._cut(f"layers.{place}.attn.Wqkv", "query", "key", "value")
            self._cut(f"layers.{place}.mlp.Wi", "up", "gate")
        self.rotations: dict[str, list[str]] = {}
        self.shifts: dict[str, list[str]] = {}

    @classmethod
    def unsupported(cls, config: Mapping[str, Any]) -> str:
        """As in all architectures, and rotary positions that are scaled."""
        ropes: dict[str, dict[str, Any]] = config.get("rope_parameters") or {}
        both = (ropes.get(kind, {}) for kind in ("full_attention", "sliding_attention"))
        kinds = {rope.get("rope_type", "default") for rope in both} - {"default"}
        return f"rotary positions of the kind {min(kinds)!r}" if kinds else super().unsupported(config)

    def embed(self) -> str:
        """Words alone; positions turn the queries and keys of each layer."""
        places = self.places()
        distances = self.node("Abs", [self.distances(places)])
        far = self.constant("far", np.array(self.config.get("local_attention", 128) // 2))
        hidden = self.node("Cast", [self.node("Greater", [distances, far])], to=FLOAT)
        mask, near = self.mask(), self.node("Mul", [hidden, self.floats("minus_large", [-LARGE])])
        self.shifts = {"full_attention": [mask], "sliding_attention": [mask, near]}
        for kind in self.shifts:
            tables = self._turns(kind)
            self.rotations[kind] = [
                self.node("Gather", [self.floats(f"{kind}_{name}", values), places])
                for name, values in zip(("cos", "sin"), tables, strict=True)
            ]
        return self.norm("embeddings.norm", self.node("Gather", [self.weight(self.words), "input_ids"]))

    def _turns(self, kind: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Cosines and sines of the angles of every place, each `(places, numbers of a head)`."""
        usual = {"full_attention": "global_rope_theta", "sliding_attention": "local_rope_theta"}[kind]
        ropes: dict[str, dict[str, Any]] = self.config.get("rope_parameters") or {}
        rope = ropes.get(kind, {})
        default = 160000.0 if kind == "full_attention" else 10000.0
        theta: float = rope.get("rope_theta") or self.config.get(usual) or default
        size = self.width // self.heads
        speeds = 1 / np.power(np.float32(theta), np.arange(0, size, 2, dtype=np.float32) / np.float32(size))
        places = np.arange(self.config.get("max_position_embeddings", 8192), dtype=np.float32)
        angles = np.tile(np.outer(places, speeds), 2)
        return np.cos(angles), np.sin(angles)

    def _cut(self, name: str, *parts: str) -> None:
        """Give the parts of weights that are kept together names of their own."""
        for ending in ("weight", "bias"):
            whole = self.weights.get(f"{name}.{ending}")
            for part, values in zip(parts, [] if whole is None else np.split(whole, len(parts)), strict=False):
                self.weights[f"{name}.{part}.{ending}"] = values

    def _turned(self, heads: str, kind: str) -> str:
        """Queries or keys, turned by the angles of their places; `(texts, heads, tokens, numbers)`."""
        cos, sin = self.rotations[kind]
        size = self.width // self.heads
        start, middle, end = (self.constant(f"at_{at}", np.array([at])) for at in (0, size // 2, size))
        axis = self.constant("number_axis", np.array([3]))
        first = self.node("Slice", [heads, start, middle, axis])
        second = self.node("Neg", [self.node("Slice", [heads, middle, end, axis])])
        other = self.node("Concat", [second, first], axis=-1)
        return self.node("Add", [self.node("Mul", [heads, cos]), self.node("Mul", [other, sin])])

    def layer(self, number: int, hidden: str) -> str:
        """Attention and a gated product, each behind a normalisation and added to what came in."""
        prefix, kind = f"layers.{number}.", self.kinds[number]
        before = self.norm(f"{prefix}attn_norm", hidden) if f"{prefix}attn_norm.weight" in self.weights else hidden
        query, key, value = (
            self.split(self.linear(f"{prefix}attn.Wqkv.{part}", before), [0, 2, 1, 3])
            for part in ("query", "key", "value")
        )
        key = self.node("Transpose", [self._turned(key, kind)], perm=[0, 1, 3, 2])
        joined = self.attention(self._turned(query, kind), key, value, *self.shifts[kind])
        hidden = self.node("Add", [hidden, self.linear(f"{prefix}attn.Wo", joined)])
        before = self.norm(f"{prefix}mlp_norm", hidden)
        wide = self.gelu(self.linear(f"{prefix}mlp.Wi.up", before))
        gated = self.node("Mul", [wide, self.linear(f"{prefix}mlp.Wi.gate", before)])
        return self.node("Add", [hidden, self.linear(f"{prefix}mlp.Wo", gated)])

    def end(self, hidden: str) -> str:
        """The last normalisation."""
        return self.norm("final_norm", hidden)


FAMILIES: dict[str, type[Bert | ModernBert]] = {
    "bert": Bert,
    "camembert": Bert,
    "distilbert": DistilBert,
    "electra": Bert,
    "modernbert": ModernBert,
    "mpnet": MPNet,
    "roberta": Bert,
    "xlm-roberta": Bert,
}
"""By config.json's model_type."""


def unsupported(config: Mapping[str, Any]) -> str:
    """What a model has that no graph can be built with, in words; "" if there is nothing.

    Example:
        >>> unsupported({"model_type": "bert", "hidden_act": "relu"})
        "the activation 'relu'"
    """
    kind = str(config.get("model_type"))
    if kind not in FAMILIES:
        return f"the architecture {kind!r} (only {', '.join(FAMILIES)})"
    return FAMILIES[kind].unsupported(config)


def positions(config: Mapping[str, Any]) -> int | None:
    """Tokens that a model has positions for; some architectures give some away to the padding.

    Example:
        >>> positions({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1})
        512
    """
    places: int | None = config.get("max_position_embeddings")
    return places - _padding(config) - 1 if places and config.get("model_type") in PADDED else places


def _padding(config: Mapping[str, Any]) -> int:
    padding: int | None = config.get("pad_token_id")
    return 1 if padding is None else padding
