"""The cache behaves as LangChain's class where that is right, and the two share directories."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from counting import Counting, LangChainLike, vector

from onevec import BadResponse, CacheBackedEmbeddings, ConfigurationError
from onevec.storage import EncoderBackedStore, InMemoryByteStore, LocalFileStore

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTRACT = json.loads(
    (Path(__file__).parent / "contracts" / "cache" / "CacheBackedEmbeddings.json").read_text(encoding="utf-8")
)
pytestmark = pytest.mark.filterwarnings("ignore:key_encoder='sha1'", "ignore:Using default key encoder")
TEXTS = ["Hi there!", "你好，世界", "", "第一行\n第二行"]


def recorded() -> list[dict[str, Any]]:
    """The cases in which LangChain's class is right, and in which a store's content is told."""
    return [case for case in CONTRACT["exchanges"] if case.get("store_after") is not None and not case.get("peer_flaw")]


def key(text: str, namespace: str = "m/") -> str:
    return namespace + sha256(text.encode()).hexdigest()


class Script(LangChainLike):
    """Gives the rows of a recorded case."""

    def __init__(self, case: dict[str, Any]) -> None:
        asked = case["call"]["args"][0]
        self.query = isinstance(asked, str)
        super().__init__({} if self.query else dict(zip(asked, case["returns"], strict=True)))
        self.row = case["returns"]

    def embed_query(self, text: str) -> list[float]:
        self.calls.append(["embed_query", text])
        return self.row  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", recorded(), ids=lambda case: case["name"])
def test_recorded_case(case: dict[str, Any]) -> None:
    model, store, other = Script(case), InMemoryByteStore(), InMemoryByteStore()
    wanted = [call for call in case["embedder_calls"] if len(call) == 2]  # an async call is followed by what it does
    options = {"namespace": "", **case["init"]}
    if isinstance(options.get("query_embedding_cache"), str):
        options["query_embedding_cache"] = other
        wanted = wanted[1:]  # the other one made the store for the documents
    computed = {text for call in wanted for text in call[1]}
    before = {name: text for name, text in case["store_after"].items() if name not in {key(text) for text in computed}}
    if not model.query and wanted != [["embed_documents", ["Hello"]]]:
        store.mset([(name, text.encode()) for name, text in before.items()])
    cache = CacheBackedEmbeddings.from_bytes_store(model, store, **options)
    method = getattr(cache, case["call"]["method"])
    returned = method(*case["call"]["args"])
    assert (asyncio.run(returned) if asyncio.iscoroutine(returned) else returned) == case["returns"]
    assert model.calls == wanted
    after = {name.replace("query.", ""): value.decode() for name, value in {**store.store, **other.store}.items()}
    assert after == case["store_after"]


def langchain() -> tuple[Any, Any]:
    pytest.importorskip("langchain_classic")
    from langchain_classic.embeddings import CacheBackedEmbeddings as Theirs
    from langchain_classic.storage import LocalFileStore as TheirStore

    return Theirs, TheirStore


class TheirModel:
    """LangChain's class wants no more than this."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.texts += texts
        return [vector(text).tolist() for text in texts]


@pytest.mark.parametrize("encoder", ["sha1", "blake2b", "sha256", "sha512", lambda text: f"own-{len(text)}"])
@pytest.mark.parametrize("namespace", ["", "m3e-base", "openai/text-embedding-3-small/"])
def test_a_directory_of_langchain_is_fully_hit_and_the_other_way_round(
    encoder: Any, namespace: str, tmp_path: Path
) -> None:
    theirs, their_store = langchain()
    options = {"key_encoder": encoder} if callable(encoder) else {"key_encoder": encoder, "namespace": namespace}
    first = TheirModel()
    rows = theirs.from_bytes_store(first, their_store(tmp_path / "a"), **options).embed_documents(TEXTS)

    model = Counting()
    ours = CacheBackedEmbeddings.from_bytes_store(model, LocalFileStore(tmp_path / "a"), **options)
    assert ours.embed_documents(TEXTS) == rows
    assert model.calls == []
    assert len(list(LocalFileStore(tmp_path / "a").yield_keys())) == len(TEXTS)

    mine = CacheBackedEmbeddings.from_bytes_store(Counting(), LocalFileStore(tmp_path / "b"), **options)
    mine.embed_documents(TEXTS)
    second = TheirModel()
    found = theirs.from_bytes_store(second, their_store(tmp_path / "b"), **options).embed_documents(TEXTS)
    assert np.array_equal(np.array(found, dtype=np.float32), Counting().expected(TEXTS))
    assert second.texts == []


