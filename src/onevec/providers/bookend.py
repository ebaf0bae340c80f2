"""Bookend, closed: one text a request, the vector in a list of one."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, HostedEmbeddings, KeyHeader, Limits, Request
from ..params import SecretField, ignored, param, secret

__all__ = ["BookendEmbeddings"]


class BookendEmbeddings(HostedEmbeddings):
    """Embed texts with a server that speaks Bookend's format."""

    domain: str = param()
    """The customer's domain, first part of the path."""
    api_token: SecretField = secret()
    model_id: str = param()
    auth_header: Any = ignored("pass api_token=")

    auth = KeyHeader("api_token", "Authorization", "Basic ")
    docs = "https://bookend.ai/"
    retired = "HuggingFaceEndpointEmbeddings"
    model_parameter = "model_id"
    limits = Limits(texts=1)
    rows_at = ()
    vector_at = "data"

    def request(self, batch: Batch) -> Request:
        query = {"model_id": self.model_id, "task": "embeddings"}
        return Request.post(self.url(f"/{self.domain}/models/predict"), query=query, json={"text": batch.texts[0]})
