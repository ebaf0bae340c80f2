"""Sentence vectors against the formulas of their methods, on files of word vectors."""

from __future__ import annotations

import asyncio
import math
import pickle
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import onevec
from onevec.embeddings import Note
from onevec.errors import ConfigurationError
from onevec.words import WordEmbeddings, WordVectors
from onevec.words.index import DiskIndex
from onevec.words.rows import FloatRows
from onevec.words.sentences import _Rows
from onevec.words.subwords import Subwords

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["the", "cat", "dog", "sat", "on", "mat", "Paris", "UNESCO"]
COUNTS = [1000, 50, 40, 30, 500, 5, 20, 3]
TEXTS = [
    "The cat sat on the mat.",
    "the dog, the CAT",
    "paris and Unesco",
    "nothing known",
    "",
    "mat " * 9000,  # longer than what is gathered at once
]
TOKENS = [
    ["the", "cat", "sat", "on", "the", "mat"],
    ["the", "dog", "the", "cat"],
    ["Paris", "UNESCO"],
    [],
    [],
    ["mat"] * 9000,
]


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return WordVectors(WORDS, np.random.default_rng(0).normal(size=(len(WORDS), 6)), COUNTS)


@pytest.fixture
def path(vectors: WordVectors, tmp_path: Path) -> Path:
    vectors.save(tmp_path / "small.wv")
    return tmp_path / "small.wv"


def rows_of(vectors: WordVectors, words: list[str]) -> Any:
    return vectors.vectors(words).astype(float)


def test_the_mean_and_the_largest(vectors: WordVectors, path: Path) -> None:
    means = [rows_of(vectors, words).mean(axis=0) if words else np.zeros(6) for words in TOKENS]
    largest = [rows_of(vectors, words).max(axis=0) if words else np.zeros(6) for words in TOKENS]
    assert np.allclose(WordEmbeddings(path=str(path)).embed(TEXTS).vectors, means, atol=1e-5)
    assert np.allclose(WordEmbeddings(path=str(path), method="max").embed(TEXTS).vectors, largest)


def test_tfidf(vectors: WordVectors, path: Path, tmp_path: Path) -> None:
    model = WordEmbeddings(path=str(path), method="tfidf").fit_weights(TEXTS, tmp_path / "w.npz")
    frequency = Counter(word for words in TOKENS for word in set(words))
    wanted = []
    for words in TOKENS:
        weights = np.array([math.log((1 + len(TEXTS)) / (1 + frequency[word])) + 1 for word in words])
        wanted.append(weights @ rows_of(vectors, words) / weights.sum() if words else np.zeros(6))
    assert np.allclose(model.embed(TEXTS).vectors, wanted, atol=1e-5)


@pytest.mark.parametrize("counted", [True, False])
def test_sif(vectors: WordVectors, counted: bool, tmp_path: Path) -> None:
    plain = WordVectors(list(vectors.words), vectors.vectors(vectors.words), COUNTS if counted else None)
    plain.save(tmp_path / "v.wv")
    model = WordEmbeddings(path=str(tmp_path / "v.wv"), method="sif").fit_weights(TEXTS[:5], tmp_path / "w.npz")
    seen = Counter(word for words in TOKENS[:5] for word in words)
    counts = dict(zip(WORDS, COUNTS, strict=True)) if counted else seen
    rows = []
    for words in TOKENS:
        weights = np.array([1e-3 / (1e-3 + counts[word] / sum(counts.values())) for word in words])
        rows.append(weights @ rows_of(vectors, words) / len(words) if words else np.zeros(6))
    first = np.linalg.svd(np.array(rows[:5]))[2][0]
    wanted = np.array(rows) - np.outer(np.array(rows) @ first, first)
    assert np.allclose(model.embed(TEXTS).vectors, wanted, atol=1e-5)
    assert np.allclose(model.embed(TEXTS).vectors @ first, 0, atol=1e-5)


