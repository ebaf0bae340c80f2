"""TF-IDF vectors: which tokens are in a text, the rarer the heavier."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any, ClassVar

from ..embeddings import Embeddings
from ..optional import need
from .bags import BagOfTokens

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TfidfEmbeddings"]


class TfidfEmbeddings(BagOfTokens, Embeddings):
    """Embed texts by TF-IDF (Sparck Jones 1972), as scikit-learn's TfidfVectorizer does.

    A token counts how often it is in the text, times `ln((1 + n) / (1 + df)) + 1`, where df of the n fitted texts have
    it; vectors have length 1. A text without any token that was fitted gets zeros.

    Example:
        >>> model = TfidfEmbeddings().fit(["一只猫", "一只狗", "一辆汽车"])
        >>> vectors = model.embed(["一只猫", "一只狗", "汽车"]).vectors
        >>> [round(float(vectors[0] @ vector), 2) for vector in vectors]
        [1.0, 0.43, 0.0]
    """

    sublinear_tf: bool = False
    """Whether a token that is n times in a text counts 1 + ln(n) times."""

    docs: ClassVar[str] = (
        "https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.text.TfidfVectorizer.html"
    )
    kind: ClassVar[str] = "tfidf"
    fixed: ClassVar[frozenset[str]] = BagOfTokens.fixed | {"sublinear_tf"}

    def _weigh(self, found: Mapping[str, int], texts: int) -> list[float]:
        """The idf of each token, as scikit-learn smooths it."""
        return [log((1 + texts) / (1 + count)) + 1 for count in found.values()]

    def vectorizer(self, settings: Mapping[str, Any], **given: Any) -> Any:
        """The class of scikit-learn that counts, made by these settings and with these arguments more."""
        library: Any = need("sklearn.feature_extraction.text", extra="tasks")
        return library.TfidfVectorizer(lowercase=False, sublinear_tf=settings["sublinear_tf"], **given)
