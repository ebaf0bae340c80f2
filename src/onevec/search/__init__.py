"""Find the nearest vectors, the same texts, and groups of texts."""

from __future__ import annotations

from .clusters import cluster
from .diverse import mmr
from .fusion import HybridIndex, reciprocal_rank_fusion
from .index import VectorIndex
from .keywords import KeywordIndex
from .near_duplicates import duplicates
from .nearest import cosine, similarity_matrix, top_n, top_n_chunked
from .rows import Hit

__all__ = [
    "Hit",
    "HybridIndex",
    "KeywordIndex",
    "VectorIndex",
    "cluster",
    "cosine",
    "duplicates",
    "mmr",
    "reciprocal_rank_fusion",
    "similarity_matrix",
    "top_n",
    "top_n_chunked",
]
