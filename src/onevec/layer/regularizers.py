"""What is added to the loss for large numbers in the table; names, formulas and defaults are those of Keras."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from .named import Kinds, non_negative

if TYPE_CHECKING:
    from ..arrays import Array

__all__ = ["L1", "L1L2", "L2", "REGULARIZERS", "Regularizer"]


@runtime_checkable
class Regularizer(Protocol):
    """A penalty on a table, and its gradient."""

    def __call__(self, table: Array) -> float:
        """The penalty."""
        ...

    def gradient(self, table: Array) -> Array:
        """The derivative of the penalty by every number of the table."""
        ...


@dataclass(frozen=True)
class L1L2:
    """`l1 * sum(|x|) + l2 * sum(x ** 2)`.

    By the names "L1L2" and "l1l2" both factors are 0, as in Keras; by "l1_l2" they are 0.01, as Keras documents it.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        non_negative(self, l1=self.l1, l2=self.l2)

    def __call__(self, table: Array) -> float:
        """The penalty."""
        absolute = float(np.abs(table).sum(dtype=np.float64)) if self.l1 else 0.0
        return self.l1 * absolute + self.l2 * float(np.square(table).sum(dtype=np.float64))

    def gradient(self, table: Array) -> Array:
        """The derivative; that of |x| is 0 at 0."""
        slope = table * (2 * self.l2)
        if self.l1:
            slope += np.sign(table) * self.l1
        return slope


@dataclass(frozen=True)
class L1:
    """`l1 * sum(|x|)`."""

    l1: float = 0.01

    def __post_init__(self) -> None:
        non_negative(self, l1=self.l1)

    def __call__(self, table: Array) -> float:
        """The penalty."""
        return L1L2(l1=self.l1)(table)

    def gradient(self, table: Array) -> Array:
        """The derivative; it is 0 at 0."""
        return L1L2(l1=self.l1).gradient(table)


@dataclass(frozen=True)
class L2:
    """`l2 * sum(x ** 2)`."""

    l2: float = 0.01

    def __post_init__(self) -> None:
        non_negative(self, l2=self.l2)

    def __call__(self, table: Array) -> float:
        """The penalty."""
        return L1L2(l2=self.l2)(table)

    def gradient(self, table: Array) -> Array:
        """The derivative."""
        return L1L2(l2=self.l2).gradient(table)


REGULARIZERS = Kinds("embeddings_regularizer", L1, L2, L1L2, l1l2=L1L2, l1_l2=partial(L1L2, l1=0.01, l2=0.01))
