"""Tencent Cloud's signature, version 3: HMAC-SHA256 over the request, its body and its date.

Source: https://cloud.tencent.com/document/api/1729/101842
"""

from __future__ import annotations

import hashlib
import hmac
from functools import reduce
from typing import TYPE_CHECKING, Any

from ..auth import KeyPair

if TYPE_CHECKING:
    from datetime import datetime

    from ..wire import Request

__all__ = ["TencentSignature"]

SIGNED = "content-type;host"


class TencentSignature(KeyPair):
    """`Authorization: TC3-HMAC-SHA256 ...`, and the time in `X-TC-Timestamp`.

    Args:
        key: name of the parameter that holds the SecretId.
        secret: name of the parameter that holds the SecretKey.
        service: name of the service in the signature.
    """

    def __init__(self, key: str, secret: str, service: str) -> None:
        super().__init__(key, secret)
        self.service = service

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with its time and its signature."""
        secret_id, secret_key = credential
        stamp = str(int(now.timestamp()))
        scope = f"{now:%Y-%m-%d}/{self.service}/tc3_request"
        kind = next(value for name, value in request.headers.items() if name.lower() == "content-type")
        lines = [f"content-type:{kind.lower()}", f"host:{request.host.lower()}", ""]
        whole = "\n".join([request.method, request.path, "", *lines, SIGNED, _sha256(request.body)])
        text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{_sha256(whole.encode())}"
        key = reduce(_hmac, scope.split("/"), f"TC3{secret_key}".encode())
        proof = f"Credential={secret_id}/{scope}, SignedHeaders={SIGNED}, Signature={_hmac(key, text).hex()}"
        return request.with_headers({"X-TC-Timestamp": stamp, "Authorization": f"TC3-HMAC-SHA256 {proof}"})


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
