"""`VectorIndex` beside FAISS: milliseconds a query and recall@10, one query at a time and many at once.

    python benchmarks/search.py [--rows 1000000] [--rounds 3] [--graph 100000] [--json]

The texts are lines of Python's standard library, embedded with the default model (512 numbers): --real of them as they
are. The other rows are made from these: each lies between a text and one of its ten nearest, with noise around it. The
256 queries are other texts, as they are. So the rows are clustered as those of a real collection are; most of them are
not the vector of any text.

All contestants run in one process and take turns, with as many threads as there are processors; the best round of each
counts, by wall time and by processor time. On a machine with other work processor time says more. Rows are kept in a
file of the temporary folder and mapped; with FAISS's copy it takes about 7 GB of memory and disk for a million.
`--graph` adds HNSW graphs over so many rows, which take minutes to build; 0 leaves them out. It needs faiss-cpu. Many
queries over bits are faster where numba is installed (extra `fast`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import onevec
from onevec.search import VectorIndex
from onevec.space import SpaceId

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]
    Found = NDArray[np.int64]

WIDTH = 512
QUERIES = 256
SINGLE = 16
AT_ONCE = 50_000
SPACE = SpaceId(origin="benchmark", model="rows", dimensions=WIDTH)
FAISS = "FAISS flat, float32"
OURS = "VectorIndex, float32"
GOALS = (  # contestant, in relation to, at least so many times as fast one by one, and at least this recall@10
    (OURS, FAISS, 1.0, 1.0),
    ("VectorIndex, int8", OURS, 3.0, 0.99),
    ("VectorIndex, binary", OURS, 10.0, 0.95),
)


class Speed(NamedTuple):
    """Milliseconds a query."""

    wall: float
    processor: float


# Rows ---------------------------------------------------------------------------------------------------------------


def real_rows(count: int) -> Rows:
    """The vectors of lines of the standard library."""
    lines: dict[str, None] = {}
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if "site-packages" not in path.parts:
            text = path.read_text(encoding="utf-8", errors="replace")
            lines |= dict.fromkeys(line for raw in text.split("\n") if (line := raw.strip(" #\t\"'")).count(" ") >= 3)
    texts = sorted(lines)
    chosen = np.random.default_rng(0).choice(len(texts), count, replace=False)
    return onevec.load().embed([texts[number] for number in chosen]).vectors


def grown(real: Rows, rows: Rows) -> None:
    """Fill `rows` with the real ones and with others between them and their neighbours."""
    index = VectorIndex(SPACE)
    index.add(vectors=real)
    near = np.concatenate([index.nearest(part, 11)[0] for part in np.array_split(real, 20)])[:, 1:]
    source = np.random.default_rng(0)
    rows[: len(real)] = real
    for start in range(len(real), len(rows), AT_ONCE):
        count = min(AT_ONCE, len(rows) - start)
        first = source.integers(0, len(real), count)
        towards = real[near[first, source.integers(0, 10, count)]] - real[first]
        noise = source.standard_normal((count, WIDTH), dtype=np.float32) * np.float32(0.3 / np.sqrt(WIDTH))
        share = source.uniform(0, 0.5, (count, 1)).astype(np.float32)
        made = real[first] + share * towards + noise * np.linalg.norm(towards, axis=1, keepdims=True)
        rows[start : start + count] = made / np.linalg.norm(made, axis=1, keepdims=True)


# Contestants --------------------------------------------------------------------------------------------------------


def flat(rows: Rows) -> Callable[[Rows], Found]:
    """FAISS's exact search."""
    import faiss

    index = faiss.IndexFlatIP(WIDTH)
    for start in range(0, len(rows), AT_ONCE):
        index.add(np.ascontiguousarray(rows[start : start + AT_ONCE]))
    return lambda queries: index.search(queries, 10)[1]


