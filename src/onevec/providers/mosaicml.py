"""MosaicML's Instructor, closed: each text with an instruction, three names for the vectors."""

from __future__ import annotations

from ..hosted import Array, Batch, HostedEmbeddings, KeyHeader, Reply, Request, Role, array
from ..params import SecretField, ignored, secret

__all__ = ["MosaicMLInstructorEmbeddings"]


class MosaicMLInstructorEmbeddings(HostedEmbeddings):
    """Embed texts with a server that speaks the format of MosaicML's Instructor models."""

    endpoint_url: str | None = None
    """The whole address, in place of `base_url`."""
    embed_instruction: str = "Represent the document for retrieval: "
    query_instruction: str = "Represent the question for retrieving supporting documents: "
    mosaicml_api_token: SecretField = secret(env="MOSAICML_API_TOKEN")
    retry_sleep: float = ignored("pass max_retries=", default=1.0)

    auth = KeyHeader("mosaicml_api_token", "Authorization")
    docs = "https://docs.databricks.com/machine-learning/model-serving/foundation-model-overview.html"
    retired = "DatabricksEmbeddings"
    places_instruction = True
    whole_url = "endpoint_url"
    tokens_at = ()

    @property
    def wire_model(self) -> str:
        return "instructor-xl" if self.base_url and not self.endpoint_url else ""  # else the address names it

    def request(self, batch: Batch) -> Request:
        instruction = self.query_instruction if batch.role is Role.QUERY else self.embed_instruction
        body = {"inputs": [[instruction, text] for text in batch.texts]}
        return Request.post(self.url("/instructor-xl/v1/predict"), json=body)

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        rows = body[next((name for name in ("data", "output") if name in body), "outputs")]
        return array(rows if isinstance(rows[0], list) else [rows])
