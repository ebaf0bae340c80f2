"""Nomic Atlas: vectors in a bare list, a task for every role."""

from __future__ import annotations

from ..hosted import Batch, Bearer, HostedEmbeddings, Limits, Request, Role
from ..params import SecretField, alias_of, ignored, secret

__all__ = ["NomicEmbeddings"]

TASKS = {Role.QUERY: "search_query", Role.CLASSIFICATION: "classification", Role.CLUSTERING: "clustering"}


class NomicEmbeddings(HostedEmbeddings):
    """Embed texts with Nomic Embed."""

    base_url: str = "https://api-atlas.nomic.ai"
    model: str = "nomic-embed-text-v1.5"
    nomic_api_key: SecretField = secret(env="NOMIC_API_KEY")
    api_key: SecretField = alias_of("nomic_api_key")
    dimensions: int | None = None
    """Width of the vectors, for nomic-embed-text-v1.5: 768, 512, 256, 128 or 64."""
    dimensionality: int | None = alias_of("dimensions")
    long_text_mode: str | None = None
    """truncate or mean: what Nomic does to a text beyond the model's limit."""
    inference_mode: str = ignored("it is always remote; see onevec.providers() for models that run here", "remote")
    device: str | None = ignored("the model runs at Nomic")
    vision_model: str | None = ignored("this class embeds texts")

    auth = Bearer("nomic_api_key")
    docs = "https://docs.nomic.ai/atlas/models/text-embedding"
    rows_at = ("embeddings",)
    limits = Limits(texts=400)

    @property
    def cuts(self) -> bool:
        return self.long_text_mode is not None

    def request(self, batch: Batch) -> Request:
        fields = {
            "model": self.model,
            "texts": batch.texts,
            "task_type": TASKS.get(batch.role, "search_document"),
            "dimensionality": self.dimensions,
            "long_text_mode": self.long_text_mode,
        }
        return Request.post(self.url("/v1/embedding/text"), json=fields)
