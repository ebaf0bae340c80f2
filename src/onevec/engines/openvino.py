"""Models on OpenVINO with the parameters of LangChain's classes, without optimum and without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..embeddings import Role
from ..params import alias_of, ignored, param
from .instructions import QUESTION, question
from .onnx import OnnxEmbeddings
from .runtimes import OpenVINO

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from .runtimes import Runtime

__all__ = ["OpenVINOBgeEmbeddings", "OpenVINOEmbeddings"]

HINT = "INFERENCE_PRECISION_HINT"
HINTS = {"f32": "fp32", "bf16": "bf16"}
ENCODE = frozenset({"batch_size", "convert_to_numpy", "convert_to_tensor", "mean_pooling", "normalize_embeddings"})
MODEL = frozenset({"device", "export", "ov_config", "revision"})


class OpenVINOEmbeddings(OnnxEmbeddings):
    """Embed texts with OpenVINO on the CPU.

    The folder may hold safetensors, an ONNX file, or openvino_model.xml. Pooling is the model's own, not always the
    first token as in LangChain's class; precision is fp32 unless you name another one.

    Example:
        >>> OpenVINOEmbeddings(model_name_or_path="minilm", encode_kwargs={"mean_pooling": True})
        OpenVINOEmbeddings(model_name_or_path='minilm', encode_kwargs={'mean_pooling': True})
    """

    model_name_or_path: str = param()
    """A model of the hub, or a folder."""
    model: str = alias_of("model_name_or_path")
    model_kwargs: dict[str, Any] = param(default={}, shown=False)
    """device, which must be CPU; ov_config, settings of OpenVINO; revision."""
    encode_kwargs: dict[str, Any] = {}
    """mean_pooling and normalize_embeddings (True if absent); batch_size has no effect, batches are made by tokens."""
    runtime: str = "openvino"
    ov_model: Any = ignored("the model is loaded by model_name_or_path")
    tokenizer: Any = ignored("the tokenizer is loaded by model_name_or_path")

    extra: ClassVar[str | None] = "openvino"
    docs: ClassVar[str] = "https://docs.openvino.ai/"
    general: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for kind, allowed in (("encode_kwargs", ENCODE), ("model_kwargs", MODEL)):
            unknown = sorted(getattr(self, kind).keys() - allowed)
            self.require(not unknown, f"{kind} has {unknown}, it may have {', '.join(sorted(allowed))}")
        device = self.model_kwargs.get("device", "CPU")
        self.require(device in ("CPU", "AUTO"), f"model_kwargs: device must be 'CPU', not {device!r}")
        hint = self.model_kwargs.get("ov_config", {}).get(HINT)
        self.require(hint in (None, *HINTS), f"ov_config: {HINT} must be f32 or bf16, not {hint!r}")
        super().__post_init__()

    @property
    def kind(self) -> str:
        """The precision that is meant."""
        hint = self.model_kwargs.get("ov_config", {}).get(HINT)
        return HINTS[hint] if hint and self.precision == "auto" else super().kind

    @property
    def modes(self) -> tuple[str, ...]:
        """How token vectors become one."""
        return ("mean",) if self.encode_kwargs.get("mean_pooling") and not self.pooling else super().modes

    @property
    def normalised(self) -> bool:
        """Whether vectors get the length 1."""
        return bool(self.encode_kwargs.get("normalize_embeddings", True)) if self.normalize is None else self.normalize

    @property
    def version(self) -> str | None:
        """The revision that is meant."""
        return self.revision or self.model_kwargs.get("revision")

    def identity(self) -> Hashable:
        """All that the loaded model depends on."""
        options = sorted({**self.model_kwargs, **self.encode_kwargs}.items())
        return super().identity(), repr(options)

    def clean(self, text: str) -> str:
        """A text without line breaks, as LangChain's class embeds it."""
        return text.replace("\n", " ")

    def graph(self, runtime: str) -> Path:
        """The file of the model; one that OpenVINO wrote itself is taken first."""
        ready = self.source().folder / "openvino_model.xml"
        return ready if ready.is_file() and not self.file and self.kind != "int8" else super().graph(runtime)

    def started(self, threads: int) -> Runtime:
        """The runtime with the settings of ov_config."""
        settings = {name: value for name, value in self.model_kwargs.get("ov_config", {}).items() if name != HINT}
        return OpenVINO(self.graph("openvino"), threads, self.kind, self.limit, settings)


class OpenVINOBgeEmbeddings(OpenVINOEmbeddings):
    """Embed texts with BGE on OpenVINO: queries get an instruction, see `HuggingFaceBgeEmbeddings`.

    Example:
        >>> OpenVINOBgeEmbeddings(model_name_or_path="BAAI/bge-small-zh-v1.5").prompt(Role.QUERY)
        ('为这个句子生成表示以用于检索相关文章：', True)
    """

    query_instruction: str = QUESTION
    """Put in front of queries."""
    embed_instruction: str = ""
    """Put in front of everything else."""

    def prompt(self, role: Role) -> tuple[str, bool]:
        """The instruction, and whether the role has its own."""
        if role is Role.QUERY:
            return question(self.model_name_or_path, self.query_instruction), True
        return self.embed_instruction, role is Role.DOCUMENT
