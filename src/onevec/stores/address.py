"""The address of a store's server: whole for its driver, without a credential for everybody else."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import CacheError
from ..failures import redact
from ..secret import Secret

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..secret import HasSecretValue

__all__ = ["Address", "is_secret"]

_SECRET = re.compile(r"password|passwd|secret|token|key(?!_id)|credential|signature", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether an option of this name holds a credential."""
    return _SECRET.search(name) is not None


class Address:
    """A URL that may hold a password: `str` never shows it, and a pickle holds it only if `Secret` allows that.

    Args:
        url: the URL, or a `Secret` with it.

    Example:
        >>> str(Address("redis://:pass@localhost:6379/0?ssl_ca_certs=a.pem"))
        'redis://localhost:6379/0'
    """

    def __init__(self, url: str | HasSecretValue) -> None:
        self._url = url if isinstance(url, str) and not _hidden(url) else Secret(url)

    @property
    def url(self) -> str:
        """The URL as it was given."""
        return self._url if isinstance(self._url, str) else self._url.get_secret_value()

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
        """The first line of what a driver says, without the password."""
        return redact(str(error).partition("\n")[0].strip(), _hidden(self.url))

    @contextmanager
    def faults(self, kinds: type[Exception] | tuple[type[Exception], ...], hint: str) -> Generator[None]:
        """Turn a driver's error inside into one of ours.

        Args:
            kinds: the driver's errors.
            hint: what the user can do.

        Raises:
            CacheError: with the store's address and the driver's words, but never a password.
        """
        try:
            yield
        except kinds as error:
            message = f"{self}: {type(error).__name__}: {self.redacted(error)}; {hint}"
            raise CacheError(message) from None  # the driver's own error may show the password


def _hidden(url: str) -> list[str]:
    """What no message may show: the password, and what could be one if it was not escaped."""
    parts = urlsplit(url)
    user, at, _ = url.partition("//")[2].rpartition("@")
    written = user.partition(":")[2] if at else ""
    query = [value for name, value in parse_qsl(parts.query) if is_secret(name)]
    return [text for text in (written, unquote(written), *query) if text]
