"""OVHcloud AI Endpoints: OpenAI's format."""

from __future__ import annotations

from ..hosted import Bearer
from ..openai_wire import OpenAIWire
from ..params import SecretField, alias_of, secret

__all__ = ["OVHCloudEmbeddings"]


class OVHCloudEmbeddings(OpenAIWire):
    """Embed texts with a model of OVHcloud AI Endpoints; without a token only a few requests a minute are allowed."""

    base_url: str = ""
    """An address in place of the region's."""
    region: str = "kepler"
    model_name: str = "bge-multilingual-gemma2"
    model: str = alias_of("model_name")
    access_token: SecretField = secret(env="OVH_AI_ENDPOINTS_ACCESS_TOKEN", default=None)
    api_key: SecretField = alias_of("access_token")

    model_parameter = "model_name"
    auth = Bearer("access_token")
    docs = "https://www.ovhcloud.com/en/public-cloud/ai-endpoints/catalog/"

    @property
    def own_url(self) -> str:
        return f"https://oai.endpoints.{self.region}.ai.cloud.ovh.net/v1"
