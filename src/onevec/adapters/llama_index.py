"""LlamaIndex: a model as its embedding model.

from llama_index.core import Settings
from onevec.adapters.llama_index import OnevecEmbedding

Settings.embed_model = OnevecEmbedding("openai:text-embedding-3-small")
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ..load import model_of
from ..optional import need

__all__ = ["OnevecEmbedding"]  # noqa: F822  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "OnevecEmbedding":
        return _kind()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


class _Embedding:
    """What LlamaIndex asks its embedding models."""

    _model: Any

    @classmethod
    def class_name(cls) -> str:
        return "OnevecEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._model.embed_query(query)  # type: ignore[no-any-return]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._model.embed_documents([text])[0]  # type: ignore[no-any-return]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._model.embed_documents(texts)  # type: ignore[no-any-return]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await self._model.aembed_query(query)  # type: ignore[no-any-return]

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return (await self._model.aembed_documents([text]))[0]  # type: ignore[no-any-return]

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await self._model.aembed_documents(texts)  # type: ignore[no-any-return]


@cache
def _kind() -> Any:
    base: Any = need("llama_index.core.embeddings", extra="llama-index").BaseEmbedding
    private = need("pydantic", extra="llama-index").PrivateAttr

    class OnevecEmbedding(_Embedding, base):  # type: ignore[misc]  # from a package that may be missing
        """Embeds with `model`: a model, the name that `load` takes, or None for the default."""

        _model: Any = private()

        def __init__(self, model: Any = None, **options: Any) -> None:
            made = model_of(model)
            base.__init__(self, **{"model_name": str(made.space), "embed_batch_size": 1000, **options})
            self._model = made

    OnevecEmbedding.__qualname__ = "OnevecEmbedding"
    return OnevecEmbedding
