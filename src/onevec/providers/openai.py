"""OpenAI, and every server that copies its format exactly."""

from __future__ import annotations

from ..errors import ConfigurationError
from ..hosted import Batch, Bearer, Limits, Request
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, param, secret

__all__ = ["OpenAIEmbeddings"]


class OpenAIEmbeddings(LangChainOpenAI):
    """Embed texts with OpenAI.

    Example:
        >>> OpenAIEmbeddings(api_key="sk-...", model="text-embedding-3-small", dimensions=256).space.dimensions
        256
    """

    base_url: str = param(default="https://api.openai.com/v1", env=("OPENAI_API_BASE", "OPENAI_BASE_URL"))
    openai_api_base: str = alias_of("base_url")
    model: str = "text-embedding-ada-002"
    openai_api_key: SecretField = secret(env="OPENAI_API_KEY")
    api_key: SecretField = alias_of("openai_api_key")
    openai_project: str | None = param(default=None, env="OPENAI_PROJECT_ID")
    openai_api_type: str | None = param(default=None, env="OPENAI_API_TYPE")
    """Must not be azure, azure_ad or azuread."""

    auth = Bearer("openai_api_key")
    docs = "https://platform.openai.com/docs/api-reference/embeddings/create"
    base64 = True
    limits = Limits(texts=2048, tokens=300_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.openai_api_type or "").startswith("azure"):
            message = "openai_api_type (OPENAI_API_TYPE) is azure: use AzureOpenAIEmbeddings"
            raise ConfigurationError(message)

    def request(self, batch: Batch) -> Request:
        project = {"OpenAI-Project": self.openai_project} if self.openai_project else {}
        return super().request(batch).with_headers(project)
