"""The signatures of Baidu, Volcengine and Oracle, by what their own SDKs signed at a known time."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from onevec import ConfigurationError, OCIGenAIEmbeddings
from onevec.signing.bce import BceSignature
from onevec.signing.oci import OciKey, OciSignature
from onevec.signing.volcengine import VolcengineSignature
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

if TYPE_CHECKING:
    from pathlib import Path

    from onevec.wire import Reply

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("request_id", "signature"),
    [
        ("sdk-py-0.4.12.3-mFHiQ0bnEuLAUA0b", "86b6b8b86f6ff84cdbd6bb0d7b0eedd50fcf3854a22407c12a6ece0727cc3aa3"),
        ("sdk-py-0.4.12.3-8buiacelcSclcMvR", "af37e98dc2a859a6d8fa1b2e1fbc80bc946fa2e77c3f3fb90b009e469e787438"),
    ],
)
def test_bce_signs_as_qianfans_sdk(request_id: str, signature: str) -> None:
    url = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/embeddings/embedding-v1"
    request = Request(method="POST", url=url, headers={**JSON, "request_id": request_id})
    now = datetime(2026, 1, 15, 8, tzinfo=UTC)
    signed = BceSignature("key", "secret").sign(request, ("AKIDEXAMPLE", "SKEXAMPLE"), None, now)
    assert signed.headers["x-bce-date"] == "2026-01-15T08:00:00Z"
    prefix, _, rest = signed.headers["Authorization"].partition("/300/")
    names, _, proof = rest.partition("/")
    assert prefix == "bce-auth-v1/AKIDEXAMPLE/2026-01-15T08:00:00Z"
    assert set(names.split(";")) == {"content-type", "host", "request_id", "x-bce-date"}
    assert proof == signature


def test_volcengine_signs_as_its_sdk() -> None:
    request = Request(
        method="POST",
        url="https://maas-api.ml-platform-cn-beijing.volces.com/api/v1/embeddings",
        headers={**JSON, "Accept": "application/json"},
        body=b'{"model": {"name": "bge-large-zh", "version": "1.0"}, "input": ["Hi there!", "Oh, hello!"]}',
    )
    now = datetime(2026, 1, 15, 8, tzinfo=UTC)
    owner = SimpleNamespace(region="cn-beijing")
    signature = VolcengineSignature("key", "secret", "ml_maas")
    signed = signature.sign(request, ("AKEXAMPLE", "SKEXAMPLE"), owner, now)
    assert signed.headers["X-Content-Sha256"] == "c4d2563e46b6fa0e69be5525560e64629845756dc9a16f26c695d0f37a4254b6"
    assert signed.headers["Authorization"] == (
        "HMAC-SHA256 Credential=AKEXAMPLE/20260115/cn-beijing/ml_maas/request, "
        "SignedHeaders=content-type;host;x-content-sha256;x-date, "
        "Signature=371ec8770f3face8b93e612f85fe1e354e0beea25ea3a364a5971fc60bbbd89b"
    )


OCI_BODY = (
    b'{"inputs": ["Hi there!"], "servingMode": {"servingType": "ON_DEMAND", "modelId": '
    b'"cohere.embed-multilingual-v3.0"}, "compartmentId": "ocid1.compartment.oc1..example", "truncate": "END"}'
)
OCI_TEXT = """\
date: Thu, 02 Jan 2025 03:04:05 GMT
(request-target): post /20231130/actions/embedText
host: inference.generativeai.us-chicago-1.oci.oraclecloud.com
content-length: 185
content-type: application/json
x-content-sha256: wBIGa1q7VFyd4RdCU6A7/qR9XzURF1SlUf5DCwVO/NY="""


def rsa_key() -> Any:
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def verify(key: Any, authorization: str, text: str) -> str:
    """Check the signature over `text` and give the name of the key.

    Raises:
        InvalidSignature: it is not the one of `key`.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    fields = dict(part.split("=", 1) for part in authorization.removeprefix("Signature ").split(","))
    assert fields["algorithm"] == '"rsa-sha256"'
    assert fields["version"] == '"1"'
    assert fields["headers"] == '"date (request-target) host content-length content-type x-content-sha256"'
    signature = b64decode(fields["signature"].strip('"'))
    key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return fields["keyId"].strip('"')


