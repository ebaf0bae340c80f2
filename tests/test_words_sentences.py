"""Sentence vectors against the formulas of their methods, on files of word vectors."""

from __future__ import annotations

import asyncio
import hashlib
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
    with pytest.raises(ConfigurationError, match=r"or no file that WordEmbeddings\.fit_weights wrote"):
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


def weights_of(path: Path) -> Any:
    with np.load(path) as file:
        return file["known"]


def test_a_file_that_was_written_anew_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(rows: list[list[float]]) -> None:
        WordVectors(["cat", "dog"], rows).save(tmp_path / "s.vec")

    write([[1, 0], [0, 1]])
    path, folder = str(tmp_path / "s.vec"), tmp_path / "other"
    first = WordEmbeddings(path=path)
    assert first.embed(["cat"]).vectors.tolist() == [[1, 0]]
    revision = first.space.revision
    write([[5, 5], [0, 1]])
    second = onevec.load(f"words:{path}", method="max", cache=tmp_path / "cache")
    assert second.embed(["cat"]).vectors.tolist() == [[5, 5]]
    assert second.space.revision != revision
    assert (first.embed(["cat"]).vectors.tolist(), first.space.revision) == ([[1, 0]], revision)  # it keeps to one
    write([[1, 0], [0, 1]])
    third = onevec.load(f"words:{path}", method="max", cache=tmp_path / "cache").embed(["cat"])
    assert (third.vectors.tolist(), third.cached.tolist(), third.space.revision) == ([[1, 0]], [False], revision)
    folder.mkdir()
    WordVectors(["cat"], [[8, 9]]).save(folder / "s.vec")
    for place, wanted in ((tmp_path, [[1, 0]]), (folder, [[8, 9]])):
        monkeypatch.chdir(place)
        assert WordEmbeddings(path="s.vec").embed(["cat"]).vectors.tolist() == wanted


@pytest.mark.parametrize("method", ["tfidf", "sif"])
def test_weights_that_were_fitted_anew_are_read_anew(method: str, path: Path, tmp_path: Path) -> None:
    WordVectors(WORDS, np.random.default_rng(0).normal(size=(len(WORDS), 6))).save(path)  # without counts
    model = WordEmbeddings(path=str(path), method=method)
    first = model.fit_weights(["cat"] * 9 + ["dog mat"], tmp_path / "w.npz")
    found = first.embed(["cat dog"]).vectors, first.space
    second = model.fit_weights(["dog"] * 9 + ["cat sat"], tmp_path / "w.npz")
    other = model.fit_weights(["dog"] * 9 + ["cat sat"], tmp_path / "other.npz")
    assert not np.allclose(second.embed(["cat dog"]).vectors, found[0])
    assert np.array_equal(second.embed(["cat dog"]).vectors, other.embed(["cat dog"]).vectors)
    assert (second.space == other.space, second.space == found[1]) == (True, False)
    assert np.array_equal(first.embed(["cat dog"]).vectors, found[0])


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WordVectors(["cat"], [[1, 2]]).save(tmp_path / "v.vec")
    load = WordVectors.load

    def slow(path: str) -> WordVectors:
        found = load(path)
        WordVectors(["cat"], [[3, 4]]).save(tmp_path / "v.vec")
        return found

    monkeypatch.setattr(WordVectors, "load", slow)
    with pytest.raises(ConfigurationError, match=r"v\.vec was written anew while it was read: try again"):
        WordEmbeddings(path=str(tmp_path / "v.vec")).embed(["cat"])


def test_vectors_are_loaded_once_for_all_methods_and_weights(path: Path, tmp_path: Path) -> None:
    models = [WordEmbeddings(path=str(path), method=method) for method in ("mean", "max", "tfidf")]
    models += [models[2].fit_weights(TEXTS, tmp_path / name) for name in ("a.npz", "b.npz")]
    models += [models[0].copy(update={"tokenizer": "whitespace"})]
    assert len({id(model.loaded().vectors) for model in models}) == 1
    assert models[0].copy(update={"case": "lower"}).loaded().vectors is not models[0].loaded().vectors


def test_the_arrays_of_gensim_are_part_of_the_revision_whatever_the_name(tmp_path: Path) -> None:
    made = pytest.importorskip("gensim.models.keyedvectors").KeyedVectors(2)
    made.add_vectors(["a", "b"], np.ones((2, 2), np.float32))
    made.save(str(tmp_path / "v[1].kv"), sep_limit=0, separately=["vectors"])
    alone = hashlib.sha256((tmp_path / "v[1].kv").read_bytes()).hexdigest()
    assert WordEmbeddings(path=str(tmp_path / "v[1].kv")).space.revision != alone


def test_a_linked_file_has_its_arrays_beside_the_link(tmp_path: Path) -> None:
    made = pytest.importorskip("gensim.models.keyedvectors").KeyedVectors(2)
    made.add_vectors(["a", "b"], np.ones((2, 2), np.float32))
    made.save(str(tmp_path / "v.kv"), sep_limit=0, separately=["vectors"])
    (tmp_path / "blobs").mkdir()
    for number, path in enumerate(sorted(tmp_path.glob("v.kv*"))):
        path.rename(tmp_path / "blobs" / str(number))
        path.symlink_to(tmp_path / "blobs" / str(number))
    assert WordEmbeddings(path=str(tmp_path / "v.kv")).embed(["a"]).vectors.tolist() == [[1, 1]]


