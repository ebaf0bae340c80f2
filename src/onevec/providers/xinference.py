"""Xorbits Inference: OpenAI's format on a server of one's own."""

from __future__ import annotations

from typing import Any

from ..hosted import Bearer, Limits
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, param, secret

__all__ = ["XinferenceEmbeddings"]


class XinferenceEmbeddings(OpenAIWire):
    """Embed texts with a model that Xinference has launched.

    Example:
        >>> XinferenceEmbeddings("http://127.0.0.1:9997", "bge-m3").model_uid
        'bge-m3'
    """

    base_url: str = param()
    server_url: str = alias_of("base_url")
    model_uid: str = param()
    """Id of the launched model."""
    model: str = alias_of("model_uid")
    api_key: SecretField = secret(default=None)
    """For a cluster with authentication."""

    auth = Bearer("api_key")
    status = "self-hosted"
    docs = "https://inference.readthedocs.io/en/latest/models/model_abilities/embed.html"
    path = "/v1/embeddings"
    limits = Limits(texts=1000)

    def __init__(self, server_url: str | None = None, model_uid: str | None = None, **given: Any) -> None:
        places: dict[str, Any] = {"server_url": server_url, "model_uid": model_uid}
        super().__init__(**{name: value for name, value in places.items() if value is not None}, **given)
