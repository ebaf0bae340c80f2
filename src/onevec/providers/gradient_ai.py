"""Gradient, closed: the model in the path, a prompt in front of queries."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, HostedEmbeddings, Limits, Request, Role
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["GradientEmbeddings"]


class GradientEmbeddings(HostedEmbeddings):
    """Embed texts with a server that speaks the format of Gradient (gradient.ai, not DigitalOcean's)."""

    base_url: str = param(default="", env="GRADIENT_API_URL")
    gradient_api_url: str = alias_of("base_url")
    gradient_access_token: SecretField = secret(env="GRADIENT_ACCESS_TOKEN")
    gradient_workspace_id: str = param(env="GRADIENT_WORKSPACE_ID")
    model: str = param()
    query_prompt_for_retrieval: str | None = None
    """Put before every query, with a space."""
    client: Any = ignored("pass transport=")

    auth = Bearer("gradient_access_token")
    docs = "https://github.com/deepset-ai/haystack-integrations/pull/276"
    retired = "HuggingFaceEndpointEmbeddings"
    limits = Limits(texts=256)
    rows_at = ("embeddings",)
    tokens_at = ()

    def request(self, batch: Batch) -> Request:
        prompt = self.query_prompt_for_retrieval if batch.role is Role.QUERY else None
        before = f"{prompt} " if prompt else ""
        return Request.post(
            self.url(f"/embeddings/{self.model}"),
            json={"inputs": [{"input": before + text} for text in batch.texts]},
            headers={"x-gradient-workspace-id": self.gradient_workspace_id},
        )
