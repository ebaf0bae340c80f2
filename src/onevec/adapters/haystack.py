"""Haystack: components that embed documents and queries.

from onevec.adapters.haystack import DocumentEmbedder, TextEmbedder

pipeline.add_component("embedder", TextEmbedder("openai:text-embedding-3-small"))
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import GenericAlias
from typing import Any

from ..errors import ConfigurationError
from ..load import model_of
from ..optional import need

__all__ = ["DocumentEmbedder", "TextEmbedder"]  # noqa: F822  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return _kinds()[name]
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


class _Embedder:
    """What both have: `model` is a model, the name that `load` takes, or None for the default."""

    def __init__(self, model: Any = None) -> None:
        self._name = model
        self.model = model_of(model)

    def to_dict(self) -> dict[str, Any]:
        """The component as a pipeline is saved with it.

        Raises:
            ConfigurationError: the model was given as an object, which has no name to save.
        """
        if self._name is not None and not isinstance(self._name, str):
            raise ConfigurationError("a pipeline can be saved only if the model is given by its name")
        saved: dict[str, Any] = need("haystack", extra="haystack").default_to_dict(self, model=self._name)
        return saved


@cache
def _kinds() -> dict[str, Any]:
    haystack = need("haystack", extra="haystack")
    component: Any = haystack.component
    whole: Any = GenericAlias(list, haystack.Document)

    @component
    class TextEmbedder(_Embedder):
        """Embeds a query."""

        @component.output_types(embedding=list[float])  # type: ignore[untyped-decorator]
        def run(self, text: str) -> dict[str, Any]:
            return {"embedding": self.model.embed_query(text)}

        @component.output_types(embedding=list[float])  # type: ignore[untyped-decorator]
        async def run_async(self, text: str) -> dict[str, Any]:
            return {"embedding": await self.model.aembed_query(text)}

    def embedded(documents: list[Any], rows: list[list[float]]) -> dict[str, Any]:
        return {"documents": [replace(document, embedding=row) for document, row in zip(documents, rows, strict=True)]}

    @component
    class DocumentEmbedder(_Embedder):
        """Embeds documents; one without content counts as an empty text."""

        @component.output_types(documents=whole)  # type: ignore[untyped-decorator]
        def run(self, documents: list[Any]) -> dict[str, Any]:
            return embedded(documents, self.model.embed_documents([one.content or "" for one in documents]))

        @component.output_types(documents=whole)  # type: ignore[untyped-decorator]
        async def run_async(self, documents: list[Any]) -> dict[str, Any]:
            return embedded(documents, await self.model.aembed_documents([one.content or "" for one in documents]))

    for kind in (TextEmbedder, DocumentEmbedder):
        kind.__qualname__ = kind.__name__
    return {"TextEmbedder": TextEmbedder, "DocumentEmbedder": DocumentEmbedder}
