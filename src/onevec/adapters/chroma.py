"""Chroma: a model as the embedding function of a collection.

    from onevec.adapters.chroma import EmbeddingFunction

    collection = client.create_collection("notes", embedding_function=EmbeddingFunction("openai"))

Queries are embedded as queries. The collection keeps the model's name and space, so it opens again by itself, and
another model of the same name is refused.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ..embeddings import Role
from ..load import model_of
from ..optional import need
from ..space import SpaceId

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EmbeddingFunction"]  # noqa: F822  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "EmbeddingFunction":
        return _kind()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


@cache
def _kind() -> Any:
    base: Any = need("chromadb", extra="chroma").EmbeddingFunction
    register = need("chromadb.utils.embedding_functions", extra="chroma").register_embedding_function

    class EmbeddingFunction(base):  # type: ignore[misc]  # from a package that may be missing
        """Embeds the texts of a collection; `model` is a model, or the name that `load` takes."""

        def __init__(self, model: Any = "default") -> None:
            self._name = model if isinstance(model, str) else None
            self._model = model_of(model)

        def __call__(self, input: list[str]) -> list[NDArray[Any]]:  # noqa: A002  # Chroma looks at this name
            return list(self._model.embed(input, Role.DOCUMENT).vectors)

        def embed_query(self, input: list[str]) -> list[NDArray[Any]]:  # noqa: A002  # the same
            return list(self._model.embed(input, Role.QUERY).vectors)

        @staticmethod
        def name() -> str:
            return "onevec"

        def default_space(self) -> str:
            return "cosine"

        def get_config(self) -> dict[str, Any]:
            return {"model": self._name, "space": self._model.space.to_json()}

        @staticmethod
        def build_from_config(config: dict[str, Any]) -> EmbeddingFunction:
            made = EmbeddingFunction(config["model"] or "default")
            SpaceId.from_json(config["space"]).check(made._model.space)
            return made

    EmbeddingFunction.__qualname__ = "EmbeddingFunction"
    register(EmbeddingFunction)
    return EmbeddingFunction
