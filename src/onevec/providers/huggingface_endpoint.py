"""Hugging Face's inference providers: feature extraction in Hugging Face's form, or in OpenAI's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from ..exchange import exchange
from ..hosted import Array, Batch, Bearer, Flow, HostedEmbeddings, Reply, Request, array, in_order
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["HuggingFaceEndpointEmbeddings", "HuggingFaceHubEmbeddings", "HuggingFaceInferenceAPIEmbeddings"]

OWN = "hf-inference"
OTHERS = {  # providers that speak OpenAI's format
    "deepinfra": "/deepinfra/v1/openai/embeddings",
    "scaleway": "/scaleway/v1/embeddings",
    "together": "/together/v1/embeddings",
}


class HubLogin(Bearer):
    """A token, and what the hub says of where a model is served."""

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        token = yield from super().fetch(owner, refused and refused[0])
        if owner.credential_held is None and owner.provider != OWN and owner.is_own_address():
            url = f"https://huggingface.co/api/models/{owner.wire_model}?expand=inferenceProviderMapping"
            ask = super().sign(Request(method="GET", url=url), token, owner, owner.outside().now())
            owner.credential_held = yield from exchange(
                owner, lambda _: ask, lambda reply: owner.read(reply, lambda: owner.route(reply))
            )
        return token, owner.credential_held

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        token, route = credential
        return super().sign(owner.routed(request, *route) if route else request, token, owner, now)


class HuggingFaceWire(HostedEmbeddings):
    """What the classes of Hugging Face share."""

    base_url: str = "https://router.huggingface.co"
    batch_size: int | None = 32
    model_kwargs: Mapping[str, Any] = param(default={})
    """More fields of the body: normalize, prompt_name, truncate, truncation_direction."""

    docs = "https://huggingface.co/docs/inference-providers/tasks/feature-extraction"

    def request(self, batch: Batch) -> Request:
        url = self.url(f"/{OWN}/models/{self.wire_model}/pipeline/feature-extraction")
        return Request.post(url, json={**self.model_kwargs, "inputs": batch.texts})

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        return array([row["embedding"] for row in in_order(body["data"])] if "data" in body else body)


class HuggingFaceHubEmbeddings(HuggingFaceWire):
    """Embed texts with Hugging Face's own inference provider, or an endpoint of yours, whose URL is the `model`."""

    model: str = "sentence-transformers/all-mpnet-base-v2"
    repo_id: str = alias_of("model")
    task: str = "feature-extraction"
    huggingfacehub_api_token: SecretField = secret(env="HUGGINGFACEHUB_API_TOKEN")
    client: Any = ignored("pass transport=")
    async_client: Any = ignored("pass transport=")

    auth = Bearer("huggingfacehub_api_token")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.task == "feature-extraction", "task must be feature-extraction")

    @property
    def address(self) -> str:
        return self.model if "://" in self.model else super().address

    def request(self, batch: Batch) -> Request:
        texts = [text.replace("\n", " ") for text in batch.texts]
        asked = super().request(replace(batch, texts=texts))
        return replace(asked, url=self.model) if "://" in self.model else asked


class HuggingFaceEndpointEmbeddings(HuggingFaceHubEmbeddings):
    """Embed texts with one of Hugging Face's inference providers."""

    provider: str = "auto"
    """hf-inference, deepinfra, scaleway, together, or "auto": the first that the hub names for the model."""
    huggingfacehub_api_token: SecretField = secret(env=("HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN"), default=None)

    auth = HubLogin("huggingfacehub_api_token")

    def __post_init__(self) -> None:
        super().__post_init__()
        known = ("auto", OWN, *OTHERS)
        self.require(self.provider in known, f"provider must be one of {', '.join(known)}")
        self.require("://" not in self.model, "model must be a name; for an address take HuggingFaceHubEmbeddings")

    def route(self, reply: Reply) -> tuple[str, str]:
        """Path and name of the model at the first provider that serves it; no path for Hugging Face's own."""
        known = {OWN: "", **OTHERS}
        served = {item["provider"]: item["providerId"] for item in reply.json()["inferenceProviderMapping"]}
        found = [name for name in served if name in known and self.provider in {"auto", name}]
        self.require(found, f"{self.model} is not served by {self.provider}, but by {', '.join(served) or 'nobody'}")
        return known[found[0]], served[found[0]]

    def routed(self, request: Request, path: str, name: str) -> Request:
        """The request in the form of the provider that was found."""
        if not path:
            return request
        body = orjson.loads(request.body)
        fields = {"input": body.pop("inputs"), "model": name, **body}
        return replace(request, url=self.url(path), body=orjson.dumps(fields))


class HuggingFaceInferenceAPIEmbeddings(HuggingFaceWire):
    """Embed texts with Hugging Face's own inference provider, or with any address that takes its form."""

    model_name: str = "sentence-transformers/all-MiniLM-L6-v2"
    api_key: SecretField = secret()
    api_url: str | None = None
    """The whole address, in place of the provider's."""
    additional_headers: Mapping[str, str] = param(default={}, shown=False)
    """Put on every request, over the credential."""

    auth = Bearer("api_key")
    model_parameter = "model_name"
    open_secrets = ("default_headers", "additional_headers")
    whole_url = "api_url"

    def signed(self, request: Request, credential: Any, now: datetime) -> Request:
        return super().signed(request, credential, now).with_headers(self.additional_headers)
