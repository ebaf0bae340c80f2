"""One-hot, TF-IDF and dense vectors of the same texts, and what each of them finds; no key, no network.

    python examples/sparse_to_dense.py

Needs `pip install 'onevec[tasks]'`. docs/from-sparse-to-dense.md explains what it prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onevec

if TYPE_CHECKING:
    from onevec import Embeddings

WORDS = ["猫", "狗", "汽车", "cat"]
NOTES = [
    "我家的小狗每天早上都要出去散步",
    "猫喜欢在阳光下睡觉",
    "这辆汽车的发动机需要修理",
    "今天股市大幅下跌",
    "The kitten is playing with a ball of wool",
    "He bought a new car last week",
]
QUESTIONS = ["宠物犬", "小猫", "轿车坏了", "stock prices fell", "money"]


def angles(model: Embeddings, words: list[str]) -> list[list[float]]:
    """The cosine of each word to each."""
    vectors = model.embed(words).vectors
    return [onevec.cosine(vector, vectors).tolist() for vector in vectors]


def found(model: Embeddings, question: str, notes: list[str]) -> tuple[str, float]:
    """The note nearest to a question, and the cosine to it."""
    query = model.embed([question], "query").vectors[0]
    indices, scores = onevec.top_n(query, model.embed(notes).vectors, 1)
    return notes[indices[0]], float(scores[0])


def main() -> None:
    """Print all of it."""
    texts = [*WORDS, *NOTES]
    models = {
        "one-hot": onevec.OneHotEmbeddings().fit(texts),
        "TF-IDF": onevec.TfidfEmbeddings().fit(texts),
        "dense": onevec.load(),
    }
    for name, model in models.items():
        width = model.embed(WORDS[:1]).vectors.shape[1]
        print(f"{name}, {width} numbers a vector; cosines of {' '.join(WORDS)}:")
        for word, row in zip(WORDS, angles(model, WORDS), strict=True):
            print(f"  {word}: {' '.join(f'{abs(cosine):.2f}' for cosine in row)}")
    for question in QUESTIONS:
        print(f"\n{question}")
        for name, model in models.items():
            note, score = found(model, question, NOTES)
            print(f"  {name}: {note} ({score:.2f})" if score else f"  {name}: nothing")


if __name__ == "__main__":
    main()
