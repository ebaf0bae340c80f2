"""all-MiniLM-L6-v2 as a GGUF file, the format of llama.cpp."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING

import minilm
import numpy as np

from onevec.engines.graph import read

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CLOSE", "write"]

CLOSE = 1e-3
"""How near its vectors come to the reference, because llama.cpp keeps its tables in half precision."""


def write(path: Path, pooling: str = "MEAN") -> Path:
    """Write the file, with float32 weights and a way of pooling that gguf knows by this name."""
    gguf = import_module("gguf")
    source = minilm.original()
    config = json.loads((source / "config.json").read_text())
    writer = gguf.GGUFWriter(str(path), "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType[pooling])
    writer.add_tokenizer_model("bert")
    words = _vocabulary(source)
    writer.add_token_list([word for word, _ in words])
    writer.add_token_types([kind for _, kind in words])
    writer.add_token_type_count(config["type_vocab_size"])
    for name, number in {"bos": 101, "eos": 102, "unk": 100, "sep": 102, "pad": 0, "mask": 103}.items():
        getattr(writer, f"add_{name}_token_id")(number)
    writer.add_uint32("tokenizer.ggml.cls_token_id", 101)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config["num_hidden_layers"])
    for name, values in read(source).items():
        if not name.startswith("pooler") and not name.endswith("position_ids"):
            writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), np.ascontiguousarray(values))
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        step()
    writer.close()
    return path


def _vocabulary(folder: Path) -> list[tuple[str, int]]:
    """Words in the form and with the kind that llama.cpp knows; 1 is a word, 3 a special one."""
    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    special = [word.startswith("[") and word.endswith("]") for word in words]
    whole = [
        word if odd else word[2:] if word.startswith("##") else "\u2581" + word
        for word, odd in zip(words, special, strict=True)
    ]
    return [(word, 3 if odd else 1) for word, odd in zip(whole, special, strict=True)]
