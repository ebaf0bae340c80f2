"""What a cache keeps for a vector: bytes that tell their own form and show any damage.

A binary value is a head of 16 bytes, little-endian, and the numbers:

    offset  bytes  what
    0       2      b"1v"
    2       1      version of this layout, 1
    3       1      form of the numbers: 1 float32, 2 float16, 3 int8, 4 bits; plus 128 if they are packed with zstd
    4       4      width of the vector
    8       4      float32 that int8 numbers and bits are multiplied by, 1 in the other forms
    12      4      CRC-32 over the first 12 bytes, the key, and the numbers as they are kept
    16             the numbers

The key is in the checksum, so a sound value that turns up under another key, as damaged pages of a store can make it,
counts as damaged. A value that begins with "[" is a JSON array, as LangChain writes it.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from zlib import crc32

import numpy as np
import orjson

from .errors import ConfigurationError
from .optional import need

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arrays import Array

    Value: TypeAlias = bytes | bytearray | memoryview
    Encoder: TypeAlias = Callable[[Sequence[str], Array], list[bytes]]
    """Makes the values of keys from the rows of a float32 array, in order."""

__all__ = ["FORMATS", "HEAD_AND_CHECK", "HEAD_BYTES", "Damaged", "decode", "encoder", "plain_head"]

FORMATS: Final = ("float32", "float16", "int8", "bits", "json")
"""What `value_format` may be; "+zstd" may follow all but "json"."""
MAGIC: Final = b"1v"
VERSION: Final = 1
FLOAT32, FLOAT16, INT8, BITS = 1, 2, 3, 4
ZSTD: Final = 128
ZSTD_MORE: Final = 1024
"""Bytes by which zstd may make the smallest vectors larger."""
HEAD_BYTES: Final = 16
HEAD_AND_CHECK: Final = struct.Struct("<12sI")
_HEAD = struct.Struct("<2sBBIf")
_LARGEST_INT8 = 127
_SMALLEST, _LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
_BYTES = frozenset({bytes, bytearray, memoryview})
_NUMBERS = frozenset({list, tuple, np.ndarray})


class Damaged(ValueError):
    """A value is not what was once written under its key."""


def plain_head(width: int) -> bytes:
    """The first 12 bytes of a float32 value that may be copied into an array as it is; b"" on a big-endian machine."""
    return _HEAD.pack(MAGIC, VERSION, FLOAT32, width, 1.0) if sys.byteorder == "little" else b""


# Writing ------------------------------------------------------------------------------------------------------------


def encoder(name: str) -> Encoder:
    """What makes values of this format.

    The forms that keep less than float32 take the nearest numbers they have; a vector that one can't hold, such as a
    number beyond float16's range, is kept as float32.

    Raises:
        ConfigurationError: there is no such format.
        MissingDependency: "+zstd" without the package zstandard.
    """
    form, _, packing = name.partition("+")
    if form not in FORMATS or packing not in {"", "zstd"} or (packing and form == "json"):
        message = (
            f"value_format must be {', '.join(map(repr, FORMATS))}, all but 'json' also with '+zstd', not {name!r}"
        )
        raise ConfigurationError(message)
    if form == "json":
        return lambda _, rows: [_json(row) for row in rows]
    pack = _compressor() if packing else None
    if form == "float32" and pack is None:
        return _plain
    return lambda keys, rows: [_value(key, *_SHRINK[form](row), pack=pack) for key, row in zip(keys, rows, strict=True)]


def _plain(keys: Sequence[str], rows: Array) -> list[bytes]:
    """float32 values, straight from the memory of the rows."""
    width = rows.shape[1]
    head, size = _HEAD.pack(MAGIC, VERSION, FLOAT32, width, 1.0), 4 * width
    flat = np.ascontiguousarray(rows, dtype="<f4").data.cast("B")
    seed = crc32(head)
    values: list[bytes] = []
    for number, key in enumerate(keys):
        numbers = flat[number * size : number * size + size]
        check = crc32(numbers, crc32(key.encode(), seed))
        values.append(b"".join((head, check.to_bytes(4, "little"), numbers)))
    return values


def _json(row: Array) -> bytes:
    """The shortest decimals that give the float32 back, with LangChain's spaces."""
    return orjson.dumps(np.ascontiguousarray(row), option=orjson.OPT_SERIALIZE_NUMPY).replace(b",", b", ")


def _value(key: str, form: int, scale: float, width: int, numbers: bytes, *, pack: Any) -> bytes:
    if pack is not None:
        form, numbers = form | ZSTD, pack(numbers)
    head = _HEAD.pack(MAGIC, VERSION, form, width, scale)
    check = crc32(numbers, crc32(key.encode(), crc32(head)))
    return b"".join((head, check.to_bytes(4, "little"), numbers))


def _float32(row: Array) -> tuple[int, float, int, bytes]:
    return FLOAT32, 1.0, len(row), row.astype("<f4").tobytes()


def _float16(row: Array) -> tuple[int, float, int, bytes]:
    with np.errstate(over="ignore"):
        small = row.astype("<f2")
    return (FLOAT16, 1.0, len(row), small.tobytes()) if np.isfinite(small).all() else _float32(row)


