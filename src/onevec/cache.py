"""Keep the vectors of a model, and never compute one twice."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .cache_call import CacheCall
from .cache_stats import CacheStats
from .embeddings import Embedded, Embeddings, Role, Usage, check_texts
from .errors import ConfigurationError
from .foreign import as_embeddings
from .keys import LangChainKeys, NativeKeys, TextKeys, same_as_document
from .shelf import Shelf
from .stores.base import ByteStore
from .stores.encoder import EncoderBackedStore, as_store
from .stores.urls import store_from
from .tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .keys import Keys
    from .space import Recipe, SpaceId

__all__ = ["CacheBackedEmbeddings", "CacheStats", "cached"]

TRANSIENT = frozenset({"_lock", "_tally", "_saved_cost", "_counted"})
"""What no pickle carries."""
TEXTS_AT_FIRST, FEWEST_TEXTS, MOST_TEXTS = 1024, 64, 8192
"""Missing texts that are computed before the vectors are stored, if neither the user nor the model says more."""
SHORT, LONG = 0.5, 2.0
"""Seconds; a faster computation is followed by one of twice the texts, a slower one by half of them."""


def cached(
    embeddings: Any,
    store: ByteStore | str | Path | bool = True,
    *,
    namespace: str | None = None,
    query: bool = True,
    **store_options: Any,
) -> CacheBackedEmbeddings:
    """A model that keeps its vectors.

    Args:
        embeddings: the model; one of LangChain needs a `namespace`.
        store: a store, a path, a URL as `store_from` takes it, or True for the user's cache folder.
        namespace: None for keys that tell models, roles and options apart; a str for LangChain's keys and values.
        query: whether queries are kept too.
        store_options: parameters of the store that is made from a path or URL, such as `max_bytes`.

    Raises:
        ConfigurationError: the model has no recipe and there is no namespace, or an option is wrong.

    Example:
        >>> from onevec import load
        >>> model = cached(load("fake:3"), "memory:")
        >>> model.embed(["猫", "狗"]).cached.tolist(), model.embed(["猫", "鸟"]).cached.tolist()
        ([False, False], [True, False])
    """
    if store_options and not isinstance(store, bool | str | Path):
        message = f"{', '.join(store_options)}: give them to the store itself, it is there already"
        raise ConfigurationError(message)
    made = _store_of(store, **store_options)
    return CacheBackedEmbeddings.from_bytes_store(embeddings, made, namespace=namespace, query_embedding_cache=query)


class CacheBackedEmbeddings(Embeddings):
    """A model before which vectors are kept; LangChain's class of this name.

    What is missing is computed once, however many threads, tasks and processes ask for it, and stored batch by batch.
    A damaged value is dropped and computed again. A store that fails is passed over, with one warning.

    Make it with `from_bytes_store` or `cached`. The constructor takes stores of lists of floats with the texts as keys.

    Args:
        underlying_embeddings: the model, ours or any object with `embed_documents` and `embed_query`.
        document_embedding_store: where the vectors of documents are.
        batch_size: missing texts that are computed, and then stored, together; None is what suits the model.
        query_embedding_store: where the vectors of queries are; None computes them every time.

    Raises:
        ConfigurationError: the store keeps bytes, or documents and queries would mix in it.
    """

    def __init__(
        self,
        underlying_embeddings: Any,
        document_embedding_store: Any,
        *,
        batch_size: int | None = None,
        query_embedding_store: Any = None,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            message = f"batch_size must be a positive integer, not {batch_size}"
            raise ConfigurationError(message)
        self.underlying_embeddings = underlying_embeddings
        self.model = as_embeddings(underlying_embeddings)
        self.document_embedding_store = document_embedding_store
        self.query_embedding_store = query_embedding_store
        self.batch_size = batch_size
        self._documents = _shelf_of(document_embedding_store)
        self._queries = None if query_embedding_store is None else _shelf_of(query_embedding_store)
        self._refuse_mixing()
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._tally: Counter[str] = Counter()
        self._saved_cost: float | None = None
        self._counted = [0, 0]  # tokens of misses as the model counted them, and as they were estimated
        self._width: int | None = None
        self._chunk = TEXTS_AT_FIRST
        self._warned = False

    @classmethod
    def from_bytes_store(
        cls,
        underlying_embeddings: Any,
        document_embedding_cache: Any,
        *,
        namespace: str | None = None,
        batch_size: int | None = None,
        query_embedding_cache: Any = False,
        key_encoder: str | Callable[[str], str] = "sha1",
        value_format: str | None = None,
    ) -> Self:
        """Keep vectors in a byte store, ours or one of LangChain.

        Args:
            underlying_embeddings: the model, ours or any object with `embed_documents` and `embed_query`.
            document_embedding_cache: where the vectors of documents are kept.
            namespace: None for keys that tell models, roles and options apart. A str, also "", for the keys and values
                of LangChain's class, so that both can use one store.
            batch_size: missing texts that are computed, and then stored, together; None is what suits the model.
            query_embedding_cache: True keeps queries beside the documents, a store keeps them there, False nowhere.
            key_encoder: LangChain's hash of a text: "sha1", "blake2b", "sha256", "sha512", or a function that makes
                the whole key. It belongs to LangChain's keys.
            value_format: "float32", "float16", "int8", "bits", all also with "+zstd", or "json"; values of all formats
                are read. None is float32, and "json" with LangChain's keys.

        Raises:
            ConfigurationError: an argument is wrong, or the model has no recipe and there is no namespace.
        """
        model = as_embeddings(underlying_embeddings)
        keys = _keys(model, namespace, key_encoder)
        form = value_format or ("float32" if isinstance(keys, NativeKeys) else "json")
        documents = Shelf(_store_of(document_embedding_cache), keys, form)
        queries: Shelf | None = None
        if query_embedding_cache is True:
            queries = documents
        elif query_embedding_cache is not None and query_embedding_cache is not False:
            queries = Shelf(_store_of(query_embedding_cache), keys, form)
        return cls(underlying_embeddings, documents, batch_size=batch_size, query_embedding_store=queries)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.underlying_embeddings!r}, {self._documents.store!r})"

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in."""
        return self.model.space

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role."""
        return self.model.recipe(role)

    @property
    def stats(self) -> CacheStats:
        """What this cache did and saved so far."""
        with self._lock:
            return CacheStats(**self._tally, saved_cost=self._saved_cost)

    # Calls ------------------------------------------------------------------------------------------------------

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role; `cached` of the result tells which vectors were there."""
        whole, role, shelf = self._asked(texts, role)
        if shelf is None:
            return self.model.embed(whole, role)
        return CacheCall(self, shelf, whole, role).run() if whole else self._nothing()

    async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """`embed`, without blocking the event loop."""
        whole, role, shelf = self._asked(texts, role)
        if shelf is None:
            return await self.model.aembed(whole, role)
        return await CacheCall(self, shelf, whole, role).arun() if whole else self._nothing()

    def embed_query(self, text: str) -> list[float]:
        """Embed one query."""
        return self.model.embed_query(text) if self._queries is None else super().embed_query(text)

    async def aembed_query(self, text: str) -> list[float]:
        """`embed_query`, without blocking the event loop."""
        if self._queries is None:
            return await self.model.aembed_query(text)
        row: list[float] = (await self.aembed([text], Role.QUERY)).vectors[0].tolist()
        return row

    def _asked(self, texts: Sequence[str], role: Role | str) -> tuple[list[str], Role, Shelf | None]:
        role = Role(role)
        return check_texts(texts), role, self._queries if role is Role.QUERY else self._documents

    def _nothing(self) -> Embedded:
        return Embedded.of(np.zeros((0, self.width() or 0), dtype=np.float32), self.space, Usage(0, 0, 0.0))

    # For the call -----------------------------------------------------------------------------------------------

    def width(self) -> int | None:
        """Width of the vectors; None if neither the model nor an earlier call told it."""
        return self.space.dimensions or self._width

    def learn_width(self, width: int) -> None:
        """Remember the width that the model gave."""
        self._width = width

    def chunk(self) -> int:
        """Missing texts that are computed together: enough to keep the model busy, and little to lose."""
        if self.batch_size is not None:
            return self.batch_size
        side_by_side = getattr(self.model, "max_concurrency", None) or 1
        return max(self._chunk, (self._texts_a_request() or 0) * side_by_side)

    def learn_pace(self, texts: int, seconds: float) -> None:
        """Remember how long the model took, so that little is lost if the process is killed."""
        if seconds > LONG:
            self._chunk = max(self._chunk // 2, FEWEST_TEXTS)
        elif seconds < SHORT and texts >= self._chunk:
            self._chunk = min(self._chunk * 2, MOST_TEXTS)

    def _texts_a_request(self) -> int | None:
        limits = getattr(self.model, "limits_of_model", None)
        texts: int | None = getattr(self.model, "batch_size", None) if limits is None else limits().texts
        return texts

    def warn(self, error: Exception) -> None:
        """Tell, once, that the store failed."""
        if not self._warned:
            self._warned = True
            message = f"the cache can't be used, so vectors are computed: {type(error).__name__}: {error}"
            warnings.warn(message, UserWarning, stacklevel=3)

    def count(self, call: CacheCall) -> None:
        """Add a call to the statistics."""
        got, saved = call.split()
        tokens = estimate_tokens("".join(saved))
        cost_of: Callable[[int], float | None] = getattr(self.model, "cost_of", lambda _: None)
        size = self._texts_a_request() or call.count
        with self._lock:
            if call.usage is not None and call.usage.tokens is not None:
                self._counted[0] += call.usage.tokens
                self._counted[1] += estimate_tokens("".join(got))
            counted, estimated = self._counted
            tokens = round(tokens * counted / estimated) if estimated else tokens
            cost = cost_of(tokens)
            self._tally.update(call.tally)
            self._tally["hits"] += sum(call.rows.have) - len(got)
            self._tally["misses"] += len(got)
            self._tally["repeated"] += call.count - len(call.keys)
            self._tally["saved_requests"] += -(-call.count // size) - -(-len(got) // size)
            self._tally["saved_tokens"] += tokens
            self._saved_cost = cost if self._saved_cost is None else self._saved_cost + (cost or 0.0)

    # Making -----------------------------------------------------------------------------------------------------

    def _refuse_mixing(self) -> None:
        queries, documents = self._queries, self._documents
        by_text = queries is not None and queries.store is documents.store and isinstance(documents.keys, TextKeys)
        if by_text and not same_as_document(self.model, Role.QUERY):
            message = "query_embedding_store: queries and documents have other vectors, so give them two stores"
            raise ConfigurationError(message)
        if isinstance(self.model, CacheBackedEmbeddings) and self.model._documents.store is documents.store:
            message = f"this model is kept in {documents.store!r} already"
            raise ConfigurationError(message)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in TRANSIENT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._start()
        vars(self).update(state)


def _keys(model: Embeddings, namespace: str | None, key_encoder: str | Callable[[str], str]) -> Keys:
    if callable(key_encoder):
        if namespace:
            message = "key_encoder makes the whole key, so namespace must not be given: put it into key_encoder"
            raise ConfigurationError(message)
        return LangChainKeys("", key_encoder, model)
    if namespace is not None:
        return LangChainKeys(namespace, key_encoder, model)
    if key_encoder != "sha1":
        message = f"key_encoder={key_encoder!r} belongs to LangChain's keys: pass namespace too, namespace='' for none"
        raise ConfigurationError(message)
    try:
        model.recipe(Role.DOCUMENT)
    except ConfigurationError as error:
        message = f"{error}: pass namespace, such as namespace='my-model/', and another one for every model and option"
        raise ConfigurationError(message) from error
    return NativeKeys(model)


def _store_of(given: Any, **options: Any) -> ByteStore:
    if isinstance(given, bool | str | Path):
        return store_from(given, **options)
    return as_store(given)


def _shelf_of(given: Any) -> Shelf:
    """The vectors in a store of lists of floats, or in what `from_bytes_store` made of a byte store."""
    if isinstance(given, Shelf):
        return given
    if isinstance(given, ByteStore) and not isinstance(given, EncoderBackedStore):
        message = f"{given!r} keeps bytes: make the cache with CacheBackedEmbeddings.from_bytes_store"
        raise ConfigurationError(message)
    return Shelf(as_store(given), TextKeys(), None)
