"""The cache: what is kept is not computed again, and what comes out is what the model gave."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from counting import WIDTH, Counting, vector

from onevec import (
    CacheBackedEmbeddings,
    ConfigurationError,
    InMemoryByteStore,
    LocalFileStore,
    MemoryStore,
    RateLimited,
    SQLiteStore,
    cached,
    load,
)
from onevec.cache import FEWEST_TEXTS, TEXTS_AT_FIRST
from onevec.embeddings import Note, Role, Usage
from onevec.errors import Completed, EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from onevec.embeddings import Embedded

TEXTS = ["一", "b", "", "a\nb", "b"]
ROLES = list(Role)


def asked(cache: CacheBackedEmbeddings, texts: Sequence[str], role: Role | str, *, mode: str) -> Embedded:
    return asyncio.run(cache.aembed(texts, role)) if mode == "async" else cache.embed(texts, role)


modes = pytest.mark.parametrize("mode", ["sync", "async"])


@modes
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("batch_size", [None, 1, 2, 100])
def test_the_second_call_computes_nothing(mode: str, role: Role, batch_size: int | None) -> None:
    store = MemoryStore()
    for known in (False, True):
        model = Counting()
        cache = CacheBackedEmbeddings.from_bytes_store(model, store, batch_size=batch_size, query_embedding_cache=True)
        found = asked(cache, TEXTS, role, mode=mode)
        assert np.array_equal(found.vectors, model.expected(TEXTS, role))
        assert found.vectors.dtype == np.float32
        assert found.vectors.flags.c_contiguous
        assert found.cached.tolist() == [known] * 5
        assert model.texts == ([] if known else TEXTS[:4])
        assert found.space == model.space


@modes
def test_no_texts(mode: str) -> None:
    model = Counting()
    found = asked(cached(model, "memory:"), [], "document", mode=mode)
    assert (found.vectors.shape, found.cached.shape, model.calls) == ((0, 0), (0,), [])


@modes
def test_only_what_is_missing_is_computed_and_counted(mode: str) -> None:
    model = Counting()
    cache = cached(model, "memory:")
    cache.embed(["a", "b"])
    found = asked(cache, ["c", "a", "d", "c", "b"], "document", mode=mode)
    assert model.calls[1:] == [["c", "d"]]
    assert found.cached.tolist() == [False, True, False, False, True]
    assert found.usage == Usage(tokens=2, requests=1, cost=1.0)
    assert asked(cache, ["a", "c"], "document", mode=mode).usage == Usage(tokens=0, requests=0, cost=0.0)


@modes
def test_lists_and_single_queries(mode: str) -> None:
    model = Counting()
    cache = cached(model, "memory:")
    for _ in range(2):
        if mode == "async":
            rows, row = asyncio.run(cache.aembed_documents(TEXTS)), asyncio.run(cache.aembed_query("q"))
        else:
            rows, row = cache.embed_documents(TEXTS), cache.embed_query("q")
        assert rows == model.expected(TEXTS).tolist()
        assert row == vector("q", "query").tolist()
        assert {type(each) for each in [rows, *rows, row]} == {list}
        assert {type(number) for number in row} == {float}
    assert model.texts == [*TEXTS[:4], "q"]


@modes
def test_queries_are_computed_every_time_if_they_are_not_to_be_kept(mode: str) -> None:
    model = Counting()
    cache = cached(model, "memory:", query=False)
    for _ in range(2):
        asked(cache, ["q"], Role.QUERY, mode=mode)
        asked(cache, ["q"], Role.SIMILARITY, mode=mode)
    assert model.texts == ["q", "q", "q"]


def test_models_and_roles_never_meet_in_one_store() -> None:
    store = MemoryStore()
    models = [Counting(), Counting(name="other"), Counting(symmetric=True), Counting(width=3, name="narrow")]
    for _ in range(2):
        for model in models:
            for role in (Role.DOCUMENT, Role.QUERY):
                found = cached(model, store).embed(["a"], role)
                assert np.array_equal(found.vectors, model.expected(["a"], role))
    assert [len(model.texts) for model in models] == [2, 2, 1, 2]


@pytest.mark.parametrize("value_format", ["float32", "float16", "int8", "bits", "json", "int8+zstd"])
def test_a_vector_is_the_same_at_its_first_and_at_its_second_call(value_format: str) -> None:
    if "zstd" in value_format:
        pytest.importorskip("zstandard")
    cache = CacheBackedEmbeddings.from_bytes_store(Counting(width=64), MemoryStore(), value_format=value_format)
    first, second = cache.embed(TEXTS), cache.embed(TEXTS)
    assert second.cached.all()
    assert np.array_equal(first.vectors, second.vectors)
    cosines = np.einsum("ij,ij->i", first.vectors, Counting(width=64).expected(TEXTS))
    assert (cosines > 0).all()


def test_values_of_every_format_are_read() -> None:
    store = MemoryStore()
    for value_format in ("json", "float32"):
        made = CacheBackedEmbeddings.from_bytes_store(Counting(), store, value_format=value_format)
        made.embed([value_format])
    found = cached(Counting(), store).embed(["json", "float32"])
    assert found.cached.all()
    assert np.array_equal(found.vectors, Counting().expected(["json", "float32"]))


def test_notes_are_kept_and_go_to_every_copy_of_the_text() -> None:
    class Cutting(Counting):
        def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
            notes = tuple(Note(index, "truncated", 5, len(text)) for index, text in enumerate(texts) if len(text) > 5)
            return replace(super().embed(texts, role), notes=notes)

    cache = CacheBackedEmbeddings.from_bytes_store(Cutting(), MemoryStore(), batch_size=2)
    found = cache.embed(["a", "bbbbbb", "c", "ddddddd", "bbbbbb"])
    assert [(note.index, note.tokens_total) for note in found.notes] == [(1, 6), (3, 7), (4, 6)]


# Batches and failures -------------------------------------------------------------------------------------------------


@modes
def test_every_batch_is_stored_before_the_next_is_computed(mode: str) -> None:
    store = MemoryStore()
    kept: list[int] = []
    model = Counting(before=lambda _: kept.append(len(list(store.yield_keys()))))
    cache = CacheBackedEmbeddings.from_bytes_store(model, store, batch_size=2)
    asked(cache, list("abcde"), "document", mode=mode)
    assert (kept, [len(call) for call in model.calls]) == ([0, 2, 4], [2, 2, 1])


def test_without_a_batch_size_a_fast_model_gets_more_and_more() -> None:
    model = Counting()
    cached(model, "memory:").embed([str(number) for number in range(4000)])
    assert [len(call) for call in model.calls] == [TEXTS_AT_FIRST, 2 * TEXTS_AT_FIRST, 928]


def test_without_a_batch_size_a_slow_model_gets_less_and_less() -> None:
    """So that a kill costs seconds of work, not hours."""
    model = Counting()
    cache = cached(model, "memory:")
    for _ in range(3):
        cache.learn_pace(1000, 60.0)
    cache.embed([str(number) for number in range(256)])
    assert [len(call) for call in model.calls] == [TEXTS_AT_FIRST // 8, TEXTS_AT_FIRST // 8]
    for _ in range(9):
        cache.learn_pace(1000, 60.0)
    assert cache.chunk() == FEWEST_TEXTS


def test_without_a_batch_size_a_model_that_works_side_by_side_gets_enough_for_that() -> None:
    model = Counting()
    model.batch_size, model.max_concurrency = 600, 3  # type: ignore[attr-defined]
    cached(model, "memory:").embed([str(number) for number in range(2000)])
    assert [len(call) for call in model.calls] == [1800, 200]


def failing(texts: list[str]) -> None:
    if "bad" in texts:
        error = RateLimited("slow down", provider="test", status=429)
        done = [index for index, text in enumerate(texts) if text != "bad"]
        error.completed = Completed(done, Counting().expected([texts[index] for index in done]))
        raise error


@modes
def test_what_was_computed_before_a_failure_is_kept_and_told(mode: str) -> None:
    store, model = MemoryStore(), Counting(before=failing)
    cache = CacheBackedEmbeddings.from_bytes_store(model, store, batch_size=2)
    cache.embed(["hit"])
    with pytest.raises(RateLimited, match="slow down") as caught:
        asked(cache, ["a", "hit", "b", "c", "bad", "d", "a"], "document", mode=mode)
    done = caught.value.completed
    assert done is not None
    assert list(done.indices) == [0, 1, 2, 3, 6]
    assert np.array_equal(done.vectors, Counting().expected(["a", "hit", "b", "c", "a"]))
    again = Counting()
    assert cached(again, store).embed(["a", "b", "c", "d"]).cached.tolist() == [True, True, True, False]


@modes
def test_other_errors_come_through_as_they_are(mode: str) -> None:
    def explode(texts: list[str]) -> None:
        if texts == ["c"]:
            raise KeyError("x")

    store = MemoryStore()
    cache = CacheBackedEmbeddings.from_bytes_store(Counting(before=explode), store, batch_size=1)
    with pytest.raises(KeyError, match="x"):
        asked(cache, ["a", "b", "c", "d"], "document", mode=mode)
    assert len(list(store.yield_keys())) == 2


def test_a_text_that_is_none_is_refused_before_anything_is_done() -> None:
    model = Counting()
    cache = cached(model, "memory:")
    bad: Any
    for bad, kind in (("text", TypeError), (["a", 3], TypeError), (["a", "\ud800"], ValueError)):
        with pytest.raises(kind):
            cache.embed(bad)
    assert model.calls == []


# Widths ---------------------------------------------------------------------------------------------------------------


def test_a_value_of_another_width_is_damaged() -> None:
    """The model's own width is not known here; what it computes tells which of the values are wrong."""
    store, model = MemoryStore(), Counting()
    cache = cached(model, store)
    cache.embed(["a", "b"])
    narrow = CacheBackedEmbeddings.from_bytes_store(Counting(width=3), store)
    found = narrow.embed(["a", "b", "c"])
    assert found.vectors.tolist() == Counting(width=3).expected(["a", "b", "c"]).tolist()
    assert not found.cached.any()
    assert narrow.stats.damaged == 2


