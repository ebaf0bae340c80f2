"""OctoAI: OpenAI's format at another address; the service was closed in October 2024."""

from __future__ import annotations

from typing import Any

from ..hosted import Bearer
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["OctoAIEmbeddings"]


class OctoAIEmbeddings(LangChainOpenAI):
    """Embed texts with a server that speaks OctoAI's format; every vector is divided by its length."""

    base_url: str = ""
    endpoint_url: str = alias_of("base_url")
    octoai_api_token: SecretField = secret(env="OCTOAI_API_TOKEN")
    api_key: SecretField = alias_of("octoai_api_token")
    model: str = "thenlper/gte-large"
    openai_organization: str | None = None
    openai_proxy: str | None = param(default=None, shown=False)
    openai_api_base: str | None = ignored("pass endpoint_url=")
    openai_api_key: SecretField = ignored("pass octoai_api_token=")
    client: Any = ignored("pass transport=")
    async_client: Any = ignored("pass transport=")

    retired = "OpenAIEmbeddings"
    auth = Bearer("octoai_api_token")
    docs = "https://github.com/weaviate/weaviate/pull/6105"
    base64 = True

    @property
    def unit(self) -> bool:
        return True  # as LangChain's class does it
