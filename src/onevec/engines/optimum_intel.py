"""Bi-encoders that Intel's library quantized to int8, on ONNX Runtime; that part of the library is gone."""

from __future__ import annotations

import warnings
from typing import Any

from .itrex import QuantizedBgeEmbeddings

__all__ = ["QuantizedBiEncoderEmbeddings"]


class QuantizedBiEncoderEmbeddings(QuantizedBgeEmbeddings):
    """Embed texts with a bi-encoder in int8: tokens, pooling and length as in LangChain's class.

    The layers are quantized here, from the model's safetensors, so every sentence-transformers model will do; the files
    that Intel published can be run by its own library only. For a file that is int8 already: onnx_file_name.

    Example:
        >>> QuantizedBiEncoderEmbeddings(model_name="BAAI/bge-small-en-v1.5", pooling_strategy="cls").kind
        'int8'
    """

    onnx_file_name: str | None = None
    """An ONNX file in the folder that is int8 already; None makes one from the safetensors."""
    model_kwargs: dict[str, Any] | None = None
    """revision is the model's; the rest has no effect on ONNX Runtime."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if others := sorted((self.model_kwargs or {}).keys() - {"revision"}):
            message = f"QuantizedBiEncoderEmbeddings: {', '.join(others)} in model_kwargs has no effect on ONNX Runtime"
            warnings.warn(message, UserWarning, stacklevel=2)

    @property
    def kind(self) -> str:
        """The precision that is meant."""
        return super().kind if self.onnx_file_name else "int8"

    @property
    def version(self) -> str | None:
        """The revision that is meant."""
        return self.revision or (self.model_kwargs or {}).get("revision")
