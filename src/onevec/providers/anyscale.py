"""Anyscale: OpenAI's format at a service of one's own; the public one was closed in August 2024."""

from __future__ import annotations

from ..hosted import Bearer
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["AnyscaleEmbeddings"]


class AnyscaleEmbeddings(LangChainOpenAI):
    """Embed texts with a service that was deployed with Anyscale; every vector is divided by its length."""

    base_url: str = param(default="", env="ANYSCALE_API_BASE")
    anyscale_api_base: str = alias_of("base_url")
    anyscale_api_key: SecretField = secret(env="ANYSCALE_API_KEY")
    api_key: SecretField = alias_of("anyscale_api_key")
    model: str = "thenlper/gte-large"
    embedding_ctx_length: int = 500
    openai_organization: str | None = None
    openai_proxy: str | None = param(default=None, shown=False)
    openai_api_base: str | None = ignored("pass anyscale_api_base=")
    openai_api_key: SecretField = ignored("pass anyscale_api_key=")

    retired = "OpenAIEmbeddings"
    auth = Bearer("anyscale_api_key")
    docs = "https://docs.anyscale.com/endpoints/text-generation/query-a-model"
    base64 = True

    @property
    def unit(self) -> bool:
        return True  # as LangChain's class does it
