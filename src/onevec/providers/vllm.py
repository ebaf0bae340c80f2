"""vLLM's server: OpenAI's format."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, param, secret

__all__ = ["VLLMEmbeddings"]


class VLLMEmbeddings(OpenAIWire):
    """Embed texts with a server of vLLM (`vllm serve <model>`)."""

    base_url: str = "http://localhost:8000/v1"
    model: str = param()
    """Name of the model, as the server was started with it."""
    vllm_api_key: SecretField = secret(env="VLLM_API_KEY", default=None)
    """For a server that was started with --api-key."""
    api_key: SecretField = alias_of("vllm_api_key")
    truncate_prompt_tokens: int | None = None
    """Tokens that the server keeps of every text; -1 keeps what the model takes."""

    auth = Bearer("vllm_api_key")
    status = "self-hosted"
    docs = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"
    base64 = True

    @property
    def cuts(self) -> bool:
        return self.truncate_prompt_tokens is not None

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "truncate_prompt_tokens": self.truncate_prompt_tokens}
