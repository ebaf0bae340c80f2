"""SiliconFlow (硅基流动): OpenAI's format."""

from __future__ import annotations

from ..hosted import Bearer, Limits
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, param, secret

__all__ = ["SiliconFlowEmbeddings"]


class SiliconFlowEmbeddings(OpenAIWire):
    """Embed texts with a model that SiliconFlow (硅基流动) serves, such as BAAI/bge-m3 or Qwen/Qwen3-Embedding-8B.

    Accounts of the international site take `base_url="https://api.siliconflow.com/v1"`.
    """

    base_url: str = param(default="https://api.siliconflow.cn/v1", env="SILICONFLOW_BASE_URL")
    model: str = "BAAI/bge-m3"
    siliconflow_api_key: SecretField = secret(env="SILICONFLOW_API_KEY")
    api_key: SecretField = alias_of("siliconflow_api_key")

    auth = Bearer("siliconflow_api_key")
    docs = "https://docs.siliconflow.cn/cn/api-reference/embeddings/create-embeddings"
    base64 = True
    limits = Limits(texts=32)
