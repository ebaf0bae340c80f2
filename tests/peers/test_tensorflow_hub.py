"""A SavedModel, written here and loaded by TensorFlow; `nox -s tensorflow` brings it."""

from __future__ import annotations

import asyncio
import pickle
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import onevec
from onevec import TensorflowHubEmbeddings
from onevec.errors import BadResponse, ConfigurationError, MissingDependency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

tensorflow: Any = pytest.importorskip("tensorflow", reason="nox -s tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own warnings

TEXTS = ["Hi there!", "你好，世界", "😀", "", "first line\nsecond line", "a" * 100_000]


def expected(texts: list[str]) -> np.ndarray[Any, Any]:
    """What the model below computes: bytes, characters, and two constants."""
    cleaned = [text.replace("\n", " ") for text in texts]
    return np.array([[len(text.encode()), len(text), 0.5, -1] for text in cleaned], dtype=np.float32)


def saved(folder: Path, kind: str = "array") -> Path:
    """A SavedModel that gives an array, several outputs, one number a text, or that has only a signature."""
    tf = tensorflow
    spec = tf.TensorSpec([None], tf.string)

    def vectors(texts: Any) -> Any:
        one_line = tf.strings.regex_replace(texts, "\n", "")
        lengths = [tf.strings.length(one_line), tf.strings.length(texts, unit="UTF8_CHAR")]
        rows = tf.stack([tf.cast(length, tf.float32) for length in lengths], axis=1)
        constant = tf.tile([[0.5, -1.0]], [tf.shape(texts)[0], 1])
        whole = tf.concat([rows, constant], axis=1)
        return {"dict": {"default": whole, "other": rows}, "numbers": rows[:, 0]}.get(kind, whole)

    def called(self: Any, texts: Any) -> Any:  # noqa: ARG001  # it becomes a method
        return vectors(texts)

    if kind == "signature":
        function = tf.function(lambda texts: {"outputs": vectors(texts)}, input_signature=[spec])
        tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": function})
    else:
        methods = {"__call__": tf.function(called, input_signature=[spec])}
        tf.saved_model.save(type("Callable", (tf.Module,), methods)(), str(folder))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("saved") / "model")


@pytest.mark.parametrize("scheme", ["path", "url"])
def test_a_folder_gives_its_vectors(folder: Path, scheme: str) -> None:
    model = TensorflowHubEmbeddings(model_url=str(folder) if scheme == "path" else folder.as_uri())
    assert np.array_equal(model.embed(TEXTS).vectors, expected(TEXTS))
    assert np.array_equal(asyncio.run(model.aembed_documents(TEXTS)), expected(TEXTS))
    with ThreadPoolExecutor(4) as pool:
        assert np.array_equal([*pool.map(model.embed_query, TEXTS)], expected(TEXTS))
    assert model.embed([]).vectors.shape == (0, 0)
    with pytest.raises(ValueError, match="lone surrogate"):
        model.embed(["\ud83d"])


@pytest.mark.parametrize("kind", ["dict", "signature"])
def test_other_forms_of_output(tmp_path: Path, kind: str) -> None:
    model = TensorflowHubEmbeddings(model_url=str(saved(tmp_path / kind, kind)))
    assert np.array_equal(model.embed(TEXTS).vectors, expected(TEXTS))


def test_a_folder_is_known_by_its_content(folder: Path, tmp_path: Path) -> None:
    model = TensorflowHubEmbeddings(model_url=str(folder))
    assert len(model.space.revision) == 64
    assert TensorflowHubEmbeddings(model_url=folder.as_uri()).space == model.space
    assert TensorflowHubEmbeddings(model_url=str(saved(tmp_path / "other", "dict"))).space != model.space
    again: TensorflowHubEmbeddings = pickle.loads(pickle.dumps(model))  # noqa: S301  # made here
    assert (again.recipe("query"), again.loaded()) == (model.recipe("query"), model.loaded())
    told: list[tuple[int, int]] = []
    model.copy(update={"on_progress": lambda *done: told.append(done), "batch_size": 4}).embed(TEXTS)
    assert told == [(4, 6), (6, 6)]
    assert onevec.load(f"tensorflow_hub:{folder}").embed_query("a") == [1.0, 1.0, 0.5, -1.0]


def test_what_is_no_model_for_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no folder"):
        TensorflowHubEmbeddings(model_url=str(tmp_path / "none")).embed(["a"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="could not be loaded"):
        TensorflowHubEmbeddings(model_url=str(tmp_path / "empty")).embed(["a"])
    with pytest.raises(BadResponse, match=r"gave an array \(1,\) for 1 texts"):
        TensorflowHubEmbeddings(model_url=str(saved(tmp_path / "numbers", "numbers"))).embed(["a"])
    tensorflow.saved_model.save(tensorflow.Module(), str(tmp_path / "bare"))
    with pytest.raises(ConfigurationError, match="can't be called"):
        TensorflowHubEmbeddings(model_url=str(tmp_path / "bare")).embed(["a"])


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing about it."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def handle(folder: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the model in an archive, as TensorFlow Hub has it."""
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, path.name)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/model.tar.gz"
        running.shutdown()
        thread.join()


@pytest.mark.skipif(find_spec("tensorflow_hub") is None, reason="nox -s tensorflow")
def test_a_handle_is_downloaded_by_tensorflow_hub(handle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    model = TensorflowHubEmbeddings(model_url=handle)
    assert np.array_equal(model.embed(TEXTS).vectors, expected(TEXTS))
    assert model.space.model == handle
    assert list((tmp_path / "cache").iterdir())


def test_a_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(MissingDependency, match=r"pip install 'onevec\[tensorflow\]'"):
        TensorflowHubEmbeddings().embed(["a"])
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingDependency, match=r"pip install 'onevec\[tensorflow\]'"):
        TensorflowHubEmbeddings(model_url=str(folder.parent)).embed(["a"])
