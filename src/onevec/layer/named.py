"""A part of the layer by its name, as Keras takes it: "he_normal", "HeNormal", a class, an object, a function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from math import isfinite
from numbers import Real
from typing import Any, cast

from ..errors import ConfigurationError

__all__ = ["Kinds", "find", "finite", "from_config", "from_keras", "non_negative", "to_config"]

_CAMEL = re.compile("(?<=[a-z0-9])(?=[A-Z])")


class Kinds:
    """The classes of one kind of part, by Keras's names.

    Attributes:
        what: the parameter that takes them, for messages.
        types: the classes.
        names: the classes, or what makes their objects, by names in lower case with underscores.
    """

    def __init__(self, what: str, *types: type, **others: Any) -> None:
        self.what, self.types = what, types
        self.names: dict[str, Any] = {_snake(kind.__name__): kind for kind in types} | others

    def named(self, name: str) -> Any:
        """What makes the object of a name, as it is written or in lower case with underscores; None if unknown."""
        return self.class_named(name) or self.names.get(name) or self.names.get(_snake(name))

    def class_named(self, name: str) -> Any:
        """The class of this very name; None if there is none."""
        return next((kind for kind in self.types if kind.__name__ == name), None)


def _snake(name: str) -> str:
    return _CAMEL.sub("_", name).lower()


def find(kinds: Kinds, identifier: Any) -> Any:
    """What an identifier stands for: None, something that can be called, a class, a name, or an object of Keras.

    A dictionary of "class_name" and "config", as Keras writes it, is taken too.

    Raises:
        ConfigurationError: there is no such name; the message suggests the nearest.
        TypeError: it is none of these.
    """
    if isinstance(identifier, str):
        return _by_name(kinds, identifier)
    if isinstance(identifier, type):
        return find(kinds, identifier())
    if isinstance(identifier, Mapping):
        return from_config(kinds, cast("Mapping[str, Any]", identifier))
    module, name = type(identifier).__module__, type(identifier).__name__
    if module.partition(".")[0] == "keras" and kinds.class_named(name):
        return from_keras(kinds, identifier)
    if identifier is None or callable(identifier):
        return identifier
    message = f"Embedding: {kinds.what} must be a name, a class, an object or a function, not {identifier!r}"
    raise TypeError(message)


def _by_name(kinds: Kinds, name: str) -> Any:
    kind = kinds.named(name)
    if kind is None:
        near = get_close_matches(_snake(name), kinds.names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(kinds.names))}"
        message = f"Embedding: {kinds.what} {name!r} is not known; {hint}"
        raise ConfigurationError(message)
    return kind()


def to_config(kinds: Kinds, part: Any) -> dict[str, Any] | None:
    """Class and values of a part as JSON can carry them.

    Raises:
        ConfigurationError: it is a function, or a class of the user's own.
    """
    if part is None:
        return None
    if type(part) not in kinds.types:
        message = f"Embedding: {kinds.what} {part!r} can't be written to a file or another framework: set it to None"
        raise ConfigurationError(message)
    return {"class_name": type(part).__name__, "config": {name: getattr(part, name) for name in _own(type(part))}}


def from_config(kinds: Kinds, config: Mapping[str, Any] | None) -> Any:
    """The part that `to_config`, or Keras, described; a seed is passed over, because the layer has one.

    Raises:
        ConfigurationError: there is no such class, or it takes other values.
    """
    if config is None:
        return None
    name = str(config.get("class_name"))
    kind = kinds.class_named(name)
    if kind is None:
        message = f"Embedding: {kinds.what} {name!r} is not known here: set it to None first"
        raise ConfigurationError(message)
    settled = {"seed"} | {field.name for field in fields(kind) if not field.init}
    given: dict[str, Any] = config.get("config") or {}
    values = {key: value for key, value in given.items() if key not in settled and value is not None}
    if strange := values.keys() - set(_own(kind)):
        message = f"Embedding: {kinds.what} {name!r} has no {', '.join(sorted(strange))} here: leave it out"
        raise ConfigurationError(message)
    return kind(**values)


def from_keras(kinds: Kinds, part: Any) -> Any:
    """The part that an object of Keras stands for.

    Raises:
        ConfigurationError: it is a function, or its class is not known here.
    """
    if part is None:
        return None
    if not hasattr(part, "get_config"):
        message = f"Embedding: {kinds.what} {part!r} of Keras is a function, which can't be read: set it to None"
        raise ConfigurationError(message)
    name = type(part).__name__
    own = _own(kinds.class_named(name)) if kinds.class_named(name) else []
    # The attributes too: Keras leaves the gain of Identity out of its config.
    attributes = {each: getattr(part, each) for each in own if hasattr(part, each)}
    return from_config(kinds, {"class_name": name, "config": {**attributes, **part.get_config()}})


def _own(kind: Any) -> list[str]:
    """The names of the values that a class is made with."""
    return [field.name for field in fields(kind) if field.init]


def finite(owner: object, **values: float) -> None:
    """Refuse what is not a finite number."""
    for name, value in values.items():
        if not isfinite(_number(owner, name, value)):
            message = f"{type(owner).__name__}: {name} must be a finite number, not {value!r}"
            raise ConfigurationError(message)


def non_negative(owner: object, **values: float) -> None:
    """Refuse what is not a number of at least 0."""
    for name, value in values.items():
        if not 0 <= _number(owner, name, value) < float("inf"):
            message = f"{type(owner).__name__}: {name} must be a number of at least 0, not {value!r}"
            raise ConfigurationError(message)


def _number(owner: object, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):  # numpy's are Real too
        message = f"{type(owner).__name__}: {name} must be a number, not {value!r}"
        raise TypeError(message)
    return float(value)
