"""Mixedbread: OpenAI's format, with a prompt and a choice of normalisation."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Limits, Role
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, secret

__all__ = ["MixedbreadEmbeddings"]


class MixedbreadEmbeddings(OpenAIWire):
    """Embed texts with Mixedbread."""

    base_url: str = "https://api.mixedbread.com/v1"
    model: str = "mixedbread-ai/mxbai-embed-large-v1"
    mxbai_api_key: SecretField = secret(env="MXBAI_API_KEY")
    api_key: SecretField = alias_of("mxbai_api_key")
    prompt: str | None = None
    """What the texts are embedded for, in words."""
    query_prompt: str | None = None
    """The same for queries; for mxbai-embed-large-v1 "Represent this sentence for searching relevant passages"."""
    normalized: bool = True
    """Whether every vector gets length 1."""

    auth = Bearer("mxbai_api_key")
    docs = "https://www.mixedbread.com/api-reference/endpoints/embeddings/create-embeddings"
    base64 = True
    limits = Limits(texts=256)

    def normalised(self, known: bool | None) -> bool | None:
        return self.normalized or known

    def body(self, batch: Batch) -> dict[str, Any]:
        prompt = (batch.role is Role.QUERY and self.query_prompt) or self.prompt
        return {**super().body(batch), "normalized": self.normalized, "prompt": prompt or None}
