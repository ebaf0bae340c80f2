"""Build the graph of an encoder from its weights alone: safetensors in, ONNX out, without torch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConfigurationError
from .encoders import FAMILIES, unsupported
from .layers import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from .onnx_file import OnnxFile

__all__ = ["build", "read", "tensors"]

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}
PREFIXES = ("bert.", "roberta.", "model.")
"""What may stand before the names of the weights, beside the name of the architecture."""


def tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The weights of a safetensors file, mapped into memory; bfloat16 and float16 become float32.

    Raises:
        ConfigurationError: the file is broken.
    """
    try:
        return _tensors(path)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} is no whole safetensors file: {error}; get it again"
        raise ConfigurationError(message) from error


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(min(size, path.stat().st_size)))
    whole = np.memmap(path, np.uint8, "r", offset=8 + size)
    found: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        raw, kind = whole[start:end], entry["dtype"]
        if kind == "BF16":
            values: NDArray[Any] = (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = raw.view(DTYPES[kind])
        values = values.astype(np.float32) if kind == "F16" else values
        found[name] = values.reshape(entry["shape"])
    return found


def build(config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], int8: str = "") -> OnnxFile:
    """The network: input_ids and attention_mask `(texts, tokens)` to last_hidden_state `(texts, tokens, width)`.

    Args:
        config: config.json.
        weights: what `read` gives.
        int8: the runtime that the layers are turned to int8 for, "openvino" or "onnxruntime"; they have different
            forms for it, both with scales for every token of its own, so that a vector depends on no other text.

    Raises:
        ConfigurationError: an architecture that is not in `FAMILIES`, an activation or kind of position that it
            usually does not have, or weights that are missing.
    """
    if lacking := unsupported(config):
        refuse(lacking)
    kind = str(config["model_type"])
    family = FAMILIES[kind]
    prefix = next((each for each in ("", f"{kind}.", *PREFIXES) if each + family.words in weights), None)
    if prefix is None:
        message = f"the weights of this {kind} model have no {family.words}"
        raise ConfigurationError(message)
    return family(config, {name.removeprefix(prefix): values for name, values in weights.items()}, int8).build()


def read(folder: Path) -> dict[str, NDArray[Any]]:
    """The weights of a folder, from one safetensors file or several."""
    return {name: values for path in sorted(folder.glob("*.safetensors")) for name, values in tensors(path).items()}
