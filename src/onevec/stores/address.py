"""Where a store's server is: whole for its driver, without a credential for everybody else."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import CacheError, ConfigurationError
from ..failures import redact
from ..secret import Secret

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ..secret import HasSecretValue

__all__ = ["Address"]

_SECRET = re.compile(r"password|passwd|secret|token|key(?!_id)|credential|signature", re.IGNORECASE)
"""Names of options that hold a credential."""


class Address:
    """A URL and a driver's options. `str` shows no password, and a pickle holds one only if `Secret` allows that.

    Args:
        url: the URL, or a `Secret` with it.
        options: the driver's options; a value may be a `Secret`.

    Example:
        >>> str(Address("redis://:pass@localhost:6379/0?ssl_ca_certs=a.pem"))
        'redis://localhost:6379/0'

    Raises:
        ConfigurationError: the URL can't be read.
    """

    def __init__(self, url: str | HasSecretValue, options: Mapping[str, Any] | None = None) -> None:
        held = Secret(url)
        try:
            secret = _hidden(held.get_secret_value())
        except ValueError:  # its message shows a part of the URL
            raise ConfigurationError(
                "the URL of a store can't be read: are special characters written as %XX?"
            ) from None
        self._url = url if isinstance(url, str) and not secret else held
        self._options = {
            name: Secret(value) if _SECRET.search(name) and isinstance(value, str) else value
            for name, value in (options or {}).items()
        }

    @property
    def url(self) -> str:
        """The URL as it was given."""
        url: str = _plain(self._url)
        return url

    @property
    def options(self) -> dict[str, Any]:
        """The options as they were given."""
        return {name: _plain(value) for name, value in self._options.items()}

    @property
    def scheme(self) -> str:
        """What stands before the first ":"."""
        return self.url.partition(":")[0].lower()

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # a password with a character that was not escaped
            return f"{parts.scheme}://****"
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def redacted(self, error: Exception) -> str:
        """The first line of what a driver says, without a credential."""
        held = [value.get_secret_value() for value in self._options.values() if isinstance(value, Secret)]
        return redact(str(error).partition("\n")[0].strip(), [*_hidden(self.url), *held])

    @contextmanager
    def faults(self, kinds: type[Exception] | tuple[type[Exception], ...], hint: str) -> Generator[None]:
        """Turn a driver's error inside into one of ours.

        Args:
            kinds: the driver's errors.
            hint: what the user can do.

        Raises:
            CacheError: with the store's address and the driver's words, but never a credential.
        """
        try:
            yield
        except kinds as error:
            message = f"{self}: {type(error).__name__}: {self.redacted(error)}; {hint}"
            raise CacheError(message) from None  # the driver's own error may show the password


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, Secret) else value


def _hidden(url: str) -> list[str]:
    """What no message may show: the password, and what could be one if it was not escaped."""
    user, at, _ = url.partition("//")[2].rpartition("@")
    written = user.partition(":")[2] if at else ""
    query = [value for name, value in parse_qsl(urlsplit(url).query) if _SECRET.search(name)]
    return [text for text in (written, unquote(written), *query) if text]
