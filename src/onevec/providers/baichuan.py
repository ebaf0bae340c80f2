"""Baichuan: OpenAI's format."""

from __future__ import annotations

from typing import Any

from ..hosted import Bearer, Limits
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, ignored, secret

__all__ = ["BaichuanTextEmbeddings"]


class BaichuanTextEmbeddings(OpenAIWire):
    """Embed Chinese texts with Baichuan."""

    base_url: str = "https://api.baichuan-ai.com"
    model: str = "Baichuan-Text-Embedding"
    model_name: str = alias_of("model")
    api_key: SecretField = secret(env=("BAICHUAN_API_KEY", "BAICHUAN_AUTH_TOKEN"))
    baichuan_api_key: SecretField = alias_of("api_key")
    batch_size: int | None = 16
    chunk_size: int | None = alias_of("batch_size")
    session: Any = ignored("pass transport=")

    auth = Bearer("api_key")
    docs = "https://platform.baichuan-ai.com/docs/text-Embedding"
    path = "/v1/embeddings"
    limits = Limits(texts=16)
