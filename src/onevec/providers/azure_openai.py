"""Azure OpenAI: OpenAI's format at the address of a deployment, or at the resource's /openai/v1."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..hosted import Batch, Bearer, FirstGiven, KeyHeader, Limits, Request
from ..openai_wire import LangChainOpenAI
from ..params import SecretField, alias_of, param, secret

__all__ = ["AzureOpenAIEmbeddings"]


class AzureOpenAIEmbeddings(LangChainOpenAI):
    """Embed texts with a deployment of Azure OpenAI.

    A `base_url` that ends in /openai/v1, or `api_version="v1"`, asks by the newer form, which has no version.
    """

    azure_endpoint: str | None = param(default=None, env="AZURE_OPENAI_ENDPOINT")
    """The resource: https://<resource>.openai.azure.com."""
    base_url: str = param(default="", env="OPENAI_API_BASE")
    """In place of `azure_endpoint`: an address that goes on to /openai, a deployment of it, or /openai/v1."""
    openai_api_base: str = alias_of("base_url")
    deployment: str | None = None
    """Name of the deployment; the model's name if there is none."""
    azure_deployment: str | None = alias_of("deployment")
    openai_api_version: str | None = param(default="2023-05-15", env="OPENAI_API_VERSION")
    """Sent as `api-version`; "v1" for the newer form."""
    openai_api_type: str | None = param(default="azure", env="OPENAI_API_TYPE")
    model: str = "text-embedding-ada-002"
    batch_size: int | None = 2048
    validate_base_url: bool = True
    """Whether to refuse a `base_url` without /openai."""
    openai_api_key: SecretField = secret(env=("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), default=None)
    api_key: SecretField = alias_of("openai_api_key")
    azure_ad_token: SecretField = secret(env="AZURE_OPENAI_AD_TOKEN", default=None)
    """A token of Microsoft Entra; it goes before the key."""
    azure_ad_token_provider: SecretField = secret(default=None)
    """A function that returns a token; asked again after a refusal."""
    azure_ad_async_token_provider: SecretField = secret(default=None)
    """The same as an async function, for the async methods."""

    auth = FirstGiven(
        *map(Bearer, ("azure_ad_token", "azure_ad_token_provider", "azure_ad_async_token_provider")),
        KeyHeader("openai_api_key", "api-key"),
    )
    docs = "https://learn.microsoft.com/en-us/azure/ai-services/openai/reference"
    base64 = True
    limits = Limits(texts=2048, tokens=300_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        base, endpoint = self.base_url, self.azure_endpoint
        self.require(bool(base) != bool(endpoint), "give azure_endpoint (AZURE_OPENAI_ENDPOINT) or base_url, not both")
        self.require(endpoint or self.newer_form or not self.deployment, "base_url must name the deployment itself")
        fitting = endpoint or not self.validate_base_url or "/openai" in base
        self.require(fitting, "base_url must go on to /openai; pass a resource as azure_endpoint")

    @property
    def newer_form(self) -> bool:
        return (self.base_url.rstrip("/") or f"/{self.openai_api_version}").endswith("/v1")

    @property
    def wire_model(self) -> str:
        return self.deployment or self.model

    @property
    def address(self) -> str:
        base = self.base_url.rstrip("/") or f"{(self.azure_endpoint or '').rstrip('/')}/openai"
        path = "/v1" if self.newer_form else f"/deployments/{quote(self.wire_model, safe='')}"
        return base if base.endswith("/v1") or "/deployments/" in base else base + path

    def body(self, batch: Batch) -> dict[str, Any]:
        return {**super().body(batch), "model": self.wire_model if self.newer_form else self.model}

    def request(self, batch: Batch) -> Request:
        version = {"api-version": self.openai_api_version} if self.openai_api_version and not self.newer_form else {}
        return super().request(batch).with_query(**version)
