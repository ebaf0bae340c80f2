"""OpenRouter: OpenAI's format in front of many vendors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hosted import Batch, Bearer, Role
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, param, secret

__all__ = ["OpenRouterEmbeddings"]


class OpenRouterEmbeddings(OpenAIWire):
    """Embed texts with a model of any vendor behind OpenRouter."""

    base_url: str = param(default="https://openrouter.ai/api/v1", env="OPENROUTER_API_BASE")
    model: str = "openai/text-embedding-3-small"
    """Vendor and model."""
    openrouter_api_key: SecretField = secret(env="OPENROUTER_API_KEY")
    api_key: SecretField = alias_of("openrouter_api_key")
    input_type_db: str | None = None
    """How the model's vendor spells the role of documents, such as search_document; sent as `input_type`."""
    input_type_query: str | None = None
    """The same for queries, such as search_query."""
    provider: Mapping[str, Any] | None = None
    """Which vendors may serve the model, such as {"allow_fallbacks": False}: another one may round otherwise."""

    auth = Bearer("openrouter_api_key")
    docs = "https://openrouter.ai/docs/api/api-reference/embeddings/create-embeddings"
    role_parameter = "input_type_db= and input_type_query="
    base64 = True

    def body(self, batch: Batch) -> dict[str, Any]:
        kind = self.input_type_query if batch.role is Role.QUERY else self.input_type_db
        return {**super().body(batch), "input_type": kind, "provider": self.provider}
