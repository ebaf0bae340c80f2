"""Scores of pairs, paraphrases, thresholds and the evaluation by people's judgements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from counting import LangChainLike
from hypothesis import given
from hypothesis import strategies as st
from tasks_data import Planted, folder

from onevec.errors import ConfigurationError
from onevec.tasks import evaluate_sts, learn_threshold, pairwise, paraphrases, similarity

QUESTIONS = [
    "How do I reset my password?",
    "Where is the nearest station?",
    "I forgot my password, what can I do?",
    "怎么重置密码？",
    "The weather is nice today.",
]


def test_pairs_of_texts_in_two_languages() -> None:
    near = pairwise(["How are you?", "a red car"], ["你好吗？", "一辆红色的汽车"])
    far = pairwise(["How are you?", "a red car"], ["一辆红色的汽车", "你好吗？"])
    assert near.dtype == np.float32
    assert near.shape == (2,)
    assert near.min() > far.max() + 0.3
    assert pairwise([], []).shape == (0,)
    with pytest.raises(ConfigurationError, match="one length, not 1 and 0"):
        pairwise(["a"], [])


def test_paraphrases_of_a_list_the_best_first() -> None:
    found = paraphrases(QUESTIONS, threshold=0.6)
    assert {(each.first, each.second) for each in found} == {(0, 2), (0, 3), (2, 3)}
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert paraphrases(QUESTIONS, threshold=0.6, limit=1) == found[:1]
    assert paraphrases([]) == []


def test_mining_by_blocks_finds_what_all_pairs_have(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(size=(90, 3))
    planted = Planted({str(number): row.tolist() for number, row in enumerate(rows)})
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    scores = unit @ unit.T
    wanted = {(a, b) for a in range(90) for b in range(a + 1, 90) if scores[a, b] >= 0.9}
    monkeypatch.setattr(similarity, "BLOCK", 16)
    found = paraphrases([*planted.known], planted, threshold=0.9)
    assert {(each.first, each.second) for each in found} == wanted
    few = paraphrases([*planted.known], planted, threshold=0.9, limit=20)  # drops pairs on its way
    assert few == found[:20]


def test_a_threshold_is_learned_from_labelled_pairs() -> None:
    found = learn_threshold([0.9, 0.8, 0.75, 0.7, 0.2], [True, True, False, True, False])
    assert found.value == pytest.approx(0.45)
    assert (found.recall, found.precision, found.accuracy) == (1, 0.75, 0.8)
    assert found.f1 == pytest.approx(6 / 7)
    assert found.same([0.5, 0.4]).tolist() == [True, False]
    strict = learn_threshold([0.9, 0.8, 0.7, 0.6, 0.5], [True, False, False, False, True], by="accuracy")
    assert strict.value == pytest.approx(0.85)
    assert strict.accuracy == 0.8
    for scores, same, by in (([0.5], [True], "f1"), ([0.5, 0.6], [True], "f1"), ([0.5, 0.6], [True, False], "auc")):
        with pytest.raises(ConfigurationError):
            learn_threshold(scores, same, by=by)


@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), min_size=2, max_size=30))
def test_no_other_threshold_is_better(pairs: list[tuple[float, bool]]) -> None:
    scores, same = (np.array(part) for part in zip(*pairs, strict=True))
    if same.all() or not same.any():
        return
    found = learn_threshold(scores, same, by="accuracy")
    others = [((scores >= border) == same).mean() for border in scores]
    assert found.accuracy >= max(others) - 1e-9


def test_the_correlations_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="pip install scipy")
    draw = np.random.default_rng(0)
    gold = draw.integers(0, 6, 50).astype(float)  # with many equal ones
    angles = draw.uniform(0, 3, 50)
    planted = Planted({"east": [1, 0]} | {str(n): [np.cos(angle), np.sin(angle)] for n, angle in enumerate(angles)})
    found = evaluate_sts(["east"] * 50, [str(number) for number in range(50)], gold, planted)
    assert found.pearson == pytest.approx(stats.pearsonr(np.cos(angles), gold).statistic, abs=1e-6)
    assert found.spearman == pytest.approx(stats.spearmanr(np.cos(angles), gold).statistic, abs=1e-6)
    assert found.pairs == 50
    assert np.isnan(evaluate_sts(["east"] * 2, ["0", "1"], [3, 3], planted).pearson)
    with pytest.raises(ConfigurationError, match="as many judgements as pairs"):
        evaluate_sts(["east"], ["0"], [1, 2], planted)


def test_people_and_the_default_model_agree() -> None:
    lines = (folder("gensim") / "test" / "test_data" / "wordsim353.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    found = evaluate_sts([row[0] for row in rows], [row[1] for row in rows], [float(row[2]) for row in rows])
    assert found.pairs == 353
    assert found.spearman > 0.5


def test_a_model_of_langchain_serves_too() -> None:
    theirs: Any = LangChainLike()
    assert pairwise(["猫", "狗"], ["猫", "狗"], theirs) == pytest.approx(1)
    number: Any = 5
    with pytest.raises(TypeError, match="embed_documents"):
        pairwise(["猫"], ["狗"], number)