def test_among_hits_of_two_widths_the_model_decides() -> None:
    store = MemoryStore()
    cached(Counting(width=3), store).embed(["a"])
    cached(Counting(), store).embed(["b"])
    for texts in (["a", "b"], ["b", "a"]):
        found = cached(Counting(), store).embed(texts)
        assert np.array_equal(found.vectors, Counting().expected(texts))


def test_the_width_that_the_space_names_is_known_beforehand() -> None:
    class Known(Counting):
        @property
        def space(self) -> Any:
            return replace(super().space, dimensions=self.width)

        def recipe(self, role: Role | str = Role.DOCUMENT) -> Any:
            return replace(super().recipe(role), space=Counting().space)  # a mistake, so that the two share keys

    store = MemoryStore()
    cached(Known(width=3), store).embed(["a"])
    cache = cached(Known(), store)
    assert cache.embed(["a"]).vectors.shape == (1, WIDTH)
    assert cache.stats.damaged == 1


def test_a_model_that_changes_its_width_within_a_call_is_an_error() -> None:
    class Changing(Counting):
        def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
            self.width += 1
            return super().embed(texts, role)

    with pytest.raises(EmbeddingError, match="of 8 dimensions after others of 7"):
        CacheBackedEmbeddings.from_bytes_store(Changing(), MemoryStore(), batch_size=1).embed(["a", "b"])


