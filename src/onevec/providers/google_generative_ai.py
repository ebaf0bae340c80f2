"""Google Gemini: one request of its own for each text, with its role."""

from __future__ import annotations

from typing import Any

from ..errors import AuthenticationError
from ..hosted import Batch, HostedEmbeddings, KeyHeader, Limits, Request, Role
from ..params import SecretField, alias_of, ignored, secret

__all__ = ["GoogleGenerativeAIEmbeddings"]

ROLES = {
    Role.DOCUMENT: "RETRIEVAL_DOCUMENT",
    Role.QUERY: "RETRIEVAL_QUERY",
    Role.SIMILARITY: "SEMANTIC_SIMILARITY",
    Role.CLASSIFICATION: "CLASSIFICATION",
    Role.CLUSTERING: "CLUSTERING",
}


class GoogleGenerativeAIEmbeddings(HostedEmbeddings):
    """Embed texts with a model of Google's Gemini API, such as gemini-embedding-001.

    gemini-embedding-2 and newer take no role: its documentation wants the task written into the text.
    """

    base_url: str = "https://generativelanguage.googleapis.com"
    model: str = "gemini-embedding-001"
    """Name of the model, with or without models/ before it."""
    google_api_key: SecretField = secret(env=("GOOGLE_API_KEY", "GEMINI_API_KEY"))
    api_key: SecretField = alias_of("google_api_key")
    task_type: str | None = None
    """A task for every text, such as CODE_RETRIEVAL_QUERY, in place of the role's own."""
    dimensions: int | None = None
    """Width of the vectors: 128 to 3072, recommended are 768, 1536 and 3072."""
    output_dimensionality: int | None = alias_of("dimensions")
    api_version: str = "v1beta"
    vertexai: bool | None = None
    """True is refused: on Vertex AI the same models are those of VertexAIEmbeddings."""
    client: Any = ignored("pass transport=")
    client_args: Any = ignored("pass transport=")
    request_options: Any = ignored("pass timeout= and max_retries=")

    auth = KeyHeader("google_api_key", "x-goog-api-key")
    docs = "https://ai.google.dev/api/embeddings"
    limits = Limits(texts=100)
    rows_at = ("embeddings",)
    vector_at = "values"
    tokens_at = ("usageMetadata", "promptTokenCount")
    code_at = ("error", "details", 0, "reason")
    error_codes = {"API_KEY_INVALID": AuthenticationError}  # it comes with status 400

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(not self.vertexai, "on Vertex AI use VertexAIEmbeddings, which takes project and credentials")

    @property
    def wire_model(self) -> str:
        return self.model.removeprefix("models/")

    @property
    def unit(self) -> bool:  # Google sends the first numbers of a longer vector as they are
        return self.dimensions is not None and self.wire_model == "gemini-embedding-001"

    def request(self, batch: Batch) -> Request:
        name = f"models/{self.wire_model}"
        options: dict[str, Any] = {} if self.dimensions is None else {"outputDimensionality": self.dimensions}
        if not self.wire_model.startswith("gemini-embedding-2"):
            options["taskType"] = (self.task_type or ROLES[batch.role]).upper()
        requests = [{"model": name, "content": {"parts": [{"text": text}]}, **options} for text in batch.texts]
        return Request.post(self.url(f"/{self.api_version}/{name}:batchEmbedContents"), json={"requests": requests})
