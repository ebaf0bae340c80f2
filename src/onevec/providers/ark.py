"""Volcengine Ark (火山方舟): OpenAI's format."""

from __future__ import annotations

from ..hosted import Bearer
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, secret

__all__ = ["ArkEmbeddings"]


class ArkEmbeddings(OpenAIWire):
    """Embed texts with a Doubao model (豆包) of Volcengine Ark (火山引擎方舟)."""

    base_url: str = "https://ark.cn-beijing.volces.com/api/v3"
    model: str = "doubao-embedding-large-text-250515"
    """Id of a model, or of an endpoint of your own (推理接入点), which begins with ep-."""
    ark_api_key: SecretField = secret(env="ARK_API_KEY")
    api_key: SecretField = alias_of("ark_api_key")
    batch_size: int | None = 4

    auth = Bearer("ark_api_key")
    docs = "https://www.volcengine.com/docs/82379/1302003"
    base64 = True
