"""MLflow's first AI gateway, and what all of MLflow's classes share: where they send, and with which login."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta

from ..auth import Auth, Basic, Bearer, FirstGiven, Token, TokenExchange
from ..hosted import Array, Batch, HostedEmbeddings, Reply, Request, array, in_order
from ..params import SecretField, alias_of, param, secret
from ..signing.databricks import databricks_profile

__all__ = ["MlflowAIGatewayEmbeddings"]

MACHINE = ("databricks_client_id", "databricks_client_secret")
MLFLOW = ("mlflow_tracking_token", "mlflow_tracking_username", "mlflow_tracking_password")


class MlflowTarget(HostedEmbeddings):
    """A gateway of MLflow at an address, or the workspace of Databricks that the address "databricks" stands for.

    Credentials of Databricks go to Databricks only, those of MLflow to other addresses only.
    """

    databricks_host: str | None = param(default=None, env="DATABRICKS_HOST")
    """The workspace, if the address is "databricks"; for "databricks://<profile>", that of the profile."""
    databricks_token: SecretField = secret(env="DATABRICKS_TOKEN", default=None)
    databricks_client_id: SecretField = secret(env="DATABRICKS_CLIENT_ID", default=None)
    """With `databricks_client_secret`, fetches tokens of a service principal."""
    databricks_client_secret: SecretField = secret(env="DATABRICKS_CLIENT_SECRET", default=None)
    mlflow_tracking_token: SecretField = secret(env="MLFLOW_TRACKING_TOKEN", default=None)
    mlflow_tracking_username: str | None = param(default=None, env="MLFLOW_TRACKING_USERNAME")
    mlflow_tracking_password: SecretField = secret(env="MLFLOW_TRACKING_PASSWORD", default=None)
    batch_size: int | None = 20

    on_databricks = False
    auth = FirstGiven(
        Bearer("databricks_token"),
        TokenExchange(*MACHINE, ready="databricks_token"),
        Bearer(MLFLOW[0]),
        Basic(*MLFLOW[1:]),
        Auth(),
    )

    def __post_init__(self) -> None:
        scheme, _, profile = self.base_url.partition("://")
        known = scheme in {"", "http", "https", "databricks"}
        self.require(known, "the target must be http(s)://<host>, databricks, or databricks://<profile>")
        self.on_databricks = scheme == "databricks"
        if self.on_databricks:
            found = databricks_profile(profile)
            for name in ("host", "token", "client_id", "client_secret"):
                if profile or getattr(self, f"databricks_{name}") is None:
                    setattr(self, f"databricks_{name}", found.get(name))
            login = self.databricks_host and (self.databricks_token or self.databricks_client_secret)
            self.require(login, "set DATABRICKS_HOST and DATABRICKS_TOKEN, or name a profile: databricks://<profile>")
        for name in MLFLOW if self.on_databricks else ("databricks_token", *MACHINE):
            setattr(self, name, None)
        super().__post_init__()

    @property
    def address(self) -> str:
        host = self.databricks_host or ""
        return (host if "://" in host else f"https://{host}") if self.on_databricks else super().address

    def token_request(self) -> Request:
        login = ":".join(getattr(self, name).get_secret_value() for name in MACHINE)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        head = {**form, "Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        body = b"grant_type=client_credentials&scope=all-apis"
        return Request(method="POST", url=self.url("/oidc/v1/token"), headers=head, body=body)

    def token(self, reply: Reply, now: datetime) -> Token:
        body = reply.json()
        return Token(body["access_token"], now + timedelta(seconds=body["expires_in"]))


class MlflowAIGatewayEmbeddings(MlflowTarget):
    """Embed texts with a route of MLflow's AI gateway as it was in MLflow 2.5 to 2.8."""

    base_url: str = param(default="", env="MLFLOW_GATEWAY_URI")
    """Address of the gateway, or databricks, or databricks://<profile>."""
    gateway_uri: str = alias_of("base_url")
    route: str = param()

    docs = "https://mlflow.org/docs/latest/genai/governance/ai-gateway/usage"
    retired = "MlflowEmbeddings"
    model_parameter = "route"
    tokens_at = ("metadata", "total_tokens")

    def request(self, batch: Batch) -> Request:
        return Request.post(self.url(f"/gateway/{self.route}/invocations"), json={"text": batch.texts})

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        rows = body["embeddings"] if "embeddings" in body else [row["embedding"] for row in in_order(body["data"])]
        return array(rows if rows and isinstance(rows[0], list) else [rows])
