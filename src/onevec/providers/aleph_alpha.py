"""Aleph Alpha, for customers with a server of their own: one text a request, as a prompt."""

from __future__ import annotations

from typing import Any, ClassVar

from ..errors import RateLimited
from ..hosted import Batch, Bearer, HostedEmbeddings, Limits, Request, Role
from ..params import SecretField, alias_of, ignored, secret

__all__ = ["AlephAlphaAsymmetricSemanticEmbedding", "AlephAlphaSymmetricSemanticEmbedding"]

FIELDS = ("model", "normalize", "compress_to_size", "contextual_control_threshold", "control_log_additive", "hosting")


class AlephAlphaAsymmetricSemanticEmbedding(HostedEmbeddings):
    """Embed texts with a server of Aleph Alpha, documents and queries each in their way."""

    host: str = alias_of("base_url")
    aleph_alpha_api_key: SecretField = secret(env="ALEPH_ALPHA_API_KEY")
    model: str = "luminous-base"
    compress_to_size: int | None = None
    """Width of the vectors: 128, or None for the model's own."""
    dimensions: int | None = alias_of("compress_to_size")
    normalize: bool = False
    """Whether the server divides every vector by its length."""
    contextual_control_threshold: float | None = None
    control_log_additive: bool = True
    hosting: str | None = None
    """"aleph-alpha" keeps the request in the vendor's own data centres."""
    nice: bool = False
    timeout: float | None = 305.0
    request_timeout_seconds: float | None = alias_of("timeout")
    max_retries: int = 8
    total_retries: int = alias_of("max_retries")
    client: Any = ignored("pass transport=")

    auth = Bearer("aleph_alpha_api_key")
    docs = "https://docs.aleph-alpha.com/"
    retired = "CohereEmbeddings"
    limits = Limits(texts=1)
    rows_at = ("embedding",)
    tokens_at = ("num_tokens_prompt_total",)
    error_codes = {"OUT_OF_QUOTA": RateLimited}
    permanent_codes = frozenset({"OUT_OF_QUOTA"})
    representation: ClassVar[str | None] = None

    def normalised(self, known: bool | None) -> bool | None:
        return self.normalize or known

    def request(self, batch: Batch) -> Request:
        body = {name: getattr(self, name) for name in FIELDS}
        body["representation"] = self.representation or ("query" if batch.role is Role.QUERY else "document")
        body["prompt"] = [{"type": "text", "data": batch.texts[0], "controls": []}]
        return Request.post(self.url("/semantic_embed"), json=body, query={"nice": "true"} if self.nice else None)


class AlephAlphaSymmetricSemanticEmbedding(AlephAlphaAsymmetricSemanticEmbedding):
    """Embed texts with a server of Aleph Alpha, all in the same way."""

    representation = "symmetric"

    @property
    def wire_model(self) -> str:
        return f"{self.model} (symmetric)"  # not to be compared with the vectors of the other class
