"""A model that was trained with a prefix or a role, and gets neither, is told of once; the instructions go out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from toys import World

import onevec
from onevec import (
    DeepInfraEmbeddings,
    HuggingFaceInferenceAPIEmbeddings,
    JinaEmbeddings,
    OpenAIEmbeddings,
    OpenRouterEmbeddings,
    TextEmbeddingsInferenceEmbeddings,
    advice,
)
from onevec.catalogue import trained
from onevec.local import Encoded, LocalEmbeddings
from onevec.space import Recipe, SpaceId
from onevec.testing import json_reply
from onevec.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from onevec.embeddings import Embeddings, Role
    from onevec.wire import Reply, Request

BASE = "http://127.0.0.1:9/v1"
BGE = "Represent this sentence for searching relevant passages: "


def answer(request: Request) -> Reply:
    body = orjson.loads(request.body)
    texts = body.get("input") or body["inputs"]
    rows = [[float(len(text)), 1.0] for text in texts]
    if "inputs" in body:
        return json_reply(rows)
    return json_reply({"data": [{"index": place, "embedding": row} for place, row in enumerate(rows)]})


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "_TOLD", set())


def said(call: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


def openai(model: str, **more: Any) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(base_url=BASE, api_key="k", model=model, transport=World(answer), **more)


@pytest.mark.parametrize(
    ("name", "query", "document"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("e5-large-v2", "query: ", "passage: "),
        ("BAAI/bge-large-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("@cf/baai/bge-base-en-v1.5", BGE, ""),
        ("nomic-embed-text:latest", "search_query: ", "search_document: "),
        ("/models/bge-small-en", BGE, ""),
        (r"D:\models\bge-small-en", BGE, ""),
    ],
)
def test_a_model_is_known_wherever_it_runs(name: str, query: str, document: str) -> None:
    known = trained(name)
    assert known is not None
    assert (known.query, known.document) == (query, document)
    assert known.source.startswith("https://")


@pytest.mark.parametrize("name", ["text-embedding-3-small", "BAAI/bge-m3", "my-e5-largest", "bge-large-zh-noinstruct"])
def test_of_other_models_nothing_is_said(name: str) -> None:
    assert trained(name) is None
    assert said(lambda: openai(name).embed_query("猫")) == []


def test_it_is_said_once() -> None:
    model = openai("intfloat/e5-large-v2")
    first, *others = said(lambda: [model.embed_query("猫"), model.embed_query("狗"), model.embed_documents(["鸟"])])
    assert others == []
    assert first == (
        "OpenAIEmbeddings: intfloat/e5-large-v2 was trained with 'query: ' before every query "
        "(https://huggingface.co/intfloat/multilingual-e5-large): pass query_instruction='query: '"
    )


async def test_it_is_said_by_async_calls_too() -> None:
    with pytest.warns(UserWarning, match="pass embed_instruction='passage: '"):
        await openai("intfloat/e5-large-v2").aembed_documents(["猫"])


@pytest.mark.parametrize(
    "call",
    [
        lambda: openai("e5-large-v2", query_instruction="query: ").embed_query("猫"),
        lambda: openai("e5-large-v2").embed_query("query: 猫"),
        lambda: openai("e5-large-v2").embed_documents(["passage: 猫"]),
        lambda: openai("e5-large-v2").embed(["猫"], "clustering"),
        lambda: openai("bge-large-en").embed_documents(["a document takes no prefix"]),
        lambda: openai("e5-large-v2").embed_documents([]),
        lambda: TextEmbeddingsInferenceEmbeddings(
            model="e5-large-v2", prompt_name="passage", transport=World(answer)
        ).embed_documents(["猫"]),
        lambda: JinaEmbeddings(
            model="jina-embeddings-v3", task="role", api_key="k", transport=World(answer)
        ).embed_query("猫"),
    ],
    ids=["passed", "in a query", "in a document", "another role", "no prefix", "no texts", "by name", "role"],
)
def test_who_gives_it_hears_nothing(call: Callable[[], object]) -> None:
    assert said(call) == []


@pytest.mark.parametrize(
    ("model", "way"),
    [
        (JinaEmbeddings(model="jina-embeddings-v3", api_key="k", transport=World(answer)), 'pass task="role"'),
        (
            OpenRouterEmbeddings(model="cohere/embed-v4.0", api_key="k", transport=World(answer)),
            "pass input_type_db= and input_type_query=",
        ),
        (openai("embed-v4.0"), "pass it as the service wants it"),
        (
            HuggingFaceInferenceAPIEmbeddings(
                api_url=BASE, model_name="BAAI/bge-small-en-v1.5", api_key="k", transport=World(answer)
            ),
            f"pass query_instruction={BGE!r}",
        ),
    ],
    ids=["jina", "openrouter", "openai", "huggingface"],
)
def test_the_way_is_that_of_the_class(model: Embeddings, way: str) -> None:
    (message,) = said(lambda: model.embed_query("猫"))
    assert message.endswith(way)


class Folder(LocalEmbeddings[None]):
    """A model in a folder."""

    model_name: str = "/models/e5-small"

    @property
    def space(self) -> SpaceId:
        return SpaceId(origin="folder", model="sha256")

    def recipe(self, role: Role | str = onevec.Role.DOCUMENT) -> Recipe:  # noqa: ARG002  # it has no roles
        return Recipe(space=self.space)

    def identity(self) -> str:
        return self.model_name

    def load(self) -> None:
        return None

    def encode(self, model: None, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # the same
        return Encoded(onevec.FakeEmbeddings(size=2).embed(texts).vectors)


def test_a_local_model_is_told_of_too() -> None:
    (message,) = said(lambda: Folder().embed(["猫"]))
    assert message.startswith("Folder: /models/e5-small was trained with 'passage: ' before every document")
    assert message.endswith("put it before the texts")


# The instructions -----------------------------------------------------------------------------------------------------


def test_the_instruction_goes_before_every_text_and_into_the_recipe() -> None:
    world = World(answer)
    model = openai("e5-large-v2", query_instruction="query: ", embed_instruction="passage: ").copy(
        update={"transport": world}
    )
    model.embed_documents(["猫", "狗"])
    model.embed_query("猫")
    assert [orjson.loads(request.body)["input"] for request in world.sent] == [
        ["passage: 猫", "passage: 狗"],
        ["query: 猫"],
    ]
    assert [model.recipe(role).prefix for role in ("document", "query")] == ["passage: ", "query: "]
    plain = openai("e5-large-v2")
    assert plain.recipe("document") == plain.recipe("query") != model.recipe("document")


def test_it_is_not_put_there_twice() -> None:
    world = World(lambda _: json_reply({"embeddings": [[1.0, 2.0]], "input_tokens": 1}))
    DeepInfraEmbeddings(api_key="k", transport=world).embed_query("猫")
    assert orjson.loads(world.sent[0].body)["inputs"] == ["query: 猫"]


@pytest.mark.parametrize("long_text", ["truncate", "split"])
def test_a_long_text_leaves_room_for_it(long_text: Any) -> None:
    world = World(answer)
    model = OpenAIEmbeddings(
        api_key="k", embed_instruction="a long instruction: " * 9, long_text=long_text, transport=world
    )
    model.embed(["长文" * 9000])
    sent = [text for request in world.sent for text in orjson.loads(request.body)["input"]]
    assert all(text.startswith("a long instruction: ") for text in sent)
    assert 8000 < max(map(estimate_tokens, sent)) <= 8191
