"""Voyage AI: OpenAI's format with roles."""

from __future__ import annotations

from typing import Any

from ..hosted import Batch, Bearer, Limits, Role
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, ignored, secret
from ..plan import LongText

__all__ = ["VoyageEmbeddings"]

ROLES = {Role.DOCUMENT: "document", Role.QUERY: "query"}


class VoyageEmbeddings(OpenAIWire):
    """Embed texts with Voyage AI."""

    base_url: str = ""
    """An address in place of Voyage's, or MongoDB's for keys that begin with al-."""
    voyage_api_base: str | None = None
    """The whole address, in place of `base_url`."""
    model: str = "voyage-01"
    voyage_api_key: SecretField = secret(env="VOYAGE_API_KEY")
    api_key: SecretField = alias_of("voyage_api_key")
    output_dimension: int | None = alias_of("dimensions")
    output_dtype: str | None = None
    """float, int8, uint8, binary or ubinary; binary forms come eight dimensions to a number."""
    truncation: bool = True
    """Whether Voyage cuts a text beyond the model's limit; False makes that an error."""
    long_text: LongText = "error"
    max_retries: int = 6
    request_timeout: float | None = alias_of("timeout")
    show_progress_bar: bool = ignored("pass on_progress=", default=False)

    auth = Bearer("voyage_api_key")
    docs = "https://www.mongodb.com/docs/voyageai/api-reference/overview"
    whole_url = "voyage_api_base"
    dtype_parameter = "output_dtype"
    path = "/embeddings"
    limits = Limits(texts=1000, tokens=120_000)
    too_large = ("max allowed tokens per submitted batch",)

    @property
    def own_url(self) -> str:
        key = self.voyage_api_key
        atlas = key.known and key.get_secret_value().startswith("al-")
        return "https://ai.mongodb.com/v1" if atlas else "https://api.voyageai.com/v1"

    @property
    def cuts(self) -> bool:
        return self.truncation

    def body(self, batch: Batch) -> dict[str, Any]:
        return {
            "model": self.model,
            "input": batch.texts,
            "input_type": ROLES.get(batch.role),
            "truncation": self.truncation,
            "output_dimension": self.dimensions,
            "output_dtype": self.output_dtype,
            "encoding_format": "base64" if self.wire_dtype == "float32" else None,
        }

    def embed_general_texts(self, texts: list[str]) -> list[list[float]]:
        """Embed texts for no role."""
        rows: list[list[float]] = self.embed(texts, Role.SIMILARITY).vectors.tolist()
        return rows
