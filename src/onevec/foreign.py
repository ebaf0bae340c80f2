"""A model that is none of ours but has LangChain's two methods, as one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .embeddings import Embedded, Embeddings, Role, check_texts, in_thread
from .errors import BadResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ForeignEmbeddings", "as_embeddings"]


class ForeignEmbeddings(Embeddings):
    """Asks an object with `embed_documents` and `embed_query`, and with their async twins if it has them."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __repr__(self) -> str:
        return repr(self.model)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed documents."""
        rows: list[list[float]] = self.model.embed_documents(texts)
        return rows

    def embed_query(self, text: str) -> list[float]:
        """Embed one query."""
        row: list[float] = self.model.embed_query(text)
        return row

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """`embed_documents`, without blocking the event loop."""
        if not hasattr(self.model, "aembed_documents"):
            return await in_thread(self.embed_documents, texts)
        rows: list[list[float]] = await self.model.aembed_documents(texts)
        return rows

    async def aembed_query(self, text: str) -> list[float]:
        """`embed_query`, without blocking the event loop."""
        if not hasattr(self.model, "aembed_query"):
            return await in_thread(self.embed_query, text)
        row: list[float] = await self.model.aembed_query(text)
        return row

    async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """`embed`, without blocking the event loop."""
        whole = check_texts(texts)
        query = Role(role) is Role.QUERY
        rows = [await self.aembed_query(text) for text in whole] if query else await self.aembed_documents(whole)
        return Embedded.of(self._checked(rows, len(whole)), self.space)

    def _array(self, rows: list[list[float]]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # what is beyond float32 becomes infinity, and that is refused
            return super()._array(rows)

    def _checked(self, rows: list[list[float]], count: int) -> NDArray[np.float32]:
        try:
            return super()._checked(rows, count)
        except BadResponse as error:
            raise BadResponse(str(error).replace(type(self).__name__, type(self.model).__name__)) from None


def as_embeddings(model: Any) -> Embeddings:
    """The model itself if it is one of ours, or one of ours around it.

    Raises:
        TypeError: it lacks one of LangChain's two methods.
    """
    if isinstance(model, Embeddings):
        return model
    lacking = [name for name in ("embed_documents", "embed_query") if not callable(getattr(model, name, None))]
    if lacking:
        message = f"a model has the methods embed_documents and embed_query; {model!r} lacks {' and '.join(lacking)}"
        raise TypeError(message)
    return ForeignEmbeddings(model)
