"""Cohere: roles, and vectors in an object by type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..hosted import Array, Batch, Bearer, HostedEmbeddings, Limits, Reply, Request, Role, array
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["CohereEmbeddings"]

ROLES = {Role.QUERY: "search_query", Role.CLASSIFICATION: "classification", Role.CLUSTERING: "clustering"}


class CohereEmbeddings(HostedEmbeddings):
    """Embed texts with Cohere, by its v2 API.

    A `base_url` that ends in /v1 asks by the older one.
    """

    base_url: str = "https://api.cohere.com"
    model: str = "embed-english-v2.0"
    """Id of the model; those of v2.0 were closed in April 2026."""
    cohere_api_key: SecretField = secret(env="COHERE_API_KEY")
    api_key: SecretField = alias_of("cohere_api_key")
    truncate: str | None = None
    """NONE, START or END: what Cohere does to a text beyond the model's limit."""
    embedding_types: Sequence[str] = param(default=["float"])
    """One of float, int8, uint8, binary, ubinary and base64; binary forms come eight dimensions to a number."""
    dimensions: int | None = None
    """Width of the vectors, for embed-v4.0 and newer."""
    user_agent: str = "langchain"
    """Sent as `X-Client-Name`."""
    max_retries: int = 3
    timeout: float | None = 300.0
    request_timeout: float | None = alias_of("timeout")
    client: Any = ignored("pass transport=")
    async_client: Any = ignored("pass transport=")

    auth = Bearer("cohere_api_key")
    docs = "https://docs.cohere.com/reference/embed"
    limits = Limits(texts=96)
    tokens_at = ("meta", "billed_units", "input_tokens")

    def __post_init__(self) -> None:
        super().__post_init__()
        one = isinstance(self.embedding_types, list | tuple) and len(self.embedding_types) == 1
        self.require(one, "embedding_types must hold one type: those of two are different vectors")

    @property
    def wire_dtype(self) -> str:
        kind = self.embedding_types[0]
        return "float32" if kind in {"float", "base64"} else kind

    @property
    def cuts(self) -> bool:
        return self.truncate in {"START", "END"}

    def request(self, batch: Batch) -> Request:
        body = {
            "model": self.model,
            "texts": batch.texts,
            "input_type": ROLES.get(batch.role, "search_document"),
            "embedding_types": list(self.embedding_types),
            "truncate": self.truncate,
            "output_dimension": self.dimensions,
        }
        path = "/embed" if self.base_url.rstrip("/").endswith(("/v1", "/v2")) else "/v2/embed"
        return Request.post(self.url(path), json=body, headers={"X-Client-Name": self.user_agent})

    def vectors(self, reply: Reply) -> Array:
        return array(reply.json()["embeddings"][self.embedding_types[0]])
