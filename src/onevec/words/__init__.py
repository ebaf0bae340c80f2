"""Word vectors: read, search, evaluate and train them, and make sentence vectors from them."""

from __future__ import annotations

from .corpus import Corpus
from .glove import train_glove
from .sentences import WordEmbeddings
from .training import train_fasttext, train_word2vec
from .vectors import Neighbour, WordVectors

__all__ = [
    "Corpus",
    "Neighbour",
    "WordEmbeddings",
    "WordVectors",
    "train_fasttext",
    "train_glove",
    "train_word2vec",
]
