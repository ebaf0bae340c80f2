"""Eden AI: OpenAI's format for the models of many vendors; the older API has a format of its own."""

from __future__ import annotations

from typing import Any

from ..errors import AuthenticationError
from ..hosted import Array, Batch, Bearer, Reply, Request, array
from ..openai_wire import OpenAIWire
from ..params import SecretField, secret

__all__ = ["EdenAiEmbeddings"]


class EdenAiEmbeddings(OpenAIWire):
    """Embed texts with a model of another vendor, through Eden AI."""

    base_url: str = "https://api.edenai.run"
    edenai_api_key: SecretField = secret(env="EDENAI_API_KEY")
    provider: str = "openai"
    """The vendor of the model."""
    model: str = ""
    """Name of the model, as its vendor calls it."""
    api_version: str = "v3"
    """"v2" for accounts from before 2026-01-05; it ends with 2026."""

    auth = Bearer("edenai_api_key")
    docs = "https://www.edenai.co/docs/v3/llms/embeddings"
    path = "/v3/embeddings"
    error_codes = {**OpenAIWire.error_codes, "ProviderAuthenticationError": AuthenticationError}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.api_version in {"v2", "v3"}, 'api_version must be "v2" or "v3"')
        self.require(self.model or self.api_version == "v2", "pass model=, such as text-embedding-3-small")

    @property
    def wire_model(self) -> str:
        return f"{self.provider}/{self.model}".rstrip("/")

    def request(self, batch: Batch) -> Request:
        if self.api_version == "v3":
            return super().request(batch)
        body: dict[str, Any] = {"texts": batch.texts, "providers": self.provider}
        body |= {"settings": {self.provider: self.model}} if self.model else {}
        return Request.post(self.url("/v2/text/embeddings"), json={**body, **self.model_kwargs})

    def vectors(self, reply: Reply) -> Array:
        if self.api_version == "v3":
            return super().vectors(reply)
        answer = reply.json()[self.provider]
        if "error" in answer:
            raise self.error(reply, answer["error"]["message"], answer["error"]["type"])
        return array([row["embedding"] for row in answer["items"]])
