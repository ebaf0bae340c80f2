"""Alibaba DashScope: texts, and what is done with them, in objects of their own."""

from __future__ import annotations

from typing import Any

from ..errors import RateLimited
from ..hosted import Batch, Bearer, HostedEmbeddings, Limits, Request, Role
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["DashScopeEmbeddings"]


class DashScopeEmbeddings(HostedEmbeddings):
    """Embed texts with Alibaba's Model Studio.

    Keys of the international site need `base_url="https://dashscope-intl.aliyuncs.com/api/v1"`.
    """

    base_url: str = param(default="https://dashscope.aliyuncs.com/api/v1", env="DASHSCOPE_HTTP_BASE_URL")
    model: str = "text-embedding-v1"
    dashscope_api_key: SecretField = secret(env="DASHSCOPE_API_KEY")
    api_key: SecretField = alias_of("dashscope_api_key")
    dimensions: int | None = None
    """Width of the vectors, for text-embedding-v3 and newer."""
    instruct: str | None = None
    """What queries are embedded for, in English, for text-embedding-v4."""
    client: Any = ignored("pass transport=")

    auth = Bearer("dashscope_api_key")
    docs = "https://help.aliyun.com/en/model-studio/text-embedding-synchronous-api"
    limits = Limits(texts=25)
    rows_at = ("output", "embeddings")
    position_at = "text_index"
    too_large = ("batch size is invalid",)
    error_codes = {"Arrearage": RateLimited}
    permanent_codes = frozenset({"Arrearage"})  # the account owes money

    def request(self, batch: Batch) -> Request:
        query = batch.role is Role.QUERY
        options = {"dimension": self.dimensions, "instruct": self.instruct if query else None}
        given = {name: value for name, value in options.items() if value is not None}
        parameters = {"text_type": "query" if query else "document", **given}
        body = {"model": self.model, "input": {"texts": batch.texts}, "parameters": parameters}
        return Request.post(self.url("/services/embeddings/text-embedding/text-embedding"), json=body)
