"""How a table learns from sparse gradients: only the rows in the gradient are read and written.

All rules are those of torch.optim for sparse gradients, and the parameters have Keras's names. An optimizer belongs to
one layer. When the layer grows, the new rows begin without history. `learning_rate` may be changed between steps. Steps
of several threads at once lose changes: make them one after the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import sqrt
from typing import TYPE_CHECKING, Self

import numpy as np

from ..errors import ConfigurationError
from .arguments import of_type
from .embedding import Embedding
from .gradient import SparseGradient
from .named import non_negative

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ..arrays import Array

__all__ = ["SGD", "Adagrad", "Adam", "Optimizer"]

BLOCK = 1 << 16
"""Numbers that are computed together: their intermediate results stay in the processor's cache."""


class Optimizer(ABC):
    """The base of the optimizers.

    Attributes:
        layer: the layer that learns.
        learning_rate: how far a step goes.
        steps: how many steps were made.
        state: what is known of each row, float32 arrays of the table's shape by name. It is as large as the table for
            each name; memory is taken as rows are used.
    """

    slots: tuple[str, ...] = ()
    """Names of the arrays in `state`."""

    def __init__(self, layer: Embedding, learning_rate: float) -> None:
        of_type(layer, Embedding, f"{type(self).__name__}: layer must be the Embedding that learns, not {layer!r}")
        non_negative(self, learning_rate=learning_rate)
        self.layer = layer
        self.learning_rate = learning_rate
        self.steps = 0
        self.state: dict[str, Array] = {}

    def step(self, gradient: SparseGradient) -> None:
        """Change the layer's rows by a gradient of `layer.backward`; frozen rows stay.

        Raises:
            ConfigurationError: the gradient is of another table.
            TypeError: it is no `SparseGradient`.
        """
        what = f"a step takes a gradient of layer.backward(ids, grad), not {type(gradient).__name__}"
        of_type(gradient, SparseGradient, f"{type(self).__name__}: {what}")
        table = self.layer.embeddings
        if gradient.height > len(table) or gradient.values.shape[1] != table.shape[1]:
            message = f"{type(self).__name__}: {gradient!r} is not of {self.layer!r}: take layer.backward(ids, grad)"
            raise ConfigurationError(message)
        self.steps += 1
        self._fit(table.shape)
        rows = self._rows(gradient.without(self.layer.frozen))
        for part in self._blocks(rows, table.shape[1]):
            self._update(table, part, self._values(gradient, part))
        self.layer.constrain(rows)

    def save(self, path: str | Path) -> None:
        """Write settings, steps and the rows of the state that were used to a safetensors file.

        Raises:
            MissingDependency: safetensors is not installed.
        """
        from .files import save_state

        save_state(self, path)

    @classmethod
    def load(cls, path: str | Path, layer: Embedding) -> Self:
        """Read what `save` wrote, to go on with the layer as if training had not stopped.

        Raises:
            ConfigurationError: the file is of another optimizer, or its rows do not fit the layer.
            MissingDependency: safetensors is not installed.
        """
        from .files import load_state

        return load_state(cls, path, layer)

    def used(self) -> NDArray[np.int64]:
        """The rows whose state is no longer that of a new row, ascending."""
        changed = np.zeros(self.layer.input_dim, dtype=np.bool_)
        for array in self.state.values():
            new = self._empty((1, array.shape[1]))
            for start in range(0, len(array), BLOCK):
                part = slice(start, min(start + BLOCK, len(array)))
                changed[part] |= (array[part] != new).any(axis=1)
        return np.flatnonzero(changed)

    def restore(self, rows: NDArray[np.int64], state: Mapping[str, Array]) -> None:
        """Take the state of some rows, `(len(rows), width)` by name; all others begin anew.

        Raises:
            ConfigurationError: there are no such rows in the layer, or names or shapes are others.
        """
        names = set(self.slots) if self.steps else set[str]()
        shape = len(rows), self.layer.output_dim
        inside = not rows.size or 0 <= int(rows.min()) <= int(rows.max()) < self.layer.input_dim
        whole = rows.ndim == 1 and np.issubdtype(rows.dtype, np.integer)
        if set(state) != names or not (whole and inside) or any(array.shape != shape for array in state.values()):
            message = f"{type(self).__name__}: what it knows is not of {self.layer!r}: load the layer it was saved with"
            raise ConfigurationError(message)
        if names:
            self._fit(self.layer.embeddings.shape)
        for name, array in state.items():
            self.state[name][rows] = array

    def _fit(self, shape: tuple[int, ...]) -> None:
        """Give the state the shape of a table that may have grown."""
        for name in self.slots:
            old = self.state.get(name)
            if old is None or len(old) < shape[0]:
                new = self._empty(shape)
                if old is not None:
                    new[: len(old)] = old
                self.state[name] = new

    def _empty(self, shape: tuple[int, ...]) -> Array:
        return np.zeros(shape, dtype=np.float32)

    def _rows(self, gradient: SparseGradient) -> NDArray[np.int64]:
        """The rows that the step changes, ascending."""
        return gradient.rows

    def _blocks(self, rows: NDArray[np.int64], width: int) -> Iterator[NDArray[np.int64]]:
        size = max(1, BLOCK // width)
        return (rows[start : start + size] for start in range(0, len(rows), size))

    def _values(self, gradient: SparseGradient, rows: NDArray[np.int64]) -> Array:
        """A copy of the gradients of these rows."""
        if rows[0] == gradient.rows[0] and len(rows) == len(gradient.rows):
            return gradient.values.copy()
        return gradient.values.take(np.searchsorted(gradient.rows, rows), axis=0)

    @abstractmethod
    def _update(self, table: Array, rows: NDArray[np.int64], grad: Array) -> None:
        """Change these rows; `grad` may be written over."""


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted, as torch.optim.SGD.

    `velocity = momentum * velocity + grad`, then `row -= learning_rate * velocity`. With `nesterov` it is
    `row -= learning_rate * (grad + momentum * velocity)` (Sutskever et al. 2013). As in torch, a row that once had a
    gradient keeps its velocity and so moves in all later steps, which then take the time of all rows ever used; with
    `lazy`, velocities stand still while their rows are not used.

    Example:
        >>> from onevec.layer import Embedding
        >>> layer = Embedding(2, 2, "ones")
        >>> SGD(layer, learning_rate=0.5).step(layer.backward([1], [[1, 2]]))
        >>> layer.embeddings.tolist()
        [[1.0, 1.0], [0.5, 0.0]]
    """

    def __init__(
        self,
        layer: Embedding,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        lazy: bool = False,
    ) -> None:
        super().__init__(layer, learning_rate)
        non_negative(self, momentum=momentum)
        if nesterov and not momentum:
            message = "SGD: nesterov needs a momentum above 0"
            raise ConfigurationError(message)
        self.momentum, self.nesterov, self.lazy = momentum, nesterov, lazy
        self.slots = ("velocity",) if momentum else ()
        self._moving = np.zeros(0, dtype=np.bool_)

    def restore(self, rows: NDArray[np.int64], state: Mapping[str, Array]) -> None:
        """Take the state of some rows, which move."""
        super().restore(rows, state)
        self._moving = np.zeros(self.layer.input_dim, dtype=np.bool_)
        self._moving[rows] = True

    def _rows(self, gradient: SparseGradient) -> NDArray[np.int64]:
        if not self.momentum or self.lazy:
            return gradient.rows
        moving = np.zeros(self.layer.input_dim, dtype=np.bool_)
        moving[: len(self._moving)] = self._moving
        moving[gradient.rows] = True
        self._moving = moving
        return np.setdiff1d(np.flatnonzero(moving), self.layer.frozen, assume_unique=True)

    def _values(self, gradient: SparseGradient, rows: NDArray[np.int64]) -> Array:
        if not self.momentum or self.lazy:
            return super()._values(gradient, rows)
        grad = np.zeros((len(rows), gradient.values.shape[1]), dtype=np.float32)
        low, high = np.searchsorted(gradient.rows, [rows[0], rows[-1] + 1])
        inside = np.isin(gradient.rows[low:high], rows, assume_unique=True)
        places = np.searchsorted(rows, gradient.rows[low:high][inside])
        grad[places] = gradient.values[low:high][inside]
        return grad

    def _update(self, table: Array, rows: NDArray[np.int64], grad: Array) -> None:
        if self.momentum:
            velocity = self.state["velocity"].take(rows, axis=0)
            velocity *= self.momentum
            velocity += grad
            self.state["velocity"][rows] = velocity
            if self.nesterov:
                velocity *= self.momentum
                velocity += grad
            grad = velocity
        grad *= self.learning_rate
        table[rows] -= grad


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011) as torch.optim.Adagrad: rows that are rarely used learn faster.

    `accumulator += grad ** 2`, then `row -= rate * grad / (sqrt(accumulator) + epsilon)`, where `rate` is
    `learning_rate / (1 + (step - 1) * learning_rate_decay)`.
    """

    slots: tuple[str, ...] = ("accumulator",)

    def __init__(
        self,
        layer: Embedding,
        learning_rate: float = 0.01,
        initial_accumulator_value: float = 0.0,
        epsilon: float = 1e-10,
        *,
        learning_rate_decay: float = 0.0,
    ) -> None:
        super().__init__(layer, learning_rate)
        non_negative(
            self,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=epsilon,
            learning_rate_decay=learning_rate_decay,
        )
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon
        self.learning_rate_decay = learning_rate_decay

    def _empty(self, shape: tuple[int, ...]) -> Array:
        start = self.initial_accumulator_value
        return np.full(shape, start, dtype=np.float32) if start else super()._empty(shape)

    def _update(self, table: Array, rows: NDArray[np.int64], grad: Array) -> None:
        accumulator = self.state["accumulator"].take(rows, axis=0)
        accumulator += np.square(grad)
        self.state["accumulator"][rows] = accumulator
        np.sqrt(accumulator, out=accumulator)
        accumulator += self.epsilon
        grad /= accumulator
        grad *= self.learning_rate / (1 + (self.steps - 1) * self.learning_rate_decay)
        table[rows] -= grad


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) in its lazy form, as torch.optim.SparseAdam.

    Means of the gradient and of its square, corrected for their start at 0 by the number of steps; `epsilon` is added
    to the root before the correction. A row that is not in the gradient keeps its means and does not move.
    """

    slots: tuple[str, ...] = ("mean", "square")

    def __init__(
        self,
        layer: Embedding,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(layer, learning_rate)
        non_negative(self, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        if max(beta_1, beta_2) >= 1:
            message = f"Adam: beta_1 and beta_2 must be below 1, not {beta_1} and {beta_2}"
            raise ConfigurationError(message)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def _update(self, table: Array, rows: NDArray[np.int64], grad: Array) -> None:
        mean, square = (self.state[name].take(rows, axis=0) for name in self.slots)
        mean += (1 - self.beta_1) * (grad - mean)
        np.square(grad, out=grad)
        grad -= square
        grad *= 1 - self.beta_2
        square += grad
        self.state["mean"][rows], self.state["square"][rows] = mean, square
        np.sqrt(square, out=square)
        square += self.epsilon
        mean /= square
        mean *= self.learning_rate * sqrt(1 - self.beta_2**self.steps) / (1 - self.beta_1**self.steps)
        table[rows] -= mean
