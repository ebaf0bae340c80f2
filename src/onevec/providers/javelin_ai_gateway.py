"""Javelin's AI gateway: a route, OpenAI's rows, and up to two keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from ..hosted import Batch, HostedEmbeddings, KeyHeader, Request
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["JavelinAIGatewayEmbeddings"]


class JavelinAIGatewayEmbeddings(HostedEmbeddings):
    """Embed texts with a route of Javelin's AI gateway."""

    base_url: str = param()
    """Address of the gateway."""
    gateway_uri: str = alias_of("base_url")
    route: str = param()
    javelin_api_key: SecretField = secret(default=None)
    llm_api_key: SecretField = secret(default=None)
    """Key of the vendor behind the gateway, if the gateway holds none."""
    batch_size: int | None = 20
    client: Any = ignored("pass gateway_uri= and javelin_api_key=")

    auth = KeyHeader("javelin_api_key", "x-javelin-apikey")
    docs = "https://docs.getjavelin.io/javelin-core/route-usage-guide"
    model_parameter = "route"

    def signed(self, request: Request, credential: Any, now: datetime) -> Request:
        whole = super().signed(request, credential, now)
        key = self.llm_api_key
        return whole.with_headers({"Authorization": f"Bearer {key.get_secret_value()}"}) if key else whole

    def request(self, batch: Batch) -> Request:
        return Request.post(self.url(f"/v1/query/{quote(self.route, safe='')}"), json={"input": batch.texts})
