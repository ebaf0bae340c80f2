"""LLMRails, closed: OpenAI's format with another header."""

from __future__ import annotations

from ..hosted import KeyHeader
from ..openai_wire import OpenAIWire
from ..params import SecretField, secret

__all__ = ["LLMRailsEmbeddings"]


class LLMRailsEmbeddings(OpenAIWire):
    """Embed texts with a server that speaks LLMRails' format."""

    api_key: SecretField = secret(env="LLM_RAILS_API_KEY")
    model: str = "embedding-english-v1"

    auth = KeyHeader("api_key", "X-API-KEY")
    docs = "https://docs.llmrails.com/"
    retired = "OpenAIEmbeddings"
    path = "/v1/embeddings"
