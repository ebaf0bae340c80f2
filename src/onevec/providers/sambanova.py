"""SambaStudio's own endpoints, on private installations: three formats, named by the path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hosted import Array, Batch, HostedEmbeddings, KeyHeader, Reply, Request, array, in_order
from ..params import SecretField, alias_of, param, secret

__all__ = ["SambaStudioEmbeddings"]

FORMS = {
    "api/predict/generic": ("instances", "predictions"),
    "api/predict/nlp": ("inputs", "data"),
    "api/v2/predict/generic": ("items", "items"),
}
"""Path: name of the texts in the request, and of the vectors in the reply."""
NEWEST = "api/v2/predict/generic"


class SambaStudioEmbeddings(HostedEmbeddings):
    """Embed texts with an endpoint of SambaStudio as it was until 2025."""

    base_url: str = param(default="", env="SAMBASTUDIO_EMBEDDINGS_BASE_URL")
    sambastudio_embeddings_base_url: str = alias_of("base_url")
    sambastudio_embeddings_base_uri: str = param(default="api/predict/generic", env="SAMBASTUDIO_EMBEDDINGS_BASE_URI")
    """Kind of the endpoint: api/predict/generic, api/v2/predict/generic or api/predict/nlp."""
    sambastudio_embeddings_project_id: str = param(env="SAMBASTUDIO_EMBEDDINGS_PROJECT_ID")
    sambastudio_embeddings_endpoint_id: str = param(env="SAMBASTUDIO_EMBEDDINGS_ENDPOINT_ID")
    sambastudio_embeddings_api_key: SecretField = secret(env="SAMBASTUDIO_EMBEDDINGS_API_KEY")
    batch_size: int | None = 32
    model_kwargs: Mapping[str, Any] = param(default={})
    """Parameters of the model, such as select_expert."""

    auth = KeyHeader("sambastudio_embeddings_api_key", "key")
    docs = "https://docs.sambanova.ai/docs/en/features/embeddings"
    retired = "SambaNovaEmbeddings"
    model_parameter = "sambastudio_embeddings_endpoint_id"
    tokens_at = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.uri in FORMS, f"sambastudio_embeddings_base_uri must be one of {', '.join(FORMS)}")

    @property
    def uri(self) -> str:
        return self.sambastudio_embeddings_base_uri.strip("/") or "api/predict/generic"

    def request(self, batch: Batch) -> Request:
        texts: list[Any] = batch.texts
        params: dict[str, Any] = dict(self.model_kwargs)
        if self.uri == NEWEST:
            texts = [{"id": f"item{place}", "value": text} for place, text in enumerate(texts)]
        else:
            params = {key: {"type": type(value).__name__, "value": str(value)} for key, value in params.items()}
        path = f"/{self.uri}/{self.sambastudio_embeddings_project_id}/{self.sambastudio_embeddings_endpoint_id}"
        return Request.post(self.url(path), json={FORMS[self.uri][0]: texts, "params": params})

    def vectors(self, reply: Reply) -> Array:
        rows = reply.json()[FORMS[self.uri][1]]
        if self.uri == NEWEST:
            placed = [{"index": int(row["id"].removeprefix("item")), "value": row["value"]} for row in rows]
            rows = [row["value"] for row in in_order(placed)]
        return array(rows)
