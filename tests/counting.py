"""A model for tests of the cache: it tells what it was asked, and who has a text can tell its vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from onevec.embeddings import Embedded, Embeddings, Role, Usage
from onevec.space import Recipe, SpaceId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Counting", "LangChainLike", "vector"]

WIDTH = 6


def vector(text: str, role: str = "document", width: int = WIDTH) -> NDArray[np.float32]:
    """The vector of a text; no two texts share one."""
    seed = crc32(f"{role}:{text}".encode())
    return np.random.default_rng(seed).standard_normal(width).astype(np.float32)


class Counting(Embeddings):
    """Counts what it computes; queries have other vectors than documents unless it is `symmetric`."""

    def __init__(
        self,
        *,
        symmetric: bool = False,
        width: int = WIDTH,
        name: str = "counting",
        before: Callable[[list[str]], None] | None = None,
    ) -> None:
        self.symmetric, self.width, self.name, self.before = symmetric, width, name, before
        self.calls: list[list[str]] = []

    @property
    def space(self) -> SpaceId:
        return SpaceId(origin="test", model=self.name)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        return Recipe(space=self.space, role=None if self.symmetric else str(Role(role)))

    @property
    def texts(self) -> list[str]:
        """All texts that were computed."""
        return [text for call in self.calls for text in call]

    def expected(self, texts: Sequence[str], role: str = "document") -> NDArray[np.float32]:
        role = "document" if self.symmetric else role
        return np.stack([vector(text, role, self.width) for text in texts])

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        self.calls.append(list(texts))
        if self.before is not None:
            self.before(list(texts))
        usage = Usage(tokens=len(texts), requests=1, cost=0.5 * len(texts))
        return Embedded.of(self.expected(texts, str(Role(role))), self.space, usage)

    def cost_of(self, tokens: int) -> float:
        return 0.5 * tokens


class LangChainLike:
    """No class of ours: only LangChain's two methods, with lists."""

    def __init__(self, vectors: dict[str, Any] | None = None) -> None:
        self.vectors = vectors or {}
        self.calls: list[Any] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.calls.append(["embed_documents", texts])
        return [self.vectors.get(text, vector(text).tolist()) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        self.calls.append(["embed_query", text])
        return vector(text, "query").tolist()  # type: ignore[no-any-return]
