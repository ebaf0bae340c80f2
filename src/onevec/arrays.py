"""Read the vectors out of a reply: every way in which providers write numbers, as one float32 array.

All functions raise ValueError, TypeError or KeyError for a form that is not theirs; the caller makes a `BadResponse`
of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pybase64 import b64decode

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Array", "array", "check_array", "in_order", "packed", "read_rows", "unit_length"]

Array: TypeAlias = NDArray[np.float32]


def array(rows: Sequence[Sequence[float] | str]) -> Array:
    """Rows of numbers, or of base64 of little-endian float32, as one array `(n, d)`.

    Example:
        >>> array([[0.5, -0.25], [1, 2]]).tolist()
        [[0.5, -0.25], [1.0, 2.0]]
        >>> array(["AAAAPwAAgL4="]).tolist()
        [[0.5, -0.25]]
    """
    if len(rows) and all(isinstance(row, str) for row in rows):
        return packed([b64decode(row, validate=True) for row in rows if isinstance(row, str)])
    with np.errstate(over="ignore"):  # beyond float32's range becomes infinity, which `check_array` names
        return np.array(rows, dtype=np.float32)


def packed(rows: Sequence[bytes], dtype: str = "<f4") -> Array:
    """Rows of packed little-endian numbers as one array `(n, d)`."""
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        message = f"rows of different widths: {sorted(widths)} bytes"
        raise ValueError(message)
    flat = np.frombuffer(bytearray().join(rows), dtype=dtype)  # bytes would make an array that can't be written to
    return flat.reshape(len(rows), -1).astype(np.float32, copy=False)


def unit_length(vectors: Array) -> Array:
    """The vectors, each divided by its length; one of zeros stays.

    Example:
        >>> unit_length(array([[3, 4], [0, 0]])).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    unit: Array = np.divide(vectors, lengths, dtype=np.float32)
    return unit


def in_order(rows: Sequence[Any], position: str = "index") -> Sequence[Any]:
    """Rows sorted by their own position; rows that carry none stay as they came.

    Example:
        >>> in_order([{"index": 1, "v": "b"}, {"index": 0, "v": "a"}])
        [{'index': 0, 'v': 'a'}, {'index': 1, 'v': 'b'}]
    """
    places = [row.get(position) for row in rows]
    if all(place is None for place in places):
        return rows
    if places == list(range(len(rows))):
        return rows
    if sorted(places) != list(range(len(rows))):
        message = f"the rows are numbered {places[:8]}, not 0 to {len(rows) - 1}"
        raise ValueError(message)
    ordered: list[Any] = [None] * len(rows)
    for place, row in zip(places, rows, strict=True):
        ordered[place] = row
    return ordered


def read_rows(body: Any, path: Sequence[str | int], vector: str = "embedding", position: str = "index") -> Array:
    """The vectors at a place of a reply: rows with a vector in each, bare vectors, or a single one.

    Args:
        body: the whole reply.
        path: keys that lead to the rows.
        vector: key of the vector in a row that is an object.
        position: key of its place.

    Example:
        >>> rows = [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}]
        >>> read_rows({"data": rows}, ["data"]).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
        >>> read_rows({"result": [[1, 2]]}, ["result"]).tolist() == read_rows([1, 2], []).tolist()
        True
    """
    for key in path:
        body = body[key]
    if len(body) and isinstance(body[0], dict):
        return array([row[vector] for row in in_order(body, position)])
    return array([body] if len(body) and isinstance(body[0], float | int) else body)


def check_array(vectors: Array, rows: int, width: int | None) -> None:
    """Refuse anything but `rows` finite vectors of one width.

    Raises:
        ValueError: the message says what is wrong.
    """
    if vectors.ndim != 2 or vectors.shape[1] == 0:  # a matrix has two axes
        message = f"the vectors have the shape {vectors.shape}"
        raise ValueError(message)
    if len(vectors) != rows:
        message = f"{len(vectors)} vectors came for {rows} texts"
        raise ValueError(message)
    if width is not None and vectors.shape[1] != width:
        message = f"vectors of {vectors.shape[1]} dimensions came, {width} were expected"
        raise ValueError(message)
    if not np.isfinite(vectors).all():
        row = int(np.argwhere(~np.isfinite(vectors).all(axis=1))[0, 0])
        message = f"vector {row} of the reply holds NaN or infinity"
        raise ValueError(message)
