"""Mistral AI: OpenAI's format, with the width as `output_dimension`."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Limits
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, ignored, secret

__all__ = ["MistralAIEmbeddings"]


class MistralAIEmbeddings(OpenAIWire):
    """Embed texts with Mistral AI, or code with its codestral-embed."""

    base_url: str = "https://api.mistral.ai/v1"
    endpoint: str = alias_of("base_url")
    model: str = "mistral-embed"
    mistral_api_key: SecretField = secret(env="MISTRAL_API_KEY")
    api_key: SecretField = alias_of("mistral_api_key")
    output_dimension: int | None = alias_of("dimensions")
    output_dtype: str | None = None
    """float, int8, uint8, binary or ubinary, for codestral-embed; binary forms come eight dimensions to a number."""
    timeout: float | None = 120.0
    max_concurrent_requests: int = alias_of("max_concurrency")
    wait_time: int | None = ignored("waits double, or are what Mistral asks for; see max_retry_wait")
    client: Any = ignored("pass transport=")
    async_client: Any = ignored("pass transport=")

    auth = Bearer("mistral_api_key")
    docs = "https://docs.mistral.ai/api/endpoint/embeddings"
    dtype_parameter = "output_dtype"
    limits = Limits(tokens=16_000)
    too_large = ("too many tokens", "too many inputs")

    def body(self, batch: Batch) -> dict[str, Any]:
        return {
            "model": self.model,
            "input": batch.texts,
            "output_dimension": self.dimensions,
            "output_dtype": self.output_dtype,
        }