@pytest.mark.parametrize("method", ["tfidf", "sif"])
@pytest.mark.parametrize("texts", [[], ["bird"], [""]])
@pytest.mark.parametrize("counted", [True, False])
def test_weights_of_nothing_are_refused(method: str, texts: list[str], counted: bool, tmp_path: Path) -> None:
    WordVectors(WORDS, np.ones((len(WORDS), 2)), COUNTS if counted else None).save(tmp_path / "v.wv")
    with pytest.raises(ConfigurationError, match="fit_weights needs texts with words that have vectors"):
        WordEmbeddings(path=str(tmp_path / "v.wv"), method=method).fit_weights(texts, tmp_path / "w.npz")
    assert not (tmp_path / "w.npz").exists()


def test_a_vector_that_is_no_number_is_not_fitted(tmp_path: Path) -> None:
    WordVectors(["cat", "dog"], [[1, np.nan], [1, 2]], [3, 1]).save(tmp_path / "v.wv")
    model = WordEmbeddings(path=str(tmp_path / "v.wv"), method="sif")
    with pytest.raises(ConfigurationError, match="a word in these texts holds NaN or infinity"):
        model.fit_weights(["cat dog"], tmp_path / "w.npz")


@pytest.mark.parametrize("made_up", [[8, 7, 6, 5, 4, 3, 2, 1], [1] * 8])
def test_counts_that_were_made_up_are_not_taken(made_up: list[int], tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(len(WORDS), 6))
    for name, counts in (("made_up", made_up), ("none", None), ("real", COUNTS)):
        WordVectors(WORDS, rows, counts).save(tmp_path / f"{name}.wv")
        model = WordEmbeddings(path=str(tmp_path / f"{name}.wv"), method="sif")
        model.fit_weights(TEXTS[:3], tmp_path / f"{name}.npz")
    known = {name: weights_of(tmp_path / f"{name}.npz") for name in ("made_up", "none", "real")}
    assert np.array_equal(known["made_up"], known["none"])
    assert not np.allclose(known["real"], known["none"])


def test_texts_that_were_cut_already_are_taken_as_they_are(path: Path, tmp_path: Path) -> None:
    model = WordEmbeddings(path=str(path), method="tfidf")
    cut: list[list[str]] = [["the", "cat"], ["the", "dog"]]
    model.fit_weights(cut, tmp_path / "cut.npz")
    model.fit_weights([" ".join(words) for words in cut], tmp_path / "whole.npz")
    assert np.array_equal(weights_of(tmp_path / "cut.npz"), weights_of(tmp_path / "whole.npz"))
    bad: Any = ["the", 3]
    with pytest.raises(ConfigurationError, match=r"texts\[1\] is int: give texts, or lists of words"):
        model.fit_weights(bad, tmp_path / "w.npz")


def test_damaged_weights_are_refused_and_kept_if_they_can_not_be_written(path: Path, tmp_path: Path) -> None:
    model = WordEmbeddings(path=str(path), method="sif")
    fitted = model.fit_weights(TEXTS, tmp_path / "w.npz")
    content = (tmp_path / "w.npz").read_bytes()
    with np.load(tmp_path / "w.npz") as file:
        parts = dict(file)
    bad = [content[: len(content) // 2], b"", b"hello", content[:100] + b"\xff" * 20 + content[120:]]
    for place, damaged in enumerate(bad):
        (tmp_path / f"{place}.npz").write_bytes(damaged)
    np.savez(tmp_path / "4.npz", **parts | {"known": parts["known"][:3]})
    np.savez(tmp_path / "5.npz", **parts | {"common": parts["common"][:3]})
    for place in range(7):
        with pytest.raises(ConfigurationError, match=rf"{place}\.npz"):
            model.copy(update={"fitted": str(tmp_path / f"{place}.npz")}).embed(["cat"])
    with pytest.raises(ConfigurationError, match="there is no folder"):
        model.fit_weights(TEXTS, tmp_path / "none" / "w.npz")
    assert fitted.embed(["cat"]).vectors.shape == (1, 6)


def test_the_case_is_checked_at_construction() -> None:
    with pytest.raises(ConfigurationError, match="case must be one of 'exact', 'lower', 'fallback', not 'upper'"):
        WordEmbeddings(path="v.wv", case="upper")


@pytest.mark.parametrize("word", ["हिन्दी", "தமிழ்", "สวัสดี", "cafe\u0301"])
def test_words_of_every_script_are_found(word: str, tmp_path: Path) -> None:
    WordVectors([word], [[1.0]]).save(tmp_path / "v.wv")
    assert WordEmbeddings(path=str(tmp_path / "v.wv")).embed([f"«{word}»!"]).notes == ()


@pytest.mark.parametrize("method", ["mean", "max"])
def test_texts_of_every_length_are_put_together_in_their_order(
    vectors: WordVectors, tmp_path: Path, method: str
) -> None:
    vectors.save(tmp_path / "v.wv")
    draw = np.random.default_rng(5)
    texts = [list(draw.choice(WORDS, size)) for size in [*draw.integers(0, 90, 700).tolist(), 63, 64, 65, 600]]
    found = WordEmbeddings(path=str(tmp_path / "v.wv"), method=method, tokenizer="whitespace").embed(
        [" ".join(text) for text in texts]
    )
    for text, vector in zip(texts, found.vectors, strict=True):
        rows = vectors.vectors(text) if text else np.zeros((1, 6), dtype=np.float32)
        wanted = rows.mean(axis=0) if method == "mean" else rows.max(axis=0)
        assert np.abs(vector - wanted).max() < 1e-5
