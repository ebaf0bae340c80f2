"""Our requests beside those of SDKs that send a key and JSON, at one recorder on 127.0.0.1; see test_sdk_witness."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson
import pytest
from recorder import Recorder

import onevec
from onevec import (
    ArkEmbeddings,
    AzureOpenAIEmbeddings,
    CloudflareWorkersAIEmbeddings,
    DatabricksEmbeddings,
    GigaChatEmbeddings,
    GoogleGenerativeAIEmbeddings,
    HunyuanEmbeddings,
    MistralAIEmbeddings,
    MixedbreadEmbeddings,
    NLPCloudEmbeddings,
    NVIDIAEmbeddings,
    OpenAIEmbeddings,
    TogetherEmbeddings,
    UpstageEmbeddings,
    VertexAIEmbeddings,
    WatsonxEmbeddings,
    XinferenceEmbeddings,
    ZhipuAIEmbeddings,
)
from onevec.signing.tc3 import TencentSignature
from onevec.transport import HttpTransport

if TYPE_CHECKING:
    from onevec.wire import Request

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # what SDKs do is theirs
]
TEXTS = ["你好 🌍", "Grüße"]
VECTORS = [[1.0, 2.0], [3.0, 4.0]]
CREDENTIALS = ("authorization", "api-key", "x-goog-api-key")


def rows(body: Any) -> Any:
    """The answer of OpenAI's format, as numbers or base64; a GET gets it too."""
    packed = isinstance(body, dict) and body.get("encoding_format") == "base64"
    found = ["AACAPwAAAEA=", "AABAQAAAgEA="] if packed else VECTORS
    count = len(body["input"]) if isinstance(body, dict) and isinstance(body["input"], list) else 1
    usage = {"prompt_tokens": 3, "total_tokens": 3, "completion_tokens": 0}
    row = {"object": "embedding", "usage": usage}
    data = [{**row, "index": place, "embedding": found[place]} for place in range(count)]
    return {"id": "1", "object": "list", "model": "m", "data": data, "usage": usage}


def meant(request: Request, *, without: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """Method, address, credential and JSON, but for nulls and for fields that only tell about the SDK."""
    kept = {
        name: value for name, value in orjson.loads(request.body).items() if value is not None and name not in without
    }
    return request.method, unquote(request.url), [request.headers.get(name) for name in CREDENTIALS], kept


def same(recorder: Recorder, *, without: tuple[str, ...] = ()) -> bool:
    """Whether the two requests mean the same."""
    first, second = recorder.sent
    assert meant(first, without=without) == meant(second, without=without)
    return True


def test_openai() -> None:
    sdk = pytest.importorskip("openai")
    with Recorder(rows) as recorder:
        base = f"{recorder.url}/v1"
        theirs = sdk.OpenAI(api_key="sk-1", base_url=base, organization="org-1", project="proj-1")
        theirs.embeddings.create(model="text-embedding-3-small", input=TEXTS, dimensions=2, user="me")
        ours = OpenAIEmbeddings(
            api_key="sk-1",
            base_url=base,
            organization="org-1",
            openai_project="proj-1",
            model="text-embedding-3-small",
            dimensions=2,
            model_kwargs={"user": "me"},
        )
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)
    first, second = recorder.sent
    for name in ("openai-organization", "openai-project", "content-type"):
        assert first.headers[name] == second.headers[name]


COPIES: dict[str, dict[str, Any]] = {
    "AnyscaleEmbeddings": {},
    "BaichuanTextEmbeddings": {},
    "EdenAiEmbeddings": {"provider": "openai"},
    "FireworksEmbeddings": {},
    "InfinityEmbeddings": {},
    "JinaEmbeddings": {},
    "LocalAIEmbeddings": {},
    "NeMoEmbeddings": {},
    "OVHCloudEmbeddings": {},
    "OctoAIEmbeddings": {},
    "OpenRouterEmbeddings": {},
    "SambaNovaEmbeddings": {},
    "SiliconFlowEmbeddings": {},
    "VLLMEmbeddings": {},
    "VoyageEmbeddings": {},
}
"""Classes whose vendors document OpenAI's own SDK for them, or copy its format, with their parameters."""
PATHS = {"BaichuanTextEmbeddings": "/v1", "EdenAiEmbeddings": "/v3", "JinaEmbeddings": "/v1", "NeMoEmbeddings": "/v1"}
MORE = ("encoding_format", "input_type", "truncation", "truncate")
"""How the numbers travel, and what these vendors have beyond OpenAI's format."""


