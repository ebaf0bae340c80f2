"""LASER on a checkpoint in its published format, with random weights; the real one is not on a package index."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest
import small_models

from onevec import LaserEmbeddings
from onevec.embeddings import Note
from onevec.engines.laser import EOS, _ids
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = minilm.needs("torch", "sacremoses", "sentencepiece")
TEXTS = ["the cat sat on the mat", "你好 世界", "", "😀", "hello world", "first line\nsecond line", " "]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_models.laser_folder(tmp_path_factory.mktemp("laser"))


def one_by_one(folder: Path, tokens: list[list[int]]) -> Any:
    """The vectors by the paper: each text alone, forward and backward through five layers, then the largest values."""
    torch = import_module("torch")
    whole = torch.load(folder / "laser2.pt", weights_only=True)
    weights = whole["model"]

    def direction(inputs: Any, suffix: str) -> Any:
        w, u = weights[f"lstm.weight_ih_{suffix}"], weights[f"lstm.weight_hh_{suffix}"]
        bias = weights[f"lstm.bias_ih_{suffix}"] + weights[f"lstm.bias_hh_{suffix}"]
        state = cell = torch.zeros(8)
        outputs = []
        for row in inputs:
            enter, forget, update, leave = (w @ row + u @ state + bias).chunk(4)
            cell = forget.sigmoid() * cell + enter.sigmoid() * update.tanh()
            state = leave.sigmoid() * cell.tanh()
            outputs.append(state)
        return torch.stack(outputs)

    rows = []
    for ids in tokens:
        hidden = weights["embed_tokens.weight"][torch.tensor(ids)]
        for layer in range(5):
            back = direction(hidden.flip(0), f"l{layer}_reverse").flip(0)
            hidden = torch.cat([direction(hidden, f"l{layer}"), back], dim=1)
        rows.append(hidden.max(dim=0).values.numpy())
    return np.array(rows)


def test_the_vectors_are_those_of_the_paper(folder: Path) -> None:
    model = LaserEmbeddings(model_dir=str(folder))
    found = model.embed(TEXTS)
    tokens = [_ids(model.loaded(), text) for text in TEXTS]
    assert len(set(map(len, tokens))) > 3  # so that some are padded
    assert np.abs(found.vectors - one_by_one(folder, tokens)).max() < 1e-5
    assert found.usage.tokens == sum(map(len, tokens))
    assert (found.notes, found.space.normalised) == ((), False)
    unit = model.copy(update={"normalize": True}).embed(TEXTS).vectors
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-5)


def test_texts_are_cleaned_as_for_the_training(folder: Path) -> None:
    """The pieces that laser_encoders 0.0.2 made of the same texts."""
    model = LaserEmbeddings(model_dir=str(folder))
    pairs = {
        "THE CAT": "the cat",
        "“hello” ‘world’": '"hello" "world"',
        "it‚s": 'it"s',
        "first\u200bline\tx": "first line x",
        "3 % ( a )": "3% (a)",
        "a …": "a ...",
    }
    for text, cleaned in pairs.items():
        assert _ids(model.loaded(), text) == _ids(model.loaded(), cleaned), text
    assert _ids(model.loaded(), "") == [EOS]


def test_a_long_text_is_read_whole_or_cut_with_a_note(tmp_path: Path) -> None:
    model = LaserEmbeddings(model_dir=str(small_models.laser_folder(tmp_path, layers=1)))
    long = "hello " * 3_000
    assert model.embed([long]).notes == ()
    cut = model.copy(update={"max_tokens": 4})
    total = len(_ids(model.loaded(), long))
    assert cut.embed(["a", long]).notes == (Note(1, "truncated", 4, total),)
    assert cut.recipe() != model.recipe()
    with pytest.raises(ConfigurationError, match="max_tokens"):
        model.copy(update={"max_tokens": 1})


@pytest.mark.parametrize("lang", ["zho_Hans", "eng", None])
def test_languages_share_an_encoder(folder: Path, lang: str | None) -> None:
    model = LaserEmbeddings(model_dir=str(folder), lang=lang)
    assert model.space == LaserEmbeddings(model_dir=str(folder)).space


def test_wrong_parameters_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not know the language 'ace_Latn'"):
        LaserEmbeddings(lang="ace_Latn")
    small_models.laser_folder(tmp_path)
    (tmp_path / "laser2.pt").write_bytes(b"no checkpoint")
    with pytest.raises(ConfigurationError, match="could not be read"):
        LaserEmbeddings(model_dir=str(tmp_path)).embed(["a"])
    other = tmp_path / "other"
    small_models.laser_folder(other)
    import_module("torch").save({"cfg": {}, "model": {}}, other / "laser2.pt")
    with pytest.raises(ConfigurationError, match="maybe one of LASER3"):
        LaserEmbeddings(model_dir=str(other)).embed(["a"])


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing about it."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


def test_the_files_are_downloaded_once_and_whole(tmp_path: Path, server: str, folder: Path) -> None:
    model = LaserEmbeddings(model_dir=str(tmp_path / "new"), base_url=server)
    here = LaserEmbeddings(model_dir=str(folder))
    assert np.array_equal(model.embed(TEXTS).vectors, here.embed(TEXTS).vectors)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["laser2.pt", "laser2.spm"]
    again = LaserEmbeddings(model_dir=str(tmp_path / "new"), base_url="http://127.0.0.1:9/")
    assert again.space == here.space
    with pytest.raises(ConfigurationError, match=r"could not be downloaded.*404.*or pass model_dir"):
        LaserEmbeddings(model_dir=str(tmp_path / "none"), base_url=server + "nope").embed(["a"])
    assert list((tmp_path / "none").iterdir()) == []
