"""The cache beside LangChain's: vectors a second in and out, bytes a vector, and a store of a million.

    python benchmarks/cache.py [--texts 20000] [--rounds 3] [--million] [--json]

Vectors have 1536 random float32 and come from a table, so nothing but the cache takes time; with LangChain's class its
LocalFileStore is measured. Every run is a fresh process with a folder of its own, and the runs take turns; the best
round of each counts. Texts go in 2,000 a call. `--million` also fills a SQLite and an LMDB store with a million
vectors, about 16 GB, and measures opening them and the memory of a process that reads all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onevec import CacheBackedEmbeddings
from onevec.embeddings import Embedded, Embeddings, Role
from onevec.space import Recipe, SpaceId
from onevec.storage import LocalFileStore
from onevec.stores import LMDBStore, SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Stores = dict[str, Callable[[str], Any]]

WIDTH = 1536
CALL = 2000
RATES = ("write", "embed", "lists", "tolist")
MILLION = 1_000_000
TABLE = 20_000
PEER = "langchain-classic, LocalFileStore"
FORMATS = {"LMDB": "float32", "SQLite": "float32", "SQLite, float16": "float16", "LocalFileStore, JSON": "json"}
STORES: Stores = {
    "LMDB": LMDBStore,
    "SQLite": lambda folder: SQLiteStore(Path(folder) / "vectors.sqlite"),
    "SQLite, float16": lambda folder: SQLiteStore(Path(folder) / "vectors.sqlite"),
    "LocalFileStore, JSON": LocalFileStore,
}
GOALS = (  # ours, what is measured, in relation to, what is measured there, at least
    ("LMDB", "embed", PEER, "lists", 100.0),
    ("SQLite", "embed", PEER, "lists", 60.0),
    ("LMDB", "lists", PEER, "lists", 6.0),
    ("SQLite", "lists", PEER, "lists", 6.0),
    ("LMDB", "lists", "LMDB", "tolist", 0.75),
    ("SQLite", "lists", "SQLite", "tolist", 0.75),
    ("LMDB", "write", PEER, "write", 25.0),
    ("SQLite", "write", PEER, "write", 25.0),
    ("SQLite", "density", PEER, "density", 4.5),
    ("SQLite, float16", "density", PEER, "density", 9.0),
)


class Table(Embeddings):
    """A model that takes no time: the vector of text number n is row n of a table."""

    def __init__(self, rows: int) -> None:
        numbers = np.random.default_rng(0).standard_normal((rows, WIDTH), dtype=np.float32)
        self.table: NDArray[np.float32] = numbers / np.linalg.norm(numbers, axis=1, keepdims=True)

    @property
    def space(self) -> SpaceId:
        """Its own."""
        return SpaceId(origin="benchmark", model="table", dimensions=WIDTH)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        del role
        return Recipe(space=self.space)

    def rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The rows of texts."""
        return self.table[[int(text.partition(":")[0]) % len(self.table) for text in texts]]

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """The rows of texts, as every model gives them."""
        del role
        return Embedded.of(self.rows(texts), self.space)


def text(number: int) -> str:
    """A text of the usual length of a paragraph."""
    return f"{number}: " + "the quick brown fox jumps over the lazy dog, and nobody knows why it does. " * 4


def calls(count: int) -> Iterator[list[str]]:
    """The texts, some a call."""
    for start in range(0, count, CALL):
        yield [text(number) for number in range(start, min(count, start + CALL))]


def timed(function: Callable[[list[str]], Any], batches: list[list[str]]) -> float:
    """Texts a second."""
    start = time.perf_counter()
    for texts in batches:
        function(texts)
    return sum(map(len, batches)) / (time.perf_counter() - start)


def cache_of(name: str, model: Table, folder: str) -> Any:
    """The cache of this name over an empty folder."""
    if name != PEER:
        options = {"namespace": "m/", "key_encoder": "sha256"} if FORMATS[name] == "json" else {}
        return CacheBackedEmbeddings.from_bytes_store(
            model,
            STORES[name](folder),
            value_format=FORMATS[name],
            **options,  # type: ignore[arg-type]
        )
    from langchain_classic.embeddings import CacheBackedEmbeddings as Theirs
    from langchain_classic.storage import LocalFileStore as TheirStore

    return Theirs.from_bytes_store(model, TheirStore(folder), namespace="m/", key_encoder="sha256")  # type: ignore[arg-type]


