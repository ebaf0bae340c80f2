"""NLP Cloud: the model in the path, vectors in a bare list."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, HostedEmbeddings, KeyHeader, Request
from ..params import SecretField, ignored, secret

__all__ = ["NLPCloudEmbeddings"]


class NLPCloudEmbeddings(HostedEmbeddings):
    """Embed texts with NLP Cloud."""

    base_url: str = "https://api.nlpcloud.io"
    nlpcloud_api_key: SecretField = secret(env="NLPCLOUD_API_KEY")
    model_name: str = "paraphrase-multilingual-mpnet-base-v2"
    gpu: bool = False
    """Whether to ask the servers that have GPUs."""
    client: Any = ignored("pass transport=")

    auth = KeyHeader("nlpcloud_api_key", "Authorization", "Token ")
    docs = "https://docs.nlpcloud.com"
    rows_at = ("embeddings",)
    model_parameter = "model_name"
    tokens_at = ()

    def request(self, batch: Batch) -> Request:
        path = f"/v1/{'gpu/' if self.gpu else ''}{self.model_name}/embeddings"
        return Request.post(self.url(path), json={"sentences": batch.texts})
