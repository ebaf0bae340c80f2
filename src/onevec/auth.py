"""Put the credential on a request: a bearer token, a key in a header or in the query, a token fetched with a key.

Signatures are in `signing`, one algorithm a file; they are the same kind of object.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from .errors import ConfigurationError
from .exchange import exchange
from .wire import Call, Headers

if TYPE_CHECKING:
    from datetime import datetime

    from .secret import Secret
    from .wire import Flow, Reply, Request

__all__ = [
    "Auth",
    "Bearer",
    "FirstGiven",
    "KeyHeader",
    "KeyPair",
    "KeyQuery",
    "Token",
    "TokenExchange",
    "login_of",
    "read_secret",
    "without_login",
]


class Auth:  # its methods take what some subclass needs, so most leave some of it
    """Nothing is put on the request. Subclasses sign; those that need a token first fetch it."""

    parameters: tuple[str, ...] = ()
    """Names of the parameters that may hold a credential."""

    @property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """Names of the parameters that make a credential together, each way by itself."""
        return tuple((name,) for name in self.parameters)

    def given(self, owner: Any) -> bool:
        """Whether the instance has one of `parameters`."""
        return not self.parameters or any(getattr(owner, name) for name in self.parameters)

    def check(self, owner: Any) -> None:
        """Refuse an instance that has no credential of this kind.

        Raises:
            ConfigurationError: the message names the parameters and their variables.
        """
        if not self.given(owner):
            spelled = {name: " or ".join((f"{name}=...", *owner._params[name].env)) for name in self.parameters}
            ways = (" and ".join(spelled[name] for name in way) for way in self.ways)
            message = f"{type(owner).__name__} needs a credential: pass or set {', or '.join(ways)}"
            raise ConfigurationError(message)

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """Get what `sign` needs, once a call of `embed` and again after the provider has refused it.

        Args:
            owner: the instance whose parameters hold the credential.
            refused: the credential that the provider answered with 401; None at first.
        """
        return None
        yield  # a flow, though it has no step

    def renewable(self, owner: Any) -> bool:
        """Whether `fetch` may give another credential after a 401."""
        return False

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with the credential on it."""
        return request

    def made_of(self, owner: Any) -> list[str]:
        """What is made of secrets that are known and is as secret as they are."""
        return []


def without_login(url: str) -> str:
    """An address without the name and password that it may hold."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def login_of(url: str) -> dict[str, str]:
    """The header for the name and password in an address; none if it has none."""
    login, mark, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    return {"Authorization": f"Basic {b64encode(unquote_to_bytes(login)).decode()}"} if mark else {}


def read_secret(secret: Secret | None, refused: Any = None) -> Flow[str | None]:
    """The plain value; a function that hands out keys is asked at first and again after a refusal."""
    if secret is None:
        return None
    if secret.source is not None and (not secret.known or secret == refused):
        answer = yield Call(secret.source)
        if not isinstance(answer, str):
            message = f"the function that gives the key returned {type(answer).__name__}, not str"
            raise ConfigurationError(message)
        secret.replace_value(answer)
    return secret.get_secret_value()


class KeyHeader(Auth):
    """A key in a header, such as `X-Api-Key: <key>`.

    Args:
        parameter: name of the parameter that holds the key; None as its value sends no header.
        header: name of the header.
        prefix: put before the key.
    """

    def __init__(self, parameter: str, header: str, prefix: str = "") -> None:
        self.parameter, self.header, self.prefix = parameter, header, prefix
        self.parameters = (parameter,)

    def check(self, owner: Any) -> None:
        """Nothing: a key that must be there is a parameter without a default."""

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """The key itself."""
        secret: Secret | None = getattr(owner, self.parameter)
        value = yield from read_secret(secret, refused)
        if value is not None and not (value.isascii() and value.isprintable() and value.strip() == value != ""):
            env = owner._params[self.parameter].env
            source = f" (environment variable {' or '.join(env)})" if env else ""
            message = (
                f"{type(owner).__name__}: {self.parameter}{source} can't be sent in a header: it is empty or holds "
                "white space, a line break or a character beyond ASCII"
            )
            raise ConfigurationError(message)
        return value

    def renewable(self, owner: Any) -> bool:
        """True for keys that a function hands out."""
        secret: Secret | None = getattr(owner, self.parameter)
        return secret is not None and secret.source is not None

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with the header; one that the user gave by `default_headers` stays."""
        if credential is None or self.header in Headers(request.headers):
            return request
        return request.with_headers({self.header: f"{self.prefix}{credential}"})


