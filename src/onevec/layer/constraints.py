"""What a table has to fulfil after every step; names, formulas and defaults are those of keras.constraints.

As in Keras, `axis=0` measures the columns of the table; for the length of each row's vector give `axis=1`, and for
that of the whole table `axis=(0, 1)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np

from ..errors import ConfigurationError
from .arguments import floats
from .named import Kinds, non_negative

if TYPE_CHECKING:
    from ..arrays import Array

__all__ = ["CONSTRAINTS", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "by_row", "fulfilled"]

Axis: TypeAlias = int | tuple[int, ...]

EPSILON = 1e-7
"""Keras adds it to a length before it divides by it."""


def by_row(constraint: Any) -> bool:
    """Whether it is enough to apply the constraint to the rows that have changed."""
    known = bool(getattr(constraint, "rate", 1.0) == 1.0) and type(constraint) in CONSTRAINTS.types
    return known and getattr(constraint, "axis", 1) in {1, -1}


def fulfilled(constraint: Any, table: Array) -> Array:
    """The table that a constraint, or a user's function, makes of a table.

    Raises:
        ConfigurationError: the function returned None, or another shape.
    """
    made = constraint(table)
    found = None if made is None else floats("what embeddings_constraint returns", made)
    if found is None or found.shape != table.shape:
        what = "None" if found is None else f"one {found.shape}"
        message = f"Embedding: embeddings_constraint must return a table {table.shape}, but it returned {what}"
        raise ConfigurationError(message)
    return found


def _check_axis(owner: Any) -> None:
    """Refuse what is no axis of a table; several are a tuple, of which a file makes a list."""
    several = isinstance(owner.axis, list | tuple)
    axes: list[Any] = [*owner.axis] if several else [owner.axis]
    if not axes or not all(isinstance(each, SupportsIndex) and index(each) in {-2, -1, 0, 1} for each in axes):
        message = (
            f"{type(owner).__name__}: axis must be 0 (columns), 1 (rows) or (0, 1) (the table), not {owner.axis!r}"
        )
        raise ConfigurationError(message)
    whole = tuple(index(each) for each in axes)
    object.__setattr__(owner, "axis", whole if several else whole[0])


def _lengths(table: Array, axis: Axis) -> Array:
    lengths: Array = np.sqrt(np.square(table).sum(axis=axis, keepdims=True))
    return lengths


@dataclass(frozen=True)
class MaxNorm:
    """A length of at most `max_value`."""

    max_value: float = 2.0
    axis: Axis = 0

    def __post_init__(self) -> None:
        non_negative(self, max_value=self.max_value)
        _check_axis(self)

    def __call__(self, table: Array) -> Array:
        """The nearest table that fulfils it."""
        return MinMaxNorm(0.0, self.max_value, 1.0, self.axis)(table)


@dataclass(frozen=True)
class NonNeg:
    """No number below 0."""

    def __call__(self, table: Array) -> Array:
        """The nearest table that fulfils it."""
        return np.maximum(table, np.float32(0))


@dataclass(frozen=True)
class UnitNorm:
    """A length of 1."""

    axis: Axis = 0

    def __post_init__(self) -> None:
        _check_axis(self)

    def __call__(self, table: Array) -> Array:
        """The nearest table that fulfils it."""
        unit: Array = np.divide(table, EPSILON + _lengths(table, self.axis), dtype=np.float32)
        return unit


@dataclass(frozen=True)
class MinMaxNorm:
    """A length between `min_value` and `max_value`; with a `rate` below 1, only that part of the way in every step."""

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: Axis = 0

    def __post_init__(self) -> None:
        non_negative(self, min_value=self.min_value, max_value=self.max_value, rate=self.rate)
        _check_axis(self)

    def __call__(self, table: Array) -> Array:
        """The nearest table that fulfils it."""
        lengths = _lengths(table, self.axis)
        wanted = np.clip(lengths, self.min_value, self.max_value)
        wanted = self.rate * wanted + (1 - self.rate) * lengths
        return np.multiply(table, wanted / (EPSILON + lengths), dtype=np.float32)


CONSTRAINTS = Kinds("embeddings_constraint", MaxNorm, NonNeg, UnitNorm, MinMaxNorm)
