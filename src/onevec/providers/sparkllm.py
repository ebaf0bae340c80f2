"""iFLYTEK Spark: one text a request, wrapped in base64; vectors as packed floats; the signature is in the address."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

from ..errors import AuthenticationError, InputTooLong, InvalidRequest, RateLimited, ServiceUnavailable
from ..hosted import Array, Batch, HostedEmbeddings, Limits, Reply, Request, Role, packed
from ..params import SecretField, alias_of, secret
from ..signing.hmac_url import HmacUrl

__all__ = ["SparkLLMTextEmbeddings"]


class SparkLLMTextEmbeddings(HostedEmbeddings):
    """Embed texts with iFLYTEK Spark."""

    base_url: str = "https://emb-cn-huabei-1.xf-yun.com/"
    spark_app_id: SecretField = secret(env="SPARK_APP_ID")
    """Id of the application."""
    spark_api_key: SecretField = secret(env="SPARK_API_KEY")
    spark_api_secret: SecretField = secret(env="SPARK_API_SECRET")
    app_id: SecretField = alias_of("spark_app_id")
    api_key: SecretField = alias_of("spark_api_key")
    api_secret: SecretField = alias_of("spark_api_secret")
    domain: str | None = None
    """"para" or "query" for every text; None is "query" for queries and "para" for all else."""

    auth = HmacUrl("spark_api_key", "spark_api_secret")
    docs = "https://www.xfyun.cn/doc/spark/Embedding_api.html"
    limits = Limits(texts=1)
    tokens_at = ()
    error_codes = {
        "10110": ServiceUnavailable,
        "10163": InvalidRequest,
        "10313": AuthenticationError,  # the key is not one of this application
        "10907": InputTooLong,
        "11200": AuthenticationError,  # not granted to this application
        "11201": RateLimited,
        "11202": RateLimited,
        "11203": RateLimited,
    }
    permanent_codes = frozenset({"11201"})  # the quota of the day is used up

    @property
    def wire_model(self) -> str:
        return "llm-embedding"

    def request(self, batch: Batch) -> Request:
        domain = self.domain or ("query" if batch.role is Role.QUERY else "para")
        text = json.dumps({"messages": [{"content": batch.texts[0], "role": "user"}]}).encode()
        body = {
            "header": {"app_id": self.spark_app_id.get_secret_value(), "uid": "39769795890", "status": 3},
            "parameter": {"emb": {"domain": domain, "feature": {"encoding": "utf8"}}},
            "payload": {"messages": {"text": b64encode(text).decode()}},
        }
        return Request.post(self.base_url, json=body)

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        self.check(reply, code=body["header"]["code"], message=body["header"]["message"])
        return packed([b64decode(body["payload"]["feature"]["text"], validate=True)])[:, :2560]
