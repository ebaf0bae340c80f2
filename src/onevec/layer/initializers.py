"""How the first numbers of a table are drawn; names, distributions and defaults are those of keras.initializers.

Where a distribution depends on the fan, fan_in is the number of rows and fan_out the width, as Keras counts for a
table. The numbers differ from Keras's for the same seed, because the generator is numpy's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import numpy as np

from ..errors import ConfigurationError
from .named import Kinds, find

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
TRUNCATED = 0.87962566103423978
"""Standard deviation of a standard normal that is cut at -2 and 2."""
BLOCK = 1 << 20
"""Numbers that are drawn at once; what is beside the table in memory stays small."""


class Initializer(Protocol):
    """Draws a table."""

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:
        """A float32 array of the shape."""
        ...


def draw(initializer: Any, shape: Shape, source: np.random.Generator) -> Array:
    """The table that an initializer of ours, or any function of a shape, makes.

    Raises:
        ConfigurationError: the function gave another shape, or something that is not finite.
    """
    if type(initializer) in INITIALIZERS.classes.values():
        table: Array = initializer(shape, source)
        return table
    made: Array = np.array(initializer(shape), dtype=np.float32, order="C")  # a copy: the function may keep its own
    if made.shape != shape or not np.isfinite(made).all():
        message = f"Embedding: embeddings_initializer must give finite numbers {shape}, it gave {made.shape}"
        raise ConfigurationError(message)
    return made


def _filled(shape: Shape, numbers: Callable[[int], Any]) -> Array:
    """A table filled in blocks; `numbers(count)` gives the next ones, or float32 that are to be written."""
    table = np.empty(shape, dtype=np.float32)
    flat = table.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        part = flat[start : start + BLOCK]
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


@dataclass(frozen=True)
class RandomUniform:
    """Uniform in [minval, maxval)."""

    minval: float = -0.05
    maxval: float = 0.05

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:
        """Draw a table."""
        return _uniform(shape, self.minval, self.maxval, source)


@dataclass(frozen=True)
class RandomNormal:
    """Normal."""

    mean: float = 0.0
    stddev: float = 0.05

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:
        """Draw a table."""
        return _normal(shape, self.mean, self.stddev, source)


@dataclass(frozen=True)
class TruncatedNormal:
    """Normal, without what is more than two standard deviations from the mean.

    As in Keras, `stddev` is that before the cut; the numbers have 0.88 of it.
    """

    mean: float = 0.0
    stddev: float = 0.05

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:
        """Draw a table."""
        return _normal(shape, self.mean, self.stddev, source, cut=True)


@dataclass(frozen=True)
class Zeros:
    """All 0."""

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:  # noqa: ARG002  # one call fits all
        """Make a table."""
        return np.zeros(shape, dtype=np.float32)


@dataclass(frozen=True)
class Ones:
    """All 1."""

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:  # noqa: ARG002  # one call fits all
        """Make a table."""
        return np.ones(shape, dtype=np.float32)


@dataclass(frozen=True)
class Constant:
    """All `value`."""

    value: float = 0.0

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:  # noqa: ARG002  # one call fits all
        """Make a table."""
        return np.full(shape, self.value, dtype=np.float32)


@dataclass(frozen=True)
class Identity:
    """`gain` on the diagonal, 0 elsewhere."""

    gain: float = 1.0

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:  # noqa: ARG002  # one call fits all
        """Make a table."""
        table = np.zeros(shape, dtype=np.float32)
        np.fill_diagonal(table, self.gain)
        return table


@dataclass(frozen=True)
class Orthogonal:
    """Orthonormal columns, or rows if there are fewer of them, times `gain` (Saxe et al. 2014, arXiv:1312.6120).

    It is the Q of the QR decomposition of normal numbers, with the signs of R's diagonal, so that no direction is
    preferred. The work grows with rows times width squared.
    """

    gain: float = 1.0

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:
        """Draw a table."""
        tall = source.standard_normal((max(shape), min(shape)), dtype=np.float32)
        q, r = np.linalg.qr(tall)
        q *= np.sign(np.diag(r)) * self.gain
        return np.ascontiguousarray(q if shape[0] >= shape[1] else q.T, dtype=np.float32)


@dataclass(frozen=True)
class VarianceScaling:
    """Numbers with a variance of `scale / n`, where n is the fan that `mode` names.

    The other initializers of this kind are this one: Glorot (Glorot and Bengio 2010) has scale 1 and "fan_avg", He
    (He et al. 2015, arXiv:1502.01852) scale 2 and "fan_in", Lecun (Klambauer et al. 2017, arXiv:1706.02515) scale 1 and
    "fan_in".
    """

    scale: float = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"

    def __post_init__(self) -> None:
        modes, distributions = ("fan_in", "fan_out", "fan_avg"), ("truncated_normal", "untruncated_normal", "uniform")
        name = type(self).__name__
        if not self.scale > 0:
            message = f"{name}: scale must be above 0, not {self.scale!r}"
            raise ConfigurationError(message)
        if self.mode not in modes:
            message = f"{name}: mode must be one of {', '.join(modes)}, not {self.mode!r}"
            raise ConfigurationError(message)
        if self.distribution not in distributions:
            message = f"{name}: distribution must be one of {', '.join(distributions)}, not {self.distribution!r}"
            raise ConfigurationError(message)

    def __call__(self, shape: Shape, source: np.random.Generator) -> Array:
        """Draw a table."""
        rows, width = shape
        fan = {"fan_in": rows, "fan_out": width, "fan_avg": (rows + width) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = sqrt(3 * variance)
            return _uniform(shape, -limit, limit, source)
        cut = self.distribution == "truncated_normal"
        return _normal(shape, 0.0, sqrt(variance) / (TRUNCATED if cut else 1), source, cut=cut)


@dataclass(frozen=True)
class GlorotUniform(VarianceScaling):
    """Uniform within sqrt(6 / (fan_in + fan_out)), also named Xavier."""

    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_avg"
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "uniform"


@dataclass(frozen=True)
class GlorotNormal(VarianceScaling):
    """Truncated normal of standard deviation sqrt(2 / (fan_in + fan_out)), also named Xavier."""

    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_avg"


@dataclass(frozen=True)
class HeUniform(VarianceScaling):
    """Uniform within sqrt(6 / fan_in)."""

    scale: float = 2.0
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "uniform"


@dataclass(frozen=True)
class HeNormal(VarianceScaling):
    """Truncated normal of standard deviation sqrt(2 / fan_in)."""

    scale: float = 2.0


@dataclass(frozen=True)
class LecunUniform(VarianceScaling):
    """Uniform within sqrt(3 / fan_in)."""

    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "uniform"


@dataclass(frozen=True)
class LecunNormal(VarianceScaling):
    """Truncated normal of standard deviation sqrt(1 / fan_in)."""


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
