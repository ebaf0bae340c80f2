"""scikit-learn: a model as the first step of a pipeline.

from onevec.adapters.sklearn import TextVectors

make_pipeline(TextVectors(), LogisticRegression()).fit(texts, labels)
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Self

from ..embeddings import Role
from ..foreign import as_embeddings
from ..load import load
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ..embeddings import Embeddings

__all__ = ["TextVectors"]  # noqa: F822  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "TextVectors":
        return _kind()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@cache
def _loaded(name: str | None) -> Embeddings:
    return load(name)


@cache
def _kind() -> Any:
    base = need("sklearn.base", extra="cluster")
    mixin: Any = base.TransformerMixin
    estimator: Any = base.BaseEstimator

    class TextVectors(mixin, estimator):  # type: ignore[misc]  # from a package that may be missing
        """Texts to an array `(n, d)`.

        Args:
            model: a model, the name that `load` takes, or None for the default. By name the step can be pickled and
                compared in a grid search.
            role: what the texts are embedded for.
        """

        def __init__(self, model: Any = None, role: str = Role.CLASSIFICATION.value) -> None:
            self.model = model
            self.role = role

        def fit(self, texts: Iterable[str], _labels: Any = None) -> Self:
            """There is nothing to learn."""
            del texts
            return self

        def transform(self, texts: Iterable[str]) -> NDArray[Any]:
            """The vectors of texts."""
            by_name = self.model is None or isinstance(self.model, str)
            model = _loaded(self.model) if by_name else as_embeddings(self.model)
            return model.embed([str(text) for text in texts], self.role).vectors

        def __sklearn_is_fitted__(self) -> bool:
            return True

    TextVectors.__qualname__ = "TextVectors"
    return TextVectors