# Stores that fail -----------------------------------------------------------------------------------------------------


class Broken(MemoryStore):
    """Fails in the methods that are named; a real one does so when its server or disk is gone."""

    def __init__(self, *methods: str) -> None:
        super().__init__()
        for method in methods:
            setattr(self, method, self.fail)

    def fail(self, *_: Any, **__: Any) -> Any:
        raise ConnectionError("lost")


@modes
@pytest.mark.parametrize("methods", [["visit", "mget"], ["mset"], ["visit", "mget", "mset", "mdelete"]])
def test_a_store_that_fails_costs_one_warning_and_no_vector(methods: list[str], mode: str) -> None:
    model = Counting()
    cache = CacheBackedEmbeddings.from_bytes_store(model, Broken(*methods), batch_size=2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            found = asked(cache, list("abcde"), "document", mode=mode)
            assert np.array_equal(found.vectors, model.expected(list("abcde")))
    assert [str(each.message) for each in caught] == [
        "the cache can't be used, so vectors are computed: ConnectionError: lost"
    ]
    assert cache.stats.store_failures >= 2


def test_a_call_does_not_wait_again_for_a_store_that_it_could_not_read(tmp_path: Path) -> None:
    store, model = SQLiteStore(tmp_path / "vectors.sqlite"), Counting()
    store.visit = Broken().fail  # type: ignore[method-assign]
    cache = CacheBackedEmbeddings.from_bytes_store(model, store, batch_size=2)
    with pytest.warns(UserWarning, match="lost"):
        cache.embed(list("abcde"))
    assert cache.stats.store_failures == 1
    assert len(list(store.yield_keys())) == 5


def test_a_store_that_works_again_is_used_again() -> None:
    store, model = Broken("mset"), Counting()
    cache = cached(model, store)
    with pytest.warns(UserWarning, match="lost"):
        cache.embed(["a"])
    del store.mset
    cache.embed(["a"])
    assert cache.embed(["a"]).cached.all()
    assert len(model.calls) == 2


def test_damaged_values_of_a_store_that_can_not_drop_them_are_computed() -> None:
    store = Broken("mdelete")
    cache = cached(Counting(), store)
    cache.embed(["a"])
    (key,) = store.yield_keys()
    store.mset([(key, b"nonsense")])
    with pytest.warns(UserWarning, match="lost"):
        assert np.array_equal(cache.embed(["a"]).vectors, Counting().expected(["a"]))
    assert cache.embed(["a"]).cached.all()


# Making one -----------------------------------------------------------------------------------------------------------


def test_load_takes_a_cache(tmp_path: Path) -> None:
    for known in (False, True):
        model = load("fake:4", cache=tmp_path)
        assert model.embed(["猫"]).cached.tolist() == [known]
        assert isinstance(model, CacheBackedEmbeddings)
    assert (tmp_path / "vectors.sqlite").is_file()


def test_true_is_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    cached(Counting()).embed(["a"])
    assert [path.name for path in tmp_path.rglob("*.sqlite")] == ["vectors.sqlite"]


def test_options_belong_to_the_store_that_is_made(tmp_path: Path) -> None:
    cache = cached(Counting(), tmp_path, max_bytes=10**6, eviction="fifo")
    assert repr(cache._documents.store).endswith("vectors.sqlite', max_bytes=1000000)")
    with pytest.raises(ConfigurationError, match="max_bytes: give them to the store itself"):
        cached(Counting(), MemoryStore(), max_bytes=3)
    with pytest.raises(ConfigurationError, match="max_byte"):
        cached(Counting(), tmp_path, max_byte=3)


def test_a_model_is_not_kept_twice_in_one_store() -> None:
    store = MemoryStore()
    with pytest.raises(ConfigurationError, match="already"):
        cached(cached(Counting(), store), store)


def test_a_cache_before_a_cache() -> None:
    model, slow = Counting(), MemoryStore()
    for _ in range(2):
        fast = cached(cached(model, slow), "memory:")
        assert np.array_equal(fast.embed(TEXTS).vectors, model.expected(TEXTS))
    assert model.texts == TEXTS[:4]


@pytest.mark.parametrize("kind", [LocalFileStore, SQLiteStore])
def test_a_pickle_finds_the_same_vectors(kind: Any, tmp_path: Path) -> None:
    both: list[dict[str, Any]] = [{}, {"namespace": "m/", "key_encoder": "sha256", "value_format": "int8"}]
    for options in both:
        cache = CacheBackedEmbeddings.from_bytes_store(load("fake:3"), kind(tmp_path / "store"), **options)
        cache.embed(["a"])
        other = pickle.loads(pickle.dumps(cache))  # noqa: S301
        assert other.embed(["a"]).cached.all()
        assert other.stats.hits == 1


def test_statistics() -> None:
    cache = cached(Counting(), InMemoryByteStore())
    cache.embed(["aaaa", "bbbb", "aaaa"])
    cache.embed(["aaaa", "cccc"])
    cache.embed(["aaaa", "cccc"])
    stats = cache.stats
    size = 16 + 4 * WIDTH
    assert (stats.hits, stats.misses, stats.repeated, stats.damaged, stats.store_failures) == (3, 3, 1, 0, 0)
    assert (stats.bytes_read, stats.bytes_written) == (3 * size, 3 * size)
    assert stats.saved_requests == 1
    assert stats.saved_tokens == 4  # the model counted one token a text
    assert stats.saved_cost == 2.0
