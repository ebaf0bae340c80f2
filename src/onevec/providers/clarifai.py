"""Clarifai: a path that names user, app and model; success is a code in the body."""

from __future__ import annotations

import re
from typing import Any

from ..hosted import Array, Batch, FirstGiven, HostedEmbeddings, KeyHeader, Reply, Request, array, in_order
from ..params import SecretField, alias_of, ignored, secret

__all__ = ["ClarifaiEmbeddings"]

SUCCESS = 10000


class ClarifaiEmbeddings(HostedEmbeddings):
    """Embed texts with a model on Clarifai."""

    base_url: str = "https://api.clarifai.com"
    api_base: str = alias_of("base_url")
    model_url: str | None = None
    """https://clarifai.com/<user>/<app>/models/<model>, in place of the ids; /versions/<id> may follow."""
    user_id: str | None = None
    app_id: str | None = None
    model_id: str | None = None
    model_version_id: str | None = None
    pat: SecretField = secret(env="CLARIFAI_PAT", default=None)
    """A personal access token."""
    token: SecretField = secret(env="CLARIFAI_SESSION_TOKEN", default=None)
    """A session token, used if there is no `pat`."""
    batch_size: int | None = 32
    model: Any = ignored("pass model_url=, or user_id=, app_id= and model_id=")

    auth = FirstGiven(KeyHeader("pat", "Authorization", "Key "), KeyHeader("token", "X-Clarifai-Session-Token"))
    docs = "https://docs.clarifai.com/"
    tokens_at = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(bool(self.model_url) != bool(self.model_id), "pass model_url or model_id, one of them")
        form = "model_url must be https://clarifai.com/<user>/<app>/models/<model>; model_id needs user_id and app_id"
        self.require(re.fullmatch("[^/]+/[^/]+/models/[^/]+(/versions/[^/]+)?", self.wire_model), form)

    @property
    def wire_model(self) -> str:
        if self.model_url:
            return self.model_url.partition("://")[2].partition("/")[2].rstrip("/")
        version = f"/versions/{self.model_version_id}" if self.model_version_id else ""
        return f"{self.user_id or ''}/{self.app_id or ''}/models/{self.model_id}{version}"

    def request(self, batch: Batch) -> Request:
        user, app, model = self.wire_model.split("/", 2)
        inputs = [{"id": str(place), "data": {"text": {"raw": text}}} for place, text in enumerate(batch.texts)]
        return Request.post(self.url(f"/v2/users/{user}/apps/{app}/{model}/outputs"), json={"inputs": inputs})

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        failed = [part["status"] for part in (body, *body.get("outputs", ())) if part["status"]["code"] != SUCCESS]
        if failed:
            raise self.error(reply, failed[-1]["description"], str(failed[-1]["code"]))
        rows = [{"index": int(part["input"]["id"]), **part["data"]["embeddings"][0]} for part in body["outputs"]]
        return array([row["vector"] for row in in_order(rows)])
