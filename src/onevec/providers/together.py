"""Together AI: OpenAI's format."""

from __future__ import annotations

from ..hosted import Bearer
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, param, secret

__all__ = ["TogetherEmbeddings"]


class TogetherEmbeddings(LangChainOpenAI):
    """Embed texts with a model that Together AI serves."""

    base_url: str = param(default="https://api.together.xyz/v1", env="TOGETHER_API_BASE")
    together_api_base: str = alias_of("base_url")
    model: str = "intfloat/multilingual-e5-large-instruct"
    together_api_key: SecretField = secret(env="TOGETHER_API_KEY")
    api_key: SecretField = alias_of("together_api_key")
    embedding_ctx_length: int = 4096

    auth = Bearer("together_api_key")
    docs = "https://docs.together.ai/reference/embeddings"
