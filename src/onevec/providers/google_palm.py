"""Google PaLM, closed: one text a request."""

from __future__ import annotations

from typing import Any

from ..errors import AuthenticationError
from ..hosted import Batch, HostedEmbeddings, KeyHeader, Limits, Request
from ..params import SecretField, ignored, secret

__all__ = ["GooglePalmEmbeddings"]


class GooglePalmEmbeddings(HostedEmbeddings):
    """Embed texts with a server that speaks the format of Google's PaLM API."""

    google_api_key: SecretField = secret(env="GOOGLE_API_KEY")
    model_name: str = "models/embedding-gecko-001"
    """Name of the model, models/ included."""
    client: Any = ignored("pass transport=")
    show_progress_bar: bool = ignored("pass on_progress=", default=False)

    auth = KeyHeader("google_api_key", "x-goog-api-key")
    docs = "https://ai.google.dev/gemini-api/docs/deprecations"
    retired = "GoogleGenerativeAIEmbeddings"
    model_parameter = "model_name"
    limits = Limits(texts=1)
    rows_at = ("embedding", "value")
    tokens_at = ()
    code_at = ("error", "details", 0, "reason")
    error_codes = {"API_KEY_INVALID": AuthenticationError}  # it comes with status 400

    def request(self, batch: Batch) -> Request:
        return Request.post(self.url(f"/v1beta/{self.model_name}:embedText"), json={"text": batch.texts[0]})
