"""OllamaEmbeddings beside Ollama's own client, and the ways to write its address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorder import Recorder

from onevec import OllamaEmbeddings
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

GOOD = json_reply({"embeddings": [[1.0, 2.0]], "prompt_eval_count": 3})


def test_our_request_equals_the_sdks() -> None:
    ollama = pytest.importorskip("ollama")
    options: Any = {"num_ctx": 4096, "temperature": 0.5}
    with Recorder(lambda body: {"embeddings": [[1.0, 2.0] for _ in body["input"]]}) as recorder:
        with ollama.Client(recorder.url) as client:
            client.embed("m", ["猫", "狗"], options=options, keep_alive=300, dimensions=2)
        OllamaEmbeddings(model="m", base_url=recorder.url, keep_alive=300, dimensions=2, **options).embed(["猫", "狗"])
    theirs, ours = recorder.sent
    assert (ours.method, ours.url, json.loads(ours.body)) == (theirs.method, theirs.url, json.loads(theirs.body))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("gpu.example", "http://gpu.example:11434"),
        ("0.0.0.0:9999", "http://0.0.0.0:9999"),
        ("http://gpu.example", "http://gpu.example"),
        ("https://gpu.example/ollama/", "https://gpu.example/ollama"),
    ],
)
def test_the_server_may_be_written_as_in_its_variable(host: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    ask = Request.post(f"{address}/api/embed", json={"model": "m", "input": ["a"]})
    model = OllamaEmbeddings(model="m", transport=ReplayTransport([Exchange(ask, GOOD)]))
    assert model.embed(["a"]).usage.tokens == 3


def test_a_header_that_is_given_goes_before_the_key_and_the_key_before_the_login() -> None:
    base = "http://me:word@gpu.example"
    sent: list[tuple[dict[str, Any], str]] = [
        ({}, "Basic bWU6d29yZA=="),
        ({"api_key": "k"}, "Bearer k"),
        ({"api_key": "k", "headers": {"authorization": "Token t"}}, "Token t"),
        ({"api_key": "k", "client_kwargs": {"headers": {"Authorization": "Token t"}}}, "Token t"),
    ]
    for init, wanted in sent:
        ask = Request.post(
            "http://gpu.example/api/embed", json={"model": "m", "input": ["a"]}, headers={"Authorization": wanted}
        )
        model = OllamaEmbeddings(model="m", base_url=base, transport=ReplayTransport([Exchange(ask, GOOD)]), **init)
        assert model.embed_query("a") == [1.0, 2.0]
        assert "word" not in repr(model)
        assert "word" not in str(model.space)


def test_a_prefix_is_in_the_recipe() -> None:
    plain = OllamaEmbeddings(model="nomic-embed-text")
    prefixed = OllamaEmbeddings(
        model="nomic-embed-text", embed_instruction="search_document: ", query_instruction="search_query: "
    )
    assert str(plain.recipe("document")) == str(plain.recipe("query"))
    assert len({str(prefixed.recipe(role)) for role in ("document", "query")} | {str(plain.recipe())}) == 3