@pytest.mark.parametrize("name", COPIES)
def test_a_vendor_that_takes_the_sdk_of_openai(name: str) -> None:
    sdk = pytest.importorskip("openai")
    kind: Any = getattr(onevec, name)
    keys = [key for key, spec in kind._params.items() if spec.secret and not spec.ignored]
    with Recorder(rows) as recorder:
        init = dict.fromkeys(keys[:1], "sk-1") | COPIES[name] | {kind.model_parameter: "m"}
        ours = kind(base_url=recorder.url, **init)
        theirs = sdk.OpenAI(api_key="sk-1" if keys else "none", base_url=recorder.url + PATHS.get(name, ""))
        theirs.embeddings.create(model=ours.wire_model, input=TEXTS, dimensions=ours.dimensions or sdk.omit)
        assert ours.embed(TEXTS).vectors.shape == (2, 2)
    if not keys:  # a server without keys
        recorder.sent[0] = recorder.sent[0].with_headers({"Authorization": "none"})
        recorder.sent[1] = recorder.sent[1].with_headers({"Authorization": "none"})
    assert same(recorder, without=MORE)


@pytest.mark.parametrize("newer", [False, True], ids=["a deployment", "the newer form"])
def test_azure(newer: bool) -> None:
    sdk = pytest.importorskip("openai")
    with Recorder(rows) as recorder:
        base = f"{recorder.url}/openai/v1"
        theirs = (
            sdk.OpenAI(api_key="k", base_url=base)
            if newer
            else sdk.AzureOpenAI(
                api_key="k", azure_endpoint=recorder.url, api_version="2024-10-21", azure_deployment="my dep"
            )
        )
        theirs.embeddings.create(model="my dep" if newer else "text-embedding-3-small", input=TEXTS)
        place: dict[str, Any] = (
            {"base_url": base} if newer else {"azure_endpoint": recorder.url, "api_version": "2024-10-21"}
        )
        ours = AzureOpenAIEmbeddings(api_key="k", model="text-embedding-3-small", azure_deployment="my dep", **place)
        assert ours.embed_documents(TEXTS) == VECTORS
    if newer:  # OpenAI's SDK sends the key as a token, which Azure takes too
        first = recorder.sent[0]
        key = {"api-key": first.headers["authorization"].removeprefix("Bearer ")}
        kept = {name: value for name, value in first.headers.items() if name.lower() != "authorization"}
        recorder.sent[0] = type(first)(method=first.method, url=first.url, headers=kept | key, body=first.body)
    assert same(recorder)


@pytest.mark.parametrize("role", ["document", "query", "clustering"])
def test_gemini(role: str) -> None:
    sdk = pytest.importorskip("google.genai")
    tasks = {"document": "RETRIEVAL_DOCUMENT", "query": "RETRIEVAL_QUERY", "clustering": "CLUSTERING"}
    with Recorder(lambda _: {"embeddings": [{"values": row} for row in VECTORS]}) as recorder:
        options = sdk.types.HttpOptions(base_url=recorder.url, api_version="v1beta")
        config = sdk.types.EmbedContentConfig(task_type=tasks[role], output_dimensionality=2)
        theirs = sdk.Client(api_key="k", http_options=options)
        theirs.models.embed_content(model="gemini-embedding-001", contents=TEXTS, config=config)
        ours = GoogleGenerativeAIEmbeddings(api_key="k", base_url=recorder.url, dimensions=2)
        assert ours.embed(TEXTS, role).vectors.shape == (2, 2)
    first, second = (orjson.loads(request.body)["requests"] for request in recorder.sent)
    for request in first:
        assert request["content"].pop("role") == "user"  # what the service takes anyway
    assert first == second
    assert same(recorder, without=("requests",))


