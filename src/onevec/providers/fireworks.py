"""Fireworks AI: OpenAI's format, with a template for the prompt."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Limits
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, ignored, secret

__all__ = ["FireworksEmbeddings"]


class FireworksEmbeddings(OpenAIWire):
    """Embed texts with a model that Fireworks AI serves."""

    base_url: str = "https://api.fireworks.ai/inference/v1"
    model: str = "nomic-ai/nomic-embed-text-v1.5"
    fireworks_api_key: SecretField = secret(env="FIREWORKS_API_KEY")
    api_key: SecretField = alias_of("fireworks_api_key")
    prompt_template: str | None = None
    """A Jinja template that Fireworks puts every text into, such as "search_query: {text}"."""
    normalize: bool | None = None
    """Whether Fireworks divides every vector by its length; if not given, the model's own way."""
    client: Any = ignored("pass transport=")

    auth = Bearer("fireworks_api_key")
    docs = "https://docs.fireworks.ai/api-reference/creates-an-embedding-vector-representing-the-input-text"
    limits = Limits(texts=2048)

    def normalised(self, known: bool | None) -> bool | None:
        return self.normalize or known

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "prompt_template": self.prompt_template, "normalize": self.normalize}
