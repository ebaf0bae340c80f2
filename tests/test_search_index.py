"""`VectorIndex`: what it finds in every layout, and what is left after a save, a crash and a change of model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onevec import ConfigurationError, FakeEmbeddings, SpaceId, SpaceMismatch, load
from onevec.search import Hit, VectorIndex

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

for package in ("pyarrow", "usearch", "numkong"):
    pytest.importorskip(package)

SPACE = SpaceId(origin="test", model="m", dimensions=48)
DTYPES = ("float32", "float16", "int8", "binary")
METRICS = ("cosine", "dot", "euclidean")


def vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Vectors in 20 clusters, of different lengths."""
    source = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((20, 48))
    rows = centres[source.integers(0, 20, count)] + 0.7 * source.standard_normal((count, 48))
    return (rows * source.uniform(0.9, 1.1, (count, 1))).astype(np.float32)


def exact(rows: NDArray[np.float32], query: NDArray[np.float32], metric: str) -> NDArray[np.float64]:
    """The score of each row in double precision."""
    wide, asked = rows.astype(np.float64), query.astype(np.float64)
    if metric == "euclidean":
        found: NDArray[np.float64] = np.sqrt(((wide - asked) ** 2).sum(axis=1))
        return found
    scores: NDArray[np.float64] = wide @ asked
    return scores / np.linalg.norm(wide, axis=1) / np.linalg.norm(asked) if metric == "cosine" else scores


def best(scores: NDArray[np.float64], n: int, metric: str) -> list[int]:
    order: list[int] = np.argsort(scores if metric == "euclidean" else -scores, kind="stable").tolist()
    return order[:n]


def recall(index: VectorIndex, rows: NDArray[np.float32], metric: str, **options: Any) -> float:
    queries = vectors(70, seed=5)
    found, _ = index.nearest(queries, 10, **options)
    wanted = [best(exact(rows, query, metric), 10, metric) for query in queries]
    return float(np.mean([len({*mine} & {*theirs}) / 10 for mine, theirs in zip(found.tolist(), wanted, strict=True)]))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("count", [1, 300, 40_000])
def test_exact_search_is_the_sorted_scores(metric: str, count: int) -> None:
    rows = vectors(count)
    index = VectorIndex(SPACE, metric=metric)
    for start in range(0, count, 9_999):
        index.add(vectors=rows[start : start + 9_999])
    queries = vectors(70, seed=5)
    numbers, scores = index.nearest(queries, 10)
    singles = [index.nearest(query[None], 10)[0][0].tolist() for query in queries[:5]]
    assert singles == numbers[:5].tolist()
    for query, mine, known in zip(queries, numbers, scores, strict=True):
        truth = exact(rows, query, metric)
        wanted = best(truth, 10, metric)
        assert mine[: len(wanted)].tolist() == wanted
        assert np.allclose(known[: len(wanted)], truth[wanted], rtol=1e-4, atol=1e-5)
        assert (mine[len(wanted) :] == -1).all()
        assert np.isnan(known[len(wanted) :]).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_smaller_numbers_find_nearly_the_same(dtype: str, metric: str) -> None:
    rows = vectors(20_000)
    index = VectorIndex(SPACE, dtype=dtype, metric=metric, oversample=100 if dtype == "binary" else None)
    index.add(vectors=rows[:12_345])
    index.add(vectors=rows[12_345:])
    assert recall(index, rows, metric) >= (0.8 if dtype == "binary" else 0.99)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_graph_finds_nearly_the_same(dtype: str, metric: str, tmp_path: Path) -> None:
    rows = vectors(3_000)
    options: dict[str, Any] = {"oversample": 100} if dtype == "binary" else {}
    index = VectorIndex(SPACE, dtype=dtype, metric=metric, approximate=True, **options)
    index.add(vectors=rows[:2_000])
    index.add(vectors=rows[2_000:])
    before = recall(index, rows, metric)
    assert before >= (0.75 if dtype == "binary" else 0.95)
    index.save(tmp_path / "index")
    opened = VectorIndex.open(tmp_path / "index")
    assert recall(opened, rows, metric) == pytest.approx(before, abs=0.02)
    (nearest,) = opened.search(rows[7], 1)
    opened.delete([nearest.id])
    assert opened.search(rows[7], 1)[0].id != nearest.id