def ours(rows: Rows, folder: Path, **options: Any) -> Callable[[Rows], Found]:
    """Our index, saved and opened."""
    index = VectorIndex(SPACE, **options)
    start = time.perf_counter()
    for first in range(0, len(rows), AT_ONCE):
        index.add(vectors=rows[first : first + AT_ONCE])
    index.save(folder)
    del index
    print(f"built {options} in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    opened = VectorIndex.open(folder)
    return lambda queries: opened.nearest(queries, 10)[0]


def one_by_one(search: Callable[[Rows], Found], queries: Rows) -> None:
    """Queries that come one at a time."""
    for query in queries[:SINGLE]:
        search(query[None])


def speed(function: Callable[[], Any], queries: int) -> Speed:
    """One run."""
    wall, processor = time.perf_counter(), time.process_time()
    function()
    took = (time.perf_counter() - wall, time.process_time() - processor)
    return Speed(took[0] * 1000 / queries, took[1] * 1000 / queries)


def measured(contestants: dict[str, Callable[[Rows], Found]], queries: Rows, rounds: int, exact: str) -> dict[str, Any]:
    """Speed and recall of each, the best of some rounds."""
    truth = contestants[exact](queries)
    found: dict[str, Any] = {}
    for name, search in contestants.items():
        hits = [len({*mine} & {*theirs}) for mine, theirs in zip(search(queries).tolist(), truth.tolist(), strict=True)]
        found[name] = {"recall": sum(hits) / (10 * len(queries)), "single": [], "batch": []}
    for _ in range(rounds):
        for name, search in contestants.items():
            found[name]["single"].append(speed(lambda search=search: one_by_one(search, queries), SINGLE))
            found[name]["batch"].append(speed(lambda search=search: search(queries), len(queries)))
    for facts in found.values():
        for kind in ("single", "batch"):
            facts[kind] = Speed(*(min(part) for part in zip(*facts[kind], strict=True)))._asdict()
    return found


def report(found: dict[str, Any], base: str) -> None:
    """A table, with the ratios to one of the contestants."""
    print(f"{'ms a query, wall | processor':32}{'one by one':>22}{'256 at once':>22}{'recall@10':>12}")
    for name, facts in found.items():
        cells = [f"{facts[kind]['wall']:9.2f} |{facts[kind]['processor']:9.2f}" for kind in ("single", "batch")]
        print(f"{name:32}{cells[0]:>22}{cells[1]:>22}{facts['recall']:12.4f}")
        if name != base:
            parts = [
                f"{ratio(found, base, name, kind, clock):.1f} x" for kind in ("single", "batch") for clock in CLOCKS
            ]
            print(f"{'   to ' + base:32}{' | '.join(parts[:2]):>22}{' | '.join(parts[2:]):>22}")


CLOCKS = ("wall", "processor")


def ratio(found: dict[str, Any], base: str, name: str, kind: str, clock: str) -> float:
    """How many times as fast."""
    times: float = found[base][kind][clock] / found[name][kind][clock]
    return times


def main() -> None:
    """Make the rows, measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--real", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--graph", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onevec-benchmark-") as name:
        folder = Path(name)
        real = real_rows(options.real + QUERIES)
        queries = np.ascontiguousarray(real[options.real :])
        rows = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float32, (options.rows, WIDTH))
        grown(real[: options.real], rows)
        contestants = {FAISS: flat(rows)}
        for dtype in ("float32", "float16", "int8", "binary"):
            contestants[f"VectorIndex, {dtype}"] = ours(rows, folder / dtype, dtype=dtype)
        found = measured(contestants, queries, options.rounds, OURS)
        graphs = {}
        if options.graph:
            some = rows[: options.graph]
            contestants = {OURS: ours(some, folder / "some")}
            for dtype in ("float32", "int8"):
                contestants[f"graph, {dtype}"] = ours(some, folder / f"g-{dtype}", dtype=dtype, approximate=True)
            graphs = measured(contestants, queries, options.rounds, OURS)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    if options.json:
        print(json.dumps({"rows": options.rows, "load": load, "found": found, "graph": graphs}, indent=2))
        return
    print(f"{options.rows:,} rows of {WIDTH}, {os.cpu_count()} processors, load {load:.1f}")
    report(found, FAISS)
    for name, base, times, recall in GOALS:
        got = [ratio(found, base, name, kind, clock) for kind in ("single", "batch") for clock in CLOCKS]
        said = f"one by one {got[0]:.1f} x (processor {got[1]:.1f} x), at once {got[2]:.1f} x ({got[3]:.1f} x)"
        print(f"{name} to {base}: {said}; goal {times:g} x, recall {found[name]['recall']:.4f} of {recall:g}")
    if graphs:
        print(f"\n{options.graph:,} rows")
        report(graphs, OURS)


if __name__ == "__main__":
    main()
