"""Sentence vectors from word vectors."""

from __future__ import annotations

import glob
import hashlib
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self, cast, get_args
from weakref import WeakValueDictionary

import numpy as np

from ..embeddings import Note, Role
from ..errors import ConfigurationError
from ..local import Encoded, LocalEmbeddings
from ..params import param
from ..space import Recipe, SpaceId
from .corpus import Corpus
from .tokens import TOKENIZERS, tokenizer
from .vectors import Case, WordVectors
from .weighting import Tokens, Weights, common_direction, inverse_frequencies, pooled, real_counts, smooth_frequencies

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from .corpus import Source, Text
    from .vectors import Unknown

__all__ = ["WordEmbeddings"]

METHODS = ("mean", "tfidf", "sif", "max")
FITTED = ("tfidf", "sif")
UNKNOWN = ("skip", "error", "zero", "mean", "subwords")
SMOOTH = 1e-3
"""The a of SIF; the paper finds 1e-3 to 1e-4 good."""
REMEMBERED = 1_000_000
"""Words whose row is kept in memory, at most."""


class _File(NamedTuple):
    """A file as it was when it was looked at."""

    path: str
    changed: int = 0
    size: int = 0
    inode: int = 0

    @classmethod
    def of(cls, path: str) -> _File:
        place = Path(path).absolute()  # not where a link leads to: gensim's arrays are beside the link
        if not place.exists():
            return cls(str(place))
        state = place.stat()
        return cls(str(place), state.st_mtime_ns, state.st_size, state.st_ino)


class _Rows(dict[str, int]):
    """The row of each word that was met, by the case policy."""

    def __init__(self, find: Callable[[str], int], remembered: int = REMEMBERED) -> None:
        super().__init__()
        self.find = find
        self.remembered = remembered

    def __missing__(self, word: str) -> int:
        row = self.find(word)
        if len(self) < self.remembered:
            self[word] = row
        return row


class _Loaded(NamedTuple):
    vectors: WordVectors
    revision: str
    weights: Weights | None
    cut: Callable[[str], list[str]]
    rows: _Rows
    skip: bool

    def tokens(self, texts: Sequence[Text]) -> Tokens:
        """The words of the texts with their rows."""
        cut = [self.cut(text) if isinstance(text, str) else text for text in texts]
        words = [*chain.from_iterable(cut)]
        owners = np.repeat(np.arange(len(texts)), [*map(len, cut)])
        return Tokens(len(texts), owners, np.fromiter(map(self.rows.__getitem__, words), np.int64, len(words)), words)

    def used(self, tokens: Tokens) -> Tokens:
        """The words that the sentence vectors are made from."""
        return tokens.where(tokens.rows >= 0) if self.skip else tokens