def test_codes_alone_rank_by_what_they_know() -> None:
    rows = vectors(5_000)
    for dtype, least in (("int8", 0.9), ("binary", 0.2)):
        index = VectorIndex(SPACE, dtype=dtype, rescore=False)
        index.add(vectors=rows)
        assert recall(index, rows, "cosine") >= least
        (hit,) = index.search(rows[3], 1)
        assert hit.id == "3"
        assert 0.5 < hit.score <= 1.01


@pytest.mark.parametrize("metric", ["dot", "euclidean"])
def test_scores_below_zero_are_ranked_as_well(metric: str) -> None:
    lengths = np.random.default_rng(1).uniform(0.01, 5, (30_000, 1)).astype(np.float32)
    rows = (np.abs(vectors(30_000)) + 1) * lengths
    query = -np.ones(48, dtype=np.float32)
    index = VectorIndex(SPACE, dtype="int8", metric=metric, rescore=False)
    index.add(vectors=rows)
    numbers, _ = index.nearest(query[None], 10)
    assert numbers[0].tolist() == best(exact(rows, query, metric), 10, metric)


def test_bits_are_compared_by_the_number_that_differ() -> None:
    rows, queries = vectors(40_000), vectors(3, seed=5)
    index = VectorIndex(SPACE, dtype="binary", oversample=1)
    index.add(vectors=rows)
    numbers, _ = index.nearest(queries, 10)
    for query, mine in zip(queries, numbers, strict=True):
        differ = ((rows > 0) != (query > 0)).sum(axis=1)
        assert sorted(differ[mine]) == sorted(differ)[:10]


# Filters ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sorted_rows() -> tuple[VectorIndex, NDArray[np.float32]]:
    """An index of rows with a number and a language."""
    rows = vectors(12_000)
    index = VectorIndex(SPACE)
    metadata = [{"n": n, "lang": "zh" if n % 3 else None} for n in range(len(rows))]
    index.add(vectors=rows, metadata=metadata)
    return index, rows


def filters() -> dict[str, Any]:
    compute = pytest.importorskip("pyarrow.compute")
    return {
        "few": {"n": list(range(0, 600, 3))},
        "one value": {"lang": "zh"},
        "none": {"lang": None},
        "expression": compute.field("n") < 11_500,
        "two": (compute.field("n") < 9_000) & (compute.field("lang") == "zh"),
        "function": lambda row: row["n"] % 2 == 0,
    }


