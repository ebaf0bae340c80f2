"""Elasticsearch: a model deployed in the cluster, or an inference endpoint of it."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Self
from urllib.parse import quote

from ..auth import Auth, Basic, Bearer, FirstGiven, KeyHeader
from ..hosted import Array, Batch, HostedEmbeddings, Reply, Request, Role, array
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["ElasticsearchEmbeddings"]

ROLES = {Role.QUERY: "search", Role.CLASSIFICATION: "classification", Role.CLUSTERING: "clustering"}


class ElasticsearchEmbeddings(HostedEmbeddings):
    """Embed texts with a model in Elasticsearch: one that is deployed (`model_id`), or an inference endpoint."""

    es_url: str = alias_of("base_url")
    es_cloud_id: str | None = param(default=None, env="ES_CLOUD_ID")
    """In place of `es_url`: the id of a deployment in Elastic Cloud."""
    es_user: str | None = param(default=None, env="ES_USER")
    es_password: SecretField = secret(env="ES_PASSWORD", default=None)
    es_api_key: SecretField = secret(env="ES_API_KEY", default=None)
    """An API key as Elasticsearch encodes it."""
    es_bearer_token: SecretField = secret(default=None)
    """A token of the cluster's token service, or of a service account."""
    model_id: str | None = None
    """The deployed model."""
    inference_id: str | None = None
    """The inference endpoint, in place of `model_id`."""
    input_type: str | None = None
    """Sent to the inference endpoint; "role" spells the role of each call."""
    input_field: str = "text_field"
    """Name of the field that the deployed model reads."""
    batch_size: int | None = 64
    client: Any = ignored("pass es_url= or es_cloud_id=, with es_api_key= or es_user= and es_password=")
    es_connection: Any = ignored("pass es_url= or es_cloud_id=, with es_api_key= or es_user= and es_password=")

    auth = FirstGiven(
        KeyHeader("es_api_key", "Authorization", "ApiKey "),
        Bearer("es_bearer_token"),
        Basic("es_user", "es_password"),
        Auth(),
    )
    docs = "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ml-infer-trained-model"
    role_parameter = 'input_type="role"'
    status = "self-hosted"
    tokens_at = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(bool(self.model_id) != bool(self.inference_id), "pass model_id or inference_id")
        self.require(self.address, "pass es_url, or es_cloud_id (ES_CLOUD_ID)")

    @classmethod
    def from_credentials(cls, model_id: str, **init: Any) -> Self:
        """An instance for a deployment in Elastic Cloud, whose id, user and password may come from the environment."""
        made = cls(model_id=model_id, **init)
        login = made.es_cloud_id and made.es_user and made.es_password
        made.require(login, "pass or set es_cloud_id (ES_CLOUD_ID), es_user (ES_USER) and es_password (ES_PASSWORD)")
        return made

    @property
    def own_url(self) -> str:
        try:
            host, cluster = b64decode((self.es_cloud_id or "").rpartition(":")[2]).decode().split("$")[:2]
        except ValueError:
            return ""
        name, _, port = host.partition(":")
        return f"https://{cluster}.{name}{port and ':'}{port}"

    @property
    def wire_model(self) -> str:
        return self.model_id or self.inference_id or ""

    def request(self, batch: Batch) -> Request:
        name = quote(self.wire_model, safe="")
        if self.model_id:
            docs = [{self.input_field: text} for text in batch.texts]
            return Request.post(self.url(f"/_ml/trained_models/{name}/_infer"), json={"docs": docs})
        kind = ROLES.get(batch.role, "ingest") if self.input_type == "role" else self.input_type
        body = {"input": batch.texts, "input_type": kind or None}
        return Request.post(self.url(f"/_inference/text_embedding/{name}"), json=body)

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        if self.model_id:
            return array([row["predicted_value"] for row in body["inference_results"]])
        return array([row["embedding"] for row in body["text_embedding"]])
