"""Volcengine MaaS, closed: signed requests, vectors in OpenAI's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hosted import Batch, HostedEmbeddings, Request
from ..params import SecretField, alias_of, ignored, secret
from ..signing.volcengine import VolcengineSignature

__all__ = ["VolcanoEmbeddings"]


class VolcanoEmbeddings(HostedEmbeddings):
    """Embed texts with a server that speaks the format of Volcengine's MaaS, v1 and v2."""

    host: str | None = None
    """In place of `base_url`: the host alone, reached by https."""
    volcano_ak: SecretField = secret(env="VOLC_ACCESSKEY")
    volcano_sk: SecretField = secret(env="VOLC_SECRETKEY")
    region: str = "cn-beijing"
    """Region in the signature."""
    model: str = "bge-large-zh"
    version: str = "1.0"
    """Version of the model."""
    batch_size: int | None = 100
    chunk_size: int | None = alias_of("batch_size")
    client: Any = ignored("pass transport=")

    auth = VolcengineSignature("volcano_ak", "volcano_sk", "ml_maas")
    docs = "https://www.volcengine.com/docs/82379/1355331"
    retired = "ArkEmbeddings"

    def _check_given(self, values: Mapping[str, Any]) -> None:
        super()._check_given({"base_url": values.get("host"), **values})

    def __post_init__(self) -> None:
        if self.host and not self.base_url:
            self.base_url = f"https://{self.host}"
        super().__post_init__()

    def request(self, batch: Batch) -> Request:
        model = {"name": self.model, "version": self.version}
        return Request.post(self.url("/api/v1/embeddings"), json={"model": model, "input": batch.texts})