ALLOWED = {
    "few": lambda n: n < 600 and n % 3 == 0,
    "one value": lambda n: n % 3 != 0,
    "none": lambda n: n % 3 == 0,
    "expression": lambda n: n < 11_500,
    "two": lambda n: n < 9_000 and n % 3 != 0,
    "function": lambda n: n % 2 == 0,
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_filter_leaves_the_best_of_the_others(
    sorted_rows: tuple[VectorIndex, NDArray[np.float32]], name: str
) -> None:
    index, rows = sorted_rows
    kept = [n for n in range(len(rows)) if ALLOWED[name](n)]
    for query in vectors(3, seed=5):
        wanted = [kept[at] for at in best(exact(rows[kept], query, "cosine"), 10, "cosine")]
        assert [hit.metadata["n"] for hit in index.search(query, 10, filter=filters()[name])] == wanted


def test_a_filter_that_nothing_passes_and_wrong_ones(sorted_rows: tuple[VectorIndex, NDArray[np.float32]]) -> None:
    index, rows = sorted_rows
    assert index.search(rows[0], filter={"n": -1}) == []
    with pytest.raises(ConfigurationError, match="names 'm', but the columns are id, text, n, lang"):
        index.search(rows[0], filter={"m": 1})
    with pytest.raises(ConfigurationError, match="can't be used"):
        index.search(rows[0], filter=pytest.importorskip("pyarrow.compute").field("m") == 1)
    with pytest.raises(ConfigurationError, match="can't be used"):
        index.search(rows[0], filter={"n": "many"})
    with pytest.raises(TypeError, match="filter must be"):
        index.search(rows[0], filter=7)


# Change -------------------------------------------------------------------------------------------------------------


def test_rows_are_added_replaced_and_deleted() -> None:
    index = VectorIndex("fake:16")
    assert index.add(["a", "b"], ids=["0", "x"], metadata=[{"n": 1}, {"n": 2}]) == ["0", "x"]
    assert index.add(["c"]) == ["1"]
    (hit,) = index.search("b", 1, filter={"id": "x"})
    assert hit == Hit("x", pytest.approx(hit.score), "b", {"n": 2})  # type: ignore[arg-type]
    index.add(["new"], ids=["x"], metadata=[{"n": 2.5}])
    assert (len(index), "x" in index) == (3, True)
    assert {hit.text for hit in index.search("b")} == {"a", "c", "new"}
    assert index.delete(["x", "nobody"]) == 1
    assert (len(index), "x" in index) == (2, False)
    assert {hit.text for hit in index.search("b")} == {"a", "c"}
    assert index.texts() == (["0", "1"], ["a", "c"])
    with pytest.raises(KeyError):
        index.vectors(["x"])


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    index = VectorIndex(SPACE)
    index.add(vectors=vectors(3), metadata=[{"n": 1}] * 3)
    wrong: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (ConfigurationError, "give texts, or vectors", {}),
        (ConfigurationError, "array \\(n, 48\\), not \\(2, 7\\)", {"vectors": np.ones((2, 7))}),
        (ConfigurationError, "vector 1 holds NaN", {"vectors": np.array([[1.0] * 48, [np.nan] * 48])}),
        (ConfigurationError, "1 texts for 2 vectors", {"vectors": vectors(2), "texts": ["a"]}),
        (ConfigurationError, "'a' comes twice", {"vectors": vectors(2), "ids": ["a", "a"]}),
        (ConfigurationError, "metadata has 1 rows for 2", {"vectors": vectors(2), "metadata": [{}]}),
        (ConfigurationError, "does not fit", {"vectors": vectors(1), "metadata": [{"n": "many"}]}),
        (ConfigurationError, "one type a name", {"vectors": vectors(2), "metadata": [{"k": 1}, {"k": "x"}]}),
        (ConfigurationError, "the name 'id'", {"vectors": vectors(1), "metadata": [{"id": "x"}]}),
        (TypeError, "an id must be a str, not int", {"vectors": vectors(1), "ids": [7]}),
        (ConfigurationError, "knows no model", {"texts": ["a"]}),
        (SpaceMismatch, "can't be compared", {"vectors": FakeEmbeddings(size=48).embed(["a"])}),
    ]
    for kind, message, arguments in wrong:
        with pytest.raises(kind, match=message):
            index.add(**arguments)
    assert len(index) == 3
    assert len(index.search(vectors(1)[0])) == 3
    with pytest.raises(ConfigurationError, match="n must be at least 1"):
        index.search(vectors(1)[0], 0)
    with pytest.raises(TypeError, match="search_batch"):
        index.search(vectors(2))
    with pytest.raises(TypeError, match="search takes one"):
        index.search_batch("text")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int4"}, "dtype must be one of float32, float16, int8, binary, not 'int4'"),
        ({"metric": "l1"}, "metric must be one of"),
        ({"oversample": 0}, "oversample"),
        ({"dtype": "binary", "metric": "dot", "rescore": False}, "signs alone"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        VectorIndex(SPACE, **options)


def test_an_empty_index_finds_nothing() -> None:
    for approximate in (False, True):
        index = VectorIndex(SPACE, approximate=approximate)
        assert index.add(vectors=vectors(0)) == []
        assert index.search(vectors(1)[0]) == []
        assert VectorIndex("fake:48").search_batch([]) == []


def test_diversity_spreads_the_hits() -> None:
    index = VectorIndex(SpaceId(origin="t", model="m"))
    index.add(vectors=np.array([[1, 0.1], [1, 0.11], [1, 0.12], [0.8, -0.6]], dtype=np.float32))
    asked = np.array([1, 0], dtype=np.float32)
    assert [hit.id for hit in index.search(asked, 2)] == ["0", "1"]
    assert [hit.id for hit in index.search(asked, 2, diversity=0.5)] == ["0", "3"]


async def test_the_async_twins_do_the_same() -> None:
    index = VectorIndex("fake:16")
    assert await index.aadd(["a", "b"], metadata=[{"n": 1}, {"n": 2}]) == ["0", "1"]
    assert [hit.id for hit in await index.asearch("x", filter={"n": 2})] == ["1"]
    vector = index.vectors(["0"])[0]
    assert (await index.asearch(vector, 1))[0].id == "0"


def test_threads_may_add_and_search_at_once() -> None:
    index = VectorIndex(SPACE)
    index.add(vectors=vectors(2_000))

    def work(seed: int) -> int:
        index.add(vectors=vectors(100, seed))
        return len(index.search_batch(vectors(20, seed), 5)[19])

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(20))) == {5}
    assert len(index) == 4_000
    assert recall(index, np.concatenate([index.vectors([str(n)]) for n in range(4_000)]), "cosine") == 1


