"""Yandex AI Studio: one text a request, one model for documents and one for queries."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, FirstGiven, HostedEmbeddings, KeyHeader, Limits, Reply, Request, Role
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["YandexGPTEmbeddings"]


class YandexGPTEmbeddings(HostedEmbeddings):
    """Embed texts with Yandex AI Studio."""

    base_url: str = "https://llm.api.cloud.yandex.net"
    iam_token: SecretField = secret(env="YC_IAM_TOKEN", default=None)
    """It goes before the key."""
    api_key: SecretField = secret(env="YC_API_KEY", default=None)
    folder_id: str = param(env="YC_FOLDER_ID", default="")
    """The folder, needed unless both URIs are given."""
    doc_model_uri: str = ""
    """In place of folder, name and version of the model for documents."""
    model_uri: str = ""
    """The same for queries."""
    query_model_uri: str = alias_of("model_uri")
    doc_model_name: str = "text-search-doc"
    model_name: str = "text-search-query"
    query_model_name: str = alias_of("model_name")
    model_version: str = "latest"
    dimensions: int | None = None
    """Width of the vectors, for models that can shorten them."""
    disable_request_logging: bool = False
    max_retries: int = 6
    sleep_interval: float = ignored("pass requests_per_minute=", default=0.0)
    grpc_metadata: Any = ignored("pass default_headers=")

    auth = FirstGiven(Bearer("iam_token"), KeyHeader("api_key", "Authorization", "Api-Key "))
    docs = "https://aistudio.yandex.ru/docs/ru/ai-studio/embeddings/api-ref/Embeddings/textEmbedding"
    limits = Limits(texts=1)
    rows_at = ("embedding",)

    def __post_init__(self) -> None:
        super().__post_init__()
        named = self.folder_id or (self.doc_model_uri and self.model_uri)
        self.require(named, "pass folder_id (YC_FOLDER_ID), or doc_model_uri and model_uri")

    @property
    def wire_model(self) -> str:
        return self.doc_model_uri or f"{self.doc_model_name}/{self.model_version}"

    def request(self, batch: Batch) -> Request:
        documents, queries = (self.doc_model_uri, self.doc_model_name), (self.model_uri, self.model_name)
        uri, name = queries if batch.role is Role.QUERY else documents
        body = {"modelUri": uri or f"emb://{self.folder_id}/{name}/{self.model_version}", "text": batch.texts[0]}
        body |= {"dim": str(self.dimensions)} if self.dimensions else {}
        folder = {"x-folder-id": self.folder_id} if self.iam_token and self.folder_id else {}
        head = folder | ({"x-data-logging-enabled": "false"} if self.disable_request_logging else {})
        return Request.post(self.url("/foundationModels/v1/textEmbedding"), json=body, headers=head)

    def tokens(self, reply: Reply) -> int | None:
        return int(reply.json()["numTokens"])
