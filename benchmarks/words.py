"""Word vectors beside gensim, in one run: reading text, opening a file, neighbours; and sentence vectors a second.

    pip install 'onevec[words]'
    python benchmarks/words.py [--words 1000000] [--text-words 40000] [--folder DIR] [--json]

The vectors are drawn at random, 300 numbers each. Both libraries do each thing in turn, and the best time of each
counts; beside it stands the time of the processor, which tells more on a machine that does other things as well. Files
have been read before, so they come from the system's cache. The files take 4 GB in the folder while it runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from gensim.models import KeyedVectors

from onevec.words import WordEmbeddings, WordVectors

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 300
TEXTS = 100_000


class Times(NamedTuple):
    """The best of some runs, in seconds."""

    wall: float
    processor: float


def best(runs: int, *functions: Callable[[], Any]) -> list[Times]:
    """The best times of each function; they run in turn."""
    found: list[list[Times]] = [[] for _ in functions]
    for _ in range(runs):
        for times, function in zip(found, functions, strict=True):
            wall, processor = time.perf_counter(), time.process_time()
            function()
            times.append(Times(time.perf_counter() - wall, time.process_time() - processor))
    return [Times(*map(min, zip(*times, strict=True))) for times in found]


def drawn(words: int) -> WordVectors:
    """Random vectors of made-up words."""
    vectors = np.random.default_rng(0).standard_normal((words, WIDTH), dtype=np.float32) * np.float32(0.4)
    return WordVectors([f"word{number}" for number in range(words)], vectors)


def text(folder: Path, words: int) -> list[Times]:
    """Read GloVe's text."""
    path = folder / "glove.txt"
    vectors = drawn(words).stored.rows.block(0, words)
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(vectors.tolist()):
            file.write(f"word{number} {' '.join(f'{value:.5g}' for value in row)}\n")
    first, second = WordVectors.load(path), KeyedVectors.load_word2vec_format(str(path), no_header=True)
    assert np.array_equal(first.stored.rows.block(0, words), second.vectors)
    return best(
        2,
        lambda: WordVectors.load(path),
        lambda: KeyedVectors.load_word2vec_format(str(path), no_header=True),
    )


def opening(folder: Path, words: int) -> tuple[list[Times], list[Times]]:
    """Open a large file and get one vector; then find neighbours in it."""
    vectors = drawn(words)
    vectors.save(folder / "large.wv")
    made = KeyedVectors(WIDTH)
    made.add_vectors(list(vectors.words), vectors.stored.rows.block(0, words))
    made.save(str(folder / "large.kv"))
    del made, vectors
    name = f"word{words // 2}"
    opened = best(
        5,
        lambda: WordVectors.load(folder / "large.wv")[name],
        lambda: KeyedVectors.load(str(folder / "large.kv"), mmap="r")[name],
    )
    ours, theirs = WordVectors.load(folder / "large.wv"), KeyedVectors.load(str(folder / "large.kv"), mmap="r")
    wanted = theirs.most_similar(name)  # also computes the lengths, once
    assert [each.word for each in ours.most_similar(name)] == [word for word, _ in wanted]
    return opened, best(10, lambda: ours.most_similar(name), lambda: theirs.most_similar(name))


def sentences(folder: Path) -> dict[str, Times]:
    """Embed short texts, 5 to 13 words each and frequent words often, by each method."""
    vectors = drawn(50_000)
    vectors.save(folder / "small.wv")
    draw = np.random.default_rng(1)
    words = np.array(vectors.words)
    sizes = draw.integers(4, 13, TEXTS)
    chosen = np.split(words[np.minimum(draw.zipf(1.3, sizes.sum()) - 1, len(words) - 1)], np.cumsum(sizes)[:-1])
    texts = [" ".join([f"word{number % 50_000}", *text]) for number, text in enumerate(chosen)]
    found: dict[str, Times] = {}
    for method in ("mean", "sif", "max"):
        model = WordEmbeddings(path=str(folder / "small.wv"), method=method)
        if method == "sif":
            model = model.fit_weights(texts[:5000], folder / "weights.npz")
        model.embed(texts[:100])
        found[method] = best(3, lambda model=model: model.embed(texts))[0]  # type: ignore[misc]
    return found


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--text-words", type=int, default=40_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        folder = Path(place)
        rows = {f"read GloVe text, {options.text_words} words": text(folder, options.text_words)}
        opened, near = opening(folder, options.words)
        rows |= {f"open {options.words} words": opened, f"most_similar of {options.words}": near}
        texts = sentences(folder)
    if options.json:
        print(json.dumps({"rows": rows, "sentences": texts}))
        return
    print(f"{'':32} {'onevec':>12} {'gensim':>12} {'times':>8} {'by processor':>13}")
    for name, (ours, theirs) in rows.items():
        ratio, processor = theirs.wall / ours.wall, theirs.processor / ours.processor
        print(f"{name:32} {ours.wall * 1000:9.2f} ms {theirs.wall * 1000:9.2f} ms {ratio:8.1f} {processor:13.1f}")
    for method, times in texts.items():
        each = f"{TEXTS / times.wall:,.0f} texts/s, {TEXTS / times.processor:,.0f} a processor second"
        print(f"sentence vectors, {method:14} {each}")


if __name__ == "__main__":
    main()