# Folders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("metric", METRICS)
def test_a_saved_index_finds_the_same(dtype: str, metric: str, tmp_path: Path) -> None:
    index = VectorIndex(SPACE, dtype=dtype, metric=metric)
    index.add([f"text {n}" for n in range(3_000)], vectors=vectors(3_000), metadata=[{"n": n} for n in range(3_000)])
    index.delete([str(n) for n in range(0, 3_000, 7)])
    queries = vectors(5, seed=5)
    before = index.search_batch(queries, 8, filter={"n": list(range(1_000))})
    index.save(tmp_path / "index")
    opened = VectorIndex.open(tmp_path / "index")
    for one in (index, opened):
        assert one.search_batch(queries, 8, filter={"n": list(range(1_000))}) == before
        assert len(one) == 3_000 - 429
    opened.add(["later"], vectors=queries[:1], ids=["later"])
    assert opened.search(queries[0], 1)[0].id == "later"
    opened.save(tmp_path / "index")
    again = VectorIndex.open(tmp_path / "index")
    assert again.search(queries[0], 1)[0].text == "later"
    assert [hit for hit in again.search(queries[0], 9, filter={"n": list(range(1_000))}) if hit.id != "later"][
        :8
    ] == before[0]
    assert again.add(["next"], vectors=queries[1:2]) == ["3000"]


def test_the_vectors_of_an_opened_index_stay_on_the_disk(tmp_path: Path) -> None:
    index = VectorIndex(SPACE, dtype="int8")
    index.add(vectors=vectors(1_000))
    index.save(tmp_path)
    opened = VectorIndex.open(tmp_path)
    for column in opened._vectors.columns().values():
        whole: Any = column.slice(0, 1)
        if whole.dtype != np.bool_:
            assert not whole.flags.writeable
            assert not whole.flags.owndata


def test_a_replaced_row_stays_replaced_after_opening(tmp_path: Path) -> None:
    index = VectorIndex("fake:16", approximate=True)  # a graph keeps the places of removed rows
    index.add(["a", "b", "c"], ids=["x", "y", "z"])
    index.add(["d", "e"], ids=["x", "w"])
    index.delete(["w"])
    index.save(tmp_path)
    opened = VectorIndex.open(tmp_path)
    assert opened.texts() == (["y", "z", "x"], ["b", "c", "d"])
    assert "w" not in opened
    assert opened.delete(["w"]) == 0
    assert opened.delete(["x"]) == 1
    assert {hit.id for hit in opened.search("d", 4)} == {"y", "z"}
    opened.delete(["y"])
    opened.save(tmp_path)
    assert [hit.id for hit in VectorIndex.open(tmp_path).search("d", 4)] == ["z"]


