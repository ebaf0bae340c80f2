"""Write ONNX files with nothing but numpy: the few messages of onnx.proto that a network needs.

The numbers of the fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the wire format is
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

__all__ = ["MICROSOFT", "OnnxFile"]

IR_VERSION = 9
OPSET = 20
"""The first with Gelu."""
MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7}
INSIDE = 1024
"""Bytes of the largest constant that stands in the file itself; others go to a file that is mapped into memory."""
PAGE = 4096


class OnnxFile:
    """A network that grows node by node: input_ids and attention_mask in, `output` of a width out."""

    def __init__(self, name: str, width: int) -> None:
        self.name, self.width, self.output = name, width, "last_hidden_state"
        self.nodes: list[bytes] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.domains = {"": OPSET}

    def node(self, kind: str, inputs: list[str], output: str = "", domain: str = "", **attributes: Any) -> str:
        """Add an operator; the name of its output, which is made up unless one is given."""
        output = output or f"{kind}_{len(self.nodes)}"
        self.domains.setdefault(domain, 1)
        self.nodes.append(
            b"".join(_field(1, name) for name in inputs)
            + _field(2, output)
            + _field(3, output)
            + _field(4, kind)
            + b"".join(_field(5, _attribute(*each)) for each in attributes.items())
            + _field(7, domain)
        )
        return output

    def constant(self, name: str, values: ArrayLike) -> str:
        """Add numbers under a name, once; float32, int64, int8 or uint8."""
        self.constants[name] = np.ascontiguousarray(values).reshape(np.shape(values))  # the first makes 1-d of a number
        return name

    def save(self, folder: Path) -> None:
        """Write the files model.onnx and weights."""
        with (folder / "weights").open("wb") as beside:
            constants = [_field(5, _tensor(name, values, beside)) for name, values in self.constants.items()]
        inputs = [_field(11, _value(name, 7, None)) for name in ("input_ids", "attention_mask")]
        graph = b"".join(_field(1, node) for node in self.nodes) + _field(2, self.name) + b"".join(constants + inputs)
        graph += _field(12, _value(self.output, 1, self.width))
        versions = [_field(8, _field(1, domain) + _field(2, version)) for domain, version in self.domains.items()]
        (folder / "model.onnx").write_bytes(_field(1, IR_VERSION) + _field(7, graph) + b"".join(versions))


def _varint(value: int) -> bytes:
    """A number, seven bits a byte; negative ones as 64 bits.

    Example:
        >>> _varint(300).hex(), len(_varint(-1))
        ('ac02', 10)
    """
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _field(number: int, value: float | str | bytes) -> bytes:
    """A field with its tag.

    Example:
        >>> _field(2, "testing").hex(), _field(1, 150).hex(), _field(3, 1.0).hex()
        ('120774657374696e67', '089601', '1d0000803f')
    """
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _attribute(name: str, value: float | str | list[int]) -> bytes:
    """An AttributeProto; its type is 1 for a float, 2 for an int, 3 for a string, 7 for ints."""
    if isinstance(value, list):
        return _field(1, name) + b"".join(_field(8, each) for each in value) + _field(20, 7)
    kind, number = (2, 3) if isinstance(value, int) else (1, 2) if isinstance(value, float) else (3, 4)
    return _field(1, name) + _field(number, value) + _field(20, kind)


def _tensor(name: str, values: NDArray[Any], beside: Any) -> bytes:
    """A TensorProto, whose numbers are in the other file if there are many."""
    head = b"".join(_field(1, size) for size in values.shape) + _field(2, TYPES[values.dtype.name]) + _field(8, name)
    if values.nbytes <= INSIDE:
        return head + _field(9, values.tobytes())
    beside.seek(-(-beside.tell() // PAGE) * PAGE)
    place = {"location": "weights", "offset": str(beside.tell()), "length": str(values.nbytes)}
    beside.write(values.data)
    return head + b"".join(_field(13, _field(1, key) + _field(2, each)) for key, each in place.items()) + _field(14, 1)


def _value(name: str, kind: int, width: int | None) -> bytes:
    """A ValueInfoProto of a table (texts, tokens), or of vectors of a width for each token."""
    sizes = [_field(2, "texts"), _field(2, "tokens"), *([_field(1, width)] if width else [])]
    shape = b"".join(_field(1, size) for size in sizes)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))
