"""Ollama: all texts of a batch in one request to /api/embed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hosted import Batch, Bearer, HostedEmbeddings, Limits, Request
from ..params import SecretField, alias_of, ignored, param, secret

__all__ = ["OllamaEmbeddings"]


class OllamaOptions(HostedEmbeddings):
    """The parameters that are sent as `options`."""

    mirostat: int | None = None
    mirostat_eta: float | None = None
    mirostat_tau: float | None = None
    num_ctx: int | None = None
    num_gpu: int | None = None
    num_thread: int | None = None
    repeat_last_n: int | None = None
    repeat_penalty: float | None = None
    temperature: float | None = None
    stop: list[str] | None = None
    tfs_z: float | None = None
    top_k: int | None = None
    top_p: float | None = None


class OllamaEmbeddings(OllamaOptions):
    """Embed texts with a model that Ollama serves."""

    base_url: str = param(default="http://localhost:11434", env="OLLAMA_HOST")
    """The server; it may hold a name and a password."""
    model: str = "llama2"
    dimensions: int | None = None
    keep_alive: int | str | None = None
    """Seconds that the model stays loaded, or a text such as "5m"."""
    truncate: bool | None = None
    """False has the server refuse a text beyond the model's context, which it cuts otherwise."""
    api_key: SecretField = secret(env="OLLAMA_API_KEY", default=None)
    headers: Mapping[str, str] | None = alias_of("default_headers")
    client_kwargs: Mapping[str, Any] = param(default={}, shown=False)
    """Its `headers` are sent; for other things pass `transport`."""
    async_client_kwargs: Any = ignored("pass default_headers= or transport=")
    sync_client_kwargs: Any = ignored("pass default_headers= or transport=")
    timeout: float | None = 600.0
    show_progress: bool = ignored("pass on_progress=", default=False)
    model_kwargs: Any = ignored("pass the options by themselves")
    validate_model_on_init: bool = ignored("the first request says if the model is missing", default=False)

    auth = Bearer("api_key")
    status = "self-hosted"
    open_secrets = ("default_headers", "client_kwargs")
    docs = "https://docs.ollama.com/api/embed"
    rows_at = ("embeddings",)
    limits = Limits(texts=512)
    tokens_at = ("prompt_eval_count",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if "://" not in self.base_url:  # as in OLLAMA_HOST
            self.base_url = f"http://{self.base_url}" + ("" if ":" in self.base_url else ":11434")

    def request(self, batch: Batch) -> Request:
        options = {name: getattr(self, name) for name in OllamaOptions.__annotations__}
        body = {
            "model": self.model,
            "input": batch.texts,
            "keep_alive": self.keep_alive,
            "dimensions": self.dimensions,
            "truncate": self.truncate,
            "options": {name: value for name, value in options.items() if value is not None} or None,
        }
        return Request.post(self.url("/api/embed"), json=body, headers=self.client_kwargs.get("headers"))