def test_the_model_of_an_opened_index(tmp_path: Path) -> None:
    VectorIndex("fake:16").save(tmp_path / "empty")
    index = VectorIndex("fake:16")
    index.add(["a", "b"])
    index.save(tmp_path / "named")
    with pytest.raises(SpaceMismatch, match="can't be compared"):
        VectorIndex.open(tmp_path / "named", "fake:17")
    with pytest.raises(SpaceMismatch, match="can't be compared"):
        VectorIndex.open(tmp_path / "named", load("default"))
    assert len(VectorIndex.open(tmp_path / "named", load("fake:16")).search("a")) == 2
    assert len(VectorIndex.open(tmp_path / "named").search("a")) == 2
    assert VectorIndex.open(tmp_path / "empty").search("a") == []

    unnamed = VectorIndex(load("fake:16"))
    unnamed.add(["a"])
    unnamed.save(tmp_path / "unnamed")
    opened = VectorIndex.open(tmp_path / "unnamed")
    assert len(opened.search(opened.vectors(["0"])[0])) == 1
    with pytest.raises(ConfigurationError, match="knows no model"):
        opened.search("a")


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no index in"):
        VectorIndex.open(tmp_path)
    index = VectorIndex(SPACE)
    index.add(vectors=vectors(10))
    index.save(tmp_path)
    (codes,) = tmp_path.glob("codes-*.npy")
    codes.write_bytes(codes.read_bytes()[:-1])
    with pytest.raises(ConfigurationError, match="is damaged"):
        VectorIndex.open(tmp_path)
    manifest = tmp_path / "onevec-index.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="format 2"):
        VectorIndex.open(tmp_path)


def test_a_save_leaves_only_the_files_of_one_index(tmp_path: Path) -> None:
    index = VectorIndex(SPACE, dtype="int8", metric="euclidean", approximate=True)
    for _ in range(3):
        index.add(vectors=vectors(10))
        index.save(tmp_path)
    left_over = tmp_path / "codes-000000000000.npy"
    left_over.write_bytes(b"of a save that was stopped")
    other = tmp_path / "notes.txt"
    other.write_text("not ours", encoding="utf-8")
    for file in (left_over, other):
        os.utime(file, (0, 0))
    index.save(tmp_path)
    names = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert names == ["alive", "codes", "graph", "notes.txt", "offset", "onevec", "rows", "scale", "vectors"]


KILLED = """
import os, signal, sys
import numpy as np
from onevec import VectorIndex

left = int(sys.argv[2])

def die(event, arguments):
    global left
    if event in ("open", "os.rename") and sys.argv[1] in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

index = VectorIndex.open(sys.argv[1])
index.add(vectors=np.ones((1, 48), dtype=np.float32), ids=["new"])
sys.addaudithook(die)
index.save(sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no process is killed that way here")
@pytest.mark.parametrize("step", range(1, 10))  # 8 is the step that puts the new manifest in place
def test_a_save_that_is_killed_leaves_a_whole_index(tmp_path: Path, step: int) -> None:
    index = VectorIndex(SPACE, dtype="int8")
    index.add(vectors=vectors(100))
    index.save(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(step)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    opened = VectorIndex.open(tmp_path)
    assert len(opened) == (100 if step <= 8 else 101)
    opened.save(tmp_path)
    assert len(VectorIndex.open(tmp_path)) == len(opened)


def test_a_save_that_fails_leaves_nothing(tmp_path: Path) -> None:
    index = VectorIndex(SPACE)
    index.add(vectors=vectors(10))
    target = tmp_path / "file"
    target.write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        index.save(target)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
