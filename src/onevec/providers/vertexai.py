"""Google Vertex AI: one instance a text with its role; a token of Google."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..hosted import Array, Batch, HostedEmbeddings, Limits, Reply, Request, Role, array
from ..params import alias_of, ignored, param
from ..signing.google import GoogleToken

__all__ = ["VertexAIEmbeddings"]

FIRST = "textembedding-gecko@001"
"""The only model that knows no roles; Google has closed it."""
ROLES = {
    Role.DOCUMENT: "RETRIEVAL_DOCUMENT",
    Role.QUERY: "RETRIEVAL_QUERY",
    Role.SIMILARITY: "SEMANTIC_SIMILARITY",
    Role.CLASSIFICATION: "CLASSIFICATION",
    Role.CLUSTERING: "CLUSTERING",
}


class VertexAIEmbeddings(HostedEmbeddings):
    """Embed texts with a model of Google Vertex AI, such as gemini-embedding-001 or text-embedding-005."""

    base_url: str = ""
    """An address in place of the region's."""
    model_name: str = "textembedding-gecko-default"
    model: str = alias_of("model_name")
    project: str | None = param(default=None, env="GOOGLE_CLOUD_PROJECT")
    """Id of the project; if none is given, that of the credentials."""
    location: str = "us-central1"
    """Region, or "global"."""
    credentials: Any = param(default=None, env="GOOGLE_APPLICATION_CREDENTIALS", shown=False)
    """An object of google-auth or the path of a key file; without it, what google-auth finds on this machine."""
    dimensions: int | None = None
    """Width of the vectors, for models that can shorten them."""
    auto_truncate: bool = True
    """Whether Google cuts a text beyond the model's limit, which a note then says; False makes that an error."""
    batch_size: int | None = 250
    max_batch_size: int | None = alias_of("batch_size")
    max_concurrency: int = 5
    request_parallelism: int = alias_of("max_concurrency")
    max_retries: int = 6
    min_batch_size: int | None = ignored("a batch that is too large is halved until it passes")
    show_progress_bar: bool = ignored("pass on_progress=", default=False)

    model_parameter = "model_name"
    auth = GoogleToken()
    open_secrets = ("default_headers", "credentials")
    extra = "google"
    docs = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api"
    limits = Limits(texts=250, tokens=20_000)
    too_large = ("batch size is too large", "allowed per prediction", "input token count")

    @property
    def wire_model(self) -> str:
        return FIRST if self.model_name == "textembedding-gecko-default" else self.model_name

    @property
    def own_url(self) -> str:
        return f"https://{'' if self.location == 'global' else self.location + '-'}aiplatform.googleapis.com"

    @property
    def unit(self) -> bool:  # Google sends the first numbers of this model's longer vectors as they are
        return self.dimensions is not None and self.model_name.startswith("gemini-embedding-001")

    @property
    def cuts(self) -> bool:
        return self.auto_truncate

    @property
    def newer_form(self) -> bool:
        """Whether the model is asked by embedContent: one text a request, without a role."""
        return self.wire_model.startswith("gemini-embedding-2")

    def provider_limits(self) -> Limits:
        return Limits(texts=1) if self.newer_form else self.limits

    def request(self, batch: Batch) -> Request:
        width = {} if self.dimensions is None else {"outputDimensionality": self.dimensions}
        if self.newer_form:
            content = {"role": "user", "parts": [{"text": batch.texts[0]}]}
            body: dict[str, Any] = {"content": content, **({"embedContentConfig": width} if width else {})}
        else:
            role = {} if self.wire_model == FIRST else {"task_type": ROLES[batch.role]}
            instances = [{"content": text, **role} for text in batch.texts]
            body = {"instances": instances, "parameters": {"autoTruncate": self.auto_truncate, **width}}
        place = f"/v1/projects/{self.project}/locations/{self.location}/publishers/google/models"
        verb = "embedContent" if self.newer_form else "predict"
        return Request.post(self.url(f"{place}/{quote(self.wire_model, safe='')}:{verb}"), json=body)

    def vectors(self, reply: Reply) -> Array:
        return array([row["values"] for row, _ in _rows(reply)])

    def tokens(self, reply: Reply) -> int | None:
        return sum(int(facts.get("token_count", 0)) for _, facts in _rows(reply)) or None

    def cut(self, reply: Reply) -> list[int]:
        return [number for number, (_, facts) in enumerate(_rows(reply)) if facts.get("truncated")]


def _rows(reply: Reply) -> list[tuple[Any, Any]]:
    """Each row with what is said of its text."""
    body = reply.json()
    if "embedding" in body:
        count = body.get("usageMetadata", {}).get("promptTokenCount", 0)
        return [(body["embedding"], {"token_count": count, "truncated": body.get("truncated")})]
    rows = [row["embeddings"] for row in body["predictions"]]
    return [(row, row.get("statistics", {})) for row in rows]
