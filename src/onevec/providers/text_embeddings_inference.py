"""Hugging Face Text Embeddings Inference: vectors in a bare list."""

from __future__ import annotations

from ..hosted import Batch, Bearer, HostedEmbeddings, Reply, Request, Role
from ..params import SecretField, alias_of, secret

__all__ = ["TextEmbeddingsInferenceEmbeddings"]


class TextEmbeddingsInferenceEmbeddings(HostedEmbeddings):
    """Embed texts with a server of Hugging Face's Text Embeddings Inference (TEI)."""

    base_url: str = "http://localhost:8080"
    model: str = ""
    """Name of the model that the server runs; it is not sent, it only names the space of the vectors."""
    api_key: SecretField = secret(env="HF_TOKEN", default=None)
    """For a server that was started with --api-key."""
    normalize: bool = True
    """Whether every vector gets length 1."""
    truncate: bool = False
    """Whether the server cuts a text beyond the model's limit; False makes that an error."""
    prompt_name: str | None = None
    """A prompt in the model's own list that the server puts before a text."""
    query_prompt_name: str | None = None
    """The same for queries, such as "query"."""
    dimensions: int | None = None
    batch_size: int | None = 32
    """Texts a request; the server takes 32 unless it was started with --max-client-batch-size."""
    client_batch_size: int | None = alias_of("batch_size")

    auth = Bearer("api_key")
    status = "self-hosted"
    docs = "https://huggingface.github.io/text-embeddings-inference/"
    rows_at = ()

    @property
    def cuts(self) -> bool:
        return self.truncate

    def normalised(self, known: bool | None) -> bool | None:
        return self.normalize or known

    def request(self, batch: Batch) -> Request:
        fields = {
            "inputs": batch.texts,
            "normalize": self.normalize,
            "truncate": self.truncate,
            "prompt_name": (batch.role is Role.QUERY and self.query_prompt_name) or self.prompt_name,
            "dimensions": self.dimensions,
        }
        return Request.post(self.url("/embed"), json=fields)

    def tokens(self, reply: Reply) -> int | None:
        count = reply.headers.get("x-compute-tokens", "")
        return int(count) if count.isdecimal() else None
