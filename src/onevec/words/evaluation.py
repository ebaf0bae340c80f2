"""How good word vectors are: analogies, and the agreement with people's judgement of pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import ConfigurationError
from .checks import check_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from .vectors import WordVectors

__all__ = ["Analogies", "Pairs", "Question", "Section", "analogies", "word_pairs"]

QUESTIONS = 128
"""Questions that are answered at once."""
GUESSES = 5
"""Nearest words of which the first that counts is the answer."""


class Question(NamedTuple):
    """a is to b as c is to expected."""

    a: str
    b: str
    c: str
    expected: str


class Section(NamedTuple):
    """The questions of one kind.

    Attributes:
        name: the kind, as the file calls it.
        correct: questions that were answered as expected.
        wrong: those that were not.
    """

    name: str
    correct: tuple[Question, ...]
    wrong: tuple[Question, ...]


class Analogies(NamedTuple):
    """The answers to all questions.

    Attributes:
        accuracy: correct answers of all answers, 0 if there are none.
        sections: the questions by kind.
        unknown: questions with an unknown word; they are skipped, or counted as wrong.
    """

    accuracy: float
    sections: tuple[Section, ...]
    unknown: int


class Pairs(NamedTuple):
    """How similarities agree with people's.

    Attributes:
        pearson: the linear correlation.
        spearman: the correlation of ranks.
        pairs: pairs that were compared.
        unknown: pairs with an unknown word; they are skipped, or counted as similarity 0.
    """

    pearson: float
    spearman: float
    pairs: int
    unknown: int


def _vocabulary(vectors: WordVectors, among: int | None, *, ignore_case: bool) -> dict[str, int]:
    """Rows of the first words; of words that differ by case only, the first counts."""
    if among is not None:
        check_whole(0, among=among)
    words = vectors.words[:among]
    return {
        word.upper() if ignore_case else word: row
        for row, word in zip(range(len(words))[::-1], words[::-1], strict=True)
    }


def analogies(
    vectors: WordVectors,
    path: str | os.PathLike[str],
    among: int | None = 300_000,
    *,
    ignore_case: bool = True,
    count_unknown: bool = False,
) -> Analogies:
    """Answer questions "a is to b as c is to ...?" by the word nearest to b - a + c, a, b and c left out.

    Args:
        vectors: the word vectors.
        path: lines of four words, with ": name" before those of a kind, as in word2vec's questions-words.txt.
        among: the words that count as known, and as answers: the first so many.
        ignore_case: whether the case of words does not matter.
        count_unknown: whether a question with an unknown word counts as answered wrongly, rather than being skipped.

    Raises:
        ConfigurationError: a question stands before the first ": name".
    """
    known = _vocabulary(vectors, among, ignore_case=ignore_case)
    sections: list[Section] = []
    unknown = 0
    for name, questions in _questions(Path(path), ignore_case=ignore_case):
        asked = [question for question in questions if all(word in known for word in question)]
        unknown += len(questions) - len(asked)
        answers = _answers(vectors, asked, known, among, ignore_case=ignore_case)
        right = {question for question, answer in zip(asked, answers, strict=True) if answer == question.expected}
        counted = questions if count_unknown else asked
        correct = tuple(question for question in counted if question in right)
        sections.append(Section(name, correct, tuple(question for question in counted if question not in right)))
    correct_count = sum(len(section.correct) for section in sections)
    total = correct_count + sum(len(section.wrong) for section in sections)
    return Analogies(correct_count / total if total else 0.0, tuple(sections), unknown)


def _questions(path: Path, *, ignore_case: bool) -> Iterator[tuple[str, list[Question]]]:
    name, found = None, list[Question]()
    for number, line in enumerate(_lines(path), 1):
        if line.startswith(": "):
            if name is not None:
                yield name, found
            name, found = line[2:].strip(), []
        elif name is None:
            message = f"{path}: line {number} stands before the first ': name' of a section"
            raise ConfigurationError(message)
        elif len(words := (line.upper() if ignore_case else line).split()) == 4:
            found.append(Question(*words))
    if name is not None:
        yield name, found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} can't be read as questions or pairs in UTF-8: {error}"
        raise ConfigurationError(message) from None


def _answers(
    vectors: WordVectors, asked: Sequence[Question], known: dict[str, int], among: int | None, *, ignore_case: bool
) -> Iterator[str]:
    for start in range(0, len(asked), QUESTIONS):
        part = asked[start : start + QUESTIONS]
        rows = np.array([[known[word] for word in question[:3]] for question in part])
        taken = vectors.stored.rows.take(rows.reshape(-1)) / vectors.stored.rows.norms[rows.reshape(-1), None]
        a, b, c = taken.reshape(len(part), 3, -1).transpose(1, 0, 2)
        found = vectors.similarities((b - a + c).astype(np.float32), among)
        np.put_along_axis(found, rows, -np.inf, axis=1)
        guesses = min(GUESSES, found.shape[1])
        best = np.argpartition(found, -guesses, axis=1)[:, -guesses:]
        order = np.argsort(-np.take_along_axis(found, best, axis=1), axis=1, kind="stable")
        ordered: list[list[int]] = np.take_along_axis(best, order, axis=1).tolist()
        for question, places in zip(part, ordered, strict=True):
            words = [vectors.words[place] for place in places]
            words = [word.upper() for word in words] if ignore_case else words
            yield next((word for word in words if word not in question[:3]), words[-1])


def word_pairs(
    vectors: WordVectors,
    path: str | os.PathLike[str],
    among: int | None = 300_000,
    *,
    ignore_case: bool = True,
    count_unknown: bool = False,
) -> Pairs:
    """Correlate the similarities of pairs with those that people gave.

    Args:
        vectors: the word vectors.
        path: lines of two words and a number with tabs between, as in wordsim353.tsv; "#" begins a comment.
        among: the words that count as known: the first so many.
        ignore_case: whether the case of words does not matter.
        count_unknown: whether a pair with an unknown word counts as similarity 0, rather than being skipped.

    Raises:
        ConfigurationError: there are not two pairs of known words.
    """
    known = _vocabulary(vectors, among, ignore_case=ignore_case)
    gold: list[float] = []
    rows: list[tuple[int, int]] = []
    unknown = 0
    for left, right, judged in _pairs(Path(path), ignore_case=ignore_case):
        pair = known.get(left, -1), known.get(right, -1)
        unknown += min(pair) < 0
        if min(pair) >= 0 or count_unknown:
            gold.append(judged)
            rows.append(pair)
    if len(gold) < 2:
        message = f"{path} has {len(gold)} pairs of known words: two are needed, with tabs between words and number"
        raise ConfigurationError(message)
    both = np.array(rows)
    taken = vectors.stored.rows.take(np.maximum(both, 0).reshape(-1)).reshape(len(rows), 2, -1)
    lengths = vectors.stored.rows.norms[np.maximum(both, 0)]
    found = (taken[:, 0] * taken[:, 1]).sum(axis=1) / lengths.prod(axis=1)
    found[both.min(axis=1) < 0] = 0
    judged_all = np.array(gold)
    return Pairs(_correlation(judged_all, found), _correlation(_ranks(judged_all), _ranks(found)), len(gold), unknown)


def _pairs(path: Path, *, ignore_case: bool) -> Iterator[tuple[str, str, float]]:
    for line in _lines(path):
        parts = (line.upper() if ignore_case else line).split("\t")
        if line.startswith("#") or len(parts) != 3:
            continue
        try:
            yield parts[0], parts[1], float(parts[2])
        except ValueError:  # the names of the columns
            continue


def _correlation(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    first, second = left - left.mean(dtype=np.float64), right - right.mean(dtype=np.float64)
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rank of each number; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean_ranks: NDArray[np.float64] = (ends - (counts - 1) / 2)[place]
    return mean_ranks
