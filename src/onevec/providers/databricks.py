"""Databricks: the same as MLflow's gateway, below /serving-endpoints of the workspace."""

from __future__ import annotations

from ..params import alias_of
from .mlflow import MlflowEmbeddings

__all__ = ["DatabricksEmbeddings"]


class DatabricksEmbeddings(MlflowEmbeddings):
    """Embed texts with a serving endpoint of Databricks."""

    base_url: str = "databricks"
    """databricks, or databricks://<profile>."""
    target_uri: str = alias_of("base_url")

    docs = "https://docs.databricks.com/en/machine-learning/foundation-models/api-reference.html"
    status = "live"

    def __post_init__(self) -> None:
        self.require(self.base_url.startswith("databricks"), "target_uri must be databricks or databricks://<profile>")
        super().__post_init__()
