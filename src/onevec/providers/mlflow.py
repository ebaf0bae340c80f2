"""MLflow's AI gateway: OpenAI's rows, more fields of the body for each role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from ..hosted import Batch, Request, Role
from ..params import alias_of, param
from .mlflow_gateway import MlflowTarget

__all__ = ["MlflowCohereEmbeddings", "MlflowEmbeddings"]


class MlflowEmbeddings(MlflowTarget):
    """Embed texts with an endpoint of MLflow's AI gateway, or of Databricks."""

    base_url: str = param()
    """Address of the gateway, or databricks, or databricks://<profile>."""
    target_uri: str = alias_of("base_url")
    endpoint: str = param()
    path: str = "/endpoints/{endpoint}/invocations"
    """Where the gateway has the endpoint; that of MLflow 3's server is /gateway/{endpoint}/mlflow/invocations."""
    query_params: Mapping[str, Any] = param(default={})
    """More fields of the body for queries."""
    documents_params: Mapping[str, Any] = param(default={})
    """More fields of the body for all but queries."""

    docs = "https://mlflow.org/docs/latest/genai/governance/ai-gateway/usage"
    general = True
    status = "self-hosted"
    model_parameter = "endpoint"
    roles: ClassVar[Mapping[Role, Mapping[str, str]]] = {}

    def request(self, batch: Batch) -> Request:
        path = "/serving-endpoints/{endpoint}/invocations" if self.on_databricks else self.path
        given = self.query_params if batch.role is Role.QUERY else self.documents_params
        body = {**self.roles.get(batch.role, {}), **given, "input": batch.texts}
        return Request.post(self.url(path.format(endpoint=quote(self.endpoint, safe=""))), json=body)


class MlflowCohereEmbeddings(MlflowEmbeddings):
    """Embed texts with a model of Cohere behind MLflow's AI gateway; the role is sent as `input_type`."""

    roles = {
        Role.DOCUMENT: {"input_type": "search_document"},
        Role.SIMILARITY: {"input_type": "search_document"},
        Role.QUERY: {"input_type": "search_query"},
        Role.CLASSIFICATION: {"input_type": "classification"},
        Role.CLUSTERING: {"input_type": "clustering"},
    }
