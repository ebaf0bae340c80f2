"""embaas: texts with an instruction; the service was closed."""

from __future__ import annotations

from ..hosted import Batch, Bearer, HostedEmbeddings, Limits, Request
from ..params import SecretField, alias_of, secret

__all__ = ["EmbaasEmbeddings"]


class EmbaasEmbeddings(HostedEmbeddings):
    """Embed texts with a server that speaks the format of embaas."""

    base_url: str = ""
    api_url: str | None = None
    """The whole address, in place of `base_url`."""
    model: str = "e5-large-v2"
    instruction: str | None = None
    """What the texts are embedded for, for models that take an instruction."""
    embaas_api_key: SecretField = secret(env="EMBAAS_API_KEY")
    api_key: SecretField = alias_of("embaas_api_key")
    max_retries: int = 3
    timeout: float | None = 30.0

    retired = "DeepInfraEmbeddings"
    auth = Bearer("embaas_api_key")
    docs = "https://github.com/langchain-ai/langchain/pull/5976"
    whole_url = "api_url"
    limits = Limits(texts=256)

    def request(self, batch: Batch) -> Request:
        body = {"texts": batch.texts, "model": self.model, "instruction": self.instruction}
        return Request.post(self.url("/v1/embeddings/"), json=body)
