"""Naver CLOVA Studio: OpenAI's format, one text a request."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Limits
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["ClovaXEmbeddings"]


class ClovaXEmbeddings(LangChainOpenAI):
    """Embed texts with Naver CLOVA Studio, in Korean and other languages."""

    base_url: str = param(default="https://clovastudio.stream.ntruss.com/v1/openai", env="CLOVASTUDIO_API_BASE_URL")
    naver_api_base: str = alias_of("base_url")
    model: str = "clir-emb-dolphin"
    """clir-emb-dolphin, clir-sts-dolphin, or bge-m3 for texts of up to 8192 tokens."""
    api_key: SecretField = secret(env="CLOVASTUDIO_API_KEY")
    dimensions: int | None = 1024
    """Width of the vectors; the service knows only 1024."""
    embedding_ctx_length: int = 4096
    batch_size: int | None = 1
    embed_batch_size: int | None = ignored("the service takes one text a request; see max_concurrency")
    encoding_format: str = ignored("it is always float", "float")

    auth = Bearer("api_key")
    docs = "https://api.ncloud-docs.com/docs/en/clovastudio-openaicompatibility"
    limits = Limits(texts=1)

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "input": batch.texts[0], "encoding_format": "float"}
