"""LangChain's FAISS store, empty, to be filled text by text.

Every model of onevec is an `Embeddings` of LangChain, so it fits every vector store there. LangChain makes a FAISS
store only from texts; this makes an empty one, whose vectors have length 1, so that it ranks by cosine similarity.
"""

from __future__ import annotations

from typing import Any

from ..embeddings import register_with_langchain
from ..load import model_of
from ..optional import need

__all__ = ["faiss_store"]


def faiss_store(model: Any = None, *, dimensions: int | None = None) -> Any:
    """An empty `langchain_community.vectorstores.FAISS`; its scores are squared distances, 2 - 2 times the cosine.

    Args:
        model: a model, the name that `load` takes, or None for the default.
        dimensions: numbers a vector; None asks the model, by a short text if it does not say.

    Raises:
        MissingDependency: langchain-community or faiss is not installed.
    """
    store = need("langchain_community.vectorstores", extra="faiss").FAISS
    docstore = need("langchain_community.docstore.in_memory", extra="faiss").InMemoryDocstore
    faiss = need("faiss", extra="faiss")
    embeddings = model_of(model)
    width = dimensions or embeddings.space.dimensions or len(embeddings.embed_query("a"))
    register_with_langchain()  # the model may be older than LangChain's import
    return store(
        embedding_function=embeddings,
        index=faiss.IndexFlatL2(width),
        docstore=docstore(),
        index_to_docstore_id={},
        normalize_L2=True,
    )