def size_of(folder: str) -> int:
    """Bytes of the files."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file() and path.name != "lock.mdb")


def measure(name: str, count: int) -> dict[str, float]:
    """One run in this process."""
    model, batches = Table(TABLE), list(calls(count))
    with tempfile.TemporaryDirectory(prefix="onevec-benchmark-") as folder:
        cache = cache_of(name, model, folder)
        found = {"write": timed(cache.embed_documents if name == PEER else cache.embed, batches)}
        cache = cache_of(name, model, folder)
        found["lists"] = timed(cache.embed_documents, batches)
        if name != PEER:
            check(cache, model, batches[-1], exact=FORMATS[name] != "float16")
            found["embed"] = max(timed(cache.embed, batches) for _ in range(2))
            found["tolist"] = timed(lambda texts: model.table[: len(texts)].tolist(), batches)
            cache.document_embedding_store.store.close()
        found["density"] = count / size_of(folder)
    return found


def check(cache: CacheBackedEmbeddings, model: Table, texts: list[str], *, exact: bool) -> None:
    """What comes out of the store is what went in."""
    found = cache.embed(texts)
    assert found.cached.all()
    assert np.allclose(found.vectors, model.rows(texts), rtol=0, atol=0 if exact else 1e-3)


# A million ------------------------------------------------------------------------------------------------------------


def fill(name: str, folder: str) -> dict[str, float]:
    """Put a million vectors into a store."""
    cache = cache_of(name, Table(TABLE), folder)
    start = time.perf_counter()
    for texts in calls(MILLION):
        cache.embed(texts)
    cache.document_embedding_store.store.close()
    return {"million_write": MILLION / (time.perf_counter() - start), "million_bytes": size_of(folder) / MILLION}


def first_hit(name: str, folder: str) -> dict[str, float]:
    """Milliseconds from an unopened store to its first vector."""
    model = Table(1)
    start = time.perf_counter()
    found = cache_of(name, model, folder).embed([text(MILLION // 3)])
    milliseconds = (time.perf_counter() - start) * 1000
    assert found.cached.all()
    return {"first_hit_ms": milliseconds}


def read_all(name: str, folder: str) -> dict[str, float]:
    """Read the million in batches, and watch the memory that is the process's own (mapped files are the system's)."""
    cache = cache_of(name, Table(1), folder)
    most, start = 0.0, time.perf_counter()
    for texts in calls(MILLION):
        assert cache.embed(texts).cached.all()
        most = max(most, own_memory())
    return {"million_read": MILLION / (time.perf_counter() - start), "own_mb": most}


def own_memory() -> float:
    """Megabytes that no file is behind; Linux only."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1000
    return float("nan")


PARTS: dict[str, Callable[[str, str], dict[str, float]]] = {
    "fill": fill,
    "first_hit": first_hit,
    "read_all": read_all,
}


def million(name: str) -> dict[str, float]:
    """All parts, each in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="onevec-benchmark-", dir=".") as folder:
        found: dict[str, float] = {}
        for part in PARTS:
            found |= in_fresh_process("--part", part, "--one", name, "--folder", folder)
        return found


# All of it ------------------------------------------------------------------------------------------------------------


def in_fresh_process(*arguments: str) -> dict[str, float]:
    """What this script prints when it is started with these arguments."""
    done = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(count: int, rounds: int, *, large: bool) -> dict[str, Any]:
    """All runs in turn."""
    best: dict[str, dict[str, float]] = {name: {} for name in (PEER, *STORES)}
    for _ in range(rounds):
        for name, found in best.items():
            run = in_fresh_process("--one", name, "--texts", str(count))
            found |= {key: max(value, found.get(key, 0.0)) for key, value in run.items()}
    goals = [
        {
            "ours": f"{ours}, {what}",
            "to": f"{other}, {there}",
            "ratio": best[ours][what] / best[other][there],
            "goal": goal,
        }
        for ours, what, other, there, goal in GOALS
    ]
    whole: dict[str, Any] = {
        "texts": count,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "runs": best,
        "goals": goals,
    }
    return whole | ({"million": {name: million(name) for name in ("SQLite", "LMDB")}} if large else {})


def show(found: dict[str, Any]) -> None:
    """Print the comparison for people."""
    print(f"{found['texts']} texts, {WIDTH} dimensions, {found['cores']} cores, load {found['load'][0]:.1f}")
    print(f"{'vectors a second':36}{'write':>10}{'embed':>10}{'lists':>10}{'tolist':>10}{'bytes a vector':>16}")
    for name, run in found["runs"].items():
        rates = "".join(f"{run[key]:10,.0f}" if key in run else f"{'':10}" for key in RATES)
        print(f"{name:36}{rates}" + (f"{1 / run['density']:16,.0f}" if "density" in run else ""))
    for goal in found["goals"]:
        print(f"{goal['ours']}: {goal['ratio']:.2f} times {goal['to']} ({verdict(goal)})")
    for name, run in found.get("million", {}).items():
        print(f"{name}, a million: " + ", ".join(f"{key} {value:,.1f}" for key, value in run.items()))


def verdict(goal: dict[str, Any]) -> str:
    """Whether a goal is met."""
    return f"goal {goal['goal']}, {'met' if goal['ratio'] >= goal['goal'] else 'missed'}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--json", action="store_true")
    for hidden in ("--one", "--part", "--folder"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        print(json.dumps(PARTS[given.part](given.one, given.folder) if given.part else measure(given.one, given.texts)))
        return
    found = compare(given.texts, given.rounds, large=given.million)
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
