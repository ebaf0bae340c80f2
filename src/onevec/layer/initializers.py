"""How the first numbers of a table are drawn; names, distributions and defaults are those of keras.initializers.

Where a distribution depends on the fan, fan_in is the number of rows and fan_out the width, as Keras counts for a
table. The numbers differ from Keras's for the same seed, because the generator is numpy's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, get_args

import numpy as np

from ..errors import ConfigurationError
from .arguments import floats, is_finite
from .named import Kinds, find, finite

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..arrays import Array

__all__ = [
    "INITIALIZERS",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "draw",
]

Shape: TypeAlias = tuple[int, int]
Mode: TypeAlias = Literal["fan_in", "fan_out", "fan_avg"]
Distribution: TypeAlias = Literal["truncated_normal", "untruncated_normal", "uniform"]
TRUNCATED = 0.87962566103423978
"""Standard deviation of a standard normal that is cut at -2 and 2."""
BLOCK = 1 << 20
"""Numbers that are drawn at once; what is beside the table in memory stays small."""


class Initializer(Protocol):
    """Draws a table."""

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:
        """The rows from `start` on of a table of this shape, float32."""
        ...


def draw(initializer: Any, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:
    """The table that an initializer of ours, or any function of a shape, makes; only the rows from `start` on.

    Raises:
        ConfigurationError: the function gave another shape, or something that is not finite.
    """
    if type(initializer) in INITIALIZERS.types:
        table: Array = initializer(shape, source, start)
        return table
    ours = isinstance(initializer, INITIALIZERS.types)  # a user's class on the base of ours
    given = initializer(shape, source) if ours else initializer(shape)
    made = floats("what embeddings_initializer gives", given, copy=True)  # the function may keep its own
    if made.shape != shape or not is_finite(made):
        message = f"Embedding: embeddings_initializer must give finite numbers {shape}, it gave {made.shape}"
        raise ConfigurationError(message)
    return made[start:]


def _filled(shape: Shape, numbers: Callable[[int], Any]) -> Array:
    """A table filled in blocks; `numbers(count)` gives the next ones, or float32 that are to be written."""
    table = np.empty(shape, dtype=np.float32)
    flat = table.reshape(-1)
    for first in range(0, flat.size, BLOCK):
        part = flat[first : first + BLOCK]
        part[:] = numbers(part.size)
    return table


def _uniform(shape: Shape, low: float, high: float, source: np.random.Generator) -> Array:
    def numbers(count: int) -> Array:
        part = source.random(count, dtype=np.float32)
        part *= high - low
        part += low
        return part

    return _filled(shape, numbers)


def _normal(shape: Shape, mean: float, stddev: float, source: np.random.Generator, *, cut: bool = False) -> Array:
    """Normal numbers; with `cut`, those beyond two standard deviations are drawn again."""

    def numbers(count: int) -> Array:
        part = source.standard_normal(count, dtype=np.float32)
        beyond = np.flatnonzero(np.abs(part) >= 2) if cut else np.zeros(0, dtype=np.intp)
        while beyond.size:
            part[beyond] = source.standard_normal(beyond.size, dtype=np.float32)
            beyond = beyond[np.abs(part[beyond]) >= 2]
        part *= stddev
        part += mean
        return part

    return _filled(shape, numbers)


def _rest(shape: Shape, start: int) -> Shape:
    return shape[0] - start, shape[1]


@dataclass(frozen=True)
class RandomUniform:
    """Uniform in [minval, maxval)."""

    minval: float = -0.05
    maxval: float = 0.05

    def __post_init__(self) -> None:
        finite(self, minval=self.minval, maxval=self.maxval)

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:
        """Draw a table."""
        return _uniform(_rest(shape, start), self.minval, self.maxval, source)


@dataclass(frozen=True)
class RandomNormal:
    """Normal."""

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        finite(self, mean=self.mean, stddev=self.stddev)

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:
        """Draw a table."""
        return _normal(_rest(shape, start), self.mean, self.stddev, source)


@dataclass(frozen=True)
class TruncatedNormal:
    """Normal, without what is more than two standard deviations from the mean.

    As in Keras, `stddev` is that before the cut; the numbers have 0.88 of it.
    """

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        finite(self, mean=self.mean, stddev=self.stddev)

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:
        """Draw a table."""
        return _normal(_rest(shape, start), self.mean, self.stddev, source, cut=True)


@dataclass(frozen=True)
class Zeros:
    """All 0."""

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:  # noqa: ARG002
        """Make a table."""
        return np.zeros(_rest(shape, start), dtype=np.float32)


@dataclass(frozen=True)
class Ones:
    """All 1."""

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:  # noqa: ARG002
        """Make a table."""
        return np.ones(_rest(shape, start), dtype=np.float32)


@dataclass(frozen=True)
class Constant:
    """All `value`."""

    value: float = 0.0

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:  # noqa: ARG002
        """Make a table."""
        return np.full(_rest(shape, start), self.value, dtype=np.float32)


@dataclass(frozen=True)
class Identity:
    """`gain` on the diagonal, 0 elsewhere."""

    gain: float = 1.0

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:  # noqa: ARG002
        """Make a table."""
        return np.eye(shape[0] - start, shape[1], start, dtype=np.float32) * np.float32(self.gain)


@dataclass(frozen=True)
class Orthogonal:
    """Orthonormal columns, or rows if there are fewer of them, times `gain` (Saxe et al. 2014, arXiv:1312.6120).

    It is the Q of the QR decomposition of normal numbers, with the signs of R's diagonal, so that no direction is
    preferred. The work grows with rows times width squared. Rows that are added later are taken from another such table
    of the new size, so they are not orthogonal to those that are there.
    """

    gain: float = 1.0

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:
        """Draw a table."""
        tall = source.standard_normal((max(shape), min(shape)), dtype=np.float32)
        q, r = np.linalg.qr(tall)
        q *= np.sign(np.diag(r)) * self.gain
        return np.ascontiguousarray((q if shape[0] >= shape[1] else q.T)[start:], dtype=np.float32)


@dataclass(frozen=True)
class VarianceScaling:
    """Numbers with a variance of `scale / n`, where n is the fan that `mode` names.

    The other initializers of this kind are this one: Glorot (Glorot and Bengio 2010) has scale 1 and "fan_avg", He
    (He et al. 2015, arXiv:1502.01852) scale 2 and "fan_in", Lecun (Klambauer et al. 2017, arXiv:1706.02515) scale 1 and
    "fan_in".
    """

    scale: float = 1.0
    mode: Mode = "fan_in"
    distribution: Distribution = "truncated_normal"

    def __post_init__(self) -> None:
        modes, distributions = get_args(Mode), get_args(Distribution)
        name = type(self).__name__
        finite(self, scale=self.scale)
        if not self.scale > 0:
            message = f"{name}: scale must be above 0, not {self.scale!r}"
            raise ConfigurationError(message)
        if self.mode not in modes:
            message = f"{name}: mode must be one of {', '.join(modes)}, not {self.mode!r}"
            raise ConfigurationError(message)
        if self.distribution not in distributions:
            message = f"{name}: distribution must be one of {', '.join(distributions)}, not {self.distribution!r}"
            raise ConfigurationError(message)

    def __call__(self, shape: Shape, source: np.random.Generator, start: int = 0) -> Array:
        """Draw a table."""
        rows, width = shape
        fan = {"fan_in": rows, "fan_out": width, "fan_avg": (rows + width) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = sqrt(3 * variance)
            return _uniform(_rest(shape, start), -limit, limit, source)
        cut = self.distribution == "truncated_normal"
        return _normal(_rest(shape, start), 0.0, sqrt(variance) / (TRUNCATED if cut else 1), source, cut=cut)


@dataclass(frozen=True)
class GlorotUniform(VarianceScaling):
    """Uniform within sqrt(6 / (fan_in + fan_out)), also named Xavier."""

    scale: float = field(default=1.0, init=False)
    mode: Mode = field(default="fan_avg", init=False)
    distribution: Distribution = field(default="uniform", init=False)


@dataclass(frozen=True)
class GlorotNormal(VarianceScaling):
    """Truncated normal of standard deviation sqrt(2 / (fan_in + fan_out)), also named Xavier."""

    scale: float = field(default=1.0, init=False)
    mode: Mode = field(default="fan_avg", init=False)
    distribution: Distribution = field(default="truncated_normal", init=False)


@dataclass(frozen=True)
class HeUniform(VarianceScaling):
    """Uniform within sqrt(6 / fan_in)."""

    scale: float = field(default=2.0, init=False)
    mode: Mode = field(default="fan_in", init=False)
    distribution: Distribution = field(default="uniform", init=False)


@dataclass(frozen=True)
class HeNormal(VarianceScaling):
    """Truncated normal of standard deviation sqrt(2 / fan_in)."""

    scale: float = field(default=2.0, init=False)
    mode: Mode = field(default="fan_in", init=False)
    distribution: Distribution = field(default="truncated_normal", init=False)


@dataclass(frozen=True)
class LecunUniform(VarianceScaling):
    """Uniform within sqrt(3 / fan_in)."""

    scale: float = field(default=1.0, init=False)
    mode: Mode = field(default="fan_in", init=False)
    distribution: Distribution = field(default="uniform", init=False)


@dataclass(frozen=True)
class LecunNormal(VarianceScaling):
    """Truncated normal of standard deviation sqrt(1 / fan_in)."""

    scale: float = field(default=1.0, init=False)
    mode: Mode = field(default="fan_in", init=False)
    distribution: Distribution = field(default="truncated_normal", init=False)


INITIALIZERS = Kinds(
    "embeddings_initializer",
    *(RandomUniform, RandomNormal, TruncatedNormal, Zeros, Ones, Constant, Identity, Orthogonal, VarianceScaling),
    *(GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal),
    uniform=RandomUniform,
    normal=RandomNormal,
    zero=Zeros,
    one=Ones,
)


def initializer(identifier: Any) -> Any:
    """The initializer that a user named; see `named.find`."""
    return find(INITIALIZERS, identifier)
