"""Upstage Solar: one model for queries and one for passages, in one space."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Limits, Role
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, secret

__all__ = ["SolarEmbeddings"]


class SolarEmbeddings(OpenAIWire):
    """Embed texts with Upstage Solar."""

    base_url: str = "https://api.upstage.ai"
    endpoint_url: str | None = None
    """The whole address, in place of `base_url`."""
    model: str = "embedding-query"
    """The model of a pair whose names end in -query and -passage: the texts' role decides which is asked."""
    solar_api_key: SecretField = secret(env="SOLAR_API_KEY")
    api_key: SecretField = alias_of("solar_api_key")

    auth = Bearer("solar_api_key")
    docs = "https://console.upstage.ai/docs/capabilities/embed"
    whole_url = "endpoint_url"
    path = "/v1/solar/embeddings"
    limits = Limits(texts=100)

    @property
    def wire_model(self) -> str:
        return self.model.removesuffix("-query").removesuffix("-passage")

    def body(self, batch: Batch) -> dict[str, Any]:
        suffix = "-query" if batch.role is Role.QUERY else "-passage"
        pair = self.wire_model != self.model
        return {**super().body(batch), "model": self.wire_model + suffix if pair else self.model}