class WordEmbeddings(LocalEmbeddings[_Loaded]):
    """Embed texts by the vectors of their words, from a file of any format that `WordVectors.load` reads.

    A text none of whose words is known gets zeros, as does an empty one. Each text with unknown words has a note of the
    kind "unknown" with the words that were known and all words.

    An instance keeps to the files as they were when it first used them; one that is made after a file was written anew
    reads it anew.

    Example:
        >>> WordEmbeddings(path="glove.6B.50d.txt", method="max")
        WordEmbeddings(path='glove.6B.50d.txt', method='max')
    """

    path: str = param()
    """The file of word vectors; onevec's own format (.wv) opens at once."""
    method: str = "mean"
    """"mean", "max" (the largest number of each column), "tfidf" or "sif"; the last two need `fitted`."""
    fitted: str | None = None
    """The file of word weights that `fit_weights` wrote."""
    tokenizer: str = "auto"
    """"auto" (letters and digits, Chinese by jieba), "words", "whitespace" or "jieba"."""
    case: str = "fallback"
    """How a word is looked up: "exact", "lower", or "fallback" (as it is, in lower case, Capitalised, UPPER)."""
    unknown: str | None = None
    """What an unknown word gets: "skip", "error", "zero", "mean" or "subwords"; None is "subwords", or "skip" if there
    are none."""
    batch_size: int = 1024
    """Texts that are encoded together, at most."""

    model_parameter: ClassVar[str] = "path"
    status: ClassVar[str] = "live"
    extra: ClassVar[str | None] = "words"
    docs: ClassVar[str] = "https://openreview.net/forum?id=SyK00v5xx"
    survives_fork: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._seen: dict[str, _File] = {}
        choices = {"method": METHODS, "tokenizer": TOKENIZERS, "case": get_args(Case), "unknown": (None, *UNKNOWN)}
        for name, allowed in choices.items():
            value = getattr(self, name)
            self.require(value in allowed, f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}")
        fits = self.fitted is None or self.method in FITTED
        self.require(fits, f"fitted has no effect on method={self.method!r}: leave it out")

    def identity(self) -> Hashable:
        """All that the loaded vectors and weights depend on."""
        fitted = self._file(self.fitted) if self.fitted else self.fitted
        return self._file(self.path), self.method, fitted, self.tokenizer, self.case, self.unknown

    def _file(self, path: str) -> _File:
        """The file as this instance saw it first: what a cache holds under one recipe must not change meanwhile."""
        if path not in self._seen:
            self._seen[path] = _File.of(path)
        return self._seen[path]

    def load(self) -> _Loaded:
        """Read the vectors, and the weights if there are some."""
        policy = cast("Unknown | None", None if self.unknown in (None, "skip") else self.unknown)
        vectors = _vectors(self._file(self.path).path, cast("Case", self.case), policy)
        revision, weights = vectors.stored.revision, None
        if self.fitted:
            weights = Weights.load(Path(self._file(self.fitted).path), self.method, vectors)
            revision = hashlib.sha256((revision + weights.revision).encode()).hexdigest()
        skip = self.unknown == "skip" or (self.unknown is None and vectors.subwords is None)
        return _Loaded(vectors, revision, weights, tokenizer(self.tokenizer), _Rows(vectors.row), skip)

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; its revision is the sha256 of the file, with weights of both files."""
        loaded, name = self.loaded(), Path(self.path).name
        model = name if self.method == "mean" else f"{name}+{self.method}"
        return SpaceId(
            origin="words",
            model=model,
            revision=loaded.revision,
            dimensions=loaded.vectors.dimension,
            normalised=False,
            dtype=loaded.vectors.form,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        unknown = "skip" if self.loaded().skip else self.loaded().vectors.unknown
        given = {"case": self.case, "method": self.method, "tokenizer": self.tokenizer, "unknown": unknown}
        return Recipe(space=self.space, long_text="whole", options=tuple(sorted(given.items())))

    def encode(self, model: _Loaded, texts: list[str], role: Role) -> Encoded:  # noqa: ARG002  # all share one form
        """Encode one batch."""
        self._check_fitted(model)
        tokens = model.tokens(texts)
        found = pooled(model.vectors, model.used(tokens), self.method, model.weights)
        total = np.bincount(tokens.owners, minlength=len(texts))
        known = np.bincount(tokens.owners[tokens.rows >= 0], minlength=len(texts))
        noted = np.flatnonzero((known < total) | (total == 0)).tolist()
        notes = tuple(Note(place, "unknown", int(known[place]), int(total[place])) for place in noted)
        return Encoded(found, len(tokens.words), notes)

    def fit_weights(self, texts: Source | Corpus, path: str | os.PathLike[str]) -> Self:
        """Learn the weights of "tfidf" or "sif" from texts like those to be embedded.

        TF-IDF takes how many of the texts a word is in. SIF takes how frequent a word is, by the counts in the file of
        vectors if they were not made up, else by the texts; and the common component of the texts' vectors.

        Args:
            texts: texts, or a file or folder of them, see `Corpus`; lists of words are taken as they are.
            path: the file to write the weights to, such as weights.npz.

        Returns:
            A copy of this instance with `fitted=path`.

        Raises:
            ConfigurationError: the method needs no weights, or no word of the texts has a vector.
        """
        self.require(self.method in FITTED, f"method={self.method!r} needs no weights: take 'tfidf' or 'sif'")
        loaded = self.copy(update={"fitted": ""}).loaded()
        corpus = texts if isinstance(texts, Corpus) else Corpus(texts)
        weights = self._tfidf(loaded, corpus) if self.method == "tfidf" else self._sif(loaded, corpus)
        weights.save(Path(path), self.method, loaded.vectors.stored.revision)
        return self.copy(update={"fitted": str(path)})

    def _tfidf(self, loaded: _Loaded, corpus: Corpus) -> Weights:
        return inverse_frequencies(self._batches(loaded, corpus), len(loaded.vectors))

    def _sif(self, loaded: _Loaded, corpus: Corpus) -> Weights:
        counts = real_counts(loaded.vectors.counts)
        if counts is None:
            rows = (tokens.rows[tokens.rows >= 0] for tokens in self._batches(loaded, corpus))
            counts = sum((np.bincount(each, minlength=len(loaded.vectors)) for each in rows), np.zeros(1, np.int64))
        weights = smooth_frequencies(counts, SMOOTH)
        batches = self._batches(loaded, corpus)
        blocks = (pooled(loaded.vectors, loaded.used(tokens), "sif", weights) for tokens in batches)
        return weights._replace(common=common_direction(blocks, loaded.vectors.dimension))

    def _batches(self, loaded: _Loaded, corpus: Corpus) -> Iterator[Tokens]:
        batch: list[Text] = []
        for text in corpus.texts():
            batch.append(text)
            if len(batch) >= self.batch_size:
                yield loaded.tokens(batch)
                batch = []
        if batch:
            yield loaded.tokens(batch)

    def _check_fitted(self, model: _Loaded) -> None:
        if self.method in FITTED and model.weights is None:
            message = (
                f"WordEmbeddings: method={self.method!r} needs the weights of words: call "
                "fit_weights(texts, 'weights.npz') and take what it returns, or give fitted='weights.npz'"
            )
            raise ConfigurationError(message)


_known: WeakValueDictionary[Hashable, WordVectors] = WeakValueDictionary()
"""Vectors that are in use, so that other methods and weights share them."""


def _vectors(path: str, case: Case, unknown: Unknown | None) -> WordVectors:
    """The vectors of a file with the sha256 of what was read as their revision."""
    file = _File.of(path)
    found = _known.get((file, case, unknown))
    if found is None:
        stored = WordVectors.load(path).stored
        if not stored.revision:
            stored = stored._replace(revision=_content(Path(path)))
            if _File.of(path) != file:
                message = f"{path} was written anew while it was read: try again"
                raise ConfigurationError(message)
        found = _known[file, case, unknown] = WordVectors.of(stored, case=case, unknown=unknown)
    return found


def _content(path: Path) -> str:
    """The sha256 of a file, or of those of it and the arrays that gensim put beside it."""
    beside = sorted(path.parent.glob(f"{glob.escape(path.name)}.*.np[yz]"))
    digests: list[str] = []
    for each in (path, *beside):
        with each.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if not beside else hashlib.sha256("".join(digests).encode()).hexdigest()
