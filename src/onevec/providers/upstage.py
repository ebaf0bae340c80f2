"""Upstage: OpenAI's format, one model of a pair for queries and one for passages."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Limits, Role
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["UpstageEmbeddings"]

PAIR = ("-query", "-passage")


class UpstageEmbeddings(LangChainOpenAI):
    """Embed texts with Upstage."""

    base_url: str = param(default="https://api.upstage.ai/v1/solar", env="UPSTAGE_API_BASE")
    upstage_api_base: str = alias_of("base_url")
    model: str = "solar-embedding-1-large"
    """Name of the pair, or of one of its models; the texts' role decides which is asked."""
    upstage_api_key: SecretField = secret(env="UPSTAGE_API_KEY")
    api_key: SecretField = alias_of("upstage_api_key")
    embedding_ctx_length: int = 4096
    batch_size: int | None = 10
    embed_batch_size: int | None = alias_of("batch_size")
    chunk_size: int | None = ignored("pass embed_batch_size=")

    auth = Bearer("upstage_api_key")
    docs = "https://console.upstage.ai/docs/capabilities/embed"
    limits = Limits(texts=100)

    @property
    def wire_model(self) -> str:
        return self.model.removesuffix(PAIR[0]).removesuffix(PAIR[1])

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "model": self.wire_model + PAIR[batch.role is not Role.QUERY]}
