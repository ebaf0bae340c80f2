"""Our requests beside those of the vendors' own SDKs, at one recorder on 127.0.0.1.

The SDKs are installed by `nox -s witness`; a test whose SDK is not here is skipped.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import pytest
from recorder import Recorder

from onevec import (
    AlephAlphaAsymmetricSemanticEmbedding,
    DashScopeEmbeddings,
    ElasticsearchEmbeddings,
    HuggingFaceHubEmbeddings,
    MlflowEmbeddings,
    OCIGenAIEmbeddings,
    QianfanEmbeddingsEndpoint,
)

if TYPE_CHECKING:
    from pathlib import Path

    from onevec.wire import Request

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # what SDKs do is theirs
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TEXTS = ["你好 🌍", "Grüße"]


def meant(request: Request, *, without: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """Method, address, credential and JSON, but for fields that only tell about the SDK."""
    body = orjson.loads(request.body) if request.body else None
    kept = {name: value for name, value in body.items() if name not in without} if body else body
    return request.method, request.url, request.headers.get("Authorization"), kept


def test_elasticsearch() -> None:
    sdk = pytest.importorskip("elasticsearch")
    with Recorder(lambda _: {"inference_results": [{"predicted_value": [1.0, 2.0]}] * 2}) as recorder:
        theirs = sdk.Elasticsearch(recorder.url, api_key="ZWtleTpzZWNyZXQ=")
        with suppress(sdk.UnsupportedProductError):  # it wants to see a header of Elastic's in the answer
            theirs.ml.infer_trained_model(model_id=".e5 small", docs=[{"text_field": text} for text in TEXTS])
        theirs.close()
        ours = ElasticsearchEmbeddings(es_url=recorder.url, es_api_key="ZWtleTpzZWNyZXQ=", model_id=".e5 small")
        assert ours.embed_documents(TEXTS) == [[1.0, 2.0]] * 2
    first, second = recorder.sent
    assert meant(first) == meant(second)


@pytest.mark.parametrize("role", ["document", "query"])
def test_dashscope(role: str) -> None:
    sdk = pytest.importorskip("dashscope")
    answer = {"output": {"embeddings": [{"embedding": [1.0, 2.0], "text_index": 0}]}, "request_id": "r"}
    with Recorder(lambda _: answer) as recorder:
        sdk.TextEmbedding.call(
            model="text-embedding-v4",
            input=TEXTS[:1],
            text_type=role,
            dimension=2,
            api_key="sk-1",
            base_address=recorder.url,
        )
        ours = DashScopeEmbeddings(api_key="sk-1", model="text-embedding-v4", dimensions=2, base_url=recorder.url)
        assert ours.embed(TEXTS[:1], role).vectors.tolist() == [[1.0, 2.0]]
    first, second = recorder.sent
    assert meant(first) == meant(second)


def test_huggingface_hub() -> None:
    sdk = pytest.importorskip("huggingface_hub")
    pytest.importorskip("numpy")
    with Recorder(lambda _: [[1.0, 2.0], [3.0, 4.0]]) as recorder:
        sdk.InferenceClient(model=recorder.url, token="hf_1").feature_extraction(TEXTS, normalize=True)
        ours = HuggingFaceHubEmbeddings(
            model=recorder.url, huggingfacehub_api_token="hf_1", model_kwargs={"normalize": True}
        )
        assert ours.embed_documents(TEXTS) == [[1.0, 2.0], [3.0, 4.0]]
    first, second = recorder.sent
    assert meant(first) == meant(second)


@pytest.mark.parametrize("role", ["document", "query"])
def test_aleph_alpha(role: str) -> None:
    sdk = pytest.importorskip("aleph_alpha_client")
    answer = {"model_version": "1", "embedding": [1.0, 2.0], "num_tokens_prompt_total": 3}
    with Recorder(lambda _: answer) as recorder:
        ask = sdk.SemanticEmbeddingRequest(
            prompt=sdk.Prompt.from_text(TEXTS[0]), representation=sdk.SemanticRepresentation(role)
        )
        sdk.Client(token="t-1", host=recorder.url).semantic_embed(ask, model="luminous-base")
        ours = AlephAlphaAsymmetricSemanticEmbedding(aleph_alpha_api_key="t-1", host=recorder.url)
        assert ours.embed(TEXTS[:1], role).vectors.tolist() == [[1.0, 2.0]]
    first, second = (meant(request) for request in recorder.sent)
    assert first[:3] == second[:3]
    assert {name: value for name, value in first[3].items() if value is not None} == second[3]


def test_oci(tmp_path: Path) -> None:
    """The signature is deterministic but for the date in it, so each is verified over what came over the wire."""
    sdk = pytest.importorskip("oci")
    key = rsa_key(tmp_path / "key.pem")
    profile = {"user": "ocid1.user.oc1..u", "fingerprint": ":".join(["0a"] * 16), "tenancy": "ocid1.tenancy.oc1..t"}
    profile["region"] = "us-chicago-1"
    profile["key_file"] = str(tmp_path / "key.pem")
    lines = ["[DEFAULT]", *(f"{name}={value}" for name, value in profile.items())]
    (tmp_path / "config").write_text("\n".join(lines))
    form = sdk.generative_ai_inference.models
    mode = form.OnDemandServingMode(model_id="cohere.embed-v4.0")
    more: dict[str, Any] = {
        "compartment_id": "c",
        "truncate": "END",
        "input_type": "SEARCH_QUERY",
        "output_dimensions": 2,
    }
    with Recorder(lambda _: {"id": "e", "embeddings": [[1.0, 2.0]] * 2}) as recorder:
        client = sdk.generative_ai_inference.GenerativeAiInferenceClient
        theirs = client(profile, service_endpoint=recorder.url)
        theirs.embed_text(form.EmbedTextDetails(inputs=TEXTS, serving_mode=mode, **more))
        ours = OCIGenAIEmbeddings(
            model_id="cohere.embed-v4.0",
            compartment_id="c",
            input_type="SEARCH_QUERY",
            dimensions=2,
            service_endpoint=recorder.url,
            auth_file_location=str(tmp_path / "config"),
        )
        assert ours.embed_documents(TEXTS) == [[1.0, 2.0]] * 2
    first, second = recorder.sent
    assert orjson.loads(first.body) == orjson.loads(second.body)
    assert first.url == second.url
    assert (
        signed_by(key, first)
        == signed_by(key, second)
        == "/".join(profile[name] for name in ("tenancy", "user", "fingerprint"))
    )


def rsa_key(path: Path) -> Any:
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    form = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
    return key.public_key()


def signed_by(key: Any, request: Request) -> str:
    """Verify the signature over the request as it arrived, and give the name of the key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    fields = dict(part.split("=", 1) for part in request.headers["Authorization"].partition(" ")[2].split(","))
    parts = urlsplit(request.url)
    special = {"(request-target)": f"post {parts.path}", "host": parts.netloc}
    names = fields["headers"].strip('"').split()
    text = "\n".join(f"{name}: {special.get(name) or request.headers[name]}" for name in names)
    assert request.headers["x-content-sha256"] == b64encode(hashlib.sha256(request.body).digest()).decode()
    key.verify(b64decode(fields["signature"].strip('"')), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return fields["keyId"].strip('"')


def test_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = pytest.importorskip("mlflow.deployments")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok-1")
    rows = {"data": [{"index": place, "embedding": [1.0, 2.0]} for place in range(2)]}
    with Recorder(lambda _: rows) as recorder:
        sdk.get_deploy_client(recorder.url).predict(endpoint="e", inputs={"input": TEXTS})
        ours = MlflowEmbeddings(target_uri=recorder.url, endpoint="e")
        assert ours.embed_documents(TEXTS) == [[1.0, 2.0]] * 2
    first, second = recorder.sent
    assert meant(first) == meant(second)


def test_qianfan(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(body: Any) -> Any:
        if body and "input" in body:
            return {"data": [{"index": 0, "embedding": [1.0, 2.0]}], "usage": {"total_tokens": 3}}
        return {"access_token": "24.aaa", "expires_in": 2592000}

    with Recorder(answer) as recorder:
        monkeypatch.setenv("QIANFAN_BASE_URL", recorder.url)
        monkeypatch.setenv("QIANFAN_DISABLE_CACHE", "true")
        sdk = pytest.importorskip("qianfan")
        sdk.Embedding(ak="ak-1", sk="sk-1").do(texts=TEXTS[:1], model="bge-large-zh")
        ours = QianfanEmbeddingsEndpoint(qianfan_ak="ak-1", qianfan_sk="sk-1", model="bge-large-zh")
        assert ours.embed_query(TEXTS[0]) == [1.0, 2.0]
    asked = [request for request in recorder.sent if "/oauth/" not in request.url]
    first, second = (meant(request, without=("stream", "extra_parameters")) for request in asked)
    assert first == second
    tokens = {request.url for request in recorder.sent if "/oauth/" in request.url}
    assert len(tokens) == 1
