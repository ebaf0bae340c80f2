"""A service that is reached over HTTP: its address, how patiently it is asked, and what its refusals mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from .auth import Auth, login_of, without_login
from .errors import ConfigurationError, EmbeddingError, RateLimited, ServiceUnavailable
from .failures import code_at, details, kind_of_status, redact
from .params import Parameters, param
from .retry import retry_after
from .secret import credentials_in, sealed
from .transport import default_transport
from .wire import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from .errors import AuthenticationError, ProviderError
    from .secret import Secret
    from .transport import Transport
    from .wire import Reply, Request

__all__ = ["Service"]

T = TypeVar("T")


class Service(Parameters):
    """What every class that is reached over HTTP has, whatever it asks for."""

    base_url: str = ""
    """Where the service is; another address makes another space."""
    timeout: float | None = 60.0
    """Seconds of wall time for one request, body included; None is the class's default, `float("inf")` no limit."""
    max_retries: int = 5
    """Tries after the first, for faults that pass."""
    max_retry_wait: float = 120.0
    """Seconds; a provider that asks to wait longer raises `RateLimited` at once."""
    requests_per_minute: float | None = None
    """Shared by all instances with the same account and model."""
    tokens_per_minute: float | None = None
    """Shared by all instances with the same account and model."""
    default_headers: Mapping[str, str] | None = param(default=None, shown=False)
    """Put on every request."""
    transport: Transport | None = param(default=None, shown=False)
    """The network; the process's own if none is given."""

    auth: ClassVar[Auth] = Auth()
    status: ClassVar[str] = "live"
    retired: ClassVar[str] = ""
    extra: ClassVar[str | None] = None
    docs: ClassVar[str] = ""
    whole_url: ClassVar[str] = ""
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = {}
    permanent_codes: ClassVar[frozenset[str]] = frozenset()
    stale_codes: ClassVar[frozenset[str]] = frozenset()
    code_header: ClassVar[str] = ""
    code_at: ClassVar[tuple[str | int, ...]] = ()
    open_secrets: ClassVar[tuple[str, ...]] = ("default_headers",)
    """Parameters, besides addresses, that may hold a credential in the clear."""
    _transient: ClassVar[frozenset[str]] = frozenset({"transport", "on_progress"})

    def _check_given(self, values: Mapping[str, Any]) -> None:
        places = [name for name in ("base_url", self.whole_url) if name in self._params]
        if self.retired and not any(values.get(name) or self._params[name].has_value for name in places):
            message = (
                f"{type(self).__name__}: this service was closed; use {self.retired}, "
                "or pass base_url= of a server that speaks its format"
            )
            raise ConfigurationError(message)

    def __post_init__(self) -> None:
        self._at_least(1, "requests_per_minute", "tokens_per_minute")
        self._at_least(0, "max_retries", "max_retry_wait")
        patient = self.timeout is None or self.timeout > 0
        self.require(patient, f"{self._spellings('timeout')} must be more than 0, not {self.timeout}")
        self.auth.check(self)

    def _at_least(self, least: float, *names: str) -> None:
        for name in names:
            value: float | None = getattr(self, name)
            enough = value is None or value >= least
            self.require(enough, f"{self._spellings(name)} must be at least {least}, not {value}")

    @property
    def slug(self) -> str:
        """What stands before the ":" in `load("provider:model")`."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def origin(self) -> str:
        """The vendor's name, or host and path of an address that is not the vendor's."""
        if self.is_own_address():
            return self.slug
        try:
            parts = urlsplit(self.address)
        except ValueError as error:
            message = f"{type(self).__name__}: {self._spellings('base_url')} is no address: {error}"
            raise ConfigurationError(message) from None
        return f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"

    @property
    def own_url(self) -> str:
        """The vendor's own address, "" if there is none; of some vendors it depends on the region."""
        default = self._params["base_url"].default
        return default if isinstance(default, str) else ""

    @property
    def address(self) -> str:
        """Where the service is: the whole address if the class takes one, `base_url`, or the vendor's own."""
        return str((self.whole_url and getattr(self, self.whole_url)) or self.base_url or self.own_url)

    def is_own_address(self) -> bool:
        """Whether the service is the vendor's own."""
        return self.address.rstrip("/") == self.own_url.rstrip("/") != ""

    def url(self, path: str) -> str:
        """The address of a path below `base_url`, or the whole address if the class takes one and it was given."""
        if self.whole_url and (whole := getattr(self, self.whole_url)):
            return without_login(str(whole))
        if not self.address:
            message = f"{type(self).__name__} needs {self._spellings('base_url')}: the address of the service"
            raise ConfigurationError(message)
        return without_login(self.address).rstrip("/") + path

    def outside(self) -> Transport:
        """The network, the clock and chance."""
        return default_transport() if self.transport is None else self.transport

    def signed(self, request: Request, credential: Any, now: datetime) -> Request:
        """What is sent: the request with the default headers and the credential."""
        whole = request.with_headers(self.default_headers) if self.default_headers else request
        ready = self.auth.sign(whole, credential, self, now)
        login = login_of(self.address)
        return ready.with_headers(login) if login and "authorization" not in Headers(ready.headers) else ready

    def check(self, reply: Reply, *, code: object, message: object = "") -> None:
        """Raise what an error code inside a good HTTP status means; a code that is empty or 0 passes."""
        if code not in {None, "", 0, "0"}:
            raise self.error(reply, str(message), code=str(code))

    def read(self, reply: Reply, reader: Callable[[], T]) -> T:
        """What `reader` finds in a reply; a refusal, or a form that can't be read, is a typed error."""
        if reply.status >= 300:  # a redirect is not followed: credentials would go along
            raise self.error(reply)
        try:
            return reader()
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            if isinstance(error, EmbeddingError):
                raise
            wrong = f"it has no {error}" if isinstance(error, LookupError) else str(error)
            code, said = details(reply)
            known = code in self.error_codes
            raise self.error(reply, said if known else f"{wrong}{said and f' ({said})'}", code) from None

    def error(self, reply: Reply, message: str = "", code: str = "") -> ProviderError:
        """The error for a reply, by `error_codes`, else by the status. It holds no secret."""
        if not (message or code):
            code, message = details(reply)
            header = reply.headers.get(self.code_header, "").partition(":")[0]
            code = code_at(reply, self.code_at) or header or code
        kind = self.error_codes.get(code) or kind_of_status(reply.status)
        wish = reply.headers.get("x-should-retry")
        passing = issubclass(kind, RateLimited | ServiceUnavailable) if wish is None else wish == "true"
        hidden = self.hidden()
        return kind(
            redact(message, hidden),
            provider=self.slug,
            status=reply.status,
            code=redact(code, hidden),
            request_id=redact(reply.headers.get("x-request-id", ""), hidden),
            retryable=passing and code not in self.permanent_codes,
            retry_after=retry_after(reply.headers, self.outside().now()),
        )

    def is_stale(self, error: AuthenticationError) -> bool:
        """Whether another credential may pass where this one did not: 401, or a code of `stale_codes`."""
        return error.status == 401 or error.code in self.stale_codes

    @property
    def account(self) -> int:
        """A fingerprint of the credentials: instances that share it share the provider's limits."""
        return hash(tuple(secret.get_secret_value() for secret in self._secrets()))

    def hidden(self) -> list[str]:
        """What no message may show."""
        headers = credentials_in([login_of(self.address), *(getattr(self, name) for name in self.open_secrets)])
        bare = [value.rpartition(" ")[2] for value in headers]  # "Bearer sk-1"
        return [
            *(value for secret in self._secrets() for value in secret.values),
            *self.auth.made_of(self),
            *headers,
            *bare,
        ]

    def __getstate__(self) -> dict[str, Any]:
        """The parameters; one that holds a credential in the clear goes as the name of its variable, or not at all.

        Raises:
            ConfigurationError: such a value was given as an argument, and this is not inside `reveal_secrets`.
        """
        state = super().__getstate__()
        for name, value in state.items():
            if isinstance(value, str) or name in self.open_secrets:
                state[name] = sealed(value, f"{type(self).__name__}: {name}", self._params[name].env)
        return state

    def _secrets(self) -> list[Secret]:
        held: list[Secret | None] = [getattr(self, name) for name, spec in self._params.items() if spec.secret]
        return [secret for secret in held if secret is not None and secret.known]
