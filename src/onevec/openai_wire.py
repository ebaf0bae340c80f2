"""The family that speaks OpenAI's wire format: `POST /embeddings` with `input` and `model`, rows with an `index`.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from .errors import ConfigurationError, InputTooLong
from .hosted import HostedEmbeddings
from .params import alias_of, ignored, param
from .profiles import Learned, learned, least
from .transport import HttpTransport
from .wire import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .plan import Batch, Limits, LongText

__all__ = ["LangChainOpenAI", "OpenAIWire"]


class OpenAIWire(HostedEmbeddings):
    """A provider that speaks OpenAI's format; a subclass needs no hook."""

    model: str = ""
    """Name of the model, sent as `model`."""
    dimensions: int | None = None
    """Width of the vectors, for models that can shorten them."""
    model_kwargs: Mapping[str, Any] = param(default={})
    """More fields of the body; those in `extra_body` too."""
    long_text: LongText = "split"

    base64: ClassVar[bool] = False
    """Whether the provider documents `encoding_format: base64`."""
    path: ClassVar[str] = "/embeddings"
    error_codes = {"max_tokens_per_request": InputTooLong, "context_length_exceeded": InputTooLong}
    permanent_codes = frozenset({"insufficient_quota"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if own := sorted(self.model_kwargs.keys() & (self._params.keys() | self._aliases.keys())):
            message = f"{type(self).__name__}: {', '.join(own)} in model_kwargs is a parameter: pass it by itself"
            raise ConfigurationError(message)

    def call_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Options that are no parameter, such as `user`, become fields of the body."""
        names = self._params.keys() | self._aliases.keys()
        fields = {name: value for name, value in options.items() if name not in names}
        own = {name: value for name, value in options.items() if name in names}
        return {**own, "model_kwargs": {**self.model_kwargs, **fields}} if fields else own

    @property
    def vendors_own(self) -> bool:
        """Whether the server is the vendor's, so that its documentation tells what it does."""
        return self.is_own_address() and self.status != "self-hosted"

    @property
    def learned(self) -> Learned:
        """What `onevec doctor --save` has found out about a server that is not the vendor's."""
        return Learned() if self.vendors_own else learned(self.address, self.wire_model)

    def limits_of_model(self) -> Limits:
        """The limits, made smaller by what the server is known to take."""
        limits, known = super().limits_of_model(), self.learned
        texts, longest = least(limits.texts, known.batch_size), least(limits.text_tokens, known.text_tokens)
        return replace(limits, texts=texts, text_tokens=longest)

    def body(self, batch: Batch) -> dict[str, Any]:
        """The body of the request, before `model_kwargs`."""
        fields: dict[str, Any] = {"input": batch.texts, "model": self.wire_model, "dimensions": self.dimensions}
        if self.base64 and self.learned.base64 is not False:
            fields["encoding_format"] = "base64"
        return fields

    def request(self, batch: Batch) -> Request:
        """The texts as strings, never as token ids."""
        extra = dict(self.model_kwargs)
        more = extra.pop("extra_body", {})
        return Request.post(self.url(self.path), json={**self.body(batch), **extra, **more})


class LangChainOpenAI(OpenAIWire):
    """The parameters that LangChain's OpenAIEmbeddings and the classes made from it share."""

    batch_size: int | None = 1000
    chunk_size: int | None = alias_of("batch_size")
    max_retries: int = 2
    timeout: float | None = 600.0
    request_timeout: float | None = alias_of("timeout")
    openai_organization: str | None = param(default=None, env=("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"))
    organization: str | None = alias_of("openai_organization")
    default_query: Mapping[str, str] | None = None
    """Query parameters of every request."""
    openai_proxy: str | None = param(default=None, env="OPENAI_PROXY", shown=False)
    """Address of a proxy; it may hold a password."""
    embedding_ctx_length: int = 8191
    """Tokens a text; a longer one is treated as `long_text` says."""
    check_embedding_ctx_length: bool = True
    """False sends every text whole."""

    deployment: str | None = ignored("it was for old Azure use; see AzureOpenAIEmbeddings")
    openai_api_version: str | None = ignored("only AzureOpenAIEmbeddings sends a version")
    api_version: str | None = alias_of("openai_api_version")
    openai_api_type: str | None = ignored("the class says which service it is")
    headers: Any = ignored("pass default_headers=")
    tiktoken_enabled: bool | None = ignored("texts go out as strings; pass tokenizer= for exact counts")
    tiktoken_model_name: str | None = ignored("texts go out as strings; pass tokenizer= for exact counts")
    allowed_special: Any = ignored("texts go out as strings, special tokens in them are plain text")
    disallowed_special: Any = ignored("texts go out as strings, special tokens in them are plain text")
    show_progress_bar: bool | None = ignored("pass on_progress=")
    skip_empty: bool | None = ignored("every text gets the vector that the provider gives")
    retry_min_seconds: int | None = ignored("waits are a random part of a span that doubles; see max_retry_wait")
    retry_max_seconds: int | None = ignored("waits are a random part of a span that doubles; see max_retry_wait")
    http_client: Any = ignored("pass transport=")
    http_async_client: Any = ignored("pass transport=")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.openai_proxy and self.transport is None:
            self.transport = HttpTransport(proxy=self.openai_proxy)

    def limits_of_model(self) -> Limits:
        """The limits, with `embedding_ctx_length` for a text where the model's own is not smaller."""
        limits = super().limits_of_model()
        longest = least(limits.text_tokens, self.embedding_ctx_length) if self.check_embedding_ctx_length else None
        return replace(limits, text_tokens=longest)

    def body(self, batch: Batch) -> dict[str, Any]:
        """The body; models ending in 001 took line breaks badly, so they get spaces."""
        fields = super().body(batch)
        if self.model.endswith("001") and self.check_embedding_ctx_length:
            fields["input"] = [text.replace("\n", " ") for text in batch.texts]
        return fields

    def request(self, batch: Batch) -> Request:
        """The request, with `default_query` and the organization."""
        organization = {"OpenAI-Organization": self.openai_organization} if self.openai_organization else {}
        return super().request(batch).with_query(**(self.default_query or {})).with_headers(organization)
