"""NVIDIA NeMo Retriever, a server of one's own: OpenAI's format with a role."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Role
from ..openai_wire import OpenAIWire

__all__ = ["NeMoEmbeddings"]


class NeMoEmbeddings(OpenAIWire):
    """Embed texts with a NeMo Retriever embedding microservice."""

    base_url: str = "http://localhost:8088"
    api_endpoint_url: str | None = None
    """The whole address, in place of `base_url`."""
    model: str = "NV-Embed-QA-003"
    batch_size: int | None = 16

    docs = "https://docs.nvidia.com/nim/nemo-retriever/text-embedding/2.2.0/reference.html"
    status = "self-hosted"
    whole_url = "api_endpoint_url"
    path = "/v1/embeddings"

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "input_type": "query" if batch.role is Role.QUERY else "passage"}