def test_stores_of_langchain_are_taken_as_they_are(tmp_path: Path) -> None:
    _, their_store = langchain()
    from langchain_core.stores import InMemoryByteStore as TheirMemory

    for store in (their_store(tmp_path), TheirMemory()):
        for known in (False, True):
            found = CacheBackedEmbeddings.from_bytes_store(Counting(), store).embed(TEXTS)
            assert np.array_equal(found.vectors, Counting().expected(TEXTS))
            assert found.cached.all() == known


def test_the_cache_is_one_of_langchains_models() -> None:
    embeddings = pytest.importorskip("langchain_core.embeddings")
    cache = CacheBackedEmbeddings.from_bytes_store(Counting(), InMemoryByteStore())
    assert isinstance(cache, embeddings.Embeddings)


@pytest.mark.parametrize("namespace", ["openai:text-embedding-3", "模型/", "a b", "https://host/v1:model/", "猫" * 150])
def test_any_namespace_works_with_files(namespace: str, tmp_path: Path) -> None:
    for known in (False, True):
        cache = CacheBackedEmbeddings.from_bytes_store(
            Counting(), LocalFileStore(tmp_path), namespace=namespace, key_encoder="sha256"
        )
        assert cache.embed(TEXTS).cached.all() == known
    assert sorted(LocalFileStore(tmp_path).yield_keys()) == sorted(key(text, namespace) for text in TEXTS)


def test_a_namespace_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    cache = CacheBackedEmbeddings.from_bytes_store(
        Counting(), LocalFileStore(tmp_path / "cache"), namespace="../x", key_encoder="sha256"
    )
    with pytest.raises(ConfigurationError, match=r"\.\./x"):
        cache.embed_documents(["a"])
    assert list(tmp_path.iterdir()) == []


# What the other class gets wrong -------------------------------------------------------------------------------------


def test_equal_texts_are_computed_once() -> None:
    model = LangChainLike()
    cache = CacheBackedEmbeddings.from_bytes_store(model, InMemoryByteStore(), namespace="m/", batch_size=1)
    rows = cache.embed_documents(["a", "a", "b", "a"])
    assert model.calls == [["embed_documents", ["a"]], ["embed_documents", ["b"]]]
    assert rows[0] == rows[1] == rows[3] != rows[2]


def test_a_query_never_gets_the_vector_of_a_document() -> None:
    for model in (LangChainLike(), Counting()):
        for options in ({"namespace": "m/"}, {"namespace": "m/", "key_encoder": "sha256"}):
            cache = CacheBackedEmbeddings.from_bytes_store(
                model,
                InMemoryByteStore(),
                query_embedding_cache=True,
                **options,  # type: ignore[arg-type]
            )
            for _ in range(2):
                assert cache.embed_documents(["a"]) == [vector("a").tolist()]
                assert cache.embed_query("a") == vector("a", "query").tolist()
    assert len(model.calls) == 4


def test_a_store_that_is_empty_is_a_store() -> None:
    class Sized(InMemoryByteStore):
        def __len__(self) -> int:
            return len(self.store)

    queries = Sized()
    cache = CacheBackedEmbeddings.from_bytes_store(
        Counting(), InMemoryByteStore(), namespace="m/", query_embedding_cache=queries
    )
    cache.embed_query("x")
    assert len(queries) == 1


