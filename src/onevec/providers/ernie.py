"""Baidu Ernie: the older API of Qianfan, with one model."""

from __future__ import annotations

from ..hosted import Batch, Request, TokenExchange
from ..params import SecretField, alias_of, ignored, param, secret
from .baidu_qianfan_endpoint import PATH, BaiduWire

__all__ = ["ErnieEmbeddings"]


class ErnieEmbeddings(BaiduWire):
    """Embed texts with Baidu's embedding-v1. Baidu's newer models are in QianfanEmbeddingsEndpoint."""

    base_url: str = param(default="https://aip.baidubce.com", env="ERNIE_API_BASE")
    ernie_api_base: str = alias_of("base_url")
    ernie_client_id: SecretField = secret(env="ERNIE_CLIENT_ID")
    ernie_client_secret: SecretField = secret(env="ERNIE_CLIENT_SECRET")
    model_name: str | None = ignored("the model is always embedding-v1", default="ErnieBot-Embedding-V1")

    auth = TokenExchange("ernie_client_id", ready="access_token", query="access_token")
    key_pair = ("ernie_client_id", "ernie_client_secret")
    model = "embedding-v1"
    docs = "https://cloud.baidu.com/doc/WENXINWORKSHOP/s/alj562vvu"

    def request(self, batch: Batch) -> Request:
        return Request.post(self.url(PATH + self.model), json={"input": batch.texts})
