"""Our classes as the embedding of langchain-community's vector stores; `nox -s langchain` brings what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onevec import DefaultEmbeddings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # those packages' own warnings, such as of their end

TEXTS = [
    "The cat sleeps on the sofa all day.",
    "Stock prices fell after the bank raised interest rates.",
    "今天下雨,出门要带伞。",
]
NEAREST = {"a pet that is resting": 0, "利率上升对股市的影响": 1, "Do I need an umbrella?": 2}


def make_faiss(_folder: Path) -> Any:
    pytest.importorskip("faiss")
    stores = pytest.importorskip("langchain_community.vectorstores")
    return stores.FAISS.from_texts(TEXTS, DefaultEmbeddings())


def make_chroma(folder: Path) -> Any:
    pytest.importorskip("chromadb")
    stores = pytest.importorskip("langchain_community.vectorstores")
    return stores.Chroma.from_texts(TEXTS, DefaultEmbeddings(), persist_directory=str(folder))


@pytest.fixture(params=[make_faiss, make_chroma], ids=["FAISS", "Chroma"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return request.param(tmp_path)


@pytest.mark.parametrize(("question", "number"), NEAREST.items(), ids=["English", "Chinese", "English to Chinese"])
def test_search(store: Any, question: str, number: int) -> None:
    assert [document.page_content for document in store.similarity_search(question, k=1)] == [TEXTS[number]]


@pytest.mark.parametrize(("question", "number"), NEAREST.items(), ids=["English", "Chinese", "English to Chinese"])
async def test_search_async(store: Any, question: str, number: int) -> None:
    found = await store.asimilarity_search(question, k=1)
    assert [document.page_content for document in found] == [TEXTS[number]]


def test_texts_can_be_added_and_removed(store: Any) -> None:
    (added,) = store.add_texts(["Der Hund bellt im Garten."])
    (document,) = store.similarity_search("a barking dog", k=1)
    assert document.page_content == "Der Hund bellt im Garten."
    store.delete([added])
    (document,) = store.similarity_search("a barking dog", k=1)
    assert document.page_content != "Der Hund bellt im Garten."


def test_faiss_is_loaded_again(tmp_path: Path) -> None:
    store = make_faiss(tmp_path)
    store.save_local(str(tmp_path))
    again = type(store).load_local(str(tmp_path), DefaultEmbeddings(), allow_dangerous_deserialization=True)
    (document,) = again.similarity_search("Do I need an umbrella?", k=1)
    assert document.page_content == TEXTS[2]
