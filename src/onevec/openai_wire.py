"""The family that speaks OpenAI's wire format: `POST /embeddings` with `input` and `model`, rows with an `index`.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .arrays import array, in_order
from .errors import ConfigurationError, InputTooLong
from .hosted import HostedEmbeddings
from .params import param
from .wire import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .arrays import Array
    from .plan import Batch, LongText
    from .wire import Reply

__all__ = ["OpenAIWire"]


class OpenAIWire(HostedEmbeddings):
    """A provider that speaks OpenAI's format; a subclass needs no hook."""

    model: str = ""
    """Name of the model, sent as `model`."""
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

    def body(self, batch: Batch) -> dict[str, Any]:
        """The body of the request, before `model_kwargs`."""
        fields: dict[str, Any] = {"input": batch.texts, "model": self.model}
        if (dimensions := getattr(self, "dimensions", None)) is not None:
            fields["dimensions"] = dimensions
        if self.base64:
            fields["encoding_format"] = "base64"
        return fields

    def request(self, batch: Batch) -> Request:
        """The texts as strings, never as token ids."""
        extra = dict(self.model_kwargs)
        more = extra.pop("extra_body", {})
        return Request.post(self.url(self.path), json={**self.body(batch), **extra, **more})

    def vectors(self, reply: Reply) -> Array:
        """Rows by their `index`, as numbers or base64."""
        return array([row["embedding"] for row in in_order(reply.json()["data"])])
