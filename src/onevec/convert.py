"""Turn an argument or the text of an environment variable into the type that a parameter declares."""

from __future__ import annotations

from numbers import Integral, Real
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["converter"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def _text(value: Any) -> str:
    text: object = str(value) if isinstance(value, PurePath) else value  # the folder of a model may be a Path
    if isinstance(text, str):
        return text
    message = f"must be a str, not {type(value).__name__}"
    raise TypeError(message)


def _whole(value: Any) -> int:
    if not isinstance(value, bool) and isinstance(value, Integral):  # numpy's too
        return int(value)
    if isinstance(value, str) or (isinstance(value, float) and value.is_integer()):
        try:
            return int(value)
        except ValueError:
            pass
    message = f"must be an int, not {value!r}"
    raise TypeError(message)


def _number(value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, Real | str):
        try:
            return float(value)
        except ValueError:
            pass
    message = f"must be a number, not {value!r}"
    raise TypeError(message)


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    message = f"must be true or false, not {value!r}"
    raise TypeError(message)


def _anything(value: Any) -> Any:
    return value


_CONVERTERS: dict[str, Callable[[Any], Any]] = {"str": _text, "int": _whole, "float": _number, "bool": _switch}


def converter(annotation: str) -> Callable[[Any], Any]:
    """The conversion for an annotation: str, int, float and bool (each also with None) are checked, others pass.

    The returned function raises TypeError whose message completes "the parameter ...".

    Example:
        >>> converter("int | None")("4")
        4
    """
    kinds = {part.strip() for part in annotation.split("|")} - {"None"}
    return _CONVERTERS.get(kinds.pop(), _anything) if len(kinds) == 1 else _anything