def test_oci_signs_what_its_sdk_signs() -> None:
    key = rsa_key()
    url = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/20231130/actions/embedText"
    request = Request(method="POST", url=url, headers=JSON, body=OCI_BODY)
    now = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    signed = OciSignature().sign(request, OciKey("t/u/f", key), None, now)
    assert verify(key, signed.headers["Authorization"], OCI_TEXT) == "t/u/f"
    assert signed.headers["Date"] == "Thu, 02 Jan 2025 03:04:05 GMT"
    assert signed.headers["X-Content-SHA256"] == "wBIGa1q7VFyd4RdCU6A7/qR9XzURF1SlUf5DCwVO/NY="
    with pytest.raises(type(pytest.importorskip("cryptography.exceptions").InvalidSignature())):
        verify(key, signed.headers["Authorization"], OCI_TEXT.replace("185", "186"))


PROFILE = """\
[DEFAULT]
user = ocid1.user.oc1..u
fingerprint = 20:3b
tenancy = ocid1.tenancy.oc1..t
region = eu-frankfurt-1
key_file = {folder}/key.pem
[SESSION]
security_token_file = {folder}/token
[CLOSED]
pass_phrase = open sesame
key_file = {folder}/closed.pem
[WRONG]
pass_phrase = shut
key_file = {folder}/closed.pem
"""
EMBEDDED = json_reply({"embeddings": [[1.0, 2.0]], "usage": {"totalTokens": 3}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key = rsa_key()
    form = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    plain = form.NoEncryption()
    closed = form.BestAvailableEncryption(b"open sesame")
    for name, encryption in (("key.pem", plain), ("closed.pem", closed)):
        pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, encryption)
        (tmp_path / name).write_bytes(pem)
    (tmp_path / "config").write_text(PROFILE.format(folder=tmp_path.as_posix()))
    (tmp_path / "token").write_text("first\n")
    return tmp_path


def oci(folder: Path, replies: list[Reply] | None = None, **init: Any) -> OCIGenAIEmbeddings:
    url = "https://inference.generativeai.eu-frankfurt-1.oci.oraclecloud.com/20231130/actions/embedText"
    mode = {"servingType": "ON_DEMAND", "modelId": "m"}
    ask = Request.post(url, json={"inputs": ["a"], "servingMode": mode, "truncate": "END"})
    transport = ReplayTransport([Exchange(ask, reply) for reply in replies or [EMBEDDED]])
    return OCIGenAIEmbeddings(model_id="m", auth_file_location=str(folder / "config"), transport=transport, **init)


def key_name(model: OCIGenAIEmbeddings, number: int = 0) -> str:
    sent: Any = model.transport
    return str(sent.sent[number].headers["Authorization"]).partition('keyId="')[2].partition('"')[0]


def test_the_key_of_a_profile_and_its_region(folder: Path) -> None:
    model = oci(folder)
    assert model.embed(["a"]).usage.tokens == 3
    assert key_name(model) == "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/20:3b"
    assert model.space.origin == "oci_generative_ai"
    assert oci(folder, auth_profile="CLOSED").embed_query("a") == [1.0, 2.0]


def test_a_session_token_is_read_again_once_it_is_refused(folder: Path) -> None:
    refusal = json_reply({"code": "NotAuthenticated", "message": "expired"}, status=401)
    model = oci(folder, [refusal, EMBEDDED], auth_type="SECURITY_TOKEN", auth_profile="SESSION")

    def renewed(request: Request, timeout: float) -> Reply:
        (folder / "token").write_text("second\n")
        reply: Reply = send(request, timeout)
        return reply

    sent: Any = model.transport
    send, sent.send = sent.send, renewed
    assert model.embed_query("a") == [1.0, 2.0]
    assert [key_name(model, number) for number in (0, 1)] == ["ST$first", "ST$second"]


@pytest.mark.parametrize(
    ("init", "part"),
    [
        ({"auth_profile": "NONE"}, "NONE"),
        ({"auth_profile": "WRONG"}, "closed.pem|password|decrypt"),
        ({"auth_profile": "SESSION", "auth_type": "TOKEN"}, "API_KEY, SECURITY_TOKEN"),
        ({"auth_type": "SECURITY_TOKEN"}, "security_token_file"),
        ({"auth_file_location": "/nowhere/config"}, "/nowhere/config"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said(folder: Path, init: dict[str, Any], part: str) -> None:
    with pytest.raises(ConfigurationError, match=part):
        OCIGenAIEmbeddings(model_id="m", **{"auth_file_location": str(folder / "config"), **init}).embed_query("a")
