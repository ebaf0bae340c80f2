"""Tencent Hunyuan (腾讯混元): signed requests of Tencent Cloud, or OpenAI's format with a key."""

from __future__ import annotations

from typing import Any

from ..errors import AuthenticationError, InvalidRequest, RateLimited, ServiceUnavailable
from ..hosted import Array, Batch, Bearer, FirstGiven, HostedEmbeddings, Limits, Reply, Request, array, in_order
from ..params import SecretField, alias_of, ignored, secret
from ..signing.tc3 import TencentSignature

__all__ = ["HunyuanEmbeddings"]
KEY = Bearer("hunyuan_api_key")


class HunyuanEmbeddings(HostedEmbeddings):
    """Embed texts with Tencent Hunyuan (腾讯混元).

    With `hunyuan_api_key` it asks by OpenAI's format; with `hunyuan_secret_id` and `hunyuan_secret_key`, as
    LangChain's class does, by Tencent Cloud's own API. The vectors are those of one model.
    """

    base_url: str = ""
    """An address in place of Tencent's."""
    model: str = "hunyuan-embedding"
    hunyuan_secret_id: SecretField = secret(env="HUNYUAN_SECRET_ID", default=None)
    hunyuan_secret_key: SecretField = secret(env="HUNYUAN_SECRET_KEY", default=None)
    secret_id: SecretField = alias_of("hunyuan_secret_id")
    secret_key: SecretField = alias_of("hunyuan_secret_key")
    hunyuan_api_key: SecretField = secret(env="HUNYUAN_API_KEY", default=None)
    api_key: SecretField = alias_of("hunyuan_api_key")
    region: str = "ap-guangzhou"
    """Region of signed requests."""
    embedding_ctx_length: int = 1024
    """Tokens a text; Hunyuan would cut a longer one without a word."""
    client: Any = ignored("pass transport=")
    request_cls: Any = ignored("pass transport=")
    show_progress_bar: bool = ignored("pass on_progress=", default=False)

    auth = FirstGiven(Bearer("hunyuan_api_key"), TencentSignature("hunyuan_secret_id", "hunyuan_secret_key", "hunyuan"))
    docs = "https://cloud.tencent.com/document/product/1729/102832"
    error_codes = {
        "AuthFailure.SecretIdNotFound": AuthenticationError,
        "AuthFailure.SignatureExpire": AuthenticationError,
        "AuthFailure.SignatureFailure": AuthenticationError,
        "AuthFailure.UnauthorizedOperation": AuthenticationError,
        "RequestLimitExceeded": RateLimited,
        "LimitExceeded": RateLimited,
        "FailedOperation.EngineServerError": ServiceUnavailable,
        "InternalError": ServiceUnavailable,
        "InvalidParameterValue": InvalidRequest,
    }

    @property
    def own_url(self) -> str:
        return f"https://{'api.hunyuan.cloud.tencent.com/v1' if KEY.given(self) else 'hunyuan.tencentcloudapi.com'}"

    def provider_limits(self) -> Limits:
        return Limits(texts=200, text_tokens=self.embedding_ctx_length)

    def request(self, batch: Batch) -> Request:
        if KEY.given(self):
            return Request.post(self.url("/embeddings"), json={"model": self.model, "input": batch.texts})
        head = {"X-TC-Action": "GetEmbedding", "X-TC-Version": "2023-09-01", "X-TC-Region": self.region}
        return Request.post(self.url("/"), json={"InputList": batch.texts}, headers=head)

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        if "Response" not in body:
            return super().vectors(reply)
        error = body["Response"].get("Error", {})
        self.check(reply, code=error.get("Code"), message=error.get("Message"))
        return array([row["Embedding"] for row in in_order(body["Response"]["Data"], "Index")])

    def tokens(self, reply: Reply) -> int | None:
        body = reply.json()
        count = body["usage"]["total_tokens"] if "usage" in body else body["Response"]["Usage"]["TotalTokens"]
        return int(count)
