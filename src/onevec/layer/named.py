"""A part of the layer by its name, as Keras takes it: "he_normal", "HeNormal", a class, an object, a function."""

from __future__ import annotations

import re
from dataclasses import asdict
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Kinds", "find", "from_config", "non_negative", "to_config"]

_CAMEL = re.compile("(?<=[a-z0-9])(?=[A-Z])")


class Kinds:
    """The classes of one kind of part, by Keras's names.

    Attributes:
        what: the parameter that takes them, for messages.
        classes: the classes, or what makes their objects, by names in lower case with underscores.
    """

    def __init__(self, what: str, *classes: type, **others: Any) -> None:
        self.what = what
        self.classes: dict[str, Any] = {_snake(kind.__name__): kind for kind in classes} | others


def _snake(name: str) -> str:
    return _CAMEL.sub("_", name).lower()


def find(kinds: Kinds, identifier: Any) -> Any:
    """What an identifier stands for: None, something that can be called, a class, or a name.

    Raises:
        ConfigurationError: there is no such name; the message suggests the nearest.
        TypeError: it is none of these.
    """
    if isinstance(identifier, str):
        kind = kinds.classes.get(_snake(identifier))
        if kind is None:
            near = get_close_matches(_snake(identifier), kinds.classes, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(kinds.classes))}"
            message = f"Embedding: {kinds.what} {identifier!r} is not known; {hint}"
            raise ConfigurationError(message)
        return kind()
    if isinstance(identifier, type):
        return identifier()
    if identifier is None or callable(identifier):
        return identifier
    message = f"Embedding: {kinds.what} must be a name, a class, an object or a function, not {identifier!r}"
    raise TypeError(message)


def to_config(kinds: Kinds, part: Any) -> dict[str, Any] | None:
    """Class and values of a part as JSON can carry them.

    Raises:
        ConfigurationError: it is a function, or a class of the user's own.
    """
    if part is None:
        return None
    if type(part) not in kinds.classes.values():
        message = f"Embedding: {kinds.what} {part!r} can't be written to a file or another framework: set it to None"
        raise ConfigurationError(message)
    return {"class_name": type(part).__name__, "config": asdict(part)}


def from_config(kinds: Kinds, config: Mapping[str, Any] | None) -> Any:
    """The part that `to_config` described."""
    if config is None:
        return None
    name = str(config["class_name"])
    kind = kinds.classes.get(_snake(name))
    if kind is None:
        message = f"Embedding: {kinds.what} {name!r} is not known here: set it to None first"
        raise ConfigurationError(message)
    return kind(**config["config"])


def non_negative(owner: object, **values: float) -> None:
    """Refuse what is not a number of at least 0."""
    for name, value in values.items():
        if not 0 <= value < float("inf"):
            message = f"{type(owner).__name__}: {name} must be a number of at least 0, not {value!r}"
            raise ConfigurationError(message)
