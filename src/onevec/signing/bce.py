"""Baidu's signature bce-auth-v1: HMAC-SHA256 over the request line and the headers.

Source: https://cloud.baidu.com/doc/Reference/s/Njwvz1wot
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

from ..auth import KeyPair

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from ..wire import Request

__all__ = ["BceSignature"]

SECONDS = 300
"""How long a signature is good."""


class BceSignature(KeyPair):
    """`Authorization: bce-auth-v1/...`, made with an access key and its secret key."""

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with its date and signature; every header that it has is signed."""
        access_key, secret_key = credential
        date = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        dated = request.with_headers({"x-bce-date": date})
        headers = {name.lower(): value.strip() for name, value in dated.headers.items()} | {"host": request.host}
        prefix = f"bce-auth-v1/{access_key}/{date}/{SECONDS}"
        proof = _hmac(_hmac(secret_key, prefix), _canonical(request, headers))
        return dated.with_headers({"Authorization": f"{prefix}/{';'.join(sorted(headers))}/{proof}"})


def _canonical(request: Request, headers: dict[str, str]) -> str:
    """What is signed: method, path, query and headers, a line each."""
    query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    pairs = sorted(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    lines = sorted(f"{quote(name, safe='')}:{quote(value, safe='')}" for name, value in headers.items())
    return "\n".join([request.method, request.path, "&".join(pairs), *lines])


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()
