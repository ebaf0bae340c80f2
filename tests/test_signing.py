"""Signatures, by the vendors' worked examples and by recomputing them in another way."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from toys import World

from onevec import AuthenticationError, SparkLLMTextEmbeddings
from onevec.plan import Batch
from onevec.signing.hmac_url import HmacUrl
from onevec.signing.sigv4 import AwsKeys, SigV4
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

if TYPE_CHECKING:
    from onevec.wire import Reply

AWS = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("model", "body", "token", "signature"),
    [
        (
            "amazon.titan-embed-text-v1",
            b'{"inputText": "Hi there!"}',
            None,
            "9ea5b34ce32ab855cb26839242de241c6444d609328048cf55fa855c1da2b3bb",
        ),
        (
            "amazon.titan-embed-text-v2%3A0",
            b'{"inputText": "\\u4f60\\u597d \\ud83c\\udf0d"}',
            "tok/EXAMPLE==",
            "e83b607266af1b7c15fce0af3b3998799125b783e33faa4ba0f73b76651c0fd1",
        ),
    ],
)
def test_sigv4_gives_what_botocore_gave(model: str, body: bytes, token: str | None, signature: str) -> None:
    url = f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{model}/invoke"
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    request = Request(method="POST", url=url, headers=headers, body=body)
    owner = SimpleNamespace(region_name="us-east-1")
    signed = SigV4("bedrock").sign(request, AwsKeys("AKIDEXAMPLE", SECRET, token), owner, AWS)
    names = "accept;content-type;host;x-amz-date" + (";x-amz-security-token" if token else "")
    assert signed.headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250102/us-east-1/bedrock/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert signed.headers["X-Amz-Date"] == "20250102T030405Z"
    assert signed.headers.get("X-Amz-Security-Token") == token


def test_sigv4_by_the_example_in_the_documentation_of_aws() -> None:
    """GET of IAM's ListUsers, from "Create a signed AWS API request"."""
    request = Request(
        method="GET",
        url="https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )
    owner = SimpleNamespace(region_name="us-east-1")
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    signed = SigV4("iam").sign(request, AwsKeys("AKIDEXAMPLE", SECRET), owner, now)
    assert signed.headers["Authorization"].endswith(
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_the_keys_of_aws_do_not_show() -> None:
    assert SECRET not in repr(AwsKeys("AKIDEXAMPLE", SECRET, "tok"))


def spark_signature(request: Request, secret: str) -> bool:
    """Whether the signature in the address is the one of its host, date and path."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
    proof = dict(part.split("=", 1) for part in base64.b64decode(query["authorization"]).decode().split(", "))
    text = "\n".join(
        [f"host: {query['host']}", f"date: {query['date']}", f"POST {urlsplit(request.url).path} HTTP/1.1"]
    )
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return (
        proof["signature"] == f'"{base64.b64encode(digest).decode()}"' and query["host"] == urlsplit(request.url).netloc
    )


def test_hmac_url_by_the_worked_example() -> None:
    request = Request.post("https://emb-cn-huabei-1.xf-yun.com/", json={})
    now = datetime(2026, 1, 15, 8, tzinfo=UTC)
    signed = HmacUrl("key", "secret").sign(request, ("key-1", "secret-1"), None, now)
    query = parse_qs(urlsplit(signed.url).query)
    assert query["date"] == ["Thu, 15 Jan 2026 08:00:00 GMT"]
    assert query["authorization"][0] == (
        "YXBpX2tleT0ia2V5LTEiLCBhbGdvcml0aG09ImhtYWMtc2hhMjU2IiwgaGVhZGVycz0iaG9zdCBkYXRlIHJlcXVlc3QtbGluZSIsIHNpZ25h"
        "dHVyZT0iQVFQemRQZDk2MVFIQWZRcU15VkZMU1dKMURFOHpkRXh1RUdMa1MwTVNwaz0i"
    )


def test_every_try_is_signed_anew() -> None:
    """The vendor takes a signature for 300 seconds; a call with waits may last longer."""
    model = SparkLLMTextEmbeddings(app_id="a", api_key="k", api_secret="secret-1")
    ask = model.request(Batch(["你好"]))
    limit = json_reply({"header": {"code": 11202, "message": "licc failed"}}, headers={"Retry-After": "100"})
    good = json_reply({"header": {"code": 0, "message": ""}, "payload": {"feature": {"text": "AAAAPwAAgL4="}}})
    unsigned = frozenset({"host", "date", "authorization"})
    transport = ReplayTransport([Exchange(ask, reply, ignored=unsigned) for reply in (limit, good)])
    assert model.copy(update={"transport": transport}).embed(["你好"]).vectors.tolist() == [[0.5, -0.25]]
    assert transport.slept == [100.0]
    dates = [parse_qs(urlsplit(request.url).query)["date"][0] for request in transport.sent]
    assert dates == ["Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:01:40 GMT"]
    assert all(spark_signature(request, "secret-1") for request in transport.sent)
    assert not spark_signature(transport.sent[0], "secret-2")


@pytest.mark.parametrize("whole", [True, False], ids=["the address", "only the authorization"])
def test_a_signed_address_that_the_vendor_repeats_is_not_shown(whole: bool) -> None:
    def refused(request: Request) -> Reply:
        authorization = parse_qs(urlsplit(request.url).query)["authorization"][0]
        said = request.url if whole else authorization
        return json_reply({"header": {"code": 10313, "message": f"refused: {said} sorry"}}, status=401)

    world = World(refused)
    model = SparkLLMTextEmbeddings(
        spark_app_id="app-1", spark_api_key="key-1", spark_api_secret="secret-1", transport=world
    )
    with pytest.raises(AuthenticationError) as failure:
        model.embed_query("猫")
    authorization = parse_qs(urlsplit(world.sent[0].url).query)["authorization"][0]
    said = str(failure.value)
    pieces = {form[start : start + 16] for form in (authorization, quote_plus(authorization)) for start in range(300)}
    assert not any(piece in said for piece in pieces if len(piece) == 16)
    assert said.endswith(" sorry")
