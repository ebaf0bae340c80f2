"""A vector for every token of a text in its sentence, and those of words and passages made from them."""

from __future__ import annotations

from .model import ContextualEmbeddings
from .segments import sentences
from .spans import Chunks, TokenVectors, Words

__all__ = ["ContextualEmbeddings", "Chunks", "TokenVectors", "Words", "sentences"]  # noqa: RUF022  # `load` takes the first
