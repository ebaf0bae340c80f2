"""A credential that does not show itself."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence

__all__ = ["Secret", "SecretField", "credentials_in", "masked", "reveal_secrets", "sealed"]

_NAMES = re.compile("auth|key|token|secret|cookie|password", re.IGNORECASE)
_LOGIN = re.compile("//[^/@]+@")
_QUERY = re.compile(r"([?&][\w-]*(?:auth|credential|key|secret|sign|token)[\w-]*=)[^&\s\"'<>\\]+", re.IGNORECASE)
_revealed: ContextVar[bool] = ContextVar("onevec_secrets_revealed", default=False)


@contextmanager
def reveal_secrets() -> Generator[None]:
    """Allow secrets that were given as plain arguments to be pickled inside this block."""
    token = _revealed.set(True)
    try:
        yield
    finally:
        _revealed.reset(token)


@runtime_checkable
class HasSecretValue(Protocol):
    """What pydantic's SecretStr offers."""

    def get_secret_value(self) -> str: ...


class Secret:
    """A string that does not show itself in repr, str, logs, errors or pickles.

    Args:
        value: the plain string, another secret (pydantic's SecretStr too), or a function without arguments that
            returns the string (or an awaitable of it). A function is asked once, and again after the provider has
            refused its last answer, so it may hand out keys that rotate.
        env: name of the environment variable that the value came from. A pickle then holds this name only.

    Example:
        >>> key = Secret("sk-123")
        >>> key
        Secret('****')
        >>> key == "sk-123", key.get_secret_value()
        (True, 'sk-123')
    """

    __slots__ = ("_env", "_former", "_source", "_value")

    _env: str | None
    _value: str | None
    _former: str | None
    _source: Callable[[], str | Awaitable[str]] | None

    def __init__(
        self, value: str | HasSecretValue | Callable[[], str | Awaitable[str]], *, env: str | None = None
    ) -> None:
        self._env, self._source, self._former = env, None, None
        if isinstance(value, Secret):
            self._env, self._source, self._value = value._env, value._source, value._value
        elif isinstance(value, str):
            self._value = value
        elif isinstance(value, HasSecretValue):
            self._value = value.get_secret_value()
        elif callable(value):
            self._source, self._value = value, None
        else:
            message = f"must be a str, a SecretStr or a function that returns one, not {type(value).__name__}"
            raise TypeError(message)

    @classmethod
    def from_env(cls, name: str) -> Secret:
        """Read a secret from an environment variable; its pickle holds only the variable's name.

        Raises:
            ConfigurationError: the variable is not set.
        """
        if value := os.environ.get(name):
            return cls(value, env=name)
        message = f"the environment variable {name} is not set"
        raise ConfigurationError(message)

    @property
    def variable(self) -> str | None:
        """The environment variable that the value came from, if it did."""
        return self._env

    @property
    def source(self) -> Callable[[], str | Awaitable[str]] | None:
        """The function that hands out the value, if there is one."""
        return self._source

    @property
    def known(self) -> bool:
        """Whether the value can be read without asking `source`."""
        return self._value is not None

    def replace_value(self, value: str | None) -> None:
        """Keep what `source` answered; None forgets it."""
        self._former, self._value = self._value, value

    @property
    def values(self) -> list[str]:
        """The value and the one before it, as far as they are known: a late reply may still show the one before."""
        return [value for value in (self._value, self._former) if value is not None]

    def get_secret_value(self) -> str:
        """The plain string.

        Raises:
            ConfigurationError: the function that was given returned something else than a str.
        """
        if self._value is None and self._source is not None:
            answer = self._source()
            if not isinstance(answer, str):
                if inspect.iscoroutine(answer):
                    answer.close()  # a coroutine that nobody awaits would warn
                message = "the function given as a secret is asynchronous or returned no str: use the async methods"
                raise ConfigurationError(message)
            self._value = answer
        return self._value or ""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.get_secret_value() == other
        if isinstance(other, HasSecretValue):
            return self.get_secret_value() == other.get_secret_value()
        return NotImplemented

    # Equal to a plain string, so its hash would tell about the value.
    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    def __bool__(self) -> bool:
        return self._source is not None or bool(self._value)

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self._env is not None:
            return Secret.from_env, (self._env,)
        if self._source is not None:
            return Secret, (self._source,)
        if _revealed.get():
            return Secret, (self._value,)
        message = (
            "this object holds a secret that was given as an argument, so it is not pickled: set the environment "
            "variable instead, pass Secret.from_env('NAME'), or pickle inside `with onevec.reveal_secrets():`"
        )
        raise ConfigurationError(message)


class _FromVariable:
    """Stands in a pickle for a plain value that came from a variable."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return _value_of, (self.name,)


def _value_of(variable: str) -> str:
    return Secret.from_env(variable).get_secret_value()


def sealed(value: Any, what: str, variables: Sequence[str] = ()) -> Any:
    """What a pickle carries in place of a plain value that may hold a credential.

    Args:
        value: headers, an address, or an object of a library of credentials. It is carried as it is if there is no
            credential in it, and inside `reveal_secrets`.
        what: its name, for the message.
        variables: environment variables that it may have come from.

    Raises:
        ConfigurationError: it came from none of them.
    """
    object_of_library = value is not None and not hasattr(value, "__len__")
    if _revealed.get() or not (object_of_library or credentials_in(value)):
        return value
    for variable in variables:
        if os.environ.get(variable) == value:
            return _FromVariable(variable)
    way = f"set {' or '.join(variables)}, or " if variables else "pass the credential as the class's own parameter, or "
    message = f"{what} holds a credential, so it is not pickled: {way}pickle inside `with onevec.reveal_secrets():`"
    raise ConfigurationError(message)


def credentials_in(value: Any) -> list[str]:
    """The credentials in an address, and in headers and the like, where the name tells so, at any depth.

    Example:
        >>> credentials_in({"headers": {"X-Api-Key": "sk-1", "Accept": "*/*"}})
        ['sk-1']
    """
    if isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value)
        named = [part for name, part in found.items() if isinstance(part, str) and _NAMES.search(name)]
        return named + credentials_in([*found.values()])
    if isinstance(value, list | tuple):
        return [text for part in cast("Sequence[Any]", value) for text in credentials_in(part)]
    if isinstance(value, str) and masked(value) != value:
        return [value]
    return []


def masked(text: str) -> str:
    """The text without the logins, and without the credentials and signatures in query strings, of addresses in it.

    Example:
        >>> masked("https://me:pass@host/embed?model=m&api_key=sk-1")
        'https://****@host/embed?model=m&api_key=****'
    """
    return _QUERY.sub(r"\1****", _LOGIN.sub("//****@", text))


if TYPE_CHECKING:

    class SecretField:
        """For type checkers only: set it to what `Secret` takes, read it as a `Secret`."""

        def __get__(self, owner: object, kind: type) -> Secret: ...
        def __set__(
            self, owner: object, value: str | HasSecretValue | Callable[[], str | Awaitable[str]] | None
        ) -> None: ...

else:
    SecretField = Secret
