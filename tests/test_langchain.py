"""Our classes where LangChain's are expected: its standard suites, isinstance, and a vector store."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest

pytest.importorskip("langchain_tests")
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests
from toys import World

import onevec
from onevec import DefaultEmbeddings, DeterministicFakeEmbedding, MiniMaxEmbeddings, OpenAIEmbeddings
from onevec.testing import json_reply

if TYPE_CHECKING:
    from onevec.load import ProviderInfo
    from onevec.wire import Reply, Request


def openai_answer(request: Request) -> Reply:
    texts: list[str] = orjson.loads(request.body)["input"]
    rows = [{"index": place, "embedding": [1.0, float(len(text))]} for place, text in enumerate(texts)]
    return json_reply({"data": rows, "usage": {"total_tokens": 1}})


def minimax_answer(request: Request) -> Reply:
    texts: list[str] = orjson.loads(request.body)["texts"]
    rows = [[1.0, float(len(text))] for text in texts]
    return json_reply({"vectors": rows, "base_resp": {"status_code": 0, "status_msg": ""}})


class DefaultClass:
    embeddings_class: Any = DefaultEmbeddings


class FakeClass:
    embeddings_class: Any = DeterministicFakeEmbedding
    embedding_model_params = {"size": 6}


class OpenAIClass:
    embeddings_class: Any = OpenAIEmbeddings
    embedding_model_params = {"api_key": "sk-made-up", "transport": World(openai_answer)}
    init_from_env_params: Any = (
        {
            "OPENAI_API_KEY": "api_key",
            "OPENAI_ORG_ID": "org_id",
            "OPENAI_API_BASE": "https://base.url",
            "OPENAI_PROXY": "https://proxy.com",
        },
        {},
        {
            "openai_api_key": "api_key",
            "openai_organization": "org_id",
            "openai_api_base": "https://base.url",
            "openai_proxy": "https://proxy.com",
        },
    )


class MiniMaxClass:
    embeddings_class: Any = MiniMaxEmbeddings
    embedding_model_params = {"api_key": "made-up", "group_id": "1", "transport": World(minimax_answer)}
    init_from_env_params: Any = (
        {"MINIMAX_API_KEY": "api_key", "MINIMAX_GROUP_ID": "group_id"},
        {},
        {"minimax_api_key": "api_key", "minimax_group_id": "group_id"},
    )


# The suites refuse a class that inherits from both of them.
class TestDefaultUnit(DefaultClass, EmbeddingsUnitTests):
    pass


class TestDefaultIntegration(DefaultClass, EmbeddingsIntegrationTests):
    pass


class TestFakeUnit(FakeClass, EmbeddingsUnitTests):
    pass


class TestFakeIntegration(FakeClass, EmbeddingsIntegrationTests):
    pass


class TestOpenAIUnit(OpenAIClass, EmbeddingsUnitTests):
    pass


class TestOpenAIIntegration(OpenAIClass, EmbeddingsIntegrationTests):
    pass


class TestMiniMaxUnit(MiniMaxClass, EmbeddingsUnitTests):
    pass


class TestMiniMaxIntegration(MiniMaxClass, EmbeddingsIntegrationTests):
    pass


@pytest.mark.parametrize("entry", onevec.providers(), ids=lambda entry: entry.name)
def test_every_class_is_one_of_langchain(entry: ProviderInfo) -> None:
    assert issubclass(getattr(onevec, entry.name), Embeddings)


def python(code: str) -> str:
    """What a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_an_instance_from_before_langchain_was_imported_is_one_of_its_own() -> None:
    code = (
        "import onevec\n"
        "fake = onevec.DeterministicFakeEmbedding(size=2)\n"
        "from langchain_core.embeddings import Embeddings\n"
        "print(isinstance(fake, Embeddings))"
    )
    assert python(code) == "True"


def test_onevec_never_imports_langchain() -> None:
    code = (
        "import sys, onevec\n"
        "[getattr(onevec, name) for name in onevec.__all__]\n"
        "onevec.load().embed_query('a')\n"
        "print(*[name for name in sys.modules if 'langchain' in name or 'pydantic' in name])"
    )
    assert python(code) == ""


FACTS = [
    Document("The cat sleeps on the sofa all day.", metadata={"about": "cats"}),
    Document("Stock prices fell after the bank raised interest rates.", metadata={"about": "money"}),
    Document("今天下雨,出门要带伞。", metadata={"about": "weather"}),
]
QUESTIONS = {"a pet that is resting": "cats", "利率上升对股市的影响": "money", "Do I need an umbrella?": "weather"}


def test_the_embedding_of_a_vector_store() -> None:
    ours: Any = DefaultEmbeddings()  # a virtual subclass, which type checkers do not see
    store = InMemoryVectorStore.from_documents(FACTS, embedding=ours)
    for question, about in QUESTIONS.items():
        assert store.similarity_search(question, k=1)[0].metadata == {"about": about}
    (nearest, score), *_ = store.similarity_search_with_score(FACTS[0].page_content)
    assert nearest.page_content == FACTS[0].page_content
    assert score == pytest.approx(1.0, abs=1e-5)
    found = store.as_retriever(search_kwargs={"k": 1}).invoke("Do I need an umbrella?")
    assert [document.metadata for document in found] == [{"about": "weather"}]


async def test_the_embedding_of_a_vector_store_async() -> None:
    ours: Any = DefaultEmbeddings()
    store = await InMemoryVectorStore.afrom_documents(FACTS, embedding=ours)
    for question, about in QUESTIONS.items():
        assert [document.metadata for document in await store.asimilarity_search(question, k=1)] == [{"about": about}]
