"""What turns vectors into probabilities: learned with scikit-learn, computed with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..arrays import unit_length
from ..errors import ConfigurationError
from ..optional import need

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["MANY", "Head", "centroids", "linear", "svm"]

GAMMA = 2.0
"""Width of the Gaussian kernel between vectors of length 1: exp(-GAMMA * squared distance)."""
MANY = 20
"""Examples of the smallest class from which an SVM beats logistic regression, and that is held back more."""
FREEDOM = 1.0
"""C of scikit-learn: the higher, the closer to the examples."""
FREEDOM_OF_FEW = 10.0
FOLDS = 5
BLOCK = 4096
"""Texts whose kernel is computed at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A learned function from vectors to probabilities.

    Attributes:
        kind: "linear": a softmax over products with `rows`; "kernel": a sigmoid a class over a Gaussian kernel to them.
        rows: float32 `(classes, dimension)`, or for a kernel `(examples, dimension)`.
        weights: float64 `(classes, examples)` of a kernel; one row if there are two classes. Empty for "linear".
        bias: float64, one a class or row of weights.
        slope: float64, what scores are multiplied by after the bias is added.
        shift: float64, what is added then.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("rows", "weights", "bias", "slope", "shift")

    kind: str
    rows: Array
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    slope: NDArray[np.float64]
    shift: NDArray[np.float64]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All numbers by name."""
        return {name: getattr(self, name) for name in self.NAMES}

    def probabilities(self, vectors: Array) -> NDArray[np.float64]:
        """float64 `(texts, classes)` for vectors of length 1; every row sums to 1."""
        if self.kind == "linear":
            return _softmax(self.slope * (vectors.astype(np.float64) @ self.rows.T + self.bias) + self.shift)
        parts = [self._scores(vectors[start : start + BLOCK]) for start in range(0, len(vectors), BLOCK)]
        scores = np.concatenate(parts) if parts else np.zeros((0, len(self.weights)))
        sure = 1 / (1 + np.exp(np.clip(-(self.slope * scores + self.shift), -500, 500)))
        both: NDArray[np.float64] = np.hstack([1 - sure, sure]) if sure.shape[1] == 1 else sure
        shares: NDArray[np.float64] = both / both.sum(axis=1, keepdims=True)
        return shares

    def _scores(self, vectors: Array) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = _gaussian(vectors, self.rows) @ self.weights.T + self.bias
        return scores


def centroids(vectors: Array, numbers: NDArray[np.int64], sharpness: float = 20.0) -> Head:
    """The mean of each class, turned to length 1."""
    rows = np.stack([vectors[numbers == number].mean(axis=0) for number in range(numbers.max() + 1)])
    zeros = np.zeros(len(rows))
    return Head("linear", unit_length(rows), np.zeros((0, 0)), zeros, zeros + sharpness, zeros)


def linear(vectors: Array, numbers: NDArray[np.int64], seed: int) -> Head:  # noqa: ARG001  # as `svm` is called
    """Logistic regression; its probabilities are those of the regression."""
    library = need("sklearn.linear_model", extra="tasks")
    learned = library.LogisticRegression(
        C=FREEDOM if np.bincount(numbers).min() >= MANY else FREEDOM_OF_FEW, max_iter=5000
    ).fit(vectors, numbers)
    rows, bias = np.asarray(learned.coef_, dtype=np.float32), np.asarray(learned.intercept_, dtype=np.float64)
    if len(rows) == 1:  # two classes: the score of the second against the first
        rows, bias = np.concatenate([np.zeros_like(rows), rows]), np.concatenate([np.zeros(1), bias])
    return Head("linear", rows, np.zeros((0, 0)), bias, np.ones(len(rows)), np.zeros(len(rows)))


def svm(vectors: Array, numbers: NDArray[np.int64], seed: int) -> Head:
    """A support vector machine a class against the others, with Platt's sigmoid (1999) fitted to scores of folds."""
    counts = np.bincount(numbers)
    if counts.min() < 2:
        message = 'method "svm" needs at least two examples of each class: take "linear" or "centroids"'
        raise ConfigurationError(message)
    classes = range(len(counts))
    kernel = _gaussian(vectors, vectors)
    learned = [
        _one_against_others(kernel, numbers == number, seed) for number in (classes if len(classes) > 2 else [1])
    ]
    weights = np.stack([weights for weights, *_ in learned])
    used = np.flatnonzero(np.abs(weights).max(axis=0))
    bias, slope, shift = (np.array(values) for values in zip(*(rest for _, *rest in learned), strict=True))
    return Head("kernel", vectors[used], weights[:, used], bias, slope, shift)


def _one_against_others(
    kernel: NDArray[np.float64], inside: NDArray[np.bool_], seed: int
) -> tuple[NDArray[np.float64], float, float, float]:
    """Weights of the examples, bias, and the slope and shift of the sigmoid."""
    library, selection = need("sklearn.svm", extra="tasks"), need("sklearn.model_selection", extra="tasks")
    machine = library.SVC(C=FREEDOM, kernel="precomputed", class_weight="balanced")
    folds = selection.StratifiedKFold(
        min(FOLDS, int(inside.sum()), int((~inside).sum())), shuffle=True, random_state=seed
    )
    scores = selection.cross_val_predict(machine, kernel, inside, cv=folds, method="decision_function")
    sigmoid = need("sklearn.linear_model", extra="tasks").LogisticRegression(C=1e3).fit(scores[:, None], inside)
    machine.fit(kernel, inside)
    weights = np.zeros(len(kernel))
    weights[machine.support_] = machine.dual_coef_[0]
    return weights, float(machine.intercept_[0]), float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0])


def _gaussian(left: Array, right: Array) -> NDArray[np.float64]:
    """The kernel between vectors of length 1, whose squared distance is 2 - 2 * cosine."""
    kernel: NDArray[np.float64] = np.exp(GAMMA * 2 * (left @ right.T).astype(np.float64) - GAMMA * 2)
    return kernel


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares
