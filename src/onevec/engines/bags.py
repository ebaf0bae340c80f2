"""Texts as bags of tokens: what the sparse model classes share. A vector has one number for each token known."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from ..embeddings import Embedded, Role, check_texts, register_with_langchain
from ..errors import ConfigurationError
from ..params import Parameters
from ..space import Recipe, SpaceId
from .segmenting import HAN_RUN, folded, jieba_cutter, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..arrays import Array

__all__ = ["BagOfTokens"]

ANALYZERS = ("words", "jieba", "characters")
LONGEST = 3
"""Characters of the longest token of the analyzer "characters"."""


class _Fitted(NamedTuple):
    """What texts have taught.

    Attributes:
        tokens: the tokens in the order of the numbers of a vector.
        weights: how much each token counts; empty if all count the same.
        transform: from texts to a sparse matrix of SciPy.
        revision: a hash of all that a vector depends on.
    """

    tokens: tuple[str, ...]
    weights: tuple[float, ...]
    transform: Callable[[Sequence[str]], Any]
    revision: str


class BagOfTokens(Parameters):
    """The base of the sparse classes: parameters, `fit`, `save`, and everything but scikit-learn's class.

    Before `embed`, the class has to know its tokens: `fit` takes them from texts, and `path` from a file.

    Raises:
        ConfigurationError: a parameter is wrong, or contradicts the file at `path`.
        MissingDependency: scikit-learn, or jieba, is not installed.
    """

    path: str | None = None
    """A file that `save` wrote; its settings hold."""
    analyzer: str = "words"
    """How a text is cut into tokens: "words" (words, and of Chinese every character and every pair of neighbours),
    "jieba" (Chinese words; extra `words`) or "characters" (all runs of up to three characters inside words)."""
    min_count: int = 1
    """In how many texts a token has to be."""
    max_features: int | None = 10_000
    """How many tokens are kept at most, the most frequent ones; None keeps all. It is the width of the vectors."""

    model_parameter: ClassVar[str] = "path"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "tasks"

    kind: ClassVar[str]
    """Name of the method, in files and spaces."""
    fixed: ClassVar[frozenset[str]] = frozenset({"analyzer", "min_count", "max_features"})
    """Parameters that `fit` depends on."""

    _fitted: _Fitted | None = None

    def vectorizer(self, **given: Any) -> Any:
        """The class of scikit-learn that counts, made with these arguments more."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        self.require(
            self.analyzer in ANALYZERS, f"analyzer must be one of {', '.join(ANALYZERS)}, not {self.analyzer!r}"
        )
        for name in ("min_count", "max_features"):
            value = getattr(self, name)
            self.require(value is None or value >= 1, f"{name} must be at least 1, not {value}")
        if self.path is not None:
            self._read(Path(self.path))

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn the tokens of texts, in place of those known before; returns the instance itself.

        Raises:
            ConfigurationError: no token is left.
            TypeError: `texts` is one str, or holds something else than str.
        """
        whole = check_texts(texts)
        self.require(self.min_count <= len(whole), f"min_count is {self.min_count}, but there are {len(whole)} texts")
        made = self.vectorizer(analyzer=self.cutter(), min_df=self.min_count)
        try:
            made.fit(whole)
        except ValueError as error:
            message = f"{type(self).__name__}: fit() found no token in {len(whole)} texts: {error}"
            raise ConfigurationError(message) from None
        self._learnt(made.get_feature_names_out().tolist(), getattr(made, "idf_", np.zeros(0)).tolist())
        return self

    def cutter(self) -> Callable[[str], list[str]]:
        """The function that cuts a text into tokens."""
        if self.analyzer == "characters":
            return lambda text: _runs(folded(text))
        if self.analyzer == "jieba":
            cut = jieba_cutter("words")
            return lambda text: cut(folded(text))
        return lambda text: _words_and_pairs(folded(text))

    def _learnt(self, tokens: list[str], weights: list[float]) -> None:
        made = self.vectorizer(analyzer=self.cutter(), vocabulary=tokens)
        if weights:
            made.idf_ = np.array(weights)
        whole = json.dumps([self._settings(), tokens, weights], ensure_ascii=False)
        revision = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        self.__dict__["_fitted"] = _Fitted(tuple(tokens), tuple(weights), made.transform, revision)

    def _settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(self.fixed)}

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens in the order of the numbers of a vector.

        Raises:
            ConfigurationError: nothing was fitted.
        """
        return self._known().tokens

    def _known(self) -> _Fitted:
        if self._fitted is None:
            name = type(self).__name__
            message = f"{name} knows no tokens yet: call fit(texts), or give path=..., a file that save() wrote"
            raise ConfigurationError(message)
        return self._fitted

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; the revision is a hash of tokens, weights and settings.

        Raises:
            ConfigurationError: nothing was fitted.
        """
        known = self._known()
        return SpaceId(origin="sparse", model=self.kind, revision=known.revision, dimensions=len(known.tokens))

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space, long_text="whole")

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role; see `Embeddings.embed`. Tokens that were not fitted are passed over.

        Raises:
            ConfigurationError: nothing was fitted.
        """
        register_with_langchain()
        whole = check_texts(texts)
        Role(role)
        space = self.space
        rows: Array = np.zeros((len(whole), space.dimensions or 0), dtype=np.float32)
        if whole:
            self._known().transform(whole).astype(np.float32).toarray(out=rows)
        return Embedded.of(rows, space)

    def save(self, path: str | Path) -> None:
        """Write tokens, weights and settings as JSON, which `path=` reads.

        Raises:
            ConfigurationError: nothing was fitted.
        """
        known = self._known()
        whole = {"format": self._format(), **self._settings(), "tokens": known.tokens, "weights": known.weights}
        Path(path).write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")

    def _format(self) -> str:
        return f"onevec.{self.kind} 1"

    def _read(self, path: Path) -> None:
        name = type(self).__name__
        try:
            whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found, tokens, weights = whole.pop("format"), whole.pop("tokens"), whole.pop("weights")
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            message = f"{name}: path {str(path)!r} is no file that save() wrote: {error}"
            raise ConfigurationError(message) from None
        self.require(found == self._format(), f"{str(path)!r} is of the format {found!r}, not {self._format()!r}")
        for each in self.fixed:
            own, default = getattr(self, each), self._params[each].default
            self.require(own in {default, whole[each]}, f"{each} is {own!r}, but {str(path)!r} has {whole[each]!r}")
            self.__dict__[each] = whole[each]
        self._learnt(tokens, weights)

    def copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """A new instance, with some parameters changed; it has to be fitted again if they change the tokens."""
        made = super().copy(update=update)
        if made._fitted is None and self._fitted is not None and made._settings() == self._settings():
            made._learnt([*self._fitted.tokens], [*self._fitted.weights])
        return made

    model_copy = copy

    def __getstate__(self) -> dict[str, Any]:
        known = self._fitted and (self._fitted.tokens, self._fitted.weights)
        return {**super().__getstate__(), "path": None, "_known": known}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        given = dict(state)
        known = given.pop("_known")
        super().__setstate__(given)
        if known is not None:
            self._learnt(*map(list, known))


def _words_and_pairs(text: str) -> list[str]:
    """Words, and of Chinese every character and every pair of neighbours, as search engines without a dictionary do."""
    pairs = [run[start : start + 2] for run in HAN_RUN.findall(text) for start in range(len(run) - 1)]
    return words(text) + pairs


def _runs(text: str) -> list[str]:
    """All runs of up to three characters inside words and inside runs of Chinese."""
    whole = [word for word in words(HAN_RUN.sub(" ", text)) if word] + HAN_RUN.findall(text)
    sizes = range(1, LONGEST + 1)
    return [word[at : at + size] for word in whole for size in sizes for at in range(len(word) - size + 1)]
