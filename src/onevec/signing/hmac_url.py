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
        proof = f'api_key="{key}", algorithm="hmac-sha256", headers="host date request-line", signature="{signature}"'
        return request.with_query(host=request.host, date=date, authorization=b64encode(proof.encode()).decode())
