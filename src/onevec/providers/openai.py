"""OpenAI, and every server that copies its format exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..hosted import Bearer, ConfigurationError, Request, SecretField, alias_of, ignored, param, secret
from ..openai_wire import OpenAIWire
from ..plan import Batch, Limits
from ..transport import HttpTransport

__all__ = ["OpenAIEmbeddings"]


class OpenAIEmbeddings(OpenAIWire):
    """Embed texts with OpenAI.

    Example:
        >>> OpenAIEmbeddings(api_key="sk-...", model="text-embedding-3-small", dimensions=256).space.dimensions
        256
    """

    base_url: str = param(default="https://api.openai.com/v1", env=("OPENAI_API_BASE", "OPENAI_BASE_URL"))
    openai_api_base: str = alias_of("base_url")
    model: str = "text-embedding-ada-002"
    dimensions: int | None = None
    """Width of the vectors; text-embedding-3 and later."""
    openai_api_key: SecretField = secret(env="OPENAI_API_KEY")
    api_key: SecretField = alias_of("openai_api_key")
    openai_organization: str | None = param(default=None, env=("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"))
    organization: str | None = alias_of("openai_organization")
    openai_project: str | None = param(default=None, env="OPENAI_PROJECT_ID")
    batch_size: int | None = 1000
    chunk_size: int | None = alias_of("batch_size")
    max_retries: int = 2
    timeout: float | None = 600.0
    request_timeout: float | None = alias_of("timeout")
    default_query: Mapping[str, str] | None = None
    """Query parameters of every request."""
    openai_proxy: str | None = param(default=None, env="OPENAI_PROXY")
    """Address of a proxy."""
    embedding_ctx_length: int = 8191
    """Tokens a text; a longer one is treated as `long_text` says."""
    check_embedding_ctx_length: bool = True
    """False sends every text whole."""

    deployment: str | None = ignored("it was for old Azure use; see AzureOpenAIEmbeddings")
    openai_api_version: str | None = ignored("only AzureOpenAIEmbeddings sends a version")
    api_version: str | None = alias_of("openai_api_version")
    openai_api_type: str | None = param(default=None, env="OPENAI_API_TYPE")
    """Must not be azure, azure_ad or azuread."""
    headers: Any = ignored("pass default_headers=")
    tiktoken_enabled: bool | None = ignored("texts go out as strings; pass tokenizer= for exact counts")
    tiktoken_model_name: str | None = ignored("texts go out as strings; pass tokenizer= for exact counts")
    allowed_special: Any = ignored("texts go out as strings, special tokens in them are plain text")
    disallowed_special: Any = ignored("texts go out as strings, special tokens in them are plain text")
    show_progress_bar: bool | None = ignored("pass on_progress=")
    skip_empty: bool | None = ignored("every text gets the vector that the provider gives")
    retry_min_seconds: int | None = ignored("waits are a random part of a span that doubles; see max_retry_wait")
    retry_max_seconds: int | None = ignored("waits are a random part of a span that doubles; see max_retry_wait")
    http_client: Any = ignored("pass transport=")
    http_async_client: Any = ignored("pass transport=")

    auth = Bearer("openai_api_key")
    docs = "https://platform.openai.com/docs/api-reference/embeddings/create"
    base64 = True
    limits = Limits(texts=2048, tokens=300_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.openai_api_type or "").startswith("azure"):
            message = "openai_api_type (OPENAI_API_TYPE) is azure: use AzureOpenAIEmbeddings"
            raise ConfigurationError(message)
        if self.openai_proxy and self.transport is None:
            self.transport = HttpTransport(proxy=self.openai_proxy)

    def body(self, batch: Batch) -> dict[str, Any]:
        fields = super().body(batch)
        if self.model.endswith("001") and self.check_embedding_ctx_length:  # these models took a line break badly
            fields["input"] = [text.replace("\n", " ") for text in batch.texts]
        return fields

    def limits_of_model(self) -> Limits:
        longest = self.embedding_ctx_length if self.check_embedding_ctx_length else None
        return replace(super().limits_of_model(), text_tokens=longest)

    def signed(self, request: Request, credential: Any, now: datetime) -> Request:
        names = {"OpenAI-Organization": self.openai_organization, "OpenAI-Project": self.openai_project}
        whole = request.with_headers({name: value for name, value in names.items() if value})
        return super().signed(whole.with_query(**(self.default_query or {})), credential, now)
