"""Vectors of words in their sentences, and late chunking; docs/contextual.md shows what this prints.

`python examples/contextual.py` needs `pip install 'onevec[contextual,minilm]'`; with the folder of a BERT, RoBERTa or
ELECTRA checkpoint as its argument it takes that.
"""

from __future__ import annotations

import sys
from itertools import combinations, product

import numpy as np

from onevec.contextual import ContextualEmbeddings
from onevec.search import cosine

RIVER = [
    "They sat on the bank of the river and watched the boats.",
    "The bank was muddy after the flood, and the water was still high.",
    "A heron stood on the bank, waiting for fish.",
    "We tied the canoe to a tree on the left bank.",
    "Willows grow along the bank of the stream.",
]
MONEY = [
    "She opened an account at the bank to save her wages.",
    "The bank raised its interest rates on loans.",
    "He works for a bank and sells mortgages.",
    "The bank refused to lend the company more money.",
    "I have to go to the bank and pay in this cheque.",
]
DOCUMENT = (
    "Berlin is the capital of Germany. It has more than 3.8 million inhabitants. The city has been a place of art and "
    "music since the 19th century. Its many lakes and forests take up a third of the area."
)


def senses(model: ContextualEmbeddings) -> tuple[np.ndarray, np.ndarray]:
    """The cosines of "bank" within one sense, and between the two."""
    river = model.word(RIVER, "bank")
    money = model.word(MONEY, "bank")
    within = [_cosine(*pair) for vectors in (river, money) for pair in combinations(vectors, 2)]
    between = [_cosine(*pair) for pair in product(river, money)]
    return np.array(within), np.array(between)


def late(model: ContextualEmbeddings, query: str) -> list[tuple[str, float, float]]:
    """Each sentence of the document with its cosine to a query: embedded alone, and pooled from the whole document."""
    chunks = model.chunks(DOCUMENT)
    vector = model.embed([query], "query").vectors[0]
    alone = cosine(vector, model.embed(chunks.texts).vectors)
    return [*zip(chunks.texts, alone.tolist(), cosine(vector, chunks.vectors).tolist(), strict=True)]


def _cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(cosine(left, right[None])[0])


def main() -> None:
    """Show all of it."""
    model = ContextualEmbeddings(sys.argv[1] if len(sys.argv) > 1 else "minilm", engine="onnx")
    text = "The café by the bank 🏦 has wifi, 山水."
    found = model.tokens([text])[0]
    offsets = found.offsets.tolist()
    shown = [f"{token}={text[start:end]!r}" for token, (start, end) in zip(found.tokens, offsets, strict=True)]
    print("tokens:", *shown)
    print("words:", *found.words().texts)
    print()
    print("'bank', cosines within a sense, and between the two")
    for layers in ("0", "3", "last4", "last"):
        within, between = senses(model.copy(update={"layers": layers}))
        shown = (within.mean(), within.min(), between.mean(), between.max())
        print(
            "layers={:6} within: mean {:.3f}, least {:.3f}   between: mean {:.3f}, most {:.3f}".format(layers, *shown)
        )
    print()
    print("'Berlin' and the sentences of a document: alone, and by late chunking")
    for sentence, alone, chunk in late(model, "Berlin"):
        print(f"{alone:.3f}  {chunk:.3f}  {sentence}")


if __name__ == "__main__":
    main()
