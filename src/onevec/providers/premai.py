"""PremAI's embeddings, closed: OpenAI's format with the number of a project."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer
from ..openai_wire import OpenAIWire
from ..params import SecretField, ignored, param, secret

__all__ = ["PremAIEmbeddings"]


class PremAIEmbeddings(OpenAIWire):
    """Embed texts with a server that speaks PremAI's format."""

    premai_api_key: SecretField = secret(env="PREMAI_API_KEY")
    project_id: int = param()
    model: str = param()
    max_retries: int = 1
    show_progress_bar: bool = ignored("pass on_progress=", default=False)
    client: Any = ignored("pass transport=")

    auth = Bearer("premai_api_key")
    docs = "https://github.com/premAI-io/prem-py-sdk"
    retired = "OpenAIEmbeddings"
    path = "/v1/embeddings"

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "project_id": self.project_id}
