"""Jina AI: OpenAI's format with tasks, and images."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

from ..embeddings import in_thread
from ..errors import RateLimited
from ..hosted import Batch, Bearer, FirstGiven, Limits, Role
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, secret

__all__ = ["JinaEmbeddings"]

TASKS = {
    Role.DOCUMENT: "retrieval.passage",
    Role.QUERY: "retrieval.query",
    Role.SIMILARITY: "text-matching",
    Role.CLASSIFICATION: "classification",
    Role.CLUSTERING: "separation",
}


class JinaEmbeddings(OpenAIWire):
    """Embed texts, and with the clip models images, with Jina AI."""

    base_url: str = "https://api.jina.ai"
    model_name: str = "jina-embeddings-v2-base-en"
    model: str = alias_of("model_name")
    jina_api_key: SecretField = secret(env=("JINA_API_KEY", "JINA_AUTH_TOKEN"), default=None)
    api_key: SecretField = alias_of("jina_api_key")
    jina_auth_token: SecretField = secret(env="JINA_AUTH_TOKEN", default=None)
    task: str | None = None
    """A task of jina-embeddings-v3 and newer for every text, such as "text-matching"; "role" for the role's own."""
    normalized: bool | None = None
    embedding_type: str | None = None
    """float, base64, binary or ubinary; binary forms come eight dimensions to a number."""
    truncate: bool | None = None
    """Whether Jina cuts a text beyond the model's limit."""

    auth = FirstGiven(Bearer("jina_api_key"), Bearer("jina_auth_token"))
    docs = "https://jina.ai/embeddings/"
    role_parameter = 'task="role"'
    dtype_parameter = "embedding_type"
    path = "/v1/embeddings"
    limits = Limits(texts=512)
    error_codes = {"AUTHZ_INSUFFICIENT_BALANCE": RateLimited}
    permanent_codes = frozenset({"AUTHZ_INSUFFICIENT_BALANCE"})

    def normalised(self, known: bool | None) -> bool | None:
        return known if self.normalized is None else self.normalized

    def body(self, batch: Batch) -> dict[str, Any]:
        task = TASKS[batch.role] if self.task == "role" else self.task
        more = {"normalized": self.normalized, "embedding_type": self.embedding_type, "truncate": self.truncate}
        return {**super().body(batch), "task": task, **more}

    def embed_images(self, uris: list[str]) -> list[list[float]]:
        """Embed images, each an address or a file; one list of floats for each."""
        images = JinaImages(**{name: getattr(self, name) for name in self._params})
        images._state = self._state
        return images.embed_documents([_item(uri) for uri in uris])

    async def aembed_images(self, uris: list[str]) -> list[list[float]]:
        return await in_thread(self.embed_images, uris)


class JinaImages(JinaEmbeddings):
    places_instruction = True  # none belongs to an image

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "input": [{"url" if ":" in text else "bytes": text} for text in batch.texts]}


def _item(uri: str) -> str:
    """The address, or the file's content in base64, which has no colon."""
    remote = uri.startswith(("http:", "https:", "data:"))
    return uri if remote else b64encode(Path(uri.removeprefix("file://")).read_bytes()).decode()
