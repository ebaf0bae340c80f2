"""BGE models that Intel's library quantized to int8, on ONNX Runtime; that library is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..embeddings import Role
from ..params import alias_of, ignored, param
from .onnx import OnnxEmbeddings

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["QuantizedBgeEmbeddings"]


class QuantizedBgeEmbeddings(OnnxEmbeddings):
    """Embed texts with a BGE model in an int8 ONNX file: tokens, pooling and length as in LangChain's class.

    Example:
        >>> QuantizedBgeEmbeddings(model_name="Intel/bge-small-en-v1.5-sts-int8-static-inc").onnx_file_name
        'int8-model.onnx'
    """

    model_name: str = param()
    """A folder, or a model of the hub."""
    model: str = alias_of("model_name")
    onnx_file_name: str | None = "int8-model.onnx"
    """The file in the folder."""
    file: str | None = alias_of("onnx_file_name")
    max_seq_len: int = 512
    """Tokens of a text, at most."""
    pooling_strategy: str = "mean"
    """mean or cls."""
    pooling: str | None = alias_of("pooling_strategy")
    query_instruction: str | None = None
    """Put in front of queries."""
    document_instruction: str | None = None
    """Put in front of everything else."""
    encode_kwargs: dict[str, Any] | None = None
    """normalize_embeddings, False if absent; batch_size has no effect, batches are made by tokens."""
    runtime: str = "onnxruntime"
    padding: bool = ignored("texts of a batch are always padded to one length", default=True)
    model_kwargs: Any = ignored("ONNX Runtime takes none of them")

    docs: ClassVar[str] = "https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        allowed = self.pooling_strategy in ("mean", "cls")
        self.require(allowed, f"pooling_strategy must be 'mean' or 'cls', not {self.pooling_strategy!r}")
        self.require(self.max_seq_len > 0, f"max_seq_len must be at least 1, not {self.max_seq_len}")

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        return super().identity(), self.max_seq_len, self.normalised

    @property
    def normalised(self) -> bool:
        """Whether vectors get the length 1."""
        given = (self.encode_kwargs or {}).get("normalize_embeddings", False)
        return bool(given) if self.normalize is None else self.normalize

    @property
    def limit(self) -> int:
        """Tokens of the longest text."""
        return min(self.max_seq_len, super().limit or self.max_seq_len)

    def prompt(self, role: Role) -> tuple[str, bool]:
        """The instruction, and whether the role has its own."""
        if role is Role.QUERY:
            return self.query_instruction or "", True
        return self.document_instruction or "", role is Role.DOCUMENT
