"""HMAC-SHA256 over host, date and request line, carried in the query string (iFLYTEK).

Source: https://www.xfyun.cn/doc/spark/general_url_authentication.html
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from ..auth import KeyPair

if TYPE_CHECKING:
    from datetime import datetime

    from ..wire import Request

__all__ = ["HmacUrl"]


class HmacUrl(KeyPair):
    """Signs the address; the body is not signed."""

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with host, date and authorization in its query string; good for the vendor's 300 seconds."""
        key, secret = credential
        date = format_datetime(now, usegmt=True)
        lines = f"host: {request.host}\ndate: {date}\n{request.method} {request.path} HTTP/1.1"
        signature = b64encode(hmac.digest(secret.encode(), lines.encode(), "sha256")).decode()
        proof = f'{_always(key)}{signature}"'
        return request.with_query(host=request.host, date=date, authorization=b64encode(proof.encode()).decode())

    def made_of(self, owner: Any) -> list[str]:
        """What all authorizations of the key begin with."""
        key = getattr(owner, self.parameters[0])
        plain = key if isinstance(key, str) else key.get_secret_value() if key and key.known else ""
        start = _always(plain).encode()
        return [b64encode(start[: len(start) // 3 * 3]).decode()] if plain else []


def _always(key: str) -> str:
    """The authorization, up to the signature."""
    return f'api_key="{key}", algorithm="hmac-sha256", headers="host date request-line", signature="'
