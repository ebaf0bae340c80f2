"""Put the credential on a request: a bearer token, a key in a header or in the query, a token fetched with a key.

Signatures are in `signing`, one algorithm a file; they are the same kind of object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ConfigurationError
from .wire import Call

if TYPE_CHECKING:
    from datetime import datetime

    from .secret import Secret
    from .wire import Flow, Request

__all__ = ["Auth", "Bearer", "KeyHeader", "KeyQuery", "read_secret"]


class Auth:  # its methods take what some subclass needs, so most leave some of it
    """Nothing is put on the request. Subclasses sign; those that need a token first fetch it."""

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
        """The request with the header."""
        return request if credential is None else request.with_headers({self.header: f"{self.prefix}{credential}"})


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
