"""Random vectors, for tests and dry runs without a model."""

from __future__ import annotations

import hashlib
from typing import ClassVar

import numpy as np

from ..embeddings import Embeddings, Role, check_texts
from ..errors import ConfigurationError
from ..params import Parameters, param
from ..space import Recipe, SpaceId

__all__ = ["DeterministicFakeEmbedding", "FakeEmbeddings"]

SEEDS = 10**8


class FakeEmbeddings(Parameters, Embeddings):
    """Embed every text as other standard normal numbers at every call.

    Example:
        >>> len(FakeEmbeddings(size=4).embed_query("hello"))
        4
    """

    size: int = param()
    """Width of the vectors."""

    model_parameter: ClassVar[str] = "size"
    status: ClassVar[str] = "library"
    docs: ClassVar[str] = "https://reference.langchain.com/python/langchain_core/embeddings/"

    def __post_init__(self) -> None:
        if self.size < 0:
            message = f"{type(self).__name__}: size must not be negative, it is {self.size}"
            raise ConfigurationError(message)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed documents; the numbers are float64."""
        return [self._numbers(text) for text in check_texts(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Embed one query; the numbers are float64."""
        return self.embed_documents([text])[0]

    def _numbers(self, text: str) -> list[float]:  # noqa: ARG002  # every call draws anew
        return self._draw(np.random.default_rng())

    def _draw(self, source: np.random.Generator) -> list[float]:
        numbers: list[float] = source.normal(size=self.size).tolist()
        return numbers


class DeterministicFakeEmbedding(FakeEmbeddings):
    """Embed a text always as the same standard normal numbers, those of langchain_core's class of this name.

    Example:
        >>> [round(x, 4) for x in DeterministicFakeEmbedding(size=2).embed_query("Hi there!")]
        [0.1555, -2.1329]
    """

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in."""
        return SpaceId(origin="fake", model="deterministic", dimensions=self.size, normalised=False)

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """All roles share one."""
        Role(role)
        return Recipe(space=self.space)

    def _numbers(self, text: str) -> list[float]:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()) % SEEDS
        return self._draw(np.random.default_rng(seed))
