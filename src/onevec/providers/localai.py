"""LocalAI: OpenAI's format on a server of one's own."""

from __future__ import annotations

from collections.abc import Mapping

from ..hosted import Array, Bearer, Reply
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, param, secret

__all__ = ["LocalAIEmbeddings"]


class LocalAIEmbeddings(LangChainOpenAI):
    """Embed texts with a model that LocalAI serves."""

    base_url: str = param(env="OPENAI_API_BASE")
    """The server, with or without /v1; there is no default, so that nothing is sent to another one."""
    openai_api_base: str = alias_of("base_url")
    openai_api_key: SecretField = secret(env="OPENAI_API_KEY")
    """Any text, if the server has no keys."""
    api_key: SecretField = alias_of("openai_api_key")
    model: str = "text-embedding-ada-002"
    max_retries: int = 6
    openai_organization: str | None = param(default=None, env="OPENAI_ORGANIZATION")
    headers: Mapping[str, str] | None = alias_of("default_headers")

    auth = Bearer("openai_api_key")
    status = "self-hosted"
    docs = "https://localai.io/docs/features/embeddings/"
    base64 = True

    def vectors(self, reply: Reply) -> Array:
        rows = super().vectors(reply)
        if rows.shape[1] == 1:  # what a model that does not embed gives
            message = "vectors of one number came: is it an embedding model?"
            raise ValueError(message)
        return rows
