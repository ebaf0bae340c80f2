"""What a provider says when it refuses: the code and message in the body, and the class of error by the status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from .errors import (
    AuthenticationError,
    BadResponse,
    InputTooLong,
    InvalidRequest,
    ModelNotFound,
    RateLimited,
    ServiceUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .errors import (
        ProviderError,
    )
    from .wire import Reply

__all__ = ["details", "kind_of_status", "redact"]

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
_NESTED = ("error", "errors", "base_resp", "detail", "header", "fault")
SHOWN = 300
"""Characters of an unreadable body that a message shows."""


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
        return "", " ".join(reply.body[:SHOWN].decode(errors="replace").split())
    code, message = _find(body)
    return code, message or (reply.body[:SHOWN].decode(errors="replace") if reply.status >= 300 else "")


def _find(body: Any) -> tuple[str, str]:
    if isinstance(body, str):
        return "", body
    if isinstance(body, list):
        items = cast("Sequence[Any]", body)
        return _find(items[0]) if items else ("", "")
    if not isinstance(body, dict):
        return "", ""
    fields = cast("dict[str, Any]", body)
    for key in _NESTED:
        if fields.get(key):
            code, message = _find(fields[key])
            if code or message:
                return code or _first(fields, _CODES), message or _first(fields, _MESSAGES)
    return _first(fields, _CODES), _first(fields, _MESSAGES)


def _first(body: dict[str, Any], names: Iterable[str]) -> str:
    found = (body[name] for name in names if isinstance(body.get(name), str | int) and body[name] not in {"", 0})
    return str(next(found, ""))


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret, as it is or quoted for a URL, replaced by `****`."""
    for value in sorted(
        {form for secret in secrets for form in (secret, quote(secret, safe="")) if form}, key=len, reverse=True
    ):
        text = text.replace(value, "****")
    return text
