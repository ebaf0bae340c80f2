"""OneHotEmbeddings and TfidfEmbeddings, beside scikit-learn and by hand."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import pickle
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install 'onevec[tasks]'")

from onevec import OneHotEmbeddings, TfidfEmbeddings, cached, load
from onevec.engines.segmenting import folded
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["一只猫在睡觉", "一只狗在睡觉", "The cat sleeps.", "the CAT runs", "汽车"]
KINDS: list[Any] = [OneHotEmbeddings, TfidfEmbeddings]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_chinese_characters_pairs_and_words_are_tokens() -> None:
    found = OneHotEmbeddings().fit(["猫在睡", "The Cat's ３D"])
    assert found.tokens == ("3d", "cat's", "the", "在", "在睡", "猫", "猫在", "睡")
    rows = found.embed(["猫在睡", "THE cat", "睡猫猫"]).vectors
    assert rows.tolist() == [[0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 1]]
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous


def test_characters_are_another_analyzer() -> None:
    assert OneHotEmbeddings(analyzer="characters").fit(["ab 猫狗"]).tokens == ("a", "ab", "b", "狗", "猫", "猫狗")


@pytest.mark.skipif(find_spec("jieba") is None, reason="pip install 'onevec[words]'")
def test_jieba_finds_chinese_words() -> None:
    assert OneHotEmbeddings(analyzer="jieba").fit(["我爱北京天安门。"]).tokens == ("北京", "天安门", "我", "爱")


def test_tfidf_by_hand() -> None:
    found = TfidfEmbeddings().fit(["a b", "a", "a c c"])
    one, two = 1.0, math.log(4 / 2) + 1
    expected = np.array([0, one, 2 * two]) / math.hypot(one, 2 * two)
    row = found.embed(["a c c d"]).vectors[0]
    assert found.tokens == ("a", "b", "c")
    assert np.abs(row - expected[[1, 0, 2]]).max() < 1e-6
    dampened = TfidfEmbeddings(sublinear_tf=True).fit(["a b", "a", "a c c"]).embed(["a c c"]).vectors[0]
    assert dampened[2] / dampened[0] == pytest.approx((1 + math.log(2)) * two, rel=1e-6)


def test_vectors_are_those_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    english = ["the cat sat on the mat", "the dog sat", "a car on the road"]
    pattern = {"token_pattern": r"(?u)\b\w+\b"}
    for ours, theirs in (
        (OneHotEmbeddings(), CountVectorizer(binary=True, **pattern)),
        (TfidfEmbeddings(), TfidfVectorizer(**pattern)),
    ):
        expected = theirs.fit_transform(english).toarray()
        assert np.abs(ours.fit(english).embed(english).vectors - expected).max() < 1e-7
        assert list(ours.tokens) == theirs.get_feature_names_out().tolist()


def test_bounds_leave_tokens_out(kind: Any) -> None:
    assert kind(min_count=2).fit(TEXTS).tokens == ("cat", "the", "一", "一只", "只", "在", "在睡", "睡", "睡觉", "觉")
    assert len(kind(max_features=3).fit(TEXTS).tokens) == 3


def test_zero_keeps_all_tokens_and_none_is_the_default(kind: Any) -> None:
    texts = [" ".join(f"w{number}" for number in range(10_500))]
    assert len(kind(max_features=0).fit(texts).tokens) == 10_500
    assert len(kind().fit(texts).tokens) == 10_000
    assert kind(max_features=None).max_features == 10_000


def test_of_equally_frequent_tokens_the_first_in_the_alphabet_are_kept(kind: Any) -> None:
    words = [f"w{number:03}" for number in range(300)]
    shuffled = np.random.default_rng(0).permutation(words).tolist()
    assert kind(max_features=100).fit([" ".join(shuffled), "w299"]).tokens == (*words[:99], "w299")


def test_the_most_frequent_tokens_are_kept() -> None:
    texts = ["b b b", "a", "a"]
    assert OneHotEmbeddings(max_features=1).fit(texts).tokens == ("a",)  # in two texts
    assert TfidfEmbeddings(max_features=1).fit(texts).tokens == ("b",)  # three times


def test_marks_stay_in_their_words(kind: Any) -> None:
    assert kind().fit(["हिन्दी की", "İstanbul"]).tokens == ("i̇stanbul", "की", "हिन्दी")
    rows = kind().fit(["की", "का"]).embed(["की", "का"]).vectors
    assert rows[0] @ rows[1] == 0


def test_folding_again_changes_nothing() -> None:
    for text in ("ß\u0301", "ΐ", "İstanbul", "ﬀ½①"):
        assert folded(folded(text)) == folded(text)


def test_the_space_depends_on_how_texts_are_cut(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kind().fit(TEXTS).space
    monkeypatch.setattr("onevec.engines.bags.VERSION", 0)
    assert kind().fit(TEXTS).space != before


def test_words_are_at_right_angles(kind: Any) -> None:
    cat, dog = kind().fit(["猫", "狗"]).embed(["猫", "狗"]).vectors
    assert cat @ dog == 0
    assert cat @ cat == 1


def test_the_whole_interface(kind: Any) -> None:
    model = kind().fit(TEXTS)
    rows = model.embed(TEXTS).vectors
    assert rows.shape == (len(TEXTS), len(model.tokens)) == (5, model.space.dimensions)
    assert model.embed_documents(TEXTS) == rows.tolist()
    assert model.embed_query(TEXTS[0]) == rows[0].tolist()
    assert asyncio.run(model.aembed_documents(TEXTS)) == rows.tolist()
    assert model.embed([]).vectors.shape == (0, len(model.tokens))
    assert not model.embed(["", "unbekannt"]).vectors.any()
    assert model.recipe("query") == model.recipe()
    with pytest.raises(TypeError, match="not one str"):
        model.embed("猫")
    with pytest.raises(TypeError, match="not one str"):
        model.fit("猫")


def test_the_space_is_another_after_another_fit(kind: Any) -> None:
    one = kind().fit(TEXTS)
    assert one.space == kind().fit(TEXTS).space
    assert one.space != kind().fit(TEXTS[:-1]).space
    assert one.space != kind(analyzer="characters").fit(TEXTS).space
    before = one.space
    assert one.fit(["a b"]).space != before
    assert one.tokens == ("a", "b")


def test_weights_are_part_of_the_space() -> None:
    one, two = (TfidfEmbeddings().fit(texts) for texts in (["a b", "a"], ["a b", "b"]))
    assert one.tokens == two.tokens
    assert one.space != two.space


@pytest.mark.parametrize("given", [{}, {"analyzer": "characters", "max_features": 20, "min_count": 2}])
def test_a_file_keeps_the_model(kind: Any, given: dict[str, Any], tmp_path: Path) -> None:
    model = kind(**given).fit(TEXTS)
    path = tmp_path / "模型.json"
    model.save(path)
    again = load(f"{kind.kind}:{path}")
    assert again.space == model.space
    assert np.array_equal(again.embed(TEXTS).vectors, model.embed(TEXTS).vectors)
    assert isinstance(again, kind)
    assert again.analyzer == given.get("analyzer", "words")
    assert json.loads(path.read_text(encoding="utf-8"))["tokens"] == list(model.tokens)


def through_pickle(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))  # noqa: S301  # made here


@pytest.mark.parametrize("copied", [through_pickle, copy.copy, copy.deepcopy])
def test_copies_and_pickles_know_the_tokens(kind: Any, copied: Any, tmp_path: Path) -> None:
    model = kind(min_count=2).fit(TEXTS)
    again = copied(model)
    assert again.space == model.space
    assert np.array_equal(again.embed(TEXTS).vectors, model.embed(TEXTS).vectors)
    with pytest.raises(ConfigurationError, match="knows no tokens yet"):
        _ = copied(kind()).tokens
    model.save(tmp_path / "a.json")
    assert copied(kind(path=str(tmp_path / "a.json"))).space == model.space
    with pytest.raises(ConfigurationError, match="knows no tokens yet"):
        _ = model.copy(update={"min_count": 1}).tokens


@pytest.mark.parametrize("copied", [through_pickle, copy.copy, copy.deepcopy])
def test_what_was_fitted_last_is_copied_even_without_the_file(kind: Any, copied: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    kind().fit(TEXTS).save(path)
    model = kind(path=path)
    assert copied(model).space == model.space
    path.unlink()
    assert copied(model).space == model.space
    model.fit(["other words"])
    assert model.path is None
    assert copied(model).tokens == ("other", "words")
    assert model.copy(update={"min_count": 1}).tokens == ("other", "words")
    with pytest.raises(ConfigurationError, match="knows no tokens yet"):
        _ = model.copy(update={"analyzer": "characters"}).tokens


def test_a_parameter_that_is_set_later_holds_from_the_next_fit_on(tmp_path: Path) -> None:
    model = TfidfEmbeddings().fit(["ab ab cd", "cd"])
    before, space = model.embed(["ab ab cd"]).vectors, model.space
    model.analyzer, model.sublinear_tf = "characters", True
    model.save(tmp_path / "a.json")
    for again in (model, through_pickle(model), copy.copy(model), TfidfEmbeddings(path=str(tmp_path / "a.json"))):
        assert again.space == space
        assert np.array_equal(again.embed(["ab ab cd"]).vectors, before)
    assert model.fit(["ab"]).tokens == ("a", "ab", "b")
    model.analyzer = "word"
    with pytest.raises(ConfigurationError, match="analyzer must be one of"):
        model.fit(["ab"])


def test_another_thread_may_fit_while_texts_are_embedded(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = kind().fit(["a b c"])
    zeros = np.zeros

    def fitting(*args: Any, **given: Any) -> Any:
        monkeypatch.undo()
        model.fit(["a"])
        return zeros(*args, **given)

    monkeypatch.setattr(np, "zeros", fitting)  # what embed calls between what it asks of the model
    found = model.embed(["a b c"])
    assert found.vectors.shape == (1, 3)
    assert found.space.dimensions == 3
    assert model.tokens == ("a",)


def test_a_save_that_fails_leaves_the_file(kind: Any, tmp_path: Path) -> None:
    kind().fit(["a"]).save(tmp_path / "a.json")
    whole = (tmp_path / "a.json").read_bytes()
    (tmp_path / "a.json.part").mkdir()  # where the new one is written at first
    with pytest.raises(OSError, match="part"):
        kind().fit(["b"]).save(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == whole


def test_what_is_wrong_is_refused(kind: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"call fit\(texts\), or give path"):
        kind().embed(["a"])
    with pytest.raises(ConfigurationError, match=r"call fit\(texts\), or give path"):
        kind().save(tmp_path / "a")
    with pytest.raises(ConfigurationError, match="found no token in 2 texts"):
        kind().fit(["", "?!"])
    with pytest.raises(ConfigurationError, match="min_count is 3, but there are 2 texts"):
        kind(min_count=3).fit(["a", "b"])
    with pytest.raises(ConfigurationError, match="analyzer must be one of words, jieba, characters, not 'word'"):
        kind(analyzer="word")
    with pytest.raises(ConfigurationError, match="max_features must be at least 1, or 0 to keep all, not -1"):
        kind(max_features=-1)
    with pytest.raises(ConfigurationError, match="found no token in 2 texts that is in at least 2"):
        kind(min_count=2).fit(["a", "b"])


def test_a_wrong_file_is_refused(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in (None, "{", "[]", "{}"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(ConfigurationError, match="is no file that save"):
            kind(path=str(path))
    other = next(each for each in KINDS if each is not kind)
    other().fit(TEXTS).save(path)
    with pytest.raises(ConfigurationError, match=f"is of the format 'onevec.{other.kind} 1'"):
        kind(path=str(path))
    kind().fit(TEXTS).save(path)
    whole = json.loads(path.read_text(encoding="utf-8"))
    wrong: list[dict[str, Any]] = [
        *({"tokens": []}, {"tokens": ["a", "a"], "weights": [1, 1]}, {"tokens": "ab", "weights": [1, 1]}),
        *({"tokens": [1], "weights": [1]}, {"weights": ["a"] * len(whole["tokens"])}, {"weights": [1.0]}),
        *({"weights": [math.nan] * len(whole["tokens"])}, {"min_count": [1]}, {"analyzer": None}, {"min_count": -3}),
    ]
    for changed in wrong:
        path.write_text(json.dumps(whole | changed), encoding="utf-8")
        with pytest.raises(ConfigurationError):
            kind(path=str(path))
    kind(min_count=2).fit(TEXTS).save(path)
    assert kind(path=str(path), min_count=2).min_count == 2
    with pytest.raises(ConfigurationError, match="min_count is 3, but"):
        kind(path=str(path), min_count=3)


def test_a_cache_takes_them(kind: Any) -> None:
    model = cached(kind().fit(TEXTS), "memory:")
    first, second = model.embed(TEXTS), model.embed(TEXTS)
    assert second.cached.all()
    assert np.array_equal(first.vectors, second.vectors)
