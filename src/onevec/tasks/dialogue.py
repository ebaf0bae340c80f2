"""Answers from a set of known ones, with the turns before in mind, and the intent behind a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..embeddings import Role
from ..errors import ConfigurationError
from ..load import model_of
from .vectors import best, unit_vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..arrays import Array
    from ..embeddings import Embeddings

__all__ = ["Conversation", "Intent", "IntentDetector", "Reply", "ResponseSelector"]

FALLBACK = "I don't know. / 我不知道。"
NEAREST = 2
"""Examples of an intent whose mean similarity counts."""


class Reply(NamedTuple):
    """An answer.

    Attributes:
        text: the answer, or the fall-back.
        score: the similarity of the known question with what was asked; from -1 to 1.
        question: the known question; None for the fall-back.
        position: place of the pair; None for the fall-back.
    """

    text: str
    score: float
    question: str | None = None
    position: int | None = None

    @property
    def known(self) -> bool:
        """Whether it is an answer, and not the fall-back."""
        return self.position is not None


class Intent(NamedTuple):
    """What a text wants.

    Attributes:
        name: the intent; None if none is near enough.
        score: mean similarity of its nearest examples.
    """

    name: str | None
    score: float


class ResponseSelector:
    """Chooses an answer among known ones.

    Args:
        pairs: questions and their answers.
        model: a model, or what `onevec.load` takes; None is the embedded default.
        threshold: the lowest score of an answer.
        fallback: what is said below it.
        turns: how many turns before count.
        weight: how much they count beside what was asked now, from 0 to 1.

    Example:
        >>> faq = ResponseSelector([("When are you open?", "From 9 to 17."), ("Where are you?", "Main Street 1.")])
        >>> faq.reply("你们几点开门？").text
        'From 9 to 17.'
        >>> faq.reply("What is the capital of France?").known
        False
    """

    def __init__(
        self,
        pairs: Iterable[tuple[str, str]],
        model: Embeddings | str | None = None,
        *,
        threshold: float = 0.45,
        fallback: str = FALLBACK,
        turns: int = 2,
        weight: float = 0.4,
    ) -> None:
        self.pairs = list(pairs)
        if not self.pairs:
            message = "there must be at least one pair of question and answer"
            raise ConfigurationError(message)
        if not 0 <= weight <= 1 or turns < 0:
            message = f"weight must be from 0 to 1 and turns at least 0, not {weight} and {turns}"
            raise ConfigurationError(message)
        self.model = model_of(model)
        self.threshold, self.fallback, self.turns, self.weight = threshold, fallback, turns, weight
        self._questions = unit_vectors(self.model, [question for question, _ in self.pairs], Role.DOCUMENT)

    def reply(self, text: str, history: Sequence[str] = ()) -> Reply:
        """The best answer, or the fall-back.

        Args:
            text: what was asked.
            history: what the same person said before, the latest last.
        """
        return self.candidates(text, history, 1)[0]

    def candidates(self, text: str, history: Sequence[str] = (), n: int = 3) -> list[Reply]:
        """The `n` best answers that reach the threshold, the best first; or the fall-back alone."""
        scores = self._scores(text, list(history)[-self.turns :] if self.turns else [])
        places = best(scores, n)
        found = [Reply(self.pairs[at][1], float(scores[at]), self.pairs[at][0], at) for at in places]
        return [each for each in found if each.score >= self.threshold] or [Reply(self.fallback, float(scores.max()))]

    def conversation(self) -> Conversation:
        """A conversation that remembers what was said."""
        return Conversation(self)

    def _scores(self, text: str, before: list[str]) -> Array:
        """The cosine of each question with what was asked, raised by that with the turns before and it in one text.

        A question that says all by itself is not drawn back to what was talked of before, because the turns can only
        raise a score; one that does not, such as "and on Sundays?", gets what it lacks from them.
        """
        texts = [text, " ".join([*before, text])] if before else [text]
        cosines = unit_vectors(self.model, texts, Role.QUERY) @ self._questions.T
        mixed: Array = (1 - self.weight) * cosines[0] + self.weight * cosines[-1]
        scores: Array = np.maximum(cosines[0], mixed)
        return scores


class Conversation:
    """Remembers what was said to a `ResponseSelector`.

    Attributes:
        history: what was asked so far.
    """

    def __init__(self, selector: ResponseSelector) -> None:
        self.selector = selector
        self.history: list[str] = []

    def say(self, text: str) -> Reply:
        """The answer to the next thing that is said."""
        found = self.selector.reply(text, self.history)
        self.history.append(text)
        return found


class IntentDetector:
    """Tells what a text wants, by a few examples of each intent.

    Args:
        examples: texts for each intent.
        model: a model, or what `onevec.load` takes; None is the embedded default.
        threshold: the lowest score of an intent.

    Example:
        >>> wants = IntentDetector({"weather": ["Will it rain?", "how warm is it"], "music": ["play a song", "放首歌"]})
        >>> wants.detect("今天会下雨吗").name
        'weather'
    """

    def __init__(
        self,
        examples: Mapping[str, Sequence[str]],
        model: Embeddings | str | None = None,
        *,
        threshold: float = 0.35,
    ) -> None:
        if not examples or not all(examples.values()):
            message = "there must be at least one intent, and an example of each"
            raise ConfigurationError(message)
        self.model, self.threshold = model_of(model), threshold
        texts = [text for some in examples.values() for text in some]
        vectors = unit_vectors(self.model, texts, Role.CLASSIFICATION)
        ends = np.cumsum([len(some) for some in examples.values()])[:-1]
        self._examples = dict(zip(examples, np.split(vectors, ends), strict=True))

    def detect(self, text: str) -> Intent:
        """The intent of a text; its name is None if none is near enough."""
        found = self.ranking(text)[0]
        return found if found.score >= self.threshold else Intent(None, found.score)

    def ranking(self, text: str) -> list[Intent]:
        """All intents, the best first."""
        vector = unit_vectors(self.model, [text], Role.CLASSIFICATION)[0]
        scores = {name: np.sort(rows @ vector)[-NEAREST:].mean() for name, rows in self._examples.items()}
        return [Intent(name, float(score)) for name, score in sorted(scores.items(), key=lambda item: -item[1])]
