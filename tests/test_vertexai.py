"""VertexAIEmbeddings: where its tokens come from, the newer form, and what Google says of long texts."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from onevec import AuthenticationError, ConfigurationError, Note, TransportError, VertexAIEmbeddings
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Reply, Request

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("google.auth")
TOKENS = "https://oauth2.googleapis.com/token"
MODELS = "https://us-central1-aiplatform.googleapis.com/v1/projects/p-1/locations/us-central1/publishers/google/models"


@pytest.fixture(autouse=True)
def _no_google_but_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("PATH", str(tmp_path))  # google-auth would start gcloud


def asked(token: str, reply: Reply | None = None, headers: dict[str, str] | None = None) -> Exchange:
    body = {
        "instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}],
        "parameters": {"autoTruncate": True},
    }
    head = {"Authorization": f"Bearer {token}", **(headers or {})}
    rows = json_reply({"predictions": [{"embeddings": {"values": [1.0, 2.0], "statistics": {"token_count": 1}}}]})
    return Exchange(Request.post(f"{MODELS}/text-embedding-005:predict", json=body, headers=head), reply or rows)


def granted(token: str, reply: Reply | None = None) -> Exchange:
    """The token request; its body is looked at apart, as it is signed."""
    good = json_reply({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})
    return Exchange(Request(method="POST", url=TOKENS), reply or good)


class AnyBody(ReplayTransport):
    """Compares requests of tokens without their body."""

    def send(self, request: Request, timeout: float) -> Reply:
        if request.url != TOKENS:
            return super().send(request, timeout)
        reply = super().send(Request(method="POST", url=TOKENS), timeout)
        self.sent[-1] = request
        return reply


@pytest.fixture(scope="module")
def key() -> Any:
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def key_file(key: Any, tmp_path: Path) -> Path:
    from cryptography.hazmat.primitives import serialization as to

    text = key.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, to.NoEncryption()).decode()
    account = {
        "type": "service_account",
        "project_id": "p-1",
        "private_key_id": "k-1",
        "private_key": text,
        "client_email": "me@p-1.iam.gserviceaccount.com",
        "token_uri": TOKENS,
    }
    path = tmp_path / "key.json"
    path.write_text(json.dumps(account))
    return path


def claims(request: Request, key: Any) -> Any:
    """What the signed request says of itself, its signature checked."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    form = parse_qs(request.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    text, _, signature = form["assertion"][0].rpartition(".")
    key.public_key().verify(_decoded(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return json.loads(_decoded(text.partition(".")[2]))


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("way", ["argument", "variable"])
def test_a_key_file_gives_token_and_project(
    way: str, key: Any, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = AnyBody([granted("ya29.one"), asked("ya29.one"), asked("ya29.one")])
    init: dict[str, Any] = {"credentials": str(key_file)}
    if way == "variable":
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
        init = {}
    model = VertexAIEmbeddings(model_name="text-embedding-005", transport=transport, **init)
    assert model.embed_query("a") == [1.0, 2.0]
    assert model.embed_query("a") == [1.0, 2.0]
    transport.assert_done()
    said = claims(transport.sent[0], key)
    assert (said["iss"], said["aud"]) == ("me@p-1.iam.gserviceaccount.com", TOKENS)
    assert said["scope"] == "https://www.googleapis.com/auth/cloud-platform"


async def test_a_refused_token_is_renewed_once(key_file: Path) -> None:
    refused = Reply(status=401, body=b'{"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "ya29.one"}}')
    transport = AnyBody([granted("ya29.one"), asked("ya29.one", refused), granted("ya29.two"), asked("ya29.two")])
    model = VertexAIEmbeddings(model_name="text-embedding-005", transport=transport, credentials=str(key_file))
    assert await model.aembed_query("a") == [1.0, 2.0]
    transport.assert_done()


def test_a_token_that_can_not_be_renewed_is_not_tried_again() -> None:
    refused = Reply(status=401, body=b'{"error": {"code": 401, "status": "UNAUTHENTICATED"}}')
    held = SimpleNamespace(token="ya29.tok", valid=True, quota_project_id="payer")
    transport = ReplayTransport([asked("ya29.tok", refused, {"X-Goog-User-Project": "payer"})])
    model = VertexAIEmbeddings(model_name="text-embedding-005", project="p-1", transport=transport, credentials=held)
    with pytest.raises(AuthenticationError):
        model.embed_query("a")
    transport.assert_done()


def test_a_token_is_renewed_before_it_expires() -> None:
    credentials = pytest.importorskip("google.oauth2.credentials")
    short = credentials.Credentials("old", refresh_token="r", token_uri=TOKENS, client_id="c", client_secret="s")
    short.expiry = datetime.now() + timedelta(days=-1)  # noqa: DTZ005  # google-auth keeps naive times
    transport = AnyBody([granted("ya29.new"), asked("ya29.new")])
    model = VertexAIEmbeddings(model_name="text-embedding-005", project="p-1", transport=transport, credentials=short)
    assert model.embed_query("a") == [1.0, 2.0]


def test_no_credentials_says_what_to_do() -> None:
    model = VertexAIEmbeddings(model_name="text-embedding-005", project="p-1", transport=ReplayTransport())
    with pytest.raises(ConfigurationError, match="gcloud auth application-default login"):
        model.embed_query("a")


def test_a_key_that_google_refuses_is_an_error_of_authentication(key_file: Path) -> None:
    refused = Reply(status=400, body=b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}')
    model = VertexAIEmbeddings(
        model_name="text-embedding-005", transport=AnyBody([granted("", refused)]), credentials=str(key_file)
    )
    with pytest.raises(AuthenticationError, match="Invalid JWT Signature"):
        model.embed_query("a")


def test_a_network_that_fails_at_the_token_is_a_transport_error(key_file: Path) -> None:
    class Broken(ReplayTransport):
        def send(self, request: Request, timeout: float) -> Reply:  # noqa: ARG002  # it fails at once
            raise TransportError(f"{request!r}: broken")

    model = VertexAIEmbeddings(
        model_name="text-embedding-005", transport=Broken(), credentials=str(key_file), max_retries=0
    )
    with pytest.raises(TransportError, match="broken"):
        model.embed_query("a")


HELD = SimpleNamespace(token="ya29.tok", valid=True)


def test_the_newest_model_is_asked_one_text_a_request() -> None:
    exchanges = [
        Exchange(
            Request.post(
                f"{MODELS}/gemini-embedding-2:embedContent",
                json={
                    "content": {"role": "user", "parts": [{"text": text}]},
                    "embedContentConfig": {"outputDimensionality": 2},
                },
            ),
            json_reply({"embedding": {"values": row}, "usageMetadata": {"promptTokenCount": 3}, "truncated": False}),
        )
        for text, row in (("a", [1.0, 2.0]), ("b", [3.0, 4.0]))
    ]
    model = VertexAIEmbeddings(
        model_name="gemini-embedding-2",
        project="p-1",
        dimensions=2,
        credentials=HELD,
        transport=ReplayTransport(exchanges),
    )
    found = model.embed(["a", "b"])
    assert found.vectors.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert found.usage.tokens == 6


def test_vectors_that_google_shortens_are_made_unit_length() -> None:
    reply = json_reply({"predictions": [{"embeddings": {"values": [3.0, 4.0]}}]})
    body = {
        "instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}],
        "parameters": {"autoTruncate": True, "outputDimensionality": 2},
    }
    ask = Request.post(f"{MODELS}/gemini-embedding-001:predict", json=body)
    model = VertexAIEmbeddings(
        model_name="gemini-embedding-001",
        project="p-1",
        dimensions=2,
        credentials=HELD,
        transport=ReplayTransport([Exchange(ask, reply)]),
    )
    assert model.embed_query("a") == pytest.approx([0.6, 0.8])
    assert model.space.normalised


def test_a_text_that_google_cut_has_a_note() -> None:
    long = "word " * 10_000
    rows = [
        {"embeddings": {"values": [1.0], "statistics": {"truncated": cut, "token_count": 2}}} for cut in (False, True)
    ]
    body = {
        "instances": [{"content": text, "task_type": "RETRIEVAL_DOCUMENT"} for text in ("a", long)],
        "parameters": {"autoTruncate": True},
    }
    ask = Request.post(f"{MODELS}/text-embedding-005:predict", json=body)
    model = VertexAIEmbeddings(
        model_name="text-embedding-005",
        project="p-1",
        credentials=HELD,
        transport=ReplayTransport([Exchange(ask, json_reply({"predictions": rows}))]),
        tokenizer=SimpleNamespace(encode=lambda text: text.split(), decode=" ".join),
    )
    found = model.embed(["a", long])
    assert found.notes == (Note(1, "truncated"),)


def test_a_piece_that_google_cut_is_noted_at_its_text() -> None:
    texts = ["a", "b " * 2500]
    pieces = ["a", " ".join(["b"] * 2048), " ".join(["b"] * 452)]
    rows = [
        {"embeddings": {"values": [1.0], "statistics": {"truncated": place == 2, "token_count": 2}}}
        for place in range(3)
    ]
    body = {
        "instances": [{"content": text, "task_type": "RETRIEVAL_DOCUMENT"} for text in pieces],
        "parameters": {"autoTruncate": True},
    }
    ask = Request.post(f"{MODELS}/text-embedding-005:predict", json=body)
    model = VertexAIEmbeddings(
        model_name="text-embedding-005",
        project="p-1",
        credentials=HELD,
        long_text="split",
        transport=ReplayTransport([Exchange(ask, json_reply({"predictions": rows}))]),
        tokenizer=SimpleNamespace(encode=lambda text: text.split(), decode=" ".join),
    )
    kinds = [(note.index, note.kind) for note in model.embed(texts).notes]
    assert kinds == [(1, "split"), (1, "truncated")]