class FirstGiven(Auth):
    """Several kinds of credential, of which the first that the instance has is used.

    Args:
        kinds: each is asked whether it is `given`.
    """

    def __init__(self, *kinds: Auth) -> None:
        self.kinds = kinds
        self.parameters = tuple(name for kind in kinds for name in kind.parameters)

    @property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """Those of all kinds."""
        return tuple(dict.fromkeys(way for kind in self.kinds for way in kind.ways))

    def _kind(self, owner: Any) -> Auth:
        return next((kind for kind in self.kinds if kind.given(owner)), self.kinds[-1])

    def given(self, owner: Any) -> bool:
        """Whether the instance has a credential of any kind."""
        return any(kind.given(owner) for kind in self.kinds)

    def check(self, owner: Any) -> None:
        """Refuse an instance without a credential, or with half of one."""
        super().check(owner)
        self._kind(owner).check(owner)

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """See the kind."""
        return self._kind(owner).fetch(owner, refused)

    def renewable(self, owner: Any) -> bool:
        """See the kind."""
        return self._kind(owner).renewable(owner)

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """See the kind."""
        return self._kind(owner).sign(request, credential, owner, now)

    def made_of(self, owner: Any) -> list[str]:
        """See the kind."""
        return self._kind(owner).made_of(owner)


class KeyPair(Auth):
    """A key that is sent and a secret that only signs; subclasses are in `signing`.

    Args:
        key: name of the parameter that holds the key, plain or as a secret.
        secret: name of the parameter that holds the secret.
    """

    def __init__(self, key: str, secret: str) -> None:
        self.parameters = (key, secret)

    @property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """Both of them."""
        return (self.parameters,)

    def given(self, owner: Any) -> bool:
        """Whether the instance has both."""
        return all(getattr(owner, name) for name in self.parameters)

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """Key and secret."""
        key = getattr(owner, self.parameters[0])
        key = key if isinstance(key, str) else (yield from read_secret(key))
        secret = yield from read_secret(getattr(owner, self.parameters[1]))
        return key, secret


class Basic(KeyPair):
    """`Authorization: Basic <user and password>`."""

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with the header."""
        return request.with_headers({"Authorization": f"Basic {_login(*credential)}"})

    def made_of(self, owner: Any) -> list[str]:
        """User and password as they are sent."""
        user, password = (getattr(owner, name) for name in self.parameters)
        plain = user if isinstance(user, str) else user and user.known and user.get_secret_value()
        return [_login(plain, password.get_secret_value())] if plain and password and password.known else []


def _login(user: str, password: str) -> str:
    return b64encode(f"{user}:{password}".encode()).decode()


class Bearer(KeyHeader):
    """`Authorization: Bearer <key>`."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter, "Authorization", "Bearer ")


class KeyQuery(KeyHeader):
    """A key in the query string, such as `?key=<key>`."""

    def __init__(self, parameter: str, name: str = "key") -> None:
        super().__init__(parameter, name)

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with the query parameter."""
        return request if credential is None else request.with_query(**{self.header: credential})


EARLY = timedelta(seconds=60)
"""A token is renewed this long before it expires, so that it does not expire on the way."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and when it expires; None if the vendor does not say."""

    value: str
    expires: datetime | None = None

    def fresh(self, now: datetime) -> bool:
        """Whether it will still be good when a request arrives."""
        return self.expires is None or now < self.expires - EARLY

    def __repr__(self) -> str:
        return f"Token('****', expires={self.expires})"


class TokenExchange(Auth):
    """A token that is fetched with a key, kept until shortly before it expires, and fetched anew once it is refused.

    The class that uses it has two more pure hooks: `token_request() -> Request`, and `token(reply, now) -> Token`.

    Args:
        keys: the parameters that a token is fetched with; one of them, or a ready token, is needed.
        ready: the parameter that may hold a token, which is used until it is refused.
        query: name of the query parameter that carries the token; "" puts `Authorization: Bearer <token>`.
    """

    def __init__(self, *keys: str, ready: str, query: str = "") -> None:
        self.keys, self.ready, self.query = keys, ready, query
        self.parameters = (*keys, ready)

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """The token that is held, or a new one."""
        held: Token | None = owner.credential_held
        if held is None and (given := (yield from read_secret(getattr(owner, self.ready)))):
            held = Token(given)
        if held is not None and held.value != refused and held.fresh(owner.outside().now()):
            return held.value

        def read(reply: Reply) -> Token:
            found: Token = owner.read(reply, lambda: owner.token(reply, owner.outside().now()))
            return found

        owner.credential_held = fresh = yield from exchange(owner, lambda _: owner.token_request(), read)
        return fresh.value

    def made_of(self, owner: Any) -> list[str]:
        """The token that is held."""
        held: Token | None = owner.credential_held
        return [held.value] if held else []

    def renewable(self, owner: Any) -> bool:
        """Whether there is a key to fetch a token with."""
        return any(getattr(owner, key) for key in self.keys)

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with the token."""
        if self.query:
            return request.with_query(**{self.query: credential})
        return request.with_headers({"Authorization": f"Bearer {credential}"})