def test_vertexai() -> None:
    sdk = pytest.importorskip("google.genai")
    credentials = pytest.importorskip("google.oauth2.credentials").Credentials(token="ya29")
    predictions = [{"embeddings": {"values": row, "statistics": {"token_count": 2}}} for row in VECTORS]
    with Recorder(lambda _: {"predictions": predictions}) as recorder:
        theirs = sdk.Client(
            vertexai=True,
            project="p",
            location="us-central1",
            credentials=credentials,
            http_options=sdk.types.HttpOptions(base_url=recorder.url, api_version="v1"),
        )
        config = sdk.types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=2, auto_truncate=True)
        theirs.models.embed_content(model="text-embedding-005", contents=TEXTS, config=config)
        ours = VertexAIEmbeddings(
            project="p", credentials=credentials, model="text-embedding-005", dimensions=2, base_url=recorder.url
        )
        assert ours.embed(TEXTS, "query").vectors.tolist() == VECTORS
    assert same(recorder)


def test_mistral() -> None:
    sdk = pytest.importorskip("mistralai.client")
    with Recorder(rows) as recorder:
        theirs = sdk.Mistral(api_key="k", server_url=recorder.url)
        theirs.embeddings.create(model="codestral-embed", inputs=TEXTS, output_dimension=2, output_dtype="float")
        ours = MistralAIEmbeddings(
            api_key="k", base_url=f"{recorder.url}/v1", model="codestral-embed", dimensions=2, output_dtype="float"
        )
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_together() -> None:
    sdk = pytest.importorskip("together")
    with Recorder(rows) as recorder:
        sdk.Together(api_key="k", base_url=recorder.url).embeddings.create(model="m", input=TEXTS)
        ours = TogetherEmbeddings(api_key="k", base_url=f"{recorder.url}/v1", model="m")
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_zhipu() -> None:
    sdk = pytest.importorskip("zai")
    with Recorder(rows) as recorder:
        base = f"{recorder.url}/api/paas/v4"
        theirs = sdk.ZhipuAiClient(api_key="id.secret", base_url=base)
        theirs.embeddings.create(model="embedding-3", input=TEXTS, dimensions=2)
        ours = ZhipuAIEmbeddings(api_key="id.secret", base_url=base, model="embedding-3", dimensions=2)
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_ark() -> None:
    sdk = pytest.importorskip("volcenginesdkarkruntime")
    with Recorder(rows) as recorder:
        base = f"{recorder.url}/api/v3"
        theirs = sdk.Ark(api_key="k", base_url=base)
        theirs.embeddings.create(model="ep-1", input=TEXTS, encoding_format="base64")
        assert ArkEmbeddings(api_key="k", base_url=base, model="ep-1").embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_hunyuan() -> None:
    """Theirs is signed at another second, so ours is signed again at that one, over their very body."""
    sdk = pytest.importorskip("tencentcloud.hunyuan.v20230901.hunyuan_client")
    forms = pytest.importorskip("tencentcloud.hunyuan.v20230901.models")
    common: Any = pytest.importorskip("tencentcloud.common.credential")
    profiles: Any = pytest.importorskip("tencentcloud.common.profile.client_profile")
    https: Any = pytest.importorskip("tencentcloud.common.profile.http_profile")
    data = [{"Index": place, "Embedding": row} for place, row in enumerate(VECTORS)]
    answer = {"Response": {"Data": data, "Usage": {"TotalTokens": 3, "PromptTokens": 3}, "RequestId": "r"}}
    with Recorder(lambda _: answer) as recorder:
        plain = https.HttpProfile(protocol="http", endpoint=recorder.url.removeprefix("http://"))
        login, profile = common.Credential("id-1", "key-1"), profiles.ClientProfile(httpProfile=plain)
        ask = forms.GetEmbeddingRequest()
        ask.InputList = TEXTS
        sdk.HunyuanClient(login, "ap-guangzhou", profile).GetEmbedding(ask)
        ours = HunyuanEmbeddings(secret_id="id-1", secret_key="key-1", base_url=recorder.url)
        assert ours.embed_documents(TEXTS) == VECTORS
    first, second = recorder.sent
    assert orjson.loads(first.body) == orjson.loads(second.body)
    assert all(
        first.headers[f"x-tc-{name}"] == second.headers[f"x-tc-{name}"] for name in ("action", "version", "region")
    )
    when = datetime.fromtimestamp(int(first.headers["x-tc-timestamp"]), UTC)
    again = TencentSignature("a", "b", "hunyuan").sign(first, ("id-1", "key-1"), None, when)
    assert again.headers["Authorization"] == first.headers["authorization"]


