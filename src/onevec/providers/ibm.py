"""IBM watsonx.ai: a token of IBM Cloud, parameters apart from the texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ..errors import AuthenticationError
from ..hosted import Batch, HostedEmbeddings, Limits, Reply, Request, Token, TokenExchange
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["WatsonxEmbeddings"]

GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class WatsonxEmbeddings(HostedEmbeddings):
    """Embed texts with IBM watsonx.ai."""

    base_url: str = param(default="https://us-south.ml.cloud.ibm.com", env="WATSONX_URL")
    """Address of the region, also spelled `url`."""
    iam_url: str = "https://iam.cloud.ibm.com/identity/token"
    """Where the key is turned into a token."""
    model_id: str = param()
    """Id of the model, such as ibm/granite-embedding-278m-multilingual."""
    model: str = alias_of("model_id")
    project_id: str | None = param(default=None, env="WATSONX_PROJECT_ID")
    """The project that pays; it or `space_id` is needed."""
    space_id: str | None = param(default=None, env="WATSONX_SPACE_ID")
    """The deployment space that pays."""
    api_key: SecretField = secret(env=("WATSONX_API_KEY", "WATSONX_APIKEY"), default=None)
    """A key of IBM Cloud, from which tokens are made."""
    apikey: SecretField = alias_of("api_key")
    access_token: SecretField = secret(env="WATSONX_TOKEN", default=None)
    """A token that was fetched before, also spelled `token`; it is used until it is refused."""
    params: Mapping[str, Any] = param(default={})
    """The field `parameters`, such as {"truncate_input_tokens": 512}."""
    api_version: str = "2024-05-31"
    """Version of the API, a date."""
    username: str | None = ignored("pass token= for Cloud Pak for Data")
    password: str | None = ignored("pass token= for Cloud Pak for Data")
    instance_id: str | None = ignored("pass base_url= and token= for Cloud Pak for Data")
    version: str | None = ignored("pass api_version=")
    verify: Any = ignored("pass transport=HttpTransport(verify=...)")
    watsonx_client: Any = ignored("pass transport=")

    _aliases = {**HostedEmbeddings._aliases, "url": "base_url", "token": "access_token"}  # `url` and `token` are hooks
    auth = TokenExchange("api_key", ready="access_token")
    docs = "https://cloud.ibm.com/apidocs/watsonx-ai#text-embeddings"
    model_parameter = "model_id"
    limits = Limits(texts=1000)
    rows_at = ("results",)
    tokens_at = ("input_token_count",)
    error_codes = {"BXNIM0415E": AuthenticationError}  # the key is unknown; it comes with status 400

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.project_id or self.space_id, "pass project_id= (WATSONX_PROJECT_ID) or space_id=")

    def token_request(self) -> Request:
        form = {"grant_type": GRANT, "apikey": self.api_key.get_secret_value()}
        head = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        return Request(method="POST", url=self.iam_url, headers=head, body=urlencode(form).encode())

    def token(self, reply: Reply, now: datetime) -> Token:  # noqa: ARG002  # the reply has the whole time
        body = reply.json()
        return Token(body["access_token"], datetime.fromtimestamp(body["expiration"], UTC))

    def request(self, batch: Batch) -> Request:
        place = {"project_id": self.project_id} if self.project_id else {"space_id": self.space_id}
        body = {"model_id": self.model_id, "inputs": batch.texts, **place, "parameters": self.params or None}
        return Request.post(self.url("/ml/v1/text/embeddings"), query={"version": self.api_version}, json=body)
