"""The passages that answer a question best, and a prompt for a language model made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import ConfigurationError
from ..tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Context", "Passage", "Searchable", "context"]

TEMPLATE = """Answer the question from the numbered passages only, and name their numbers. If they do not tell, say so.

{passages}

Question: {question}
Answer:"""
PASSAGE = "[{number}] ({source})\n{text}"
SOURCES = ("source", "title", "path", "url")
"""Metadata that tell where a passage is from, the first that is there."""


class Found(Protocol):
    """What an index gives for each row, such as a `Hit`."""

    @property
    def text(self) -> str | None:
        """The passage."""
        ...

    @property
    def score(self) -> float:
        """How near it is."""
        ...


class Searchable(Protocol):
    """What can be asked: `VectorIndex`, `KeywordIndex`, `HybridIndex`, or a class of your own."""

    def search(self, query: str, n: int, /) -> Sequence[Any]:
        """The `n` best rows for a query, the best first; each with `text` and `score`, and maybe `id`, `metadata`."""
        ...


class Passage(NamedTuple):
    """A passage of the prompt.

    Attributes:
        number: as the prompt counts it, from 1.
        text: the passage.
        source: where it is from: metadata of this or a like name, else its id.
        score: what the index gave.
        tokens: what it takes in the prompt.
    """

    number: int
    text: str
    source: str
    score: float
    tokens: int


class Context(NamedTuple):
    """A question with what is known about it.

    Attributes:
        prompt: what a language model is given.
        passages: in the order of the prompt, the best first.
        tokens: of the whole prompt.
        left_out: how many of the passages that were found did not fit.
    """

    prompt: str
    passages: tuple[Passage, ...]
    tokens: int
    left_out: int


def context(
    question: str,
    index: Searchable,
    n: int = 5,
    max_tokens: int = 2000,
    *,
    template: str = TEMPLATE,
    count: Callable[[str], int] = estimate_tokens,
) -> Context:
    """Find the passages for a question and put them into a prompt, with their sources.

    Args:
        question: the question.
        index: what is searched.
        n: passages, at most.
        max_tokens: of the whole prompt, at most; passages that do not fit are left out, and equal ones are taken once.
        template: the prompt, with {passages} and {question}.
        count: counts the tokens of a text; without one it is an upper estimate.

    Raises:
        ConfigurationError: the template lacks a place, or the question alone is beyond `max_tokens`.

    Example:
        >>> class Notes:
        ...     def search(self, query, n, /):
        ...         return [Passage(0, "The ferry leaves at 9.", "ferry.txt", 0.8, 0)]
        >>> context("When does the ferry leave?", Notes()).passages[0].source
        'ferry.txt'
    """
    if "{passages}" not in template or "{question}" not in template:
        raise ConfigurationError("template must hold {passages} and {question}")
    frame = template.replace("{question}", question)
    used = count(frame)
    if used > max_tokens:
        message = f"the question with the template has {used} tokens, and max_tokens is {max_tokens}"
        raise ConfigurationError(message)
    found = _different(index.search(question, n))
    taken, blocks = _fitting(found, max_tokens - used, count)
    prompt = frame.replace("{passages}", "\n\n".join(blocks) or "(none)", 1)
    return Context(prompt, tuple(taken), count(prompt), len(found) - len(taken))


def _fitting(found: list[tuple[str, Any]], room: int, count: Callable[[str], int]) -> tuple[list[Passage], list[str]]:
    """The passages that fit, as they are and as the prompt has them."""
    taken: list[Passage] = []
    blocks: list[str] = []
    for text, hit in found:
        source = _source(hit)
        block = PASSAGE.format(number=len(taken) + 1, source=source, text=text)
        tokens = count(block + "\n\n")
        if tokens <= room:
            room -= tokens
            taken.append(Passage(len(taken) + 1, text, source, float(hit.score), tokens))
            blocks.append(block)
    return taken, blocks


def _different(hits: Sequence[Any]) -> list[tuple[str, Any]]:
    """Hits with a text, each text once."""
    seen: dict[str, Any] = {}
    for hit in hits:
        if hit.text:
            seen.setdefault(hit.text.strip(), hit)
    return list(seen.items())


def _source(hit: Any) -> str:
    metadata: dict[str, Any] = getattr(hit, "metadata", None) or {}
    named = next((metadata[name] for name in SOURCES if metadata.get(name)), None)
    return str(named or getattr(hit, "source", None) or getattr(hit, "id", None) or "unnamed")
