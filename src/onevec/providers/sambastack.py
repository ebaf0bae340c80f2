"""SambaNova's SambaStack: OpenAI's format."""

from __future__ import annotations

from ..hosted import Bearer
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["SambaNovaEmbeddings"]


class SambaNovaEmbeddings(LangChainOpenAI):
    """Embed texts with a SambaStack of SambaNova; SambaCloud no longer serves a model for it."""

    base_url: str = param(env="SAMBANOVA_API_BASE")
    """Address of the SambaStack, with /v1."""
    sambanova_api_base: str = alias_of("base_url")
    sambanova_api_key: SecretField = secret(env="SAMBANOVA_API_KEY")
    api_key: SecretField = alias_of("sambanova_api_key")
    model: str = "E5-Mistral-7B-Instruct"
    embedding_ctx_length: int = 4096
    batch_size: int | None = 32
    max_characters: int | None = ignored("a text beyond embedding_ctx_length= is treated as long_text= says")
    retries: int = alias_of("max_retries")
    sambanova_integration_source: str | None = ignored("pass default_headers=")
    integration_source: str | None = alias_of("sambanova_integration_source")

    auth = Bearer("sambanova_api_key")
    status = "self-hosted"
    docs = "https://docs.sambanova.ai/docs/en/features/embeddings"
