"""The interface that every model class offers, and what it returns."""

from __future__ import annotations

import sys
from abc import ABC
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Self, TypeVar

import numpy as np

from .errors import BadResponse, ConfigurationError
from .space import SpaceId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .space import Recipe

__all__ = ["Embedded", "Embeddings", "Note", "Role", "Usage", "check_texts"]


class Role(StrEnum):
    """What a text is embedded for; many models make different vectors for a document and for a query."""

    DOCUMENT = "document"
    QUERY = "query"
    SIMILARITY = "similarity"
    CLASSIFICATION = "classification"
    CLUSTERING = "clustering"

    @classmethod
    def _missing_(cls, value: object) -> Role:
        message = f"role must be one of {', '.join(cls)}, not {value!r}"
        raise ConfigurationError(message)


class Usage(NamedTuple):
    """What a call took.

    Attributes:
        tokens: tokens that the provider counted; None if it told none.
        requests: requests that were sent, tries included.
        cost: US dollars by the catalogue's price; None if the price or the tokens are not known.
    """

    tokens: int | None = None
    requests: int = 0
    cost: float | None = None

    def plus(self, other: Usage) -> Usage:
        """The sum; an unknown part stays unknown only if both are unknown."""
        return Usage(
            _sum(self.tokens, other.tokens),
            self.requests + other.requests,
            _sum(self.cost, other.cost),
        )


Number = TypeVar("Number", int, float)
P = ParamSpec("P")
R = TypeVar("R")


def _sum(left: Number | None, right: Number | None) -> Number | None:
    return right if left is None else left if right is None else left + right


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened to one text and that its vector does not show.

    Attributes:
        index: position in the list of texts.
        kind: "truncated", "split", "long" (perhaps beyond the model's limit, but sent whole), "unknown" (some of its
            words have no vector) or "role" (the model lacks the role: embedded as a document); with " estimated" behind
            it if the tokens were estimated rather than counted with the model's tokenizer.
        tokens_kept: tokens that the vector was made from.
        tokens_total: tokens of the text.
    """

    index: int
    kind: str
    tokens_kept: int | None = None
    tokens_total: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The vectors of a call, and what is known about them.

    Attributes:
        vectors: float32 array `(texts, dimension)`, C-contiguous.
        usage: tokens, requests and cost.
        space: the space that the vectors live in.
        cached: bool array `(texts,)`, True where the vector came from a cache.
        notes: what happened to single texts, by index.
    """

    vectors: NDArray[np.float32]
    usage: Usage
    space: SpaceId
    cached: NDArray[np.bool_]
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.vectors)

    @classmethod
    def of(
        cls,
        vectors: NDArray[np.floating[Any]],
        space: SpaceId,
        usage: Usage | None = None,
        notes: tuple[Note, ...] = (),
    ) -> Embedded:
        """Vectors that were computed just now, so none of them is cached."""
        whole = np.ascontiguousarray(vectors, dtype=np.float32)
        return cls(whole, usage or Usage(), space, np.zeros(len(whole), dtype=np.bool_), notes)


