"""What a provider says when it refuses: the code and message in the body, and the class of error by the status."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

from .errors import (
    AuthenticationError,
    BadResponse,
    InputTooLong,
    InvalidRequest,
    ModelNotFound,
    RateLimited,
    ServiceUnavailable,
)
from .secret import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .errors import (
        ProviderError,
    )
    from .wire import Reply

__all__ = ["code_at", "details", "kind_of_status", "redact"]

_BY_STATUS: dict[int, type[ProviderError]] = {
    400: InvalidRequest,
    401: AuthenticationError,
    403: AuthenticationError,
    404: ModelNotFound,
    408: ServiceUnavailable,
    409: ServiceUnavailable,
    413: InputTooLong,
    422: InvalidRequest,
    425: ServiceUnavailable,
    429: RateLimited,
}
_CODES = ("code", "error_code", "err_code", "errorCode", "status_code", "type", "__type", "status")
_MESSAGES = ("message", "error_msg", "err_msg", "errorMessage", "msg", "status_msg", "detail", "description", "Message")
_NESTED = ("error", "errors", "base_resp", "detail", "header", "fault", "status")
_TAIL = re.compile("[*]{4}[A-Za-z0-9+/=%_-]{16,}")
"""What goes on right behind a secret, as a signature does behind the part that is always the same."""
DEEP = 8
"""Levels of a body that are searched."""
SHOWN = 500
"""Characters of what a provider said that a message shows."""


def kind_of_status(status: int) -> type[ProviderError]:
    """The class of error for an HTTP status; every status has one."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:  # HTTP: 5xx is the server's fault
        return ServiceUnavailable
    return InvalidRequest if status >= 300 else BadResponse


def details(reply: Reply) -> tuple[str, str]:
    """The provider's code and message, each "" if there is none.

    Example:
        >>> from onevec.wire import Reply
        >>> details(Reply(status=401, body=b'{"error": {"code": "invalid_api_key", "message": "no"}}'))
        ('invalid_api_key', 'no')
    """
    try:
        body = reply.json()
    except ValueError:
        return "", " ".join(reply.body.decode(errors="replace").split())
    code, message = _find(body, DEEP)
    return code, message or (reply.body.decode(errors="replace") if reply.status >= 300 else "")


def code_at(reply: Reply, path: Sequence[str | int]) -> str:
    """The code at a place of the vendor's own in the body, "" if there is none.

    Example:
        >>> from onevec.wire import Reply
        >>> body = b'{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}'
        >>> code_at(Reply(status=400, body=body), ("error", "details", 0, "reason"))
        'API_KEY_INVALID'
    """
    try:
        value: Any = reply.json() if path else ""
        for key in path:
            value = value[key]
    except (LookupError, TypeError, ValueError):
        return ""
    return str(value)


def _find(body: Any, deep: int) -> tuple[str, str]:
    if isinstance(body, str):
        return "", body
    if isinstance(body, list):
        items = cast("Sequence[Any]", body)
        return _find(items[0], deep - 1) if items and deep else ("", "")
    if not isinstance(body, dict):
        return "", ""
    fields = cast("dict[str, Any]", body)
    for key in _NESTED:
        if fields.get(key) and deep and (key != "status" or isinstance(fields[key], dict)):  # else it is a code
            code, message = _find(fields[key], deep - 1)
            if code or message:
                return code or _first(fields, _CODES), message or _first(fields, _MESSAGES)
    return _first(fields, _CODES), _first(fields, _MESSAGES)


def _first(body: dict[str, Any], names: Iterable[str]) -> str:
    found = (body[name] for name in names if isinstance(body.get(name), str | int) and body[name] not in {"", 0})
    return str(next(found, ""))


def redact(text: str, secrets: Iterable[str]) -> str:
    """At most `SHOWN` characters of the text; secrets, and credentials in addresses, are replaced by `****`."""
    for form in sorted({form for secret in secrets if secret for form in _forms(secret)}, key=len, reverse=True):
        text = text.replace(form, "****")
    text = _TAIL.sub("****", masked(text))
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"  # cut last: no part of a secret may stay


def _forms(secret: str) -> set[str]:
    """A secret as it is, and as it looks in a URL and in JSON."""
    plain = secret.encode(errors="replace")
    quoted = {quote(plain, safe=""), quote(plain), quote_plus(plain)}
    lower = {re.sub("%..", lambda found: found[0].lower(), form) for form in quoted}
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {secret, *quoted, *lower, escaped, escaped.replace("/", "\\/")}
