"""Tencent Cloud's signature: the vendor's worked example, and what HunyuanEmbeddings sends."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from onevec import ConfigurationError, HunyuanEmbeddings
from onevec.signing.tc3 import TencentSignature
from onevec.testing import ReplayTransport, json_reply
from onevec.wire import Request

if TYPE_CHECKING:
    from onevec.wire import Reply

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_it_signs_as_in_the_vendors_example() -> None:
    """https://cloud.tencent.com/document/api/213/30654: the body is that of the example, byte for byte."""
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    head = {"Content-Type": "application/json; charset=utf-8", "X-TC-Action": "DescribeInstances"}
    request = Request(method="POST", url="https://cvm.tencentcloudapi.com/", headers=head, body=body)
    keys = ("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
    signed = TencentSignature("", "", "cvm").sign(request, keys, None, datetime.fromtimestamp(1551113065, UTC))
    assert signed.headers["X-TC-Timestamp"] == "1551113065"
    assert signed.headers["Authorization"] == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


class Witness(ReplayTransport):
    """Keeps the request, and answers it with one vector."""

    seen: Request

    def send(self, request: Request, timeout: float) -> Reply:  # noqa: ARG002  # nothing is slow here
        self.seen = request
        rows = [{"Embedding": [1.0], "Index": 0}]
        return json_reply({"Response": {"Data": rows, "Usage": {"TotalTokens": 1}}})


def test_hunyuan_signs_what_it_sends() -> None:
    """The signature is made again here, step by step, from what arrives."""
    world = Witness([], now=NOW)
    HunyuanEmbeddings(secret_id="id-1", secret_key="sk-1", transport=world).embed_query("你好")
    sent = world.seen
    digest = hashlib.sha256(sent.body).hexdigest()
    lines = ["POST", "/", "", "content-type:application/json", "host:hunyuan.tencentcloudapi.com", ""]
    canonical = "\n".join([*lines, "content-type;host", digest])
    scope = "2026-01-01/hunyuan/tc3_request"
    text = f"TC3-HMAC-SHA256\n1767225600\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"TC3sk-1"
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    found = re.fullmatch(
        rf"TC3-HMAC-SHA256 Credential=id-1/{scope}, SignedHeaders=content-type;host, Signature=(\w+)",
        sent.headers["Authorization"],
    )
    assert found is not None
    assert found[1] == expected
    assert "sk-1" not in str(sent.headers)


def test_half_a_credential_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="HUNYUAN_SECRET_KEY"):
        HunyuanEmbeddings(secret_id="id-1")
