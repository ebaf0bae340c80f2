"""Vectors of words and chunks of one text or several, from whatever gives those of their tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..embeddings import check_texts, in_thread
from ..errors import ConfigurationError
from .spans import Words, chunked, pooled
from .wanted import check_pooling, chunk_spans, word_span, word_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..arrays import Array
    from .segments import Span
    from .spans import Chunks, TokenVectors

    Segmenter = str | Callable[[str], Iterable[Span]]
    Texts = list[str] | tuple[str, ...]

__all__ = ["Parts"]

T = TypeVar("T")


class Parts(ABC):
    """`word`, `words` and `chunks` of a class that has `tokens` and `tokens_behind_prompt`.

    A list of texts is computed together and gives a list. Arguments are checked before anything is computed.
    """

    @abstractmethod
    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """A vector for every token of each text."""

    @abstractmethod
    def tokens_behind_prompt(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The same, read behind the prompt of documents, which has no tokens in it."""

    @overload
    def word(self, text: str, span: Span | str, *, occurrence: int = 1, pooling: str = "mean") -> Array: ...
    @overload
    def word(
        self, text: Texts, span: str | Sequence[Span | str], *, occurrence: int = 1, pooling: str = "mean"
    ) -> list[Array]: ...
    def word(self, text: str | Texts, span: Any, *, occurrence: int = 1, pooling: str = "mean") -> Any:
        """The vector of a part of a text, float32 `(dimension,)`; see `TokenVectors.word`.

        Args:
            text: the text, or several, which give a list.
            span: the part, or its place; of several texts, a part that all of them have, or one for each.
            occurrence: as in `TokenVectors.word`.
            pooling: as in `TokenVectors.word`.
        """
        check_pooling(pooling)
        texts, several = _texts(text)
        spans: list[Any] = [span] * len(texts) if isinstance(span, str) or not several else list(span)
        if len(spans) != len(texts):
            message = f"span must be one str, or one for each of the {len(texts)} texts, not {len(spans)}"
            raise ConfigurationError(message)
        wanted = _each(several, partial(word_span, occurrence=occurrence), texts, spans)
        made = _each(several, partial(pooled, pooling=pooling), self.tokens(texts), wanted)
        rows = [each.vectors[0] for each in made]
        return rows if several else rows[0]

    @overload
    def words(self, text: str, segmenter: Segmenter = "characters", *, pooling: str = "mean") -> Words: ...
    @overload
    def words(self, text: Texts, segmenter: Segmenter = "characters", *, pooling: str = "mean") -> list[Words]: ...
    def words(self, text: str | Texts, segmenter: Segmenter = "characters", *, pooling: str = "mean") -> Any:
        """The vectors of all words of a text, or of several, which give a list; see `TokenVectors.words`."""
        check_pooling(pooling)
        texts, several = _texts(text)
        wanted = _each(several, partial(word_spans, segmenter=segmenter), texts)
        found = _each(several, partial(pooled, pooling=pooling), self.tokens(texts), wanted)
        made = [Words(each.vectors, each.spans, each.texts) for each in found]
        return made if several else made[0]

    @overload
    def chunks(
        self, text: str, spans: Iterable[Span] | None = None, *, size: int | None = None, overlap: int = 0
    ) -> Chunks: ...
    @overload
    def chunks(
        self, text: Texts, spans: Sequence[Iterable[Span]] | None = None, *, size: int | None = None, overlap: int = 0
    ) -> list[Chunks]: ...
    def chunks(self, text: str | Texts, spans: Any = None, *, size: int | None = None, overlap: int = 0) -> Any:
        """Embed a long text once, and pool its parts: late chunking (Günther et al. 2024, arXiv:2409.04701).

        The vector of a part then knows what the rest of the text says, as far as a window of the model reaches.

        Args:
            text: the text, or several, which give a list.
            spans: start and end of each part in code points, of several texts a list of them for each; None takes the
                sentences, unless there is a size.
            size: the most tokens of a part, cut between words; only a single character may have more.
            overlap: tokens that a part shares with the one before it.

        Raises:
            ConfigurationError: a span is none or holds no token, or the arguments contradict each other.
            InputTooLong: the text is beyond the limit, and `long_text` is "error".
        """
        texts, several = _texts(text)
        given: list[Any] = list(spans) if several and spans is not None else [spans] * len(texts)
        if len(given) != len(texts):
            message = f"spans must be a list of spans for each of the {len(texts)} texts, not {len(given)}"
            raise ConfigurationError(message)
        wanted = _each(several, partial(chunk_spans, size=size, overlap=overlap), texts, given)
        found = self.tokens_behind_prompt(texts)
        made = _each(several, partial(chunked, size=size, overlap=overlap), found, wanted)
        return made if several else made[0]

    @overload
    async def aword(self, text: str, span: Span | str, *, occurrence: int = 1, pooling: str = "mean") -> Array: ...
    @overload
    async def aword(
        self, text: Texts, span: str | Sequence[Span | str], *, occurrence: int = 1, pooling: str = "mean"
    ) -> list[Array]: ...
    async def aword(self, text: Any, span: Any, *, occurrence: int = 1, pooling: str = "mean") -> Any:
        """`word`, without blocking the event loop."""
        return await in_thread(self.word, text, span, occurrence=occurrence, pooling=pooling)

    @overload
    async def awords(self, text: str, segmenter: Segmenter = "characters", *, pooling: str = "mean") -> Words: ...
    @overload
    async def awords(
        self, text: Texts, segmenter: Segmenter = "characters", *, pooling: str = "mean"
    ) -> list[Words]: ...
    async def awords(self, text: Any, segmenter: Segmenter = "characters", *, pooling: str = "mean") -> Any:
        """`words`, without blocking the event loop."""
        return await in_thread(self.words, text, segmenter, pooling=pooling)

    @overload
    async def achunks(
        self, text: str, spans: Iterable[Span] | None = None, *, size: int | None = None, overlap: int = 0
    ) -> Chunks: ...
    @overload
    async def achunks(
        self, text: Texts, spans: Sequence[Iterable[Span]] | None = None, *, size: int | None = None, overlap: int = 0
    ) -> list[Chunks]: ...
    async def achunks(self, text: Any, spans: Any = None, *, size: int | None = None, overlap: int = 0) -> Any:
        """`chunks`, without blocking the event loop."""
        return await in_thread(self.chunks, text, spans, size=size, overlap=overlap)


def _texts(text: str | Sequence[str]) -> tuple[list[str], bool]:
    """The texts, and whether several were given."""
    return (check_texts([text]), False) if isinstance(text, str) else (check_texts(text), True)


def _each(several: bool, make: Callable[..., T], *columns: Sequence[Any]) -> list[T]:
    """What is made for each text of one value of every column; an error tells which text of several."""
    made: list[T] = []
    for index, row in enumerate(zip(*columns, strict=True)):
        try:
            made.append(make(*row))
        except ConfigurationError as error:
            message = f"texts[{index}]: {error}" if several else str(error)
            raise ConfigurationError(message) from error
    return made
