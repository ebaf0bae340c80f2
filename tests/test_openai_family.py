"""What the contracts can't show of the classes that speak OpenAI's format, or also speak it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from recorder import Recorder

from onevec import (
    AnyscaleEmbeddings,
    BadResponse,
    ConfigurationError,
    DeepInfraEmbeddings,
    EmbaasEmbeddings,
    JinaEmbeddings,
    LlamafileEmbeddings,
    OctoAIEmbeddings,
    RateLimited,
    SolarEmbeddings,
    VoyageEmbeddings,
    XinferenceEmbeddings,
)
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

if TYPE_CHECKING:
    from pathlib import Path

    from onevec.wire import Reply


def rows(*vectors: Any, tokens: int = 3) -> Reply:
    data = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    return json_reply({"data": data, "usage": {"total_tokens": tokens}})


def asked(url: str, body: dict[str, Any], reply: Reply) -> ReplayTransport:
    return ReplayTransport([Exchange(Request.post(url, json=body), reply)])


@pytest.mark.parametrize("kind", [AnyscaleEmbeddings, OctoAIEmbeddings, EmbaasEmbeddings])
def test_a_closed_service_names_its_successor(kind: Any) -> None:
    for given in ({"api_key": "k"}, {}):
        with pytest.raises(ConfigurationError, match=f"closed; use {kind.retired}, or pass base_url="):
            kind(**given)


def test_solar_has_one_space_for_its_two_models() -> None:
    model = SolarEmbeddings(model="solar-embedding-2-query", api_key="k")
    other = SolarEmbeddings(model="solar-embedding-2-passage", api_key="k")
    assert model.space == other.space
    assert str(model.recipe("query")) == str(other.recipe("query")) != str(model.recipe("document"))
    single = SolarEmbeddings(model="another", api_key="k")
    assert single.recipe("query").role is None


@pytest.mark.parametrize(
    ("key", "url"),
    [("pa-1", "https://api.voyageai.com/v1/embeddings"), ("al-1", "https://ai.mongodb.com/v1/embeddings")],
)
def test_voyages_key_decides_on_its_address(key: str, url: str) -> None:
    body = {
        "model": "voyage-4",
        "input": ["猫"],
        "input_type": "query",
        "truncation": True,
        "encoding_format": "base64",
    }
    model = VoyageEmbeddings(model="voyage-4", api_key=key, transport=asked(url, body, rows([1.0, 2.0])))
    assert model.embed_query("猫") == [1.0, 2.0]
    assert model.space.origin == "voyageai"


def test_voyages_other_types_come_as_numbers() -> None:
    body = {
        "model": "voyage-4",
        "input": ["猫"],
        "truncation": True,
        "output_dimension": 16,
        "output_dtype": "ubinary",
    }
    transport = asked("https://api.voyageai.com/v1/embeddings", body, rows([255, 0]))
    model = VoyageEmbeddings(
        model="voyage-4", api_key="k", output_dtype="ubinary", output_dimension=16, transport=transport
    )
    assert model.embed_general_texts(["猫"]) == [[255.0, 0.0]]
    assert (model.space.dtype, model.space.dimensions) == ("ubinary", 2)


@pytest.mark.filterwarnings("ignore")  # of the SDK's own libraries
def test_our_request_equals_voyages() -> None:
    voyageai = pytest.importorskip("voyageai")
    answer = {"data": [{"index": 0, "embedding": "AACAPwAAAEA="}], "usage": {"total_tokens": 1}}
    with Recorder(lambda _: answer) as recorder:
        client = voyageai.Client(api_key="k", base_url=f"{recorder.url}/v1")
        client.embed(["猫"], model="voyage-4", input_type="document", truncation=True)
        ours = VoyageEmbeddings(model="voyage-4", api_key="k", base_url=f"{recorder.url}/v1")
        assert ours.embed_documents(["猫"]) == [[1.0, 2.0]]
    first, second = recorder.sent
    theirs = {name: value for name, value in json.loads(first.body).items() if value is not None}
    assert (second.method, second.url, json.loads(second.body)) == (first.method, first.url, theirs)
    assert second.headers["authorization"] == first.headers["authorization"]


def test_a_batch_beyond_voyages_tokens_is_halved() -> None:
    said = "Request to model 'voyage-4' failed. The max allowed tokens per submitted batch is 320000."
    url = "https://api.voyageai.com/v1/embeddings"

    def ask(*texts: str) -> Request:
        body = {"model": "voyage-4", "input": list(texts), "input_type": "document", "truncation": True}
        return Request.post(url, json={**body, "encoding_format": "base64"})

    transport = ReplayTransport(
        [
            Exchange(ask("a", "b"), json_reply({"detail": said}, 400)),
            Exchange(ask("a"), rows([1.0])),
            Exchange(ask("b"), rows([2.0])),
        ]
    )
    model = VoyageEmbeddings(model="voyage-4", api_key="pa-123", transport=transport)
    assert model.embed_documents(["a", "b"]) == [[1.0], [2.0]]


def test_deepinfra_also_speaks_openais_format() -> None:
    body = {"model": "m/n", "input": ["猫"], "encoding_format": "base64", "dimensions": 2}
    transport = asked("https://api.deepinfra.com/v1/openai/embeddings", body, rows("AACAPwAAAEA="))
    model = DeepInfraEmbeddings(
        model_id="m/n",
        base_url="https://api.deepinfra.com/v1/openai",
        embed_instruction="",
        dimensions=2,
        api_key="k",
        transport=transport,
    )
    found = model.embed(["猫"])
    assert found.vectors.tolist() == [[1.0, 2.0]]
    assert found.usage.tokens == 3


def test_llamafile_also_speaks_openais_format() -> None:
    body = {"input": ["猫", "狗"], "model": "m"}
    transport = asked("http://localhost:8080/v1/embeddings", body, rows([1.0, 2.0], [3.0, 4.0]))
    model = LlamafileEmbeddings(model="m", base_url="http://localhost:8080/v1/", transport=transport)
    assert model.embed(["猫", "狗"]).vectors.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(BadResponse, match="zeros"):
        model.copy(
            update={"transport": asked("http://localhost:8080/v1/embeddings", {**body, "input": ["a"]}, rows([0.0]))}
        ).embed(["a"])


def test_the_models_of_two_llamafiles_are_two_spaces() -> None:
    assert LlamafileEmbeddings(model="a").space != LlamafileEmbeddings(model="b").space


def test_xinference_takes_server_and_model_by_position() -> None:
    model = XinferenceEmbeddings("http://127.0.0.1:9997", "uid-1")
    assert (model.server_url, model.model, model.copy().model_uid) == ("http://127.0.0.1:9997", "uid-1", "uid-1")
    with pytest.raises(ConfigurationError, match="server_url and base_url are the same"):
        XinferenceEmbeddings("http://127.0.0.1:9997", "uid-1", base_url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("task", "role", "sent"),
    [
        ("role", "query", "retrieval.query"),
        ("role", "document", "retrieval.passage"),
        ("role", "clustering", "separation"),
        ("text-matching", "query", "text-matching"),
    ],
)
def test_jinas_task_may_follow_the_role(task: str, role: str, sent: str) -> None:
    body = {"model": "jina-embeddings-v3", "input": ["猫"], "task": sent, "normalized": True, "dimensions": 2}
    transport = asked("https://api.jina.ai/v1/embeddings", body, rows([0.6, 0.8]))
    model = JinaEmbeddings(
        model="jina-embeddings-v3", task=task, normalized=True, dimensions=2, api_key="k", transport=transport
    )
    assert model.embed(["猫"], role).vectors.tolist() == [pytest.approx([0.6, 0.8])]
    assert model.space.normalised


def test_jina_without_money_is_not_asked_again() -> None:
    refused = json_reply({"error": {"code": "AUTHZ_INSUFFICIENT_BALANCE", "message": "no balance"}}, 403)
    body = {"model": "jina-embeddings-v2-base-en", "input": ["a"]}
    transport = asked("https://api.jina.ai/v1/embeddings", body, refused)
    with pytest.raises(RateLimited):
        JinaEmbeddings(api_key="k", transport=transport).embed(["a"])


def test_the_usage_of_images_is_counted_and_equal_images_are_sent_once(tmp_path: Path) -> None:
    picture = tmp_path / "pic.bin"
    picture.write_bytes(b"1234")
    body = {"model": "jina-clip-v2", "input": [{"bytes": "MTIzNA=="}, {"url": "https://img.example/cat.png"}]}
    transport = asked("https://api.jina.ai/v1/embeddings", body, rows([1.0], [2.0]))
    model = JinaEmbeddings(model="jina-clip-v2", api_key="k", transport=transport)
    found = model.embed_images([str(picture), picture.as_uri(), "https://img.example/cat.png"])
    assert found == [[1.0], [1.0], [2.0]]
    assert model.usage.tokens == 3


def test_an_image_gets_no_instruction() -> None:
    body = {"model": "jina-clip-v2", "input": [{"url": "https://img.example/cat.png"}]}
    transport = asked("https://api.jina.ai/v1/embeddings", body, rows([1.0]))
    model = JinaEmbeddings(model="jina-clip-v2", api_key="k", embed_instruction="passage: ", transport=transport)
    assert model.embed_images(["https://img.example/cat.png"]) == [[1.0]]
