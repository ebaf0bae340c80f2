"""MLflow's own gateways before a stub of OpenAI; `nox -s mlflow` runs these with its first version and today's."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import orjson
import pytest
from recorder import Recorder
from servers_peers import serving

from onevec import MlflowAIGatewayEmbeddings, MlflowCohereEmbeddings, MlflowEmbeddings
from onevec.errors import InvalidRequest, ModelNotFound, RateLimited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onevec.wire import Request

TEXTS = ["Hi there!", "你好 🌍", "", "first line\nsecond line"]
MANY = [f"text {number}" for number in range(45)]
PATHS = ["/endpoints/{endpoint}/invocations", "/gateway/{endpoint}/invocations"]


def installed() -> int:
    """The first number of MLflow's version, 0 without it."""
    try:
        return int(version("mlflow").split(".")[0])
    except PackageNotFoundError:
        return 0


today = pytest.mark.skipif(installed() < 3, reason="needs mlflow >= 3: nox -s mlflow")
first = pytest.mark.skipif(installed() != 2, reason="needs mlflow 2.8: nox -s mlflow")


def vector(text: str) -> list[float]:
    """What the stub makes of a text; no two texts of these tests get the same."""
    return [float(len(text)), float(sum(text.encode())), 0.5]


def answer(body: Any) -> Any:
    rows = [{"index": place, "embedding": vector(text)} for place, text in enumerate(body["input"])]
    return {"object": "list", "data": rows, "model": body["model"], "usage": {"prompt_tokens": 7, "total_tokens": 7}}


@pytest.fixture(scope="module")
def openai() -> Iterator[Recorder]:
    with Recorder(answer) as stub:
        yield stub


