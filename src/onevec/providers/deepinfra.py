"""DeepInfra: an address a model, with a prefix for each role; or OpenAI's format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..hosted import Array, Batch, Bearer, HostedEmbeddings, Limits, Reply, Request, array
from ..params import SecretField, alias_of, param, secret

__all__ = ["DeepInfraEmbeddings"]


class DeepInfraEmbeddings(HostedEmbeddings):
    """Embed texts with a model that DeepInfra serves.

    The prefixes fit the models of the E5 family; for others set both to "". A `base_url` that ends in /openai, such
    as https://api.deepinfra.com/v1/openai, asks by OpenAI's format.
    """

    base_url: str = "https://api.deepinfra.com"
    model_id: str = "sentence-transformers/clip-ViT-B-32"
    normalize: bool = False
    """Whether DeepInfra divides every vector by its length."""
    embed_instruction: str = "passage: "
    """Put before every document."""
    query_instruction: str = "query: "
    """Put before every query."""
    dimensions: int | None = None
    model_kwargs: Mapping[str, Any] = param(default={})
    """More fields of the body."""
    deepinfra_api_token: SecretField = secret(env="DEEPINFRA_API_TOKEN")
    api_key: SecretField = alias_of("deepinfra_api_token")
    batch_size: int | None = 1024

    model_parameter = "model_id"
    auth = Bearer("deepinfra_api_token")
    docs = "https://docs.deepinfra.com/api-reference/openai-embeddings-1"
    limits = Limits(texts=1024)

    @property
    def newer_form(self) -> bool:
        return self.base_url.rstrip("/").endswith("/openai")

    def normalised(self, known: bool | None) -> bool | None:
        return self.model_kwargs.get("normalize", self.normalize) or known

    def request(self, batch: Batch) -> Request:
        options = {"dimensions": self.dimensions, **self.model_kwargs}
        if self.newer_form:
            body = {"model": self.model_id, "input": batch.texts, "encoding_format": "base64", **options}
            return Request.post(self.url("/embeddings"), json=body)
        body = {"inputs": batch.texts, "normalize": self.normalize, **options}
        return Request.post(self.url(f"/v1/inference/{quote(self.model_id)}"), json=body)

    def vectors(self, reply: Reply) -> Array:
        return super().vectors(reply) if self.newer_form else array(reply.json()["embeddings"])

    def tokens(self, reply: Reply) -> int | None:
        body = reply.json()
        count = body["usage"].get("total_tokens") if self.newer_form else body.get("input_tokens")
        return count if isinstance(count, int) else None
