"""Texts as bags of tokens: what the sparse model classes share. A vector has one number for each token known."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from ..embeddings import Embedded, Role, check_texts, register_with_langchain
from ..errors import ConfigurationError
from ..params import Parameters
from ..space import Recipe, SpaceId
from .segmenting import HAN_RUN, VERSION, folded, jieba_cutter, words

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
        settings: the parameters that it was fitted with; those of the instance may be set to others later.
        transform: from texts to a sparse matrix of SciPy.
        revision: a hash of all that a vector depends on.
    """

    tokens: tuple[str, ...]
    weights: tuple[float, ...]
    settings: Mapping[str, Any]
    transform: Callable[[Sequence[str]], Any]
    revision: str


class BagOfTokens(Parameters):
    """The base of the sparse classes: parameters, `fit`, `save`, and everything but scikit-learn's class.

    Before `embed`, the class has to know its tokens: `fit` takes them from texts, and `path` from a file. A parameter
    that is set afterwards holds from the next `fit` on.

    Raises:
        ConfigurationError: a parameter is wrong, or contradicts the file at `path`.
        MissingDependency: scikit-learn, or jieba, is not installed.
    """

    path: str | None = None
    """A file that `save` wrote; its settings hold, also where the default of a parameter is given beside it. `fit`
    takes its place and makes this None."""
    analyzer: str = "words"
    """How a text is cut into tokens: "words" (words, and of Chinese every character and every pair of neighbours),
    "jieba" (Chinese words; extra `words`) or "characters" (all runs of up to three characters inside words)."""
    min_count: int = 1
    """In how many texts a token has to be."""
    max_features: int = 10_000
    """How many tokens are kept at most, the most frequent ones, equal ones in alphabetical order; 0 keeps all. It is
    the width of the vectors."""

    model_parameter: ClassVar[str] = "path"
    status: ClassVar[str] = "library"
    extra: ClassVar[str | None] = "tasks"

    kind: ClassVar[str]
    """Name of the method, in files and spaces."""
    fixed: ClassVar[frozenset[str]] = frozenset({"analyzer", "min_count", "max_features"})
    """Parameters that `fit` depends on."""

    _fitted: _Fitted | None = None

    def vectorizer(self, settings: Mapping[str, Any], **given: Any) -> Any:
        """The class of scikit-learn that counts, made by these settings and with these arguments more."""
        raise NotImplementedError

    def _weigh(self, found: Mapping[str, int], texts: int) -> list[float]:  # noqa: ARG002  # others need both
        """How much tokens count, by the number of texts that each is in; empty if all count the same."""
        return []

    def _often(self, every: Counter[str], found: Counter[str]) -> Counter[str]:  # noqa: ARG002  # others need both
        """How frequent tokens are: the number of times that each came, or of texts that it is in."""
        return every

    def __post_init__(self) -> None:
        self._check(self._settings())
        if self.path is not None:
            self._read(Path(self.path))

    def _check(self, settings: Mapping[str, Any]) -> None:
        analyzer = settings["analyzer"]
        self.require(analyzer in ANALYZERS, f"analyzer must be one of {', '.join(ANALYZERS)}, not {analyzer!r}")
        count, most = settings["min_count"], settings["max_features"]
        self.require(count >= 1, f"min_count must be at least 1, not {count}")
        self.require(most >= 0, f"max_features must be at least 1, or 0 to keep all, not {most}")

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn the tokens of texts, in place of those known before; returns the instance itself.

        Raises:
            ConfigurationError: no token is left, or a parameter was set to what is wrong.
            TypeError: `texts` is one str, or holds something else than str.
        """
        settings = {
            name: self._params[name].check(type(self).__name__, each) for name, each in self._settings().items()
        }
        self._check(settings)
        whole = check_texts(texts)
        least = settings["min_count"]
        self.require(least <= len(whole), f"min_count is {least}, but there are {len(whole)} texts")
        cut = _cutter(settings["analyzer"])
        every, found = Counter[str](), Counter[str]()
        for text in whole:
            tokens = cut(text)
            every.update(tokens)
            found.update(set(tokens))
        often = self._often(every, found)
        # Ours, because scikit-learn leaves to the processor which of equally frequent tokens it keeps.
        kept = sorted((-often[token], token) for token, count in found.items() if count >= least)
        chosen = sorted(token for _, token in kept[: settings["max_features"] or None])
        self.require(chosen, f"fit() found no token in {len(whole)} texts that is in at least {least} of them")
        self._learnt(chosen, self._weigh({token: found[token] for token in chosen}, len(whole)), settings)
        self.__dict__["path"] = None
        return self

    def _learnt(self, tokens: Sequence[str], weights: Sequence[float], settings: Mapping[str, Any]) -> None:
        made = self.vectorizer(settings, analyzer=_cutter(settings["analyzer"]), vocabulary=list(tokens))
        if weights:
            made.idf_ = np.array(weights)
        whole = json.dumps([VERSION, dict(settings), tokens, weights], ensure_ascii=False)
        revision = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        self.__dict__["_fitted"] = _Fitted(tuple(tokens), tuple(weights), settings, made.transform, revision)

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
        return self._space(self._known())

    def _space(self, known: _Fitted) -> SpaceId:
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
        known = self._known()  # once: another thread may fit
        rows: Array = np.zeros((len(whole), len(known.tokens)), dtype=np.float32)
        if whole:
            known.transform(whole).astype(np.float32).toarray(out=rows)
        return Embedded.of(rows, self._space(known))

    def save(self, path: str | Path) -> None:
        """Write tokens, weights and the settings they were fitted with as JSON, which `path=` reads.

        A file of this name is replaced when the new one is whole.

        Raises:
            ConfigurationError: nothing was fitted.
        """
        known, target = self._known(), Path(path)
        whole = {"format": self._format(), **known.settings, "tokens": known.tokens, "weights": known.weights}
        unfinished = target.with_name(f"{target.name}.part")
        unfinished.write_bytes(json.dumps(whole, ensure_ascii=False).encode())
        unfinished.replace(target)

    def _format(self) -> str:
        return f"onevec.{self.kind} 1"

    def _read(self, path: Path) -> None:
        name = type(self).__name__
        try:
            whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            form = whole["format"]
            self.require(form == self._format(), f"{str(path)!r} is of the format {form!r}, not {self._format()!r}")
            settings = {each: self._params[each].check(name, whole[each]) for each in sorted(self.fixed)}
            self._check(settings)
            tokens, weights = self._fitting(whole["tokens"], whole["weights"])
        except ConfigurationError:
            raise
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            message = f"{name}: path {str(path)!r} is no file that save() wrote: {error}"
            raise ConfigurationError(message) from None
        for each, held in settings.items():
            own, default = getattr(self, each), self._params[each].default
            self.require(own in {default, held}, f"{each} is {own!r}, but {str(path)!r} has {held!r}")
            self.__dict__[each] = held
        self._learnt(tokens, weights, settings)

    def _fitting(self, tokens: Sequence[Any], weights: Sequence[Any]) -> tuple[list[str], list[float]]:
        """Tokens and weights of a file, if they fit together."""
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            message = "tokens is no list of texts"
            raise TypeError(message)
        numbers = [float(weight) for weight in weights]
        expected = len(self._weigh(dict.fromkeys(tokens, 1), 1))  # which has one for each different token, or none
        if len(set(tokens)) < max(1, len(tokens)) or len(numbers) != expected or not all(map(isfinite, numbers)):
            message = f"a token comes twice, there is none, or there are other than {expected} finite weights"
            raise ValueError(message)
        return tokens, numbers

    def copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """A new instance, with some parameters changed; it has to be fitted again if they change the tokens."""
        changed = self._by_name(dict(update or {}))
        made = super().copy(update={"path": None, **changed})
        if all(changed[name] == getattr(self, name) for name in changed.keys() & {"path", *self.fixed}):
            made.__dict__.update(path=self.path, _fitted=self._fitted)
        return made

    model_copy = copy

    def __getstate__(self) -> dict[str, Any]:
        known = self._fitted and (self._fitted.tokens, self._fitted.weights, self._fitted.settings)
        return {**super().__getstate__(), "path": None, "_known": known}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        given = dict(state)
        known = given.pop("_known")
        super().__setstate__(given)
        if known is not None:
            self._learnt(*known)


def _cutter(analyzer: str) -> Callable[[str], list[str]]:
    """The function that cuts a text into tokens."""
    if analyzer == "characters":
        return lambda text: _runs(folded(text))
    if analyzer == "jieba":
        cut = jieba_cutter("words")
        return lambda text: cut(folded(text))
    return lambda text: _words_and_pairs(folded(text))


def _words_and_pairs(text: str) -> list[str]:
    """Words, and of Chinese every character and every pair of neighbours, as search engines without a dictionary do."""
    pairs = [run[start : start + 2] for run in HAN_RUN.findall(text) for start in range(len(run) - 1)]
    return words(text) + pairs


def _runs(text: str) -> list[str]:
    """All runs of up to three characters inside words and inside runs of Chinese."""
    whole = [word for word in words(HAN_RUN.sub(" ", text)) if word] + HAN_RUN.findall(text)
    sizes = range(1, LONGEST + 1)
    return [word[at : at + size] for word in whole for size in sizes for at in range(len(word) - size + 1)]
