"""The plain functions of search, search by words, and both together."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec import ConfigurationError, MissingDependency, SpaceMismatch, load
from onevec.search import (
    HybridIndex,
    KeywordIndex,
    VectorIndex,
    cluster,
    cosine,
    duplicates,
    mmr,
    reciprocal_rank_fusion,
    similarity_matrix,
    top_n,
)
from onevec.search.best import Best
from onevec.search.keywords import words_of
from onevec.search.near_duplicates import BLOCK, near_pairs

SOURCE = np.random.default_rng(3)


def rows(count: int, width: int = 16) -> Any:
    return SOURCE.standard_normal((count, width)).astype(np.float32)


def test_the_matrix_holds_the_cosine_of_each_pair() -> None:
    left, right = rows(5), rows(7)
    left[2] = 0
    matrix = similarity_matrix(left, right)
    assert matrix.shape == (5, 7)
    for row, vector in zip(matrix, left, strict=True):
        assert np.allclose(row, cosine(vector, right), atol=1e-6)
    assert np.allclose(similarity_matrix(right), similarity_matrix(right, right))


def test_results_of_embed_are_taken_if_they_are_of_one_model() -> None:
    model = load("fake:16")
    query, found = model.embed(["猫"], "query"), model.embed(["狗", "猫"])
    indices, scores = top_n(query, found, 1)
    assert (indices.tolist(), scores.round(5).tolist()) == ([1], [1.0])
    assert np.allclose(similarity_matrix(query, found)[0], cosine(query.vectors[0], found.vectors))
    with pytest.raises(SpaceMismatch, match="can't be compared"):
        similarity_matrix(query, load("fake:8").embed(["猫"]))
    with pytest.raises(ConfigurationError, match=r"one vector, not an array \(2, 16\)"):
        top_n(found, found, 1)


# Maximal marginal relevance -----------------------------------------------------------------------------------------


def test_mmr_chooses_as_its_formula_says() -> None:
    query, vectors = rows(1)[0], rows(30)
    near, among = cosine(query, vectors).astype(float), similarity_matrix(vectors).astype(float)
    for diversity in (0.0, 0.3, 0.8, 1.0):
        chosen: list[int] = [int(np.argmax(near))]
        while len(chosen) < 8:
            others = [number for number in range(30) if number not in chosen]
            value = {n: (1 - diversity) * near[n] - diversity * max(among[n][c] for c in chosen) for n in others}
            chosen.append(max(value, key=value.__getitem__))
        indices, scores = mmr(query, vectors, 8, diversity=diversity)
        assert indices.tolist() == chosen
        assert np.allclose(scores, near[chosen], atol=1e-6)
    assert mmr(query, vectors, 30, diversity=0)[0].tolist() == top_n(query, vectors, 30)[0].tolist()


def test_mmr_of_few_and_wrong() -> None:
    query, vectors = rows(1)[0], rows(3)
    assert sorted(mmr(query, vectors, 9)[0].tolist()) == [0, 1, 2]
    assert mmr(query, vectors[:0], 2)[0].tolist() == []
    assert mmr(query, vectors, 0)[0].tolist() == []
    with pytest.raises(ConfigurationError, match="diversity"):
        mmr(query, vectors, 2, diversity=1.5)


# Fusion -------------------------------------------------------------------------------------------------------------


def test_fusion_adds_up_ranks() -> None:
    fused = reciprocal_rank_fusion([["a", "b"], ["b", "c"]], k=60)
    assert [item for item, _ in fused] == ["b", "a", "c"]
    assert [score for _, score in fused] == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62])
    assert [item for item, _ in reciprocal_rank_fusion([["a", "b"], ["b", "c"]], 1)] == ["b"]
    assert [score for _, score in reciprocal_rank_fusion([["a"], ["b"]], weights=[1, 3])] == pytest.approx(
        [3 / 61, 1 / 61]
    )
    assert reciprocal_rank_fusion([]) == []
    with pytest.raises(ConfigurationError, match="1 weights for 2"):
        reciprocal_rank_fusion([["a"], ["b"]], weights=[1])


# Words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't PANIC: 42!", ["don", "t", "panic", "42"]),
        ("用Python写代码", ["用", "python", "写代", "代码"]),
        ("Straße 東京タワー", ["strasse", "東京", "京タ", "タワ", "ワー"]),
        ("snake_case", ["snake", "case"]),
        ("Привет, мир", ["привет", "мир"]),
        ("", []),
    ],
)
def test_the_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_bm25_ranks_by_its_formula() -> None:
    pytest.importorskip("bm25s")
    texts = ["a b b", "a c", "b c c c", "d"]
    index = KeywordIndex(texts, k1=1.2, b=0.5)
    split = [text.split() for text in texts]
    mean = sum(map(len, split)) / 4
    wanted = []
    for words in split:
        score = 0.0
        for word in ("b", "c"):
            holding = sum(word in other for other in split)
            idf = np.log(1 + (4 - holding + 0.5) / (holding + 0.5))
            count = words.count(word)
            score += idf * count / (count + 1.2 * (0.5 + 0.5 * len(words) / mean))
        wanted.append(score)
    assert np.allclose(index.scores("B c, unknown"), wanted, atol=1e-5)
    numbers, scores = index.search("b c", 10)
    assert numbers.tolist() == np.argsort(-np.array(wanted), kind="stable")[:3].tolist()
    assert (scores > 0).all()
    assert index.search("b c", 10, allowed=np.array([True, False, False, True]))[0].tolist() == [0]


def test_words_that_nobody_has() -> None:
    pytest.importorskip("bm25s")
    for texts in ([], ["", "!"], ["one"]):
        index = KeywordIndex(texts)
        assert len(index) == len(texts)
        assert index.search("另外")[0].tolist() == []
    with pytest.raises(ConfigurationError, match="chinese must be"):
        KeywordIndex([], chinese="thulac")


def test_jieba_divides_chinese_into_words() -> None:
    pytest.importorskip("bm25s")
    pytest.importorskip("jieba")
    texts = ["我来到北京清华大学", "他在上海大学读书"]
    index = KeywordIndex(texts, chinese="jieba")
    assert index.search("清华大学", 1)[0].tolist() == [0]
    assert index.search("京清", 2)[0].tolist() == []  # a pair that crosses two words
    assert KeywordIndex(texts).search("京清", 2)[0].tolist() == [0]


def test_an_index_by_meaning_and_words() -> None:
    for package in ("bm25s", "usearch", "pyarrow"):
        pytest.importorskip(package)
    index = VectorIndex()
    texts = [f"error E{number} of the pump" for number in range(1000, 1040)]
    index.add([*texts, "水泵的故障代码 E1017"], metadata=[{"n": n} for n in range(41)])
    hybrid = HybridIndex(index)
    assert hybrid.search("E1023", 1)[0].text == "error E1023 of the pump"
    assert {hit.text for hit in hybrid.search("故障代码E1017", 2)} == {
        "error E1017 of the pump",
        "水泵的故障代码 E1017",
    }
    assert hybrid.search("E1023", filter={"n": [1, 2]})[0].metadata["n"] in (1, 2)
    assert len(hybrid.search("E1023", filter={"n": [1, 2]})) == 2
    index.add(["error Z9"], ids=["late"])
    assert hybrid.search("Z9", 1)[0].id == "late"
    index.delete(["late"])
    assert "late" not in {hit.id for hit in hybrid.search("Z9", 50)}


# Duplicates ---------------------------------------------------------------------------------------------------------


def test_every_pair_is_found_also_across_blocks() -> None:
    vectors = rows(BLOCK + 50, 32)
    vectors[BLOCK + 7] = vectors[3] * 2
    vectors[40] = vectors[3] + 0.01
    pairs = {(left, right) for left, right, _ in near_pairs(vectors, 0.99)}
    assert pairs == {(3, 40), (3, BLOCK + 7), (40, BLOCK + 7)}
    assert duplicates(vectors, 0.99) == [[3, 40, BLOCK + 7]]


def test_a_chain_joins_and_equal_vectors_are_equal() -> None:
    angles = np.deg2rad([0, 10, 20, 90])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert duplicates(vectors, 0.98) == [[0, 1, 2]]
    assert duplicates(vectors, 0.99) == []
    assert duplicates(np.repeat(rows(4, 300), 2, axis=0), 1) == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert duplicates(rows(0)) == []
    with pytest.raises(ConfigurationError, match="threshold"):
        duplicates(vectors, 0)


def test_the_same_is_found_in_two_languages() -> None:
    texts = ["How do I reset my password?", "股票今天下跌了", "怎样重置密码?", "The cat is asleep."]
    assert duplicates(load().embed(texts, "similarity").vectors, 0.8) == [[0, 2]]


# Clusters -----------------------------------------------------------------------------------------------------------


def test_clusters_are_found_and_ordered_by_size() -> None:
    if importlib.util.find_spec("sklearn") is None:
        with pytest.raises(MissingDependency, match="cluster"):
            cluster(rows(4), 2)
        return
    centres = np.eye(3, 16)
    vectors = np.concatenate([centres[[number] * count] for number, count in enumerate((5, 20, 10))])
    vectors = (vectors + 0.05 * SOURCE.standard_normal(vectors.shape)).astype(np.float32)
    wanted = [2] * 5 + [0] * 20 + [1] * 10
    assert cluster(vectors, 3).tolist() == wanted
    assert cluster(vectors * SOURCE.uniform(1, 9, (35, 1)).astype(np.float32), threshold=0.5).tolist() == wanted
    assert cluster(vectors[:1], 1).tolist() == [0]
    for options in ({}, {"n": 2, "threshold": 0.5}, {"n": 36}, {"n": 0}):
        with pytest.raises(ConfigurationError):
            cluster(vectors, **options)


# The best of a stream -----------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(width=32, allow_nan=False)), max_size=60),
    st.integers(1, 5),
    st.integers(1, 9),
)
def test_the_best_are_those_that_sorting_gives(offers: list[tuple[int, float]], n: int, size: int) -> None:
    best = Best(3, n)
    for start in range(0, len(offers), size):
        some = offers[start : start + size]
        queries = np.array([query for query, _ in some], dtype=np.int64)
        scores = np.array([score for _, score in some], dtype=np.float32)
        best.add(queries, np.arange(start, start + len(some)), scores)
        best.settle()
    found, known = best.result()
    for query in range(3):
        mine = [(np.float32(score), number) for number, (asked, score) in enumerate(offers) if asked == query]
        wanted = sorted(mine, key=lambda pair: (-pair[0], pair[1]))[:n]
        assert found[query][: len(wanted)].tolist() == [number for _, number in wanted]
        assert known[query][: len(wanted)].tolist() == [score for score, _ in wanted]
        assert (found[query][len(wanted) :] == -1).all()
        if len(wanted) == n:
            assert best.least[query] == wanted[-1][0]
