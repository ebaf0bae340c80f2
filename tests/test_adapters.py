"""Our models in scikit-learn's pipelines, and what an adapter says whose package is missing."""

from __future__ import annotations

import importlib.util
import pickle
from importlib import import_module

import pytest

from onevec import ConfigurationError, MissingDependency, load
from onevec.adapters.rows import rows_of

TEXTS = ["好吃,下次再来", "very tasty, I will come back", "味道很好", "难吃,不会再来", "awful, never again", "太差了"]
LABELS = [1, 1, 1, 0, 0, 0]


def test_a_pipeline_of_scikit_learn_finds_the_label_of_texts() -> None:
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    from onevec.adapters.sklearn import TextVectors

    steps = make_pipeline(TextVectors(), LogisticRegression())
    steps.fit(TEXTS, LABELS)
    assert steps.predict(["delicious", "太难吃了"]).tolist() == [1, 0]
    again = pickle.loads(pickle.dumps(steps))  # noqa: S301  # made here
    assert again.predict(["delicious", "太难吃了"]).tolist() == [1, 0]
    search = GridSearchCV(steps, {"textvectors__model": ["fake:8", "default"]}, cv=3)
    assert search.fit(TEXTS, LABELS).best_params_ == {"textvectors__model": "default"}


def test_a_model_may_be_given_as_it_is() -> None:
    pytest.importorskip("sklearn")
    from onevec.adapters.sklearn import TextVectors

    step = TextVectors(load("fake:8"), role="document")
    assert (step.fit_transform(["a", "b"]) == load("fake:8").embed(["a", "b"]).vectors).all()
    assert "role='document'" in repr(step)


@pytest.mark.parametrize(
    ("module", "name", "package"),
    [
        ("chroma", "EmbeddingFunction", "chromadb"),
        ("haystack", "TextEmbedder", "haystack"),
        ("llama_index", "OnevecEmbedding", "llama_index"),
        ("sklearn", "TextVectors", "sklearn"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(module: str, name: str, package: str) -> None:
    adapter = import_module(f"onevec.adapters.{module}")
    with pytest.raises(AttributeError, match="no attribute 'Other'"):
        _ = adapter.Other
    if importlib.util.find_spec(package) is None:
        with pytest.raises(MissingDependency, match="pip install 'onevec"):
            getattr(adapter, name)
    else:
        assert getattr(adapter, name).__name__ == name


def test_rows_have_an_id_and_metadata_each() -> None:
    first, second = rows_of(["a", "b"], None, None)
    assert first.id != second.id
    assert rows_of(["a"], ["x"], [{"n": 1}]) == [("x", "a", {"n": 1})]
    with pytest.raises(ConfigurationError, match="2 texts need as many"):
        rows_of(["a", "b"], ["x"], None)