def test_mixedbread() -> None:
    sdk = pytest.importorskip("mixedbread")
    with Recorder(rows) as recorder:
        theirs = sdk.Mixedbread(api_key="k", base_url=recorder.url)
        theirs.embed(model="m", input=TEXTS, normalized=True, prompt="p", dimensions=2, encoding_format="base64")
        ours = MixedbreadEmbeddings(api_key="k", base_url=f"{recorder.url}/v1", model="m", prompt="p", dimensions=2)
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_databricks(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = pytest.importorskip("databricks.sdk")
    with Recorder(rows) as recorder:
        theirs = sdk.WorkspaceClient(host=recorder.url, token="dapi-1", auth_type="pat")
        theirs.serving_endpoints.query(name="e", input=TEXTS)
        monkeypatch.setenv("DATABRICKS_HOST", recorder.url)
        monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-1")
        assert DatabricksEmbeddings(endpoint="e").embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_xinference() -> None:
    sdk = pytest.importorskip("xinference_client")
    described = {"auth": True, "model_type": "embedding", "model_ability": ["embed"]}
    with Recorder(lambda body: rows(body) if body else described) as recorder:
        sdk.RESTfulClient(recorder.url, "k").get_model("m").create_embedding(TEXTS)
        ours = XinferenceEmbeddings(server_url=recorder.url, model_uid="m", api_key="k")
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_nlpcloud() -> None:
    sdk = pytest.importorskip("nlpcloud")
    with Recorder(lambda _: {"embeddings": VECTORS}) as recorder:
        theirs = sdk.Client("m", "k", gpu=True)
        theirs.root_url = theirs.root_url.replace("https://api.nlpcloud.io", recorder.url)
        theirs.embeddings(TEXTS)
        ours = NLPCloudEmbeddings(nlpcloud_api_key="k", model_name="m", gpu=True, base_url=recorder.url)
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)


def test_gigachat() -> None:
    sdk = pytest.importorskip("gigachat")
    token = {"access_token": "t-1", "expires_at": 4102444800000}
    with Recorder(lambda body: rows(body) if isinstance(body, dict) else token) as recorder:
        places: dict[str, Any] = {
            "base_url": f"{recorder.url}/v1",
            "auth_url": f"{recorder.url}/oauth",
            "credentials": "Y3JlZA==",
        }
        sdk.GigaChat(**places).embeddings(TEXTS, model="Embeddings")
        assert GigaChatEmbeddings(**places).embed_documents(TEXTS) == VECTORS
    first_token, first, second_token, second = recorder.sent
    assert meant(first) == meant(second)
    assert (first_token.url, first_token.body) == (second_token.url, second_token.body)
    assert first_token.headers["authorization"] == second_token.headers["authorization"]
    assert len(second_token.headers["rquid"]) == len(first_token.headers["rquid"]) == 36


