"""Cloudflare Workers AI: an address a model, vectors below `result`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hosted import Batch, Bearer, HostedEmbeddings, Limits, Request
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["CloudflareWorkersAIEmbeddings"]


class CloudflareWorkersAIEmbeddings(HostedEmbeddings):
    """Embed texts with a model of Cloudflare Workers AI, such as @cf/baai/bge-m3."""

    base_url: str = "https://api.cloudflare.com/client/v4/accounts"
    api_base_url: str = alias_of("base_url")
    account_id: str = param(env="CF_ACCOUNT_ID")
    """Id of the Cloudflare account."""
    api_token: SecretField = secret(env="CF_AI_API_TOKEN")
    api_key: SecretField = alias_of("api_token")
    model_name: str = "@cf/baai/bge-base-en-v1.5"
    model: str = alias_of("model_name")
    pooling: str | None = None
    """mean or cls, for the English bge models; vectors of one do not fit those of the other."""
    strip_new_lines: bool = True
    """Whether line breaks become spaces."""
    batch_size: int | None = 50
    headers: Mapping[str, str] | None = ignored("pass default_headers=")
    ai_gateway: str | None = ignored("pass base_url= of the gateway")
    binding: Any = ignored("onevec asks by HTTP")
    reject_if_busy: bool | None = ignored("a busy model is asked again; see max_retries")

    model_parameter = "model_name"
    auth = Bearer("api_token")
    docs = "https://developers.cloudflare.com/workers-ai/models/bge-base-en-v1.5/"
    limits = Limits(texts=100)
    rows_at = ("result", "data")
    tokens_at = ("result", "usage", "total_tokens")

    def request(self, batch: Batch) -> Request:
        texts = [text.replace("\n", " ") for text in batch.texts] if self.strip_new_lines else batch.texts
        body = {"text": texts, "pooling": self.pooling}
        return Request.post(self.url(f"/{self.account_id}/ai/run/{self.model_name}"), json=body)
