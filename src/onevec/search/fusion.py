"""Several rankings as one, and an index that ranks by meaning and by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..errors import ConfigurationError
from .keywords import KeywordIndex

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from .index import VectorIndex
    from .rows import Filter, Hit

__all__ = ["HybridIndex", "reciprocal_rank_fusion"]

Item = TypeVar("Item", bound="Hashable")

DEEPER = 5
"""How many times more rows than wanted each ranking gives."""


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[Item]], n: int | None = None, *, k: float = 60, weights: Sequence[float] | None = None
) -> list[tuple[Item, float]]:
    """One ranking out of several (Cormack, Clarke and Buettcher 2009, https://doi.org/10.1145/1571941.1572114).

    An item's score is the sum of weight / (k + rank) over the rankings that hold it; the first rank is 1.

    Args:
        rankings: items, such as ids, the best first.
        n: how many to return; None returns all.
        k: the larger, the less the first ranks count above the others.
        weights: one a ranking; None counts all alike.

    Returns:
        Items and scores, the highest first; of equal ones, the one that was met first.

    Raises:
        ConfigurationError: there is not one weight a ranking.

    Example:
        >>> [item for item, _ in reciprocal_rank_fusion([["a", "b", "c"], ["b", "d"]])]
        ['b', 'a', 'd', 'c']
    """
    if weights is not None and len(weights) != len(rankings):
        message = f"there are {len(weights)} weights for {len(rankings)} rankings"
        raise ConfigurationError(message)
    scores: dict[Item, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + weight / (k + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])[:n]


class HybridIndex:
    """Searches an index by meaning and by words, and fuses both rankings: names and numbers are found too.

    Args:
        index: an index whose rows have texts. Words of rows that are added later are found as well: the list of words
            is made anew at the next search.
        options: parameters of `KeywordIndex`.

    Example:
        >>> from onevec import VectorIndex
        >>> index = VectorIndex()
        >>> _ = index.add(["error E1047 of the pump", "error E1074 of the pump", "a cat"])
        >>> HybridIndex(index).search("E1074", 1)[0].text
        'error E1074 of the pump'
    """

    def __init__(self, index: VectorIndex, **options: Any) -> None:
        self.index = index
        self._options = options
        self._changes = -1
        self._ids: list[str] = []
        self._words = KeywordIndex([], **options)

    def search(
        self,
        query: str,
        n: int = 10,
        *,
        filter: Filter | Any = None,  # noqa: A002  # as in VectorIndex
        weights: tuple[float, float] = (1, 1),
    ) -> list[Hit]:
        """The best rows by both rankings.

        Args:
            query: a text.
            n: how many at most.
            filter: see `VectorIndex.search`.
            weights: how much the ranking by meaning counts, and that by words.

        Returns:
            The rows; their score is that of `reciprocal_rank_fusion`.
        """
        near = [hit.id for hit in self.index.search(query, DEEPER * n, filter=filter)]
        fused = reciprocal_rank_fusion([near, self._by_words(query, DEEPER * n, filter)], n, weights=weights)
        return self.index.hits(dict(fused))

    def _by_words(self, query: str, n: int, wanted: Filter | Any) -> list[str]:
        if self._changes != self.index.changes:
            self._changes = self.index.changes
            self._ids, texts = self.index.texts()
            self._words = KeywordIndex([text or "" for text in texts], **self._options)
        allowed = None if wanted is None else np.isin(self._ids, self.index.matching(wanted))
        return [self._ids[number] for number in self._words.search(query, n, allowed=allowed)[0].tolist()]