@pytest.mark.parametrize(
    "value", [b"[0.5, -0.2", b"", b"\xff\xfe", b'{"a": 1}', b"null", b"[1.0]", b"[NaN, 0, 0, 0, 0, 0]", "text", b"1v"]
)
def test_a_damaged_value_is_dropped_and_computed_again(value: Any) -> None:
    store, model = InMemoryByteStore(), LangChainLike()
    store.mset([(key("a"), value)])
    cache = CacheBackedEmbeddings.from_bytes_store(model, store, namespace="m/", key_encoder="sha256")
    assert cache.embed_documents(["a", "b"]) == [vector("a").tolist(), vector("b").tolist()]
    assert cache.stats.damaged == 1
    assert json.loads(store.store[key("a")]) == pytest.approx(vector("a").tolist())
    cache.embed_documents(["a", "b"])
    assert len([text for call in model.calls for text in call[1]]) == len({"a", "b"})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[0.5, 1.0]], "Wrong gave an array .1, 2. .* 2 texts"),
        ([[0.5], [1.0], [2.0]], ".3, 1. .* 2 texts"),
        ([[0.5, 1.0], [1.0]], "of one width"),
        ([[0.5, 1.0], None], "of one width"),
        ([[], []], ".2, 0. "),
        ([["x"], ["y"]], "rows of numbers"),
        ([[0.5], [float("inf")]], "NaN or infinity"),
        ([[0.5], [1e300]], "NaN or infinity"),
    ],
)
def test_wrong_rows_of_the_model_are_an_error_and_are_not_kept(rows: Any, said: str) -> None:
    class Wrong(LangChainLike):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return rows if texts == ["a", "b"] else super().embed_documents(texts)

    store = InMemoryByteStore()
    cache = CacheBackedEmbeddings.from_bytes_store(Wrong(), store, namespace="m/", key_encoder="sha256")
    with pytest.raises(BadResponse, match=said):
        cache.embed_documents(["a", "b"])
    assert store.store == {}


def test_numpy_rows_are_taken() -> None:
    rows: Iterable[Any] = [np.array([0.5, 0.25], dtype=np.float32), (1, 2)]
    model = LangChainLike(dict(zip("ab", rows, strict=True)))
    cache = CacheBackedEmbeddings.from_bytes_store(model, InMemoryByteStore(), namespace="m/")
    for _ in range(2):
        assert cache.embed_documents(["a", "b"]) == [[0.5, 0.25], [1.0, 2.0]]


# The constructor -----------------------------------------------------------------------------------------------------


def test_the_constructor_takes_stores_of_vectors_with_texts_as_keys() -> None:
    documents: Any = EncoderBackedStore(
        InMemoryByteStore(), str.upper, lambda row: json.dumps(row).encode(), json.loads
    )
    model = LangChainLike()
    cache = CacheBackedEmbeddings(model, documents, batch_size=1)
    for _ in range(2):
        assert cache.embed_documents(["a", "b"]) == [vector("a").tolist(), vector("b").tolist()]
        assert cache.embed_query("a") == vector("a", "query").tolist()
    assert [call for call in model.calls if call[0] == "embed_documents"] == [
        ["embed_documents", ["a"]],
        ["embed_documents", ["b"]],
    ]
    assert documents.mget(["a"]) == [vector("a").tolist()]
    assert (cache.document_embedding_store, cache.query_embedding_store, cache.batch_size) == (documents, None, 1)


def test_the_constructor_refuses_a_store_of_bytes() -> None:
    with pytest.raises(ConfigurationError, match="from_bytes_store"):
        CacheBackedEmbeddings(LangChainLike(), InMemoryByteStore())


def test_the_constructor_refuses_one_store_for_two_kinds_of_vectors() -> None:
    store = EncoderBackedStore(InMemoryByteStore(), str, json.dumps, json.loads)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="two stores"):
        CacheBackedEmbeddings(LangChainLike(), store, query_embedding_store=store)


def test_document_embedding_store_reads_by_text() -> None:
    cache = CacheBackedEmbeddings.from_bytes_store(Counting(), InMemoryByteStore(), namespace="m/")
    rows = cache.embed_documents(["a"])
    assert cache.document_embedding_store.mget(["a", "b"]) == [rows[0], None]
    cache.document_embedding_store.mset([("b", [0.5] * 6)])
    assert cache.embed_documents(["b"]) == [[0.5] * 6]
    cache.document_embedding_store.mdelete(["b"])
    assert len(list(cache.document_embedding_store.yield_keys(prefix="m/"))) == 1


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_below_one_is_refused(size: int) -> None:
    with pytest.raises(ConfigurationError, match="batch_size"):
        CacheBackedEmbeddings.from_bytes_store(Counting(), InMemoryByteStore(), batch_size=size)


def test_a_model_without_a_recipe_needs_a_namespace() -> None:
    with pytest.raises(ConfigurationError, match="pass namespace"):
        CacheBackedEmbeddings.from_bytes_store(LangChainLike(), InMemoryByteStore())


def test_what_is_no_model_or_no_store_is_refused() -> None:
    with pytest.raises(TypeError, match="embed_query"):
        CacheBackedEmbeddings.from_bytes_store(object(), InMemoryByteStore())
    with pytest.raises(TypeError, match="mget"):
        CacheBackedEmbeddings.from_bytes_store(Counting(), object())
