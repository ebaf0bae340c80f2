"""One-hot vectors: which tokens are in a text, and nothing of what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..embeddings import Embeddings
from ..optional import need
from .bags import BagOfTokens

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

__all__ = ["OneHotEmbeddings"]


class OneHotEmbeddings(BagOfTokens, Embeddings):
    """Embed texts as ones and zeros: for each token that was fitted, whether it is in the text (scikit-learn).

    A text of one token is a one-hot vector. Two different words are always at right angles, however near they are in
    meaning; it is the baseline that shows what dense vectors add.

    Example:
        >>> model = OneHotEmbeddings().fit(["猫", "狗", "a dog"])
        >>> model.tokens
        ('a', 'dog', '狗', '猫')
        >>> model.embed(["A dog!", "猫狗", "鱼"]).vectors.tolist()
        [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    """

    docs: ClassVar[str] = (
        "https://scikit-learn.org/stable/modules/generated/sklearn.feature_extraction.text.CountVectorizer.html"
    )
    kind: ClassVar[str] = "onehot"

    def _often(self, every: Counter[str], found: Counter[str]) -> Counter[str]:  # noqa: ARG002  # as in the base
        """By texts: how often a token is in one makes no difference here."""
        return found

    def vectorizer(self, settings: Mapping[str, Any], **given: Any) -> Any:  # noqa: ARG002  # as in the base
        """The class of scikit-learn that counts, made by these settings and with these arguments more."""
        library: Any = need("sklearn.feature_extraction.text", extra="tasks")
        return library.CountVectorizer(binary=True, lowercase=False, **given)