def test_watsonx() -> None:
    sdk = pytest.importorskip("ibm_watsonx_ai")
    models = pytest.importorskip("ibm_watsonx_ai.foundation_models")
    trustme = pytest.importorskip("trustme")
    import ssl

    authority = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusted)
    project = "12345678-1234-1234-1234-123456789012"
    answer = {"results": [{"embedding": row} for row in VECTORS], "input_token_count": 3, "model_id": "m"}
    described = {
        "entity": {"name": "p", "compute": [], "storage": {"type": "assetfiles"}},
        "resources": [{"model_id": "m"}],
    }
    with (
        authority.cert_pem.tempfile() as bundle,
        Recorder(lambda body: answer if body else described, served) as recorder,
    ):
        login = sdk.Credentials(url=recorder.url, token="t-1", verify=bundle, instance_id="openshift", version="5.2")
        theirs = models.Embeddings(
            model_id="m", params={"truncate_input_tokens": 5}, credentials=login, project_id=project
        )
        theirs.generate(TEXTS)
        ours = WatsonxEmbeddings(
            base_url=recorder.url,
            access_token="t-1",
            model_id="m",
            project_id=project,
            params={"truncate_input_tokens": 5},
            transport=HttpTransport(verify=trusted),
        )
        assert ours.embed_documents(TEXTS) == VECTORS
    first, second = recorder.sent
    assert orjson.loads(first.body) == orjson.loads(second.body)
    assert first.url.partition("?")[0] == second.url.partition("?")[0]
    assert all("?version=20" in request.url for request in recorder.sent)  # a date
    tokens = [request.headers["authorization"].partition(" ")[2] for request in recorder.sent]
    assert tokens == ["t-1", "t-1"]  # at an address that is not IBM's the SDK calls it Basic, in the cloud Bearer


def test_cloudflare() -> None:
    sdk = pytest.importorskip("cloudflare")
    with Recorder(lambda _: {"success": True, "result": {"shape": [2, 2], "data": VECTORS}}) as recorder:
        theirs = sdk.Cloudflare(api_token="t-1", base_url=recorder.url)
        theirs.ai.run("@cf/baai/bge-m3", account_id="a", text=TEXTS)
        ours = CloudflareWorkersAIEmbeddings(
            api_token="t-1", account_id="a", model="@cf/baai/bge-m3", base_url=f"{recorder.url}/accounts"
        )
        assert ours.embed_documents(TEXTS) == VECTORS
    assert same(recorder)


@pytest.mark.parametrize("role", ["document", "query"])
def test_upstage(role: str) -> None:
    package = pytest.importorskip("langchain_upstage", reason="Upstage's own package, which wraps OpenAI's SDK")
    with Recorder(rows) as recorder:
        base = f"{recorder.url}/v1"
        theirs = package.UpstageEmbeddings(model="solar-embedding-1-large", api_key="k", base_url=base)
        theirs.embed_query(TEXTS[0]) if role == "query" else theirs.embed_documents(TEXTS)
        ours = UpstageEmbeddings(model="solar-embedding-1-large", api_key="k", base_url=base)
        ours.embed(TEXTS[:1] if role == "query" else TEXTS, role)
    asked = orjson.loads(recorder.sent[0].body)["input"]
    assert asked == (TEXTS[0] if role == "query" else TEXTS)  # one text may stand there without a list
    assert same(recorder, without=("encoding_format", "input"))


@pytest.mark.parametrize("role", ["document", "query"])
def test_nvidia(role: str) -> None:
    package = pytest.importorskip("langchain_nvidia_ai_endpoints", reason="NVIDIA's own package")
    listed = {"data": [{"id": "nvidia/llama-nemotron-embed-1b-v2", "object": "model"}]}
    with Recorder(lambda body: rows(body) if body else listed) as recorder:
        init: dict[str, Any] = {"base_url": f"{recorder.url}/v1", "model": "nvidia/llama-nemotron-embed-1b-v2"}
        theirs = package.NVIDIAEmbeddings(**init, api_key="nvapi-1", truncate="END")
        theirs.embed_query(TEXTS[0]) if role == "query" else theirs.embed_documents(TEXTS)
        ours = NVIDIAEmbeddings(**init, api_key="nvapi-1", truncate="END")
        ours.embed(TEXTS[:1] if role == "query" else TEXTS, role)
    assert same(recorder)
