"""Volcengine's signature, version 4: HMAC-SHA256 over the request, its body and its date.

Source: https://www.volcengine.com/docs/6369/67269
"""

from __future__ import annotations

import hashlib
import hmac
from functools import reduce
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from ..auth import KeyPair

if TYPE_CHECKING:
    from datetime import datetime

    from ..wire import Request

__all__ = ["VolcengineSignature"]


class VolcengineSignature(KeyPair):
    """`Authorization: HMAC-SHA256 ...`; the class that uses it has the parameter `region`.

    Args:
        key: name of the parameter that holds the access key.
        secret: name of the parameter that holds the secret key.
        service: name of the service in the signature.
    """

    def __init__(self, key: str, secret: str, service: str) -> None:
        super().__init__(key, secret)
        self.service = service

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with its date, the hash of its body and its signature."""
        access_key, secret_key = credential
        body, date = _sha256(request.body), f"{now:%Y%m%dT%H%M%SZ}"
        dated = request.with_headers({"X-Date": date, "X-Content-Sha256": body})
        scope = f"{now:%Y%m%d}/{owner.region}/{self.service}/request"
        headers = {name.lower(): value.strip() for name, value in dated.headers.items()} | {"host": request.host}
        signed = {
            name: headers[name] for name in sorted(headers) if name in {"content-type", "host"} or name[:2] == "x-"
        }
        lines = [f"{name}:{value}" for name, value in signed.items()]
        query = urlencode(sorted(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)), quote_via=quote)
        whole = "\n".join([request.method, request.path, query, *lines, "", ";".join(signed), body])
        text = f"HMAC-SHA256\n{date}\n{scope}\n{_sha256(whole.encode())}"
        key = reduce(_hmac, scope.split("/"), secret_key.encode())
        proof = f"Credential={access_key}/{scope}, SignedHeaders={';'.join(signed)}, Signature={_hmac(key, text).hex()}"
        return dated.with_headers({"Authorization": f"HMAC-SHA256 {proof}"})


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
