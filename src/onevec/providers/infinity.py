"""Infinity: OpenAI's format on a server of one's own."""

from __future__ import annotations

from ..hosted import Bearer, Limits
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, param, secret

__all__ = ["InfinityEmbeddings"]


class InfinityEmbeddings(OpenAIWire):
    """Embed texts with a model that Infinity serves; Text Embeddings Inference speaks the same format."""

    base_url: str = param(env="INFINITY_API_URL")
    """The server, such as http://localhost:7997; with /v1 if it was started with that prefix."""
    infinity_api_url: str = alias_of("base_url")
    model: str = param()
    infinity_api_key: SecretField = secret(default=None)
    """For a server that was started with a key."""
    api_key: SecretField = alias_of("infinity_api_key")

    auth = Bearer("infinity_api_key")
    status = "self-hosted"
    docs = "https://github.com/michaelfeil/infinity"
    base64 = True
    limits = Limits(texts=2048)