def check_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list, each checked to be a str that can be written as UTF-8.

    Raises:
        TypeError: `texts` is one str, or an item is not a str; the message names its index.
        ValueError: a text holds a lone surrogate, which no encoding can carry; the message names its index.
    """
    if isinstance(texts, str | bytes):
        message = f"texts must be a sequence of str, not one {type(texts).__name__}: pass [text], or use embed_query"
        raise TypeError(message)
    whole = list(texts)
    given: list[object] = list(whole)  # what a caller passed, whatever its annotation says
    for index, text in enumerate(given):
        if not isinstance(text, str):
            message = f"texts[{index}] must be a str, not {type(text).__name__}"
            raise TypeError(message)
    try:
        "".join(whole).encode()
    except UnicodeEncodeError:
        raise _lone_surrogate(whole) from None
    return whole


def _lone_surrogate(texts: list[str]) -> ValueError:
    for index, text in enumerate(texts):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return ValueError(
                f"texts[{index}] holds the lone surrogate U+{ord(text[error.start]):04X} at character {error.start}, "
                "which is no character: read the text with the right encoding, or replace it "
                "with text.encode('utf-8', 'replace').decode()"
            )
    return ValueError("two texts join to a lone surrogate")  # can't happen: joining adds no surrogate


class Embeddings(ABC):  # noqa: B024  # __new__ checks: there are two ways to be whole
    """Turns texts into vectors.

    A subclass implements either `embed`, or `embed_documents` and `embed_query`; everything else is derived. It is
    LangChain's interface of the same name, and an instance passes `isinstance` with that once langchain_core is
    imported.

    Example:
        >>> class Length(Embeddings):
        ...     def embed_documents(self, texts):
        ...         return [[float(len(text))] for text in texts]
        ...     def embed_query(self, text):
        ...         return [float(len(text))]
        >>> Length().embed(["a", "bbb"]).vectors.tolist()
        [[1.0], [3.0]]
    """

    _own_space: SpaceId | None = None

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Refuse a class that implements neither form."""
        if cls.embed is Embeddings.embed:
            lacking = [
                name for name in ("embed_documents", "embed_query") if getattr(cls, name) is getattr(Embeddings, name)
            ]
            if lacking:
                message = f"can't make a {cls.__name__}: it must implement embed, or {' and '.join(lacking)}"
                raise TypeError(message)
        register_with_langchain()
        return super().__new__(cls)

    if not TYPE_CHECKING:  # for whom the class is the class

        @property
        def __class__(self) -> type:  # isinstance asks for it before it looks at what is registered
            register_with_langchain()
            return type(self)

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in; of a class that does not say, every instance has a space of its own."""
        if self._own_space is None:
            import uuid

            kind = type(self)
            own = SpaceId(origin="object", model=f"{kind.__module__}.{kind.__qualname__}", revision=uuid.uuid4().hex)
            first: SpaceId = vars(self).setdefault("_own_space", own)  # another thread may have been faster
            return first
        return self._own_space

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role; a cache finds a vector again by it.

        Raises:
            ConfigurationError: the class does not say, so nothing tells when its vectors may be used again.
        """
        message = (
            f"{type(self).__name__} has no recipe({str(role)!r}), so a cache can't know when a vector may be used again"
        )
        raise ConfigurationError(message)

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role.

        Args:
            texts: the texts; one str is refused.
            role: what they are embedded for.

        Returns:
            The vectors in the order of the texts; `(0, dimension or 0)` for no texts.

        Raises:
            TypeError: `texts` is one str, or holds something else than str.
            EmbeddingError: see `onevec.errors`.
        """
        register_with_langchain()
        whole = check_texts(texts)
        query = Role(role) is Role.QUERY
        rows = [self.embed_query(text) for text in whole] if query else self.embed_documents(whole)
        return Embedded.of(self._checked(rows, len(whole)), self.space)

    async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """`embed`, without blocking the event loop."""
        return await in_thread(self.embed, texts, role)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed documents; one list of floats for each text, in order."""
        rows: list[list[float]] = self.embed(texts, Role.DOCUMENT).vectors.tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """Embed one query."""
        row: list[float] = self.embed([text], Role.QUERY).vectors[0].tolist()
        return row

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """`embed_documents`, without blocking the event loop."""
        if type(self).embed_documents is not Embeddings.embed_documents:
            return await in_thread(self.embed_documents, texts)
        rows: list[list[float]] = (await self.aembed(texts, Role.DOCUMENT)).vectors.tolist()
        return rows

    async def aembed_query(self, text: str) -> list[float]:
        """`embed_query`, without blocking the event loop."""
        if type(self).embed_query is not Embeddings.embed_query:
            return await in_thread(self.embed_query, text)
        row: list[float] = (await self.aembed([text], Role.QUERY)).vectors[0].tolist()
        return row

    def _array(self, rows: list[list[float]]) -> NDArray[np.float32]:
        """Lists of floats as one array."""
        if not rows:
            return np.zeros((0, self.space.dimensions or 0), dtype=np.float32)
        return np.array(rows, dtype=np.float32)

    def _checked(self, rows: list[list[float]], count: int) -> NDArray[np.float32]:
        """Lists of floats as one array `(count, d)` of finite numbers."""
        try:
            whole = self._array(rows)
        except (TypeError, ValueError) as error:
            message = f"{type(self).__name__} gave something else than rows of numbers of one width: {error}"
            raise BadResponse(message) from None
        if whole.ndim != 2 or len(whole) != count or not np.isfinite(whole).all():
            finite = "" if np.isfinite(whole).all() else " with NaN or infinity"
            message = f"{type(self).__name__} gave an array {whole.shape}{finite} for {count} texts"
            raise BadResponse(message)
        return whole


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a blocking function in a worker thread that sees the caller's context variables."""
    import asyncio  # takes longer to import than the rest of this module, and many never need it

    return await asyncio.to_thread(function, *args, **kwargs)


def register_with_langchain() -> None:
    """Let `isinstance(x, langchain_core.embeddings.Embeddings)` hold once that module is imported; never import it."""
    module = sys.modules.get("langchain_core.embeddings.embeddings")
    theirs = getattr(module, "Embeddings", None)
    if theirs is not None and theirs not in _registered:
        theirs.register(Embeddings)
        _registered.append(theirs)


_registered: list[type] = []
