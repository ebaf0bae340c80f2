"""Zhipu AI (智谱): OpenAI's format."""

from __future__ import annotations

from typing import Any

from ..hosted import Bearer, Limits
from ..openai_wire import OpenAIWire
from ..params import SecretField, ignored, secret

__all__ = ["ZhipuAIEmbeddings"]


class ZhipuAIEmbeddings(OpenAIWire):
    """Embed texts with Zhipu AI (智谱 GLM), in Chinese and English."""

    base_url: str = "https://open.bigmodel.cn/api/paas/v4"
    model: str = "embedding-2"
    """embedding-3, or the older embedding-2."""
    api_key: SecretField = secret(env="ZHIPUAI_API_KEY")
    dimensions: int | None = None
    """Width of the vectors, for embedding-3: 256, 512, 1024 or 2048."""
    client: Any = ignored("pass transport=")

    auth = Bearer("api_key")
    docs = "https://docs.bigmodel.cn/api-reference/模型-api/文本嵌入"
    limits = Limits(texts=64)
    permanent_codes = frozenset({"1113"})  # the account owes money
