"""What users give to a layer, as arrays and numbers that are checked."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import numpy as np

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..arrays import Array

__all__ = ["destination", "floats", "is_finite", "of_type", "plain", "rows_of", "table_of", "whole"]


def plain(value: Any) -> Any:
    """A tensor of torch, also one that learns, or a variable of Keras, as something that numpy reads."""
    if isinstance(value, np.ndarray):
        return cast("Any", value)
    inner = getattr(value, "value", value)
    inner = value if callable(inner) else inner
    if not hasattr(inner, "detach"):
        return inner
    tensor = inner.detach().cpu()
    return tensor.float() if tensor.is_floating_point() else tensor  # numpy has no bfloat16


def of_type(value: object, kind: type, message: str) -> None:
    """Refuse what is of another type."""
    if not isinstance(value, kind):
        raise TypeError(message)


def whole(name: str, value: object, least: int) -> int:
    """A whole number.

    Raises:
        ConfigurationError: it is too small.
        TypeError: it is no whole number.
    """
    if not isinstance(value, SupportsIndex) or isinstance(value, bool):
        message = f"Embedding: {name} must be a whole number, not {value!r}"
        raise TypeError(message)
    number = index(value)
    if number < least:
        message = f"Embedding: {name} must be at least {least}, not {number}"
        raise ConfigurationError(message)
    return number


def rows_of(name: str, ids: ArrayLike, rows: int) -> NDArray[np.intp]:
    """Integers in [0, rows), of any shape.

    Raises:
        ConfigurationError: one is outside; the message names its place.
        TypeError: they are not integers.
    """
    where = _integers(name, ids)
    if where.size and (where.min() < 0 or where.max() >= rows):
        flat = int(np.flatnonzero((where < 0) | (where >= rows))[0])
        place = ", ".join(str(int(at)) for at in np.unravel_index(flat, where.shape))
        message = f"Embedding: {name}[{place}] is {where.reshape(-1)[flat]}, but {name} must be in [0, {rows})"
        if name == "ids":
            message += ": give unknown words an id of their own (Vocabulary does), or grow() the table"
        raise ConfigurationError(message)
    return np.asarray(where, dtype=np.intp, order="C")


def _integers(name: str, ids: ArrayLike) -> NDArray[Any]:
    try:
        where: NDArray[Any] = np.asarray(plain(ids))
    except ValueError as error:
        message = f"Embedding: {name} must be of one length in each dimension: pad them with 0 ({error})"
        raise ConfigurationError(message) from None
    if where.size == 0 and not isinstance(ids, np.ndarray):
        where = where.astype(np.int64)  # an empty list says nothing of its type
    if not np.issubdtype(where.dtype, np.integer) and not _large(where):
        message = f"Embedding: {name} must be integers, not {where.dtype}"
        raise TypeError(message)
    return where


def _large(where: NDArray[Any]) -> bool:
    """Whether these are integers of Python, of which numpy has made no others because one is too large."""
    return where.dtype == np.object_ and all(type(each) is int for each in where.flat)


def floats(name: str, values: Any, *, copy: bool = False) -> Array:
    """An array of float32; a new one in any case with `copy`.

    Raises:
        ConfigurationError: they are not numbers, or in rows of several lengths.
    """
    parts = [plain(each) for each in cast("Any", values)] if isinstance(values, list) else plain(values)
    try:
        with np.errstate(over="ignore"):  # beyond float32's range becomes infinity
            if copy:  # of an array, because tensors of torch warn that they can't copy themselves
                return np.array(np.asarray(parts), dtype=np.float32, order="C")
            return np.asarray(parts, dtype=np.float32, order="C")
    except (TypeError, ValueError) as error:
        message = f"Embedding: {name} must be numbers, in rows of one length: {error}"
        raise ConfigurationError(message) from None


def is_finite(table: Array) -> bool:
    """Whether a table holds neither NaN nor infinity; it takes no memory."""
    return not table.size or bool(np.isfinite(table.min()) and np.isfinite(table.max()))


def table_of(weights: Any, shape: tuple[int, int]) -> Array:
    """A copy of a table that a user gave, or gave in a list.

    Raises:
        ConfigurationError: it has another shape, or something in it is not finite.
    """
    table = floats("weights", weights, copy=True)
    if isinstance(weights, list) and table.ndim == 3 and len(table) == 1:
        table = table[0]
    if table.shape != shape:
        message = f"Embedding: weights must have the shape {shape}, not {table.shape}"
        raise ConfigurationError(message)
    if not is_finite(table):
        message = "Embedding: weights must be finite numbers of float32, but there is NaN or infinity"
        raise ConfigurationError(message)
    return table


def destination(out: object, shape: tuple[int, ...]) -> Array:
    """An array that vectors can be written to.

    Raises:
        ConfigurationError: it can't hold them.
        TypeError: it is no array.
    """
    if not isinstance(out, np.ndarray):
        message = f"Embedding: out must be an array of numpy, not {type(out).__name__}"
        raise TypeError(message)
    array = cast("NDArray[Any]", out)
    flags = array.flags
    if array.shape != shape or array.dtype != np.float32 or not (flags.c_contiguous and flags.writeable):
        message = (
            f"Embedding: out must be a writable C-contiguous float32 array {shape}, not {array.dtype} {array.shape}"
        )
        raise ConfigurationError(message)
    return array