def test_what_was_fitted_is_read_again_and_belongs_to_its_vectors(path: Path, tmp_path: Path) -> None:
    fitted = WordEmbeddings(path=str(path), method="sif").fit_weights(TEXTS, tmp_path / "w.npz")
    again = onevec.load(f"words:{path}", method="sif", fitted=str(tmp_path / "w.npz"))
    assert np.array_equal(again.embed(TEXTS).vectors, fitted.embed(TEXTS).vectors)
    assert again.recipe() == fitted.recipe()
    with pytest.raises(ConfigurationError, match="fitted for another method or other vectors"):
        WordEmbeddings(path=str(path), method="tfidf", fitted=str(tmp_path / "w.npz")).embed(["cat"])
    WordVectors(["cat"], [[1.0]]).save(tmp_path / "other.wv")
    with pytest.raises(ConfigurationError, match="other vectors: call fit_weights again"):
        WordEmbeddings(path=str(tmp_path / "other.wv"), method="sif", fitted=str(tmp_path / "w.npz")).embed(["cat"])
    with pytest.raises(ConfigurationError, match=r"is no file that WordEmbeddings\.fit_weights wrote"):
        WordEmbeddings(path=str(path), method="sif", fitted=str(path)).embed(["cat"])


def test_a_method_that_was_not_fitted_says_so(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"method='sif' needs the weights of words: call fit_weights"):
        WordEmbeddings(path=str(path), method="sif").embed(["cat"])
    with pytest.raises(ConfigurationError, match="method='mean' needs no weights"):
        WordEmbeddings(path=str(path)).fit_weights(TEXTS, tmp_path / "w.npz")
    with pytest.raises(ConfigurationError, match="fitted has no effect on method='max'"):
        WordEmbeddings(path=str(path), method="max", fitted="w.npz")
    with pytest.raises(ConfigurationError, match="method must be one of 'mean', 'tfidf', 'sif', 'max', not 'sum'"):
        WordEmbeddings(path=str(path), method="sum")
    with pytest.raises(ConfigurationError, match="path"):
        WordEmbeddings()


def test_unknown_words_are_noted(path: Path) -> None:
    found = WordEmbeddings(path=str(path)).embed(TEXTS)
    assert found.notes == (Note(2, "unknown", 2, 3), Note(3, "unknown", 0, 2), Note(4, "unknown", 0, 0))
    assert not found.vectors[[3, 4]].any()
    assert found.usage.tokens == 6 + 4 + 3 + 2 + 9000


def test_the_policy_for_unknown_words(vectors: WordVectors, path: Path) -> None:
    def embed(unknown: str) -> Any:
        return WordEmbeddings(path=str(path), unknown=unknown).embed(["cat bird", "bird"]).vectors

    cat, mean = vectors["cat"], vectors.stored.rows.mean
    assert np.allclose(embed("skip"), np.array([cat, np.zeros(6)]))
    assert np.allclose(embed("zero"), np.array([cat / 2, np.zeros(6)]))
    assert np.allclose(embed("mean"), np.array([(cat + mean) / 2, mean]))
    with pytest.raises(ConfigurationError, match="'bird' is not among the 8 words"):
        embed("error")
    with pytest.raises(ConfigurationError, match="needs a model with n-grams"):
        embed("subwords")


def test_subwords_are_used_if_there_are_some(vectors: WordVectors, tmp_path: Path) -> None:
    grams = Subwords(3, 4, FloatRows.of(np.random.default_rng(1).normal(size=(50, 6))))
    WordVectors.of(vectors.stored._replace(subwords=grams)).save(tmp_path / "v.wv")
    model = WordEmbeddings(path=str(tmp_path / "v.wv"), tokenizer="whitespace")
    bird = grams.of(["bird"])[0]
    found = model.embed(["cat bird"])
    assert np.allclose(found.vectors[0], (vectors["cat"] + bird) / 2, atol=1e-6)
    assert found.notes == (Note(0, "unknown", 1, 2),)
    tfidf = model.copy(update={"method": "tfidf"}).fit_weights(["cat", "dog cat"], tmp_path / "w.npz")
    idf = {"cat": 1.0, "bird": math.log(3) + 1}
    wanted = (idf["cat"] * vectors["cat"] + idf["bird"] * bird) / sum(idf.values())
    assert np.allclose(tfidf.embed(["cat bird"]).vectors[0], wanted, atol=1e-6)


