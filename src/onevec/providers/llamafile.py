"""llamafile: one text a request, as its server has always taken it, or OpenAI's format of the newer one."""

from __future__ import annotations

from ..hosted import Array, Batch, HostedEmbeddings, Limits, Reply, Request, array
from ..params import alias_of

__all__ = ["LlamafileEmbeddings"]


class LlamafileEmbeddings(HostedEmbeddings):
    """Embed texts with a model that llamafile or llama.cpp serves.

    A `base_url` that ends in /v1 asks by OpenAI's format, many texts a request; servers of 2025 and later have it.
    """

    base_url: str = "http://localhost:8080"
    model: str = ""
    """Name of the model that the server runs: it tells the vectors of two models apart, and is sent below /v1 only."""
    timeout: float | None = None
    request_timeout: float | None = alias_of("timeout")

    status = "self-hosted"
    docs = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
    permanent_codes = frozenset({"501"})  # the server was started without --embeddings

    @property
    def newer_form(self) -> bool:
        return self.base_url.rstrip("/").endswith("/v1")

    def provider_limits(self) -> Limits:
        return Limits(texts=256 if self.newer_form else 1)

    def request(self, batch: Batch) -> Request:
        if self.newer_form:
            return Request.post(self.url("/embeddings"), json={"input": batch.texts, "model": self.model})
        return Request.post(self.url("/embedding"), json={"content": batch.texts[0]})

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        if "data" in body:
            rows = super().vectors(reply)
        else:  # newer servers give a list, and a list of rows in it
            rows = array([body["embedding"]] if "embedding" in body else body[0]["embedding"])
        if not rows.any(axis=1).all():
            message = "a vector of zeros came: is it an embedding model?"
            raise ValueError(message)
        return rows