@pytest.fixture(scope="module")
def gateway(openai: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, old = tmp_path_factory.mktemp("mlflow"), installed() == 2
    config = {"openai_api_key": "sk-of-the-gateway", "openai_api_base": f"{openai.url}/v1"}
    model = {"provider": "openai", "name": "text-embedding-3-small", "config": config}
    kind = {"route_type" if old else "endpoint_type": "llm/v1/embeddings"}
    given: dict[str, Any] = {"name": "small", **kind, "model": model}
    rare = {**given, "name": "rare", "limit": {"renewal_period": "minute", "calls": 1}}
    path = folder / "gateway.yaml"
    path.write_text(json.dumps({"routes" if old else "endpoints": [given, rare]}))  # YAML, as all JSON is
    command = [sys.executable, "-m", "mlflow", "gateway", "start", "--config-path", str(path), "--workers", "1"]
    with serving([*command, "--port", "{port}"], folder, "/health") as url:
        yield url


@pytest.fixture(scope="module")
def server(openai: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow 3's tracking server, which has a gateway in it."""
    folder = tmp_path_factory.mktemp("server")
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1", "--port", "{port}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES", "http")
        patch.setenv("MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS", "true")
        with serving(command, folder, "/health") as url:
            key = {"secret_name": "key", "secret_value": {"api_key": "sk-of-the-gateway"}, "provider": "openai"}
            made = create(url, "secrets", {**key, "auth_config": {"api_base": f"{openai.url}/v1"}})
            model = {"name": "model", "provider": "openai", "model_name": "text-embedding-3-small"}
            made = create(url, "model-definitions", {**model, "secret_id": made["secret"]["secret_id"]})
            number = made["model_definition"]["model_definition_id"]
            config = {"model_definition_id": number, "linkage_type": "PRIMARY", "weight": 1.0}
            create(url, "endpoints", {"name": "small", "model_configs": [config], "usage_tracking": False})
            yield url


def create(url: str, kind: str, body: Any) -> Any:
    """Make a part of the server's gateway."""
    head = {"Content-Type": "application/json"}
    asked = HttpRequest(f"{url}/api/3.0/mlflow/gateway/{kind}/create", orjson.dumps(body), head)  # noqa: S310
    with urlopen(asked, timeout=60) as answered:  # noqa: S310  # an address of our own
        return orjson.loads(answered.read())


def sent(request: Request) -> Any:
    assert request.headers["Authorization"] == "Bearer sk-of-the-gateway"
    return orjson.loads(request.body or b"")


@today
@pytest.mark.parametrize("path", PATHS)
def test_both_paths_answer(path: str, gateway: str, openai: Recorder) -> None:
    model = MlflowEmbeddings(target_uri=gateway, endpoint="small", path=path)
    openai.sent.clear()
    assert model.embed_documents(TEXTS) == [vector(text) for text in TEXTS]
    assert asyncio.run(model.aembed_query(TEXTS[1])) == vector(TEXTS[1])
    assert [sent(request) for request in openai.sent] == [
        {"input": TEXTS, "model": "text-embedding-3-small"},
        {"input": TEXTS[1:2], "model": "text-embedding-3-small"},
    ]
    whole = model.embed(MANY)
    assert whole.vectors.tolist() == [vector(text) for text in MANY]
    assert whole.usage.requests == 3
    assert whole.usage.tokens == 21


@today
def test_the_gateway_in_the_server_answers(server: str, openai: Recorder) -> None:
    model = MlflowEmbeddings(target_uri=server, endpoint="small", path="/gateway/{endpoint}/mlflow/invocations")
    openai.sent.clear()
    assert model.embed_documents(TEXTS) == [vector(text) for text in TEXTS]
    assert asyncio.run(model.aembed_query(TEXTS[1])) == vector(TEXTS[1])
    assert [sent(request)["input"] for request in openai.sent] == [TEXTS, TEXTS[1:2]]
    assert model.embed(MANY).vectors.tolist() == [vector(text) for text in MANY]
    with pytest.raises(ModelNotFound, match="absent"):
        model.copy(update={"endpoint": "absent"}).embed_query("a")


@today
def test_more_fields_reach_the_vendor(gateway: str, openai: Recorder) -> None:
    openai.sent.clear()
    MlflowCohereEmbeddings(target_uri=gateway, endpoint="small").embed_query("a")
    MlflowCohereEmbeddings(target_uri=gateway, endpoint="small").embed_documents(["a"])
    MlflowEmbeddings(target_uri=gateway, endpoint="small", query_params={"dimensions": 3}).embed_query("a")
    MlflowEmbeddings(target_uri=gateway, endpoint="small", documents_params={"user": "u"}).embed_documents(["a"])
    more: list[dict[str, Any]] = [
        {"input_type": "search_query"},
        {"input_type": "search_document"},
        {"dimensions": 3},
        {"user": "u"},
    ]
    assert [sent(request) for request in openai.sent] == [
        {"input": ["a"], "model": "text-embedding-3-small", **each} for each in more
    ]


@today
def test_refusals_have_their_types(gateway: str) -> None:
    with pytest.raises(ModelNotFound, match="Not Found"):
        MlflowEmbeddings(target_uri=gateway, endpoint="absent").embed_query("a")
    rare = MlflowEmbeddings(target_uri=gateway, endpoint="rare", max_retries=0)
    rare.embed_query("a")
    with pytest.raises(RateLimited, match="1 per 1 minute"):
        rare.embed_query("a")
    with pytest.raises(InvalidRequest, match="Field required"):  # it asks by the form of MLflow 2.8
        MlflowAIGatewayEmbeddings(gateway_uri=gateway, route="small").embed_query("a")


@first
def test_the_first_gateway_answers(gateway: str, openai: Recorder) -> None:
    model = MlflowAIGatewayEmbeddings(gateway_uri=gateway, route="small")
    openai.sent.clear()
    assert model.embed_documents(TEXTS) == [vector(text) for text in TEXTS]
    assert asyncio.run(model.aembed_query(TEXTS[1])) == vector(TEXTS[1])
    assert [sent(request)["input"] for request in openai.sent] == [TEXTS, TEXTS[1:2]]
    assert model.embed(MANY).vectors.tolist() == [vector(text) for text in MANY]
    with pytest.raises(ModelNotFound, match="Not Found"):
        MlflowAIGatewayEmbeddings(gateway_uri=gateway, route="absent").embed_query("a")