def test_the_space_and_the_recipe_tell_what_was_done(path: Path, tmp_path: Path, vectors: WordVectors) -> None:
    import hashlib

    model = WordEmbeddings(path=str(path))
    assert (model.space.origin, model.space.model, model.space.dimensions) == ("words", "small.wv", 6)
    assert model.space.revision == WordVectors.load(path).stored.revision
    assert model.recipe("query") == model.recipe("document")
    vectors.save(tmp_path / "v.vec")
    text = WordEmbeddings(path=str(tmp_path / "v.vec"))
    assert text.space.revision == hashlib.sha256((tmp_path / "v.vec").read_bytes()).hexdigest()
    fitted = WordEmbeddings(path=str(path), method="sif").fit_weights(TEXTS[:3], tmp_path / "a.npz")
    others = [
        *(model.copy(update={name: value}) for name, value in (("method", "max"), ("tokenizer", "whitespace"))),
        *(model.copy(update={name: value}) for name, value in (("case", "lower"), ("unknown", "zero"))),
        fitted,
        fitted.fit_weights(TEXTS, tmp_path / "b.npz"),
        text,
    ]
    recipes = [model.recipe(), *(other.recipe() for other in others)]
    assert len(set(map(str, recipes))) == len(recipes)
    with pytest.raises(onevec.SpaceMismatch):
        model.space.check(others[0].space)


def test_it_is_a_model_like_any_other(path: Path, tmp_path: Path) -> None:
    model = onevec.load(f"words:{path}", cache=tmp_path / "cache")
    first, second = model.embed(TEXTS[:3]), model.embed(TEXTS[:3])
    assert (first.cached.sum(), second.cached.sum()) == (0, 3)
    assert np.array_equal(first.vectors, second.vectors)
    plain = WordEmbeddings(path=str(path))
    assert plain.embed_query("the cat") == plain.embed_documents(["the cat"])[0]
    assert asyncio.run(plain.aembed_query("the cat")) == plain.embed_query("the cat")
    again = pickle.loads(pickle.dumps(plain))  # noqa: S301  # it is ours
    assert np.array_equal(again.embed(TEXTS).vectors, plain.embed(TEXTS).vectors)
    assert plain.embed([]).vectors.shape == (0, 6)


def test_batches_do_not_change_vectors(path: Path) -> None:
    draw = np.random.default_rng(0)
    texts = [" ".join(draw.choice([*WORDS, "bird"], draw.integers(0, 30))) for _ in range(500)]
    whole = WordEmbeddings(path=str(path), batch_size=500).embed(texts)
    parts = WordEmbeddings(path=str(path), batch_size=7, max_concurrency=3).embed(texts)
    assert np.allclose(whole.vectors, parts.vectors, atol=1e-6)
    assert whole.notes == parts.notes


def test_chinese_texts(tmp_path: Path) -> None:
    pytest.importorskip("jieba", reason="jieba is not installed")
    words = ["我", "爱", "北京", "天安门"]
    WordVectors(words, np.eye(4)).save(tmp_path / "v.wv")
    found = WordEmbeddings(path=str(tmp_path / "v.wv")).embed(["我爱北京天安门。", "上海"])
    assert np.allclose(found.vectors, np.array([[0.25] * 4, [0] * 4]))
    assert found.notes == (Note(1, "unknown", 0, 1),)


def test_known_rows_are_kept_within_bounds(path: Path) -> None:
    index = WordVectors.load(path).words
    assert isinstance(index, DiskIndex)
    few = DiskIndex(vars(index) | {"word_bytes": index.text, "word_ends": index.ends}, remembered=3)
    rows = _Rows(few.find, remembered=5)
    words = [*WORDS, *(f"word{number}" for number in range(50)), *WORDS]
    wanted = [*range(8), *([-1] * 50), *range(8)]
    assert [rows[word] for word in words] == wanted
    assert (len(rows), len(few.seen) <= 3) == (5, True)