def _int8(row: Array) -> tuple[int, float, int, bytes]:
    """Whole numbers that fit stay as they are; others are spread over the range."""
    top = float(np.abs(row).max(initial=0.0))
    whole = top <= _LARGEST_INT8 and bool((row == np.rint(row)).all())
    scale = float(np.float32(1.0 if whole else top / _LARGEST_INT8))
    if not _SMALLEST <= scale <= _LARGEST / _LARGEST_INT8:
        return _float32(row)
    numbers = np.clip(np.rint(row / np.float32(scale)), -_LARGEST_INT8, _LARGEST_INT8).astype(np.int8)
    return INT8, scale, len(row), numbers.tobytes()


def _bits(row: Array) -> tuple[int, float, int, bytes]:
    """Only the signs, times the mean size: no other single factor comes nearer to the vector."""
    scale = float(np.abs(row).mean(dtype=np.float64)) if len(row) else 0.0
    return BITS, scale, len(row), np.packbits(row >= 0).tobytes()


_SHRINK: dict[str, Callable[[Array], tuple[int, float, int, bytes]]] = {
    "float32": _float32,
    "float16": _float16,
    "int8": _int8,
    "bits": _bits,
}


# Reading ------------------------------------------------------------------------------------------------------------


def decode(key: str, value: Any) -> Array:
    """The vector that a value of any format holds, float32.

    Raises:
        Damaged: the value is not whole, was not written under this key, or holds no finite numbers.
        MissingDependency: the value is packed with zstd, and the package zstandard is not installed.
    """
    if type(value) in _BYTES:
        row = _binary(key, value) if bytes(value[:2]) == MAGIC else _from_json(value)
    elif type(value) in _NUMBERS:
        row = _from_numbers(value)
    else:
        message = f"a {type(value).__name__} is no value of a vector"
        raise Damaged(message)
    if row.ndim != 1 or not len(row) or not np.isfinite(row).all():
        message = "the value holds no vector of finite numbers"
        raise Damaged(message)
    return row


def _binary(key: str, value: Value) -> Array:
    if len(value) < HEAD_BYTES:
        message = f"the value has {len(value)} bytes, its head alone has {HEAD_BYTES}"
        raise Damaged(message)
    _, version, form, width, scale = _HEAD.unpack(value[: _HEAD.size])
    numbers = value[HEAD_BYTES:]
    if len(numbers) > 4 * width + ZSTD_MORE:  # nothing is read there: a damaged page may promise gigabytes
        message = f"{len(numbers)} bytes are too many for {width} numbers"
        raise Damaged(message)
    check = crc32(numbers, crc32(key.encode(), crc32(value[: _HEAD.size])))
    if check != int.from_bytes(value[_HEAD.size : HEAD_BYTES], "little"):
        message = "the checksum is wrong"
        raise Damaged(message)
    if version != VERSION or form & ~ZSTD not in _GROW:
        message = f"version {version}, form {form} was written by a newer onevec"
        raise Damaged(message)
    plain = _decompressor()(numbers, 4 * width) if form & ZSTD else numbers
    row = _GROW[form & ~ZSTD](plain, width)
    if len(row) != width:
        message = f"{len(row)} numbers are there, {width} were written"
        raise Damaged(message)
    return row if scale == 1.0 else row * np.float32(scale)


_GROW: dict[int, Callable[[Value, int], Array]] = {
    FLOAT32: lambda numbers, _: np.frombuffer(numbers, dtype="<f4").astype(np.float32),
    FLOAT16: lambda numbers, _: np.frombuffer(numbers, dtype="<f2").astype(np.float32),
    INT8: lambda numbers, _: np.frombuffer(numbers, dtype=np.int8).astype(np.float32),
    BITS: lambda numbers, width: (
        np.unpackbits(np.frombuffer(numbers, dtype=np.uint8), count=width).astype(np.float32) * 2 - 1
    ),
}


def _from_json(value: Value) -> Array:
    try:
        return _from_numbers(orjson.loads(value))
    except orjson.JSONDecodeError as error:
        raise Damaged(str(error)) from None


def _from_numbers(numbers: object) -> Array:
    try:
        found = np.asarray(numbers)
    except ValueError:  # lists of different lengths
        found = np.asarray(None)
    if found.dtype.kind not in "fiu":
        message = "the value holds something else than numbers"
        raise Damaged(message)
    with np.errstate(over="ignore"):  # beyond float32's range becomes infinity, which `decode` refuses
        return found.astype(np.float32)


# zstd ---------------------------------------------------------------------------------------------------------------


def _compressor() -> Callable[[bytes], bytes]:
    zstd = need("zstandard", extra="zstd")
    return lambda numbers: zstd.ZstdCompressor().compress(numbers)  # one a thread


def _decompressor() -> Callable[[Value, int], bytes]:
    zstd = need("zstandard", extra="zstd")

    def unpack(numbers: Value, largest: int) -> bytes:
        try:
            plain: bytes = zstd.ZstdDecompressor().decompress(numbers, max_output_size=largest)
        except zstd.ZstdError as error:
            raise Damaged(str(error)) from None
        return plain

    return unpack
