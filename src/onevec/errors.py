"""Every error that onevec raises of its own.

    EmbeddingError                          .completed: what was already computed, or None
    ├── ConfigurationError (ValueError)     a parameter is missing, wrong, or contradicts another
    ├── MissingDependency (ImportError)     an optional package is not installed
    ├── TransportError                      the network failed before a whole reply arrived
    │   └── TimedOut                        ... because the time was up
    ├── ProviderError                       the provider answered, but not with usable vectors
    │   ├── AuthenticationError             401, 403: the key is wrong or may not do this
    │   ├── RateLimited                     429: too fast, or the quota is used up
    │   ├── InvalidRequest                  400, 422: the request itself is wrong
    │   │   ├── InputTooLong                413: a text or a batch is beyond the model's limit
    │   │   └── ModelNotFound               404: no such model or address
    │   ├── ServiceUnavailable              5xx: the provider is in trouble
    │   └── BadResponse                     200, but wrong rows, NaN, or not what was agreed
    ├── CacheError                          a store failed in a way that needs attention
    └── SpaceMismatch                       vectors of two spaces were about to be compared

A message never holds a secret. All of them can be pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "AuthenticationError",
    "BadResponse",
    "CacheError",
    "Completed",
    "ConfigurationError",
    "EmbeddingError",
    "InputTooLong",
    "InvalidRequest",
    "MissingDependency",
    "ModelNotFound",
    "ProviderError",
    "RateLimited",
    "ServiceUnavailable",
    "SpaceMismatch",
    "TimedOut",
    "TransportError",
]


class Completed(NamedTuple):
    """What a failed call had already computed.

    Attributes:
        indices: positions in the list of texts, ascending.
        vectors: float32 array `(len(indices), dimension)`, in the order of `indices`.
    """

    indices: Sequence[int]
    vectors: NDArray[np.float32]


class EmbeddingError(Exception):
    """The root of every error that onevec raises of its own."""

    completed: Completed | None = None
    """Rows that were computed before the failure; None if there are none."""


class ConfigurationError(EmbeddingError, ValueError):
    """A parameter is missing, wrong, or contradicts another one."""


class MissingDependency(EmbeddingError, ImportError):
    """An optional package is not installed; the message says how to install it."""


class TransportError(EmbeddingError):
    """The network failed before a whole reply arrived.

    Attributes:
        retryable: whether the same request may succeed later; False for a certificate that is not trusted.
    """

    def __init__(self, message: str = "", *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class TimedOut(TransportError):
    """No whole reply arrived within the time that was allowed."""


class ProviderError(EmbeddingError):
    """The provider answered, but not with usable vectors.

    Attributes:
        provider: name of the provider, as before the ":" in `load("provider:model")`.
        status: HTTP status; None if no request was sent.
        code: the provider's own error code, "" if it gave none.
        request_id: the provider's id of the request, to quote to its support.
        retryable: whether the same request may succeed later.
        retry_after: seconds the provider asked to wait; None if it did not say.
    """

    def __init__(
        self,
        message: str = "",
        *,
        provider: str = "",
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after = retry_after

    def __str__(self) -> str:
        said: list[str] = [str(part) for part in (self.status, self.code) if part]
        head = ": ".join(part for part in (self.provider, " ".join(said)) if part)
        text = super().__str__()
        body = f"{head}: {text}" if head and text else head or text
        return f"{body} (request id {self.request_id})" if self.request_id else body


class AuthenticationError(ProviderError):
    """The key is wrong, has expired, or may not do this (HTTP 401, 403)."""


class RateLimited(ProviderError):
    """Requests came too fast, or the quota is used up (HTTP 429)."""


class InvalidRequest(ProviderError):
    """The request itself is wrong, so sending it again does not help (HTTP 400, 422)."""


class InputTooLong(InvalidRequest):
    """A text, or a batch of texts, is beyond the model's limit (HTTP 413)."""


class ModelNotFound(InvalidRequest):
    """The provider knows no such model, or there is nothing at this address (HTTP 404)."""


class ServiceUnavailable(ProviderError):
    """The provider is in trouble (HTTP 5xx)."""


class BadResponse(ProviderError):
    """The reply holds wrong rows, NaN, the wrong width, or can't be read."""


class CacheError(EmbeddingError):
    """A store failed in a way that needs attention."""


class SpaceMismatch(EmbeddingError):
    """Vectors of two different spaces were about to be compared."""
