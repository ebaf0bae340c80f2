"""Our models as the embedder of other libraries, one module each; nothing of them is imported before it is used."""

from importlib import import_module
from types import ModuleType

_ADAPTERS = ("chroma", "haystack", "langchain_faiss", "llama_index", "pgvector", "qdrant", "sklearn")


def __getattr__(name: str) -> ModuleType:
    if name in _ADAPTERS:
        return import_module(f".{name}", __name__)
    message = f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_ADAPTERS)}"
    raise AttributeError(message)
