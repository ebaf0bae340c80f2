"""Word vectors: look them up, compare them, find neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast, get_args

import numpy as np

from ..arrays import unit_length
from ..errors import ConfigurationError
from . import evaluation
from .checks import check_whole
from .formats import read, write
from .queries import listed, query
from .rows import largest
from .stored import stored_of
from .text import Reading

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from ..arrays import Array
    from .evaluation import Analogies, Pairs
    from .index import WordIndex
    from .queries import Terms
    from .stored import Stored
    from .subwords import Subwords

__all__ = ["Case", "Neighbour", "Unknown", "WordVectors"]

Case: TypeAlias = Literal["exact", "lower", "fallback"]
"""How a word is looked up: as it is, in lower case, or as it is and then in lower case, Capitalised, and UPPER."""
Unknown: TypeAlias = Literal["error", "zero", "subwords", "mean"]
"""What an unknown word gets: an error, zeros, the mean of its n-grams' vectors, or the mean of all words' vectors."""


class Neighbour(NamedTuple):
    """A word and its cosine similarity."""

    word: str
    similarity: float


class WordVectors:
    """Vectors of words, read from any of the usual formats.

    Args:
        words: each word once, the most frequent first if that is known; of a word that comes twice, the first counts.
        vectors: their vectors, `(len(words), dimension)`.
        counts: how often each word was seen in training.
        case: "exact", "lower", or "fallback" (as it is, then in lower case, Capitalised, UPPER).
        unknown: "error", "zero", "subwords" or "mean"; None is "subwords" if there are any, else "error".

    Raises:
        ConfigurationError: the lengths differ, or a policy is not among these.

    Example:
        >>> vectors = WordVectors(["cat", "dog", "car"], [[1, 0.9], [0.9, 1], [-1, 0.2]])
        >>> vectors.most_similar("cat", top=1)[0].word
        'dog'
        >>> vectors.doesnt_match(["cat", "dog", "car"])
        'car'
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: NDArray[np.floating] | Sequence[Sequence[float]],
        counts: Sequence[int] | NDArray[np.int64] | None = None,
        *,
        case: Case = "exact",
        unknown: Unknown | None = None,
    ) -> None:
        try:
            matrix = np.asarray(vectors, dtype=np.float32)
            known = None if counts is None else np.asarray(counts, dtype=np.int64)
        except (TypeError, ValueError) as error:
            message = f"vectors and counts must be numbers, as many in each row: {error}"
            raise ConfigurationError(message) from None
        if matrix.ndim != 2 or not matrix.shape[1]:
            message = f"vectors must be a matrix, one row a word, not an array {matrix.shape}"
            raise ConfigurationError(message)
        self._take(stored_of(listed(words), matrix, known), case, unknown)

    def _take(self, stored: Stored, case: str, unknown: str | None) -> None:
        for name, value, allowed in (("case", case, get_args(Case)), ("unknown", unknown, (None, *get_args(Unknown)))):
            if value not in allowed:
                message = f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}"
                raise ConfigurationError(message)
        if unknown == "subwords" and stored.subwords is None:
            message = "unknown='subwords' needs a model with n-grams, such as a .bin of fastText"
            raise ConfigurationError(message)
        self.stored = stored
        self.case: Case = cast("Case", case)
        self.unknown: Unknown = cast("Unknown", unknown or ("subwords" if stored.subwords else "error"))

    @classmethod
    def of(cls, stored: Stored, *, case: Case = "exact", unknown: Unknown | None = None) -> WordVectors:
        """Word vectors over what a format gave."""
        made = cls.__new__(cls)
        made._take(stored, case, unknown)
        return made

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002  # the word that a user looks for
        *,
        case: Case = "exact",
        unknown: Unknown | None = None,
        limit: int | None = None,
        errors: str = "strict",
        encoding: str = "utf-8",
        verify: bool = False,
    ) -> WordVectors:
        """Read a file of word vectors.

        Args:
            path: the file.
            format: "onevec", "glove", "word2vec", "word2vec-binary", "fasttext", "gensim" or "safetensors"; None tells
                it by the first bytes.
            case: see the class.
            unknown: see the class.
            limit: keep only the first so many words.
            errors: what to do with a word of a text or word2vec-binary file that is not of the encoding, as in
                `bytes.decode`.
            encoding: of the words of such a file, as "gb18030" in old Chinese ones.
            verify: whether to read the whole of onevec's own file and compare it with the sha256 in it.

        Raises:
            ConfigurationError: there is no such file or format, or the file is damaged.
        """
        stored = read(path, format, Reading(limit, encoding, errors), verify=verify)
        return cls.of(stored, case=case, unknown=unknown)

    def save(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002  # as in load
        *,
        form: str | None = None,
    ) -> None:
        """Write the vectors.

        Args:
            path: the file; .wv is onevec's own format, which opens at once whatever its size.
            format: as in `load`; None tells it by the name: .wv, .vec, .kv or .safetensors.
            form: "float32", "float16", "int8" or "pq" (product quantisation); all but float32 are kept by .wv alone,
                and float16 by .safetensors. None leaves it as it is.

        Raises:
            ConfigurationError: the format can't keep these words or vectors.
        """
        write(path, self.stored, format, form)

    @property
    def words(self) -> WordIndex:
        """All words, in the order of the rows."""
        return self.stored.words

    @property
    def dimension(self) -> int:
        """Width of the vectors."""
        return self.stored.rows.width

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """How often each word was seen in training, `(n,)`; None if the file does not tell."""
        return self.stored.counts

    @property
    def subwords(self) -> Subwords | None:
        """The vectors of n-grams; None if there are none."""
        return self.stored.subwords

    @property
    def form(self) -> str:
        """The form of the rows: float32, float16, int8 or pq."""
        return self.stored.rows.form

    def __len__(self) -> int:
        return len(self.stored.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.row(word) >= 0

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored.words)

    def __getitem__(self, word: str | Sequence[str]) -> Array:
        found: Array = self.vectors([word])[0] if isinstance(word, str) else self.vectors(word)
        return found

    def __repr__(self) -> str:
        return f"<WordVectors: {len(self)} words x {self.dimension}, {self.form}>"

    def packed(self, form: str) -> WordVectors:
        """The same vectors as "float32", "float16" (half the room), "int8" (a quarter) or "pq" (a sixteenth)."""
        return WordVectors.of(self.stored.packed(form), case=self.case, unknown=self.unknown)

    def row(self, word: str) -> int:
        """The row of a word by the case policy, -1 if it is unknown."""
        find = self.stored.words.find
        if self.case == "lower":
            return find(word.lower())
        row = find(word)
        if row < 0 and self.case == "fallback":
            others = (word.lower(), word.capitalize(), word.upper())
            row = next((row for row in map(find, others) if row >= 0), -1)
        return row

    def vectors(self, words: Iterable[str]) -> Array:
        """The vectors of words, float32 `(n, dimension)`; unknown ones by the policy.

        Raises:
            ConfigurationError: a word is unknown, and the policy is "error".
        """
        given = listed(words)
        rows = np.fromiter(map(self.row, given), np.int64, len(given))
        found = self.stored.rows.take(np.maximum(rows, 0)) if len(self) else np.zeros((len(rows), self.dimension), "f4")
        lacking = np.flatnonzero(rows < 0)
        if len(lacking):
            found[lacking] = self.unknown_vectors([given[place] for place in lacking])
        return found

    def unknown_vectors(self, words: list[str]) -> Array:
        """What the policy gives to words that are unknown."""
        if self.unknown == "error":
            message = (
                f"{words[0]!r} is not among the {len(self)} words: give unknown='zero', 'mean' or 'subwords', "
                "or case='fallback' if only its case differs"
            )
            raise ConfigurationError(message)
        if self.unknown == "subwords" and self.stored.subwords is not None:
            return self.stored.subwords.of([word.lower() if self.case == "lower" else word for word in words])
        mean = self.stored.rows.mean if self.unknown == "mean" else np.zeros(self.dimension, np.float32)
        return np.broadcast_to(mean, (len(words), self.dimension))

    def similarity(self, left: str, right: str) -> float:
        """The cosine of two words' vectors; 0 if one of them is all zeros."""
        first, second = unit_length(self.vectors([left, right]))
        return float(first @ second)

    def most_similar(
        self,
        positive: Terms,
        negative: Terms = (),
        top: int = 10,
        *,
        among: int | None = None,
    ) -> list[Neighbour]:
        """The words nearest to the sum of the positive ones less the negative ones, each taken with length 1.

        Args:
            positive: a word or several. A vector may stand in place of a word, and is taken as it is; a pair such as
                ("king", 0.5) has its own weight, also among the negative ones.
            negative: a word or several, in the same way.
            top: how many to find; the words given are not among them.
            among: look only among the first so many words.
        """
        summed, given = query(self, positive, negative)
        return self._nearest(summed[None], top, among, given)[0]

    def nearest(self, vectors: Array, top: int = 10, *, among: int | None = None) -> list[list[Neighbour]]:
        """The words nearest to each of some vectors `(n, dimension)`, by cosine."""
        queries = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            message = f"vectors must be (n, {self.dimension}), not {np.shape(vectors)}"
            raise ConfigurationError(message)
        return [
            row
            for start in range(0, len(queries), 64)
            for row in self._nearest(queries[start : start + 64], top, among)
        ]

    def similarities(self, queries: Array, among: int | None = None) -> Array:
        """The cosines of vectors `(q, dimension)` with the first `among` words (all if None), `(q, among)`."""
        rows = self.stored.rows
        if among is not None:
            check_whole(0, among=among)
        stop = len(rows) if among is None else min(among, len(rows))
        found = rows.dots(unit_length(queries), stop)
        found /= rows.norms[:stop]
        return found

    def _nearest(self, queries: Array, top: int, among: int | None, given: Iterable[int] = ()) -> list[list[Neighbour]]:
        check_whole(0, top=top)
        skipped = set(given) - {-1}
        found: list[list[Neighbour]] = []
        for row in self.similarities(queries, among):
            ordered: list[int] = largest(row, min(top + len(skipped), len(row))).tolist()
            kept = [place for place in ordered if place not in skipped][:top]
            found.append([Neighbour(self.stored.words[place], float(row[place])) for place in kept])
        return found

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word that is furthest from the mean of all of them.

        Raises:
            ConfigurationError: there are no words, or one is unknown and the policy is "error".
        """
        given = listed(words)
        if not given:
            message = "doesnt_match needs words"
            raise ConfigurationError(message)
        units = unit_length(self.vectors(given))
        return given[int(np.argmin(units @ unit_length(units.mean(axis=0)[None])[0]))]

    def analogies(
        self,
        path: str | os.PathLike[str],
        *,
        among: int | None = 300_000,
        ignore_case: bool = True,
        count_unknown: bool = False,
    ) -> Analogies:
        """How many questions "a is to b as c is to ...?" are answered; see `evaluation.analogies`."""
        return evaluation.analogies(self, path, among, ignore_case=ignore_case, count_unknown=count_unknown)

    def word_pairs(
        self,
        path: str | os.PathLike[str],
        *,
        among: int | None = 300_000,
        ignore_case: bool = True,
        count_unknown: bool = False,
    ) -> Pairs:
        """How the similarities of pairs agree with people's; see `evaluation.word_pairs`."""
        return evaluation.word_pairs(self, path, among, ignore_case=ignore_case, count_unknown=count_unknown)
