"""Sort texts into classes: from many labelled texts, from few, or from a description of each class."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from ..embeddings import Role
from ..errors import ConfigurationError, SpaceMismatch
from ..load import model_of
from ..space import SpaceId
from .heads import MANY, Head, centroids, linear, svm
from .vectors import unit_vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..embeddings import Embeddings

__all__ = ["METHODS", "SENTIMENT", "Label", "TextClassifier"]

Label: TypeAlias = str | int | bool
METHODS = ("auto", "svm", "linear", "centroids")
FORMAT = 1
SENTIMENT: dict[Label, list[str]] = {
    "positive": [
        "这本书很好，我非常喜欢。",
        "质量很好，非常满意，推荐购买。",
        "I love it, excellent quality, highly recommended.",
    ],
    "negative": [
        "这本书很差，我很失望。",
        "质量很差，非常不满意，不要买。",
        "I hate it, poor quality, do not buy.",
    ],
}
"""Descriptions of the moods of a review, for a classifier without examples."""


class TextClassifier:
    """A classifier of texts over any model; `fit` and `predict` work as in scikit-learn.

    Needs `pip install 'onevec[tasks]'` to learn from examples; descriptions, `load` and `predict` need nothing more.

    Args:
        model: a model, or what `onevec.load` takes; None is the embedded default.
        method: "svm" (Gaussian kernel, one class against the others, Platt's calibration), "linear" (logistic
            regression), "centroids" (the nearest mean), or "auto": "linear" for few examples, else "svm".
        seed: of the folds by which probabilities are calibrated.

    Attributes:
        classes: the labels, sorted, in the order of the columns of `predict_proba`; empty before `fit`.
        model_name: what `load` of the package takes to get the model; None if it was given as an object.

    Example:
        >>> texts = ["I love it", "great", "so good", "I hate it", "bad", "awful"]
        >>> mood = TextClassifier(method="centroids").fit(texts, ["good"] * 3 + ["bad"] * 3)
        >>> mood.predict(["wonderful", "糟糕"])
        ['good', 'bad']
    """

    def __init__(self, model: Embeddings | str | None = None, *, method: str = "auto", seed: int = 0) -> None:
        if method not in METHODS:
            message = f"method must be one of {', '.join(METHODS)}, not {method!r}"
            raise ConfigurationError(message)
        self.model, self.method, self.seed = model_of(model), method, seed
        self.model_name = "default" if model is None else model if isinstance(model, str) else None
        self.classes: tuple[Label, ...] = ()
        self._head: Head | None = None

    @classmethod
    def zero_shot(
        cls,
        descriptions: Mapping[Label, str | Sequence[str]],
        model: Embeddings | str | None = None,
        *,
        sharpness: float = 20.0,
    ) -> Self:
        """A classifier without examples: the nearest description wins.

        Args:
            descriptions: for each label one text or several, such as a text that might belong to it.
            model: see the class.
            sharpness: what cosines are multiplied by before they become probabilities; these are not calibrated.

        Raises:
            ConfigurationError: fewer than two labels, or one without a description.
        """
        made = cls(model, method="centroids")
        pairs = [
            (text, label)
            for label, texts in descriptions.items()
            for text in ([texts] if isinstance(texts, str) else texts)
        ]
        lacking = sorted(str(label) for label in descriptions if label not in {label for _, label in pairs})
        if lacking:
            message = f"these labels have no description: {', '.join(lacking)}"
            raise ConfigurationError(message)
        numbers = made._numbered([label for _, label in pairs])
        vectors = unit_vectors(made.model, [text for text, _ in pairs], Role.CLASSIFICATION)
        made._head = centroids(vectors, numbers, sharpness)
        return made

    def fit(self, texts: Sequence[str], labels: Sequence[Label]) -> Self:
        """Learn from examples.

        Args:
            texts: the examples.
            labels: the class of each, str, int or bool.

        Raises:
            ConfigurationError: lists of different lengths, or fewer than two classes.
            MissingDependency: scikit-learn is not installed.
        """
        if len(texts) != len(labels):
            message = f"there are {len(texts)} texts and {len(labels)} labels"
            raise ConfigurationError(message)
        numbers = self._numbered(labels)
        vectors = unit_vectors(self.model, texts, Role.CLASSIFICATION)
        fewest = int(np.bincount(numbers).min())
        method = self.method if self.method != "auto" else "svm" if fewest >= MANY else "linear"
        if method == "centroids":
            self._head = centroids(vectors, numbers)
        else:
            self._head = (svm if method == "svm" else linear)(vectors, numbers, self.seed)
        return self

    def predict(self, texts: Sequence[str]) -> list[Label]:
        """The most probable class of each text."""
        return [self.classes[place] for place in self.predict_proba(texts).argmax(axis=1)]

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each class, float64 `(texts, classes)`; every row sums to 1.

        Raises:
            ConfigurationError: nothing was learned yet.
        """
        head = self._learned()
        return head.probabilities(unit_vectors(self.model, texts, Role.CLASSIFICATION))

    def score(self, texts: Sequence[str], labels: Sequence[Label]) -> float:
        """The part of the texts that gets the right label."""
        found = self.predict(texts)
        return sum(ours == theirs for ours, theirs in zip(found, labels, strict=True)) / len(found)

    def save(self, path: str | Path) -> None:
        """Write what was learned to one file of numbers and JSON; it holds no code, so reading it runs none.

        Raises:
            ConfigurationError: nothing was learned yet.
        """
        head = self._learned()
        about = {
            "format": FORMAT,
            "kind": head.kind,
            "classes": self.classes,
            "method": self.method,
            "space": self.model.space.to_json(),
            "model": self.model_name,
        }
        with Path(path).open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, about=np.array(json.dumps(about)), **head.arrays())

    @classmethod
    def load(cls, path: str | Path, model: Embeddings | str | None = None) -> Self:
        """Read what `save` wrote.

        Args:
            path: the file.
            model: the model that it was learned with; None loads that one, if the file knows its name.

        Raises:
            ConfigurationError: the file is none of ours.
            SpaceMismatch: the model is another one.
        """
        try:
            with np.load(Path(path), allow_pickle=False) as file:
                about: dict[str, Any] = json.loads(str(file["about"]))
                head = Head(about["kind"], **{name: file[name] for name in Head.NAMES})
        except (KeyError, ValueError, EOFError) as error:
            message = f"{path} is no classifier that onevec wrote: {error}"
            raise ConfigurationError(message) from None
        name = about.get("model")  # which earlier versions did not write
        made = cls(name if model is None else model, method=about["method"])
        try:
            SpaceId.from_json(about["space"]).check(made.model.space)
        except SpaceMismatch as error:
            error.add_note(f"{path} was learned with {name or 'a model whose name it does not know'}")
            raise
        made.classes, made._head = tuple(about["classes"]), head
        made.model_name = made.model_name or name
        return made

    def _numbered(self, labels: Sequence[Label]) -> NDArray[np.int64]:
        """The place of each label among the classes, which are set."""
        counted = Counter(labels)
        if len(counted) < 2:
            message = f"there must be at least two classes, not {len(counted)}"
            raise ConfigurationError(message)
        self.classes = tuple(sorted(counted, key=lambda label: (type(label).__name__, label)))
        number = {label: place for place, label in enumerate(self.classes)}
        return np.array([number[label] for label in labels])

    def _learned(self) -> Head:
        if self._head is None:
            message = "this classifier has learned nothing yet: call fit, or make it by zero_shot or load"
            raise ConfigurationError(message)
        return self._head
