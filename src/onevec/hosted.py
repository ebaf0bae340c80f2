"""A model class that is reached over HTTP: everything but what to send and how to read the answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import urlsplit

from . import catalogue
from .arrays import Array, array, in_order, packed
from .auth import Auth, Bearer, KeyHeader, KeyQuery
from .call import HostedCall
from .embeddings import Embeddings, Role, Usage
from .errors import (
    AuthenticationError,
    ConfigurationError,
    InputTooLong,
    InvalidRequest,
    RateLimited,
    ServiceUnavailable,
)
from .failures import details, kind_of_status, redact
from .parallel import arun, run
from .params import Parameters, SecretField, alias_of, ignored, param, secret
from .plan import Batch, Limits
from .recipes import PROBE, recipe_of
from .retry import RETRYABLE, retry_after
from .space import SpaceId
from .transport import default_transport
from .wire import Flow, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from .embeddings import Embedded
    from .errors import (
        ProviderError,
    )
    from .plan import LongText
    from .space import Recipe
    from .transport import Transport

__all__ = [
    "Array",
    "Auth",
    "AuthenticationError",
    "Batch",
    "Bearer",
    "ConfigurationError",
    "Flow",
    "HostedEmbeddings",
    "InputTooLong",
    "InvalidRequest",
    "KeyHeader",
    "KeyQuery",
    "RateLimited",
    "Reply",
    "Request",
    "Role",
    "SecretField",
    "ServiceUnavailable",
    "alias_of",
    "array",
    "ignored",
    "in_order",
    "packed",
    "param",
    "secret",
]


@dataclass(slots=True)
class _State:
    """What an instance learns and counts; copies for single calls share it."""

    learned_batch: int | None = None
    usage: Usage = field(default_factory=Usage)
    lock: threading.Lock = field(default_factory=threading.Lock)


class HostedEmbeddings(Parameters, Embeddings):
    """The base of every class that is reached over HTTP.

    A subclass is parameters, class attributes and two pure hooks, `request` and `vectors`.

    Raises:
        ConfigurationError: at construction, see `Parameters`.
        TransportError, ProviderError: from every call; `completed` holds what had succeeded.
    """

    base_url: str = ""
    """Where the service is; another address makes another space."""
    timeout: float | None = 60.0
    """Seconds of wall time for one request, body included."""
    max_retries: int = 5
    """Tries after the first, for faults that pass."""
    max_retry_wait: float = 120.0
    """Seconds; a provider that asks to wait longer raises `RateLimited` at once."""
    max_concurrency: int = 8
    """Requests in flight at once in one call; 1 keeps them in the order of the texts."""
    batch_size: int | None = None
    """Texts a request; never more than the provider takes."""
    requests_per_minute: float | None = None
    """Shared by all instances with the same account and model."""
    tokens_per_minute: float | None = None
    """Shared by all instances with the same account and model."""
    default_headers: Mapping[str, str] | None = None
    """Put on every request."""
    long_text: LongText = "error"
    """What to do with a text beyond the model's limit: "error", "truncate", or "split" (mean of the pieces)."""
    tokenizer: Any = param(default=None, shown=False)
    """The model's tokenizer, for exact counts: an object with `encode(text)` and `decode(ids)`."""
    on_progress: Callable[[int, int], None] | None = param(default=None, shown=False)
    """Called with (texts done, texts to send) after every request."""
    transport: Transport | None = param(default=None, shown=False)
    """The network; the process's own if none is given."""

    auth: ClassVar[Auth] = Auth()
    status: ClassVar[str] = "live"
    retired: ClassVar[str] = ""
    extra: ClassVar[str | None] = None
    docs: ClassVar[str] = ""
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = {}
    permanent_codes: ClassVar[frozenset[str]] = frozenset()
    too_large: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Limits] = Limits()
    whole_url: ClassVar[str] = ""
    tokens_at: ClassVar[tuple[str, ...]] = ("usage", "total_tokens")
    _transient: ClassVar[frozenset[str]] = frozenset({"transport", "on_progress"})

    def __post_init__(self) -> None:
        if self.retired and not self.base_url:
            message = (
                f"{type(self).__name__}: this service was closed; use {self.retired}, "
                "or pass base_url= of a server that speaks its format"
            )
            raise ConfigurationError(message)
        self._state = _State()

    # What a provider says ---------------------------------------------------------------------------------------

    def request(self, batch: Batch) -> Request:
        """The request for a batch, without its credential. Pure."""
        raise NotImplementedError

    def vectors(self, reply: Reply) -> Array:
        """The vectors in a reply, in the order of the batch's texts. Pure."""
        raise NotImplementedError

    def tokens(self, reply: Reply) -> int | None:
        """The tokens that the provider counted, found at `tokens_at`."""
        value: Any = reply.json()
        for key in self.tokens_at:
            value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
        return value if isinstance(value, int) else None

    def limits_of_model(self) -> Limits:
        """What one request may carry: the class's limits, made smaller by `batch_size` and the catalogue."""
        sizes = [size for size in (self.limits.texts, self.batch_size, self._state.learned_batch) if size is not None]
        known = catalogue.model(self.provider, self.model_name).max_tokens
        return Limits(
            min(sizes) if sizes else None, self.limits.tokens, self.limits.bytes, self.limits.text_tokens or known
        )

    # For the hooks ----------------------------------------------------------------------------------------------

    @property
    def provider(self) -> str:
        """What stands before the ":" in `load("provider:model")`."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def model_name(self) -> str:
        """The model, as the provider calls it."""
        return str(getattr(self, "model", ""))

    def url(self, path: str) -> str:
        """The address of a path below `base_url`, or the whole address if the class takes one and it was given."""
        if self.whole_url and (whole := getattr(self, self.whole_url)):
            return str(whole)
        if not self.base_url:
            message = f"{type(self).__name__} needs {self._spellings('base_url')}: the address of the service"
            raise ConfigurationError(message)
        return self.base_url.rstrip("/") + path

    def check(self, reply: Reply, *, code: object, message: object = "") -> None:
        """Raise what an error code inside a good HTTP status means; a code that is empty or 0 passes."""
        if code not in {None, "", 0, "0"}:
            raise self.error(reply, str(message), code=str(code))

    def error(self, reply: Reply, message: str = "", code: str = "") -> ProviderError:
        """The error for a reply, by `error_codes`, else by the status. It holds no secret."""
        if not (message or code):
            code, message = details(reply)
        kind = self.error_codes.get(code) or kind_of_status(reply.status)
        passing = reply.status in RETRYABLE or reply.status >= 500 or issubclass(kind, RateLimited | ServiceUnavailable)
        wish = reply.headers.get("x-should-retry")
        return kind(
            redact(message, self._secrets()),
            provider=self.provider,
            status=reply.status,
            code=code,
            request_id=reply.headers.get("x-request-id", ""),
            retryable=passing and code not in self.permanent_codes if wish is None else wish == "true",
            retry_after=retry_after(reply.headers, self.outside().now()),
        )

    def _secrets(self) -> list[str]:
        held = (getattr(self, name) for name, spec in self._params.items() if spec.secret)
        return [secret.get_secret_value() for secret in held if secret is not None and secret.known]

    # Space and recipe -------------------------------------------------------------------------------------------

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in."""
        own = self._is_own_address()
        facts = catalogue.model(self.provider, self.model_name) if own else catalogue.Model()
        asked: int | None = getattr(self, "dimensions", None)
        return SpaceId(
            origin=self.origin,
            model=self.model_name,
            dimensions=asked or facts.dimensions,
            normalised=facts.normalised,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role, derived from the request itself."""
        return recipe_of(
            lambda each: self.request(Batch([PROBE], each)), Role(role), space=self.space, long_text=self.long_text
        )

    @property
    def origin(self) -> str:
        """The vendor's name, or host and path of an address that is not the vendor's."""
        return self.provider if self._is_own_address() else _host_and_path(self._address())

    def _address(self) -> str:
        return str((self.whole_url and getattr(self, self.whole_url)) or self.base_url)

    def _is_own_address(self) -> bool:
        default = self._params["base_url"].default
        return isinstance(default, str) and self._address().rstrip("/") == default.rstrip("/") != ""

    # Calls ------------------------------------------------------------------------------------------------------

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role; see `Embeddings.embed`."""
        call = HostedCall(self, texts, Role(role))
        return call.finish(
            run(call, call.jobs, self.outside(), timeout=call.timeout, limit=self.max_concurrency, on_done=call.told)
        )

    async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """`embed`, without blocking the event loop."""
        call = HostedCall(self, texts, Role(role))
        return call.finish(
            await arun(
                call, call.jobs, self.outside(), timeout=call.timeout, limit=self.max_concurrency, on_done=call.told
            )
        )

    def embed_documents(self, texts: list[str], chunk_size: int | None = None, **options: Any) -> list[list[float]]:
        """Embed documents; `chunk_size` is `batch_size` for this call, options are parameters for this call."""
        return super(HostedEmbeddings, self._with(chunk_size, options)).embed_documents(texts)

    def embed_query(self, text: str, **options: Any) -> list[float]:
        """Embed one query; options are parameters for this call."""
        return super(HostedEmbeddings, self._with(None, options)).embed_query(text)

    async def aembed_documents(
        self, texts: list[str], chunk_size: int | None = None, **options: Any
    ) -> list[list[float]]:
        """`embed_documents`, without blocking the event loop."""
        vectors = (await self._with(chunk_size, options).aembed(texts, Role.DOCUMENT)).vectors
        rows: list[list[float]] = vectors.tolist()
        return rows

    async def aembed_query(self, text: str, **options: Any) -> list[float]:
        """`embed_query`, without blocking the event loop."""
        row: list[float] = (await self._with(None, options).aembed([text], Role.QUERY)).vectors[0].tolist()
        return row

    def _with(self, chunk_size: int | None, options: Mapping[str, Any]) -> Self:
        """This instance, or a copy for one call that shares what is learned and counted."""
        update = {**options, **({"batch_size": chunk_size} if chunk_size else {})}
        if not update:
            return self
        other = self.copy(update=self.call_options(update))
        other._state = self._state
        return other

    def call_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters that the options of one call change."""
        return options

    # For the call -----------------------------------------------------------------------------------------------

    def outside(self) -> Transport:
        """The network, the clock and chance."""
        return default_transport() if self.transport is None else self.transport

    def signed(self, request: Request, credential: Any, now: datetime) -> Request:
        """What is sent: the request with the default headers and the credential."""
        whole = request.with_headers(self.default_headers) if self.default_headers else request
        return self.auth.sign(whole, credential, self, now)

    def is_too_large(self, error: InvalidRequest) -> bool:
        """Whether fewer texts may pass where these did not."""
        said = str(error).lower()
        return isinstance(error, InputTooLong) or any(phrase in said for phrase in self.too_large)

    def learn_limit(self, texts: int) -> None:
        """Remember that no more texts than this pass in one request."""
        known = self._state.learned_batch
        self._state.learned_batch = texts if known is None else min(known, texts)

    def must_halve(self, batch: Batch) -> bool:
        """Whether the batch is beyond a limit that was learned after it was planned."""
        known = self._state.learned_batch
        return known is not None and len(batch.texts) > known

    def cost_of(self, tokens: int | None) -> float | None:
        """US dollars for tokens, by the catalogue."""
        price = catalogue.price(self.provider, self.model_name) if self._is_own_address() else None
        return None if price is None or tokens is None else price * tokens / 1e6

    def count(self, usage: Usage) -> None:
        """Add to the sum of the instance."""
        with self._state.lock:
            self._state.usage = self._state.usage.plus(usage)

    @property
    def usage(self) -> Usage:
        """What all calls of this instance took."""
        return self._state.usage


def _host_and_path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
