"""BedrockEmbeddings beside boto3, and where its credentials and region come from."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from recorder import Recorder

from onevec import BedrockEmbeddings, ConfigurationError, MissingDependency
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS: Any = {"aws_access_key_id": ACCESS, "aws_secret_access_key": SECRET, "region_name": "eu-central-1"}
UNMEANT = {"user-agent", "accept-encoding", "connection", "content-length", "x-amz-date", "authorization"}
"""Headers of the connection or of the SDK; signature and date are looked at apart."""


@pytest.fixture(autouse=True)
def _no_aws_but_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home without AWS's files, and none of its variables."""

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def verified(request: Request, secret: str) -> bool:
    """Whether the signature fits the request, computed here once more from what came over the wire."""
    parts = dict(part.split("=", 1) for part in request.headers["Authorization"].split(" ", 1)[1].split(", "))
    scope = parts["Credential"].split("/", 1)[1]
    names = parts["SignedHeaders"].split(";")
    assert {"host", "x-amz-date"} <= set(names)
    head = {**request.headers, "host": urlsplit(request.url).netloc}
    lower = {name.lower(): value for name, value in head.items()}
    path = "/".join(quote(part, safe="") for part in urlsplit(request.url).path.split("/"))
    signed = [request.method, path, "", *(f"{name}:{lower[name]}" for name in names), "", ";".join(names)]
    digest = hashlib.sha256("\n".join([*signed, hashlib.sha256(request.body).hexdigest()]).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = f"AWS4-HMAC-SHA256\n{lower['x-amz-date']}\n{scope}\n{digest}"
    return hmac.new(key, text.encode(), "sha256").hexdigest() == parts["Signature"]


def meant(request: Request) -> tuple[str, str, Any, Mapping[str, str]]:
    """What two requests must have in common."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    kept = {name: value for name, value in headers.items() if name not in UNMEANT and not name.startswith("amz-sdk-")}
    return request.method, request.url, json.loads(request.body), kept


def answer(body: Any) -> Any:
    if "texts" in body:
        return {"embeddings": [[1.0, 2.0] for _ in body["texts"]]}
    return {"embedding": [1.0, 2.0], "inputTextTokenCount": 3}


@pytest.mark.parametrize("token", [None, "tok/EXAMPLE=="])
@pytest.mark.parametrize(
    ("init", "body"),
    [
        ({"model_id": "amazon.titan-embed-text-v1"}, {"inputText": "你好 🌍"}),
        ({"model_id": "amazon.titan-embed-text-v2:0", "dimensions": 2}, {"inputText": "你好 🌍", "dimensions": 2}),
        ({"model_id": "cohere.embed-multilingual-v3"}, {"input_type": "search_query", "texts": ["你好 🌍"]}),
        (
            {"model_id": "eu.cohere.embed-v4:0", "dimensions": 2},
            {"input_type": "search_query", "texts": ["你好 🌍"], "output_dimension": 2},
        ),
        (
            {"model_id": "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/abc123"},
            {"inputText": "你好 🌍"},
        ),
    ],
)
def test_our_request_equals_boto3s(init: dict[str, Any], body: dict[str, Any], token: str | None) -> None:
    boto3 = pytest.importorskip("boto3")
    with Recorder(answer) as recorder:
        keys = {**KEYS, "aws_session_token": token}
        theirs = boto3.client("bedrock-runtime", endpoint_url=recorder.url, **keys)
        theirs.invoke_model(
            modelId=init["model_id"], body=json.dumps(body), accept="application/json", contentType="application/json"
        )
        theirs.close()
        ours = BedrockEmbeddings(endpoint_url=recorder.url, **keys, **init)
        assert ours.embed_query("你好 🌍") == [1.0, 2.0]
    first, second = recorder.sent
    assert meant(first) == meant(second)
    assert verified(first, SECRET)
    assert verified(second, SECRET)
    assert not verified(second, "another")


def replayed(replies: list[Reply]) -> ReplayTransport:
    ask = Request.post(
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/amazon.titan-embed-text-v1/invoke",
        json={"inputText": "a"},
    )
    return ReplayTransport([Exchange(ask, reply) for reply in replies])


GOOD = json_reply({"embedding": [1.0, 2.0]}, headers={"X-Amzn-Bedrock-Input-Token-Count": "7"})
PROFILE = "[{name}]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"


def signer(request: Request) -> str:
    return request.headers["Authorization"].partition("Credential=")[2].partition("/")[0]


def test_keys_and_region_of_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("botocore")
    (tmp_path / "config").write_text("[profile team]\nregion = eu-central-1\n")
    (tmp_path / "credentials").write_text(PROFILE.format(name="team", access="AKIDTEAM", secret="s-team"))
    transport = replayed([GOOD])
    model = BedrockEmbeddings(credentials_profile_name="team", transport=transport)
    assert model.embed(["a"]).usage.tokens == 7
    assert signer(transport.sent[0]) == "AKIDTEAM"
    assert verified(transport.sent[0], "s-team")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    transport = replayed([GOOD, GOOD])
    BedrockEmbeddings(credentials_profile_name="team", transport=transport).embed(["a"])
    BedrockEmbeddings(region_name="eu-central-1", transport=transport).embed(["a"])
    assert [signer(request) for request in transport.sent] == ["AKIDTEAM", ACCESS]


def test_a_token_of_the_environment_does_not_go_with_keys_that_are_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another key")
    transport = replayed([GOOD])
    BedrockEmbeddings(transport=transport, **KEYS).embed(["a"])
    assert "X-Amz-Security-Token" not in transport.sent[0].headers


def test_keys_that_have_expired_are_asked_for_once_more(tmp_path: Path) -> None:
    pytest.importorskip("botocore")
    script = tmp_path / "keys.py"
    script.write_text(
        "import json, pathlib\n"
        f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "number = int(count.read_text()) + 1 if count.exists() else 1\n"
        "count.write_text(str(number))\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'AKID{number}', 'SecretAccessKey': f's-{number}'}))\n"
    )
    process = f"{sys.executable} {script}"
    (tmp_path / "config").write_text(f"[default]\nregion = eu-central-1\ncredential_process = {process}\n")
    expired = Reply(status=403, headers={"x-amzn-ErrorType": "ExpiredTokenException:http://x"}, body=b'{"message": ""}')
    transport = replayed([expired, GOOD, GOOD])
    model = BedrockEmbeddings(transport=transport)
    model.embed(["a"])
    model.embed(["a"])
    assert [signer(request) for request in transport.sent] == ["AKID1", "AKID2", "AKID2"]


def test_keys_that_are_given_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    assert BedrockEmbeddings(transport=replayed([GOOD]), **KEYS).embed_query("a") == [1.0, 2.0]
    with pytest.raises(MissingDependency, match=r"onevec\[aws\]"):
        BedrockEmbeddings(transport=replayed([GOOD]), region_name="eu-central-1").embed_query("a")


def test_half_a_pair_of_keys_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="AWS_SECRET_ACCESS_KEY"):
        BedrockEmbeddings(aws_access_key_id=ACCESS, region_name="eu-central-1")


def test_an_unknown_vendor_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="amazon, cohere, nova"):
        BedrockEmbeddings(provider="anthropic", **KEYS)


def test_nova_has_its_parameters_in_an_object() -> None:
    model = BedrockEmbeddings(model_id="us.amazon.nova-2-multimodal-embeddings-v1:0", dimensions=256, **KEYS)
    body = {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_INDEX",
            "embeddingDimension": 256,
            "text": {"truncationMode": "END", "value": "a"},
        },
    }
    url = (
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/us.amazon.nova-2-multimodal-embeddings-v1%3A0/invoke"
    )
    row = [0.5] * 256
    reply = json_reply({"embeddings": [{"embeddingType": "TEXT", "embedding": row}]})
    transport = ReplayTransport([Exchange(Request.post(url, json=body), reply)])
    assert model.copy(update={"transport": transport}).embed_query("a") == row


def test_what_is_asked_of_the_model_is_in_the_space() -> None:
    titan = BedrockEmbeddings(model_id="amazon.titan-embed-text-v2:0", **KEYS)
    short = titan.copy(update={"model_kwargs": {"dimensions": 256, "normalize": False}})
    assert (titan.space.dimensions, titan.space.normalised) == (1024, True)
    assert (short.space.dimensions, short.space.normalised) == (256, False)
    assert short.copy(update={"normalize": True}).space.normalised
