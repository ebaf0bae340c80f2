"""NVIDIA NIM: OpenAI's format with roles, hosted by NVIDIA or run anywhere."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Role
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, param, secret

__all__ = ["NVIDIAEmbeddings"]


class NVIDIAEmbeddings(OpenAIWire):
    """Embed texts with a NIM of NVIDIA: from its catalogue, or on a server of your own by `base_url`."""

    base_url: str = param(default="https://integrate.api.nvidia.com/v1", env="NVIDIA_BASE_URL")
    """An address that ends in /v1; a server of your own needs no key."""
    nvidia_base_url: str = alias_of("base_url")
    model: str = "nvidia/llama-nemotron-embed-1b-v2"
    nvidia_api_key: SecretField = secret(env="NVIDIA_API_KEY", default=None)
    api_key: SecretField = alias_of("nvidia_api_key")
    truncate: str = "NONE"
    """NONE, START or END: what the NIM does to a text beyond the model's limit; NONE makes that an error."""
    batch_size: int | None = 50
    max_batch_size: int | None = alias_of("batch_size")

    auth = Bearer("nvidia_api_key")
    docs = "https://docs.nvidia.com/nim/nemo-retriever/text-embedding/latest/reference.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        keyed = self.auth.given(self) or not self.is_own_address()
        self.require(keyed, "pass nvidia_api_key=... or set NVIDIA_API_KEY; a base_url of your own needs none")

    @property
    def cuts(self) -> bool:
        return self.truncate != "NONE"

    def body(self, batch: Batch) -> dict[str, Any]:
        kind = "query" if batch.role is Role.QUERY else "passage"
        return {**super().body(batch), "encoding_format": "float", "input_type": kind, "truncate": self.truncate}
