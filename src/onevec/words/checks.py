"""Refuse numbers that a parameter can't have."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real

from ..errors import ConfigurationError

__all__ = ["check_positive", "check_whole"]


def check_whole(least: int, /, **values: object) -> None:
    """Refuse what is no whole number, or less than `least`.

    Raises:
        ConfigurationError: it names the parameter.
    """
    for name, value in values.items():
        if not isinstance(value, Integral) or value < least:
            message = f"{name} must be a whole number of at least {least}, not {value!r}"
            raise ConfigurationError(message)


def check_positive(**values: object) -> None:
    """Refuse what is no number above 0.

    Raises:
        ConfigurationError: it names the parameter.
    """
    for name, value in values.items():
        if not isinstance(value, Real) or not isfinite(value) or value <= 0:
            message = f"{name} must be a number above 0, not {value!r}"
            raise ConfigurationError(message)
