"""The files that gensim's `save` writes (.kv, .model): read without gensim and without running what they say."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from ..errors import ConfigurationError
from ..optional import need
from .files import opened
from .rows import FloatRows
from .stored import stored_of
from .subwords import Subwords

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .stored import Stored

__all__ = ["read_gensim", "write_gensim"]


class _Object:
    """Stands for any object of gensim: its attributes without its code."""

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        return super().__new__(cls)

    def __init__(self, *_args: object, **_kwargs: object) -> None: ...

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            vars(self).update(cast("dict[str, Any]", state))


def _object(*_args: object) -> _Object:
    return _Object()


class _Reader(pickle.Unpickler):
    """Knows arrays and plain values; everything of gensim becomes an `_Object`, all else is refused."""

    known: ClassVar[dict[tuple[str, str], str]] = {
        ("numpy", "ndarray"): "numpy",
        ("numpy", "dtype"): "numpy",
        ("numpy.core.multiarray", "_reconstruct"): "numpy._core.multiarray",
        ("numpy._core.multiarray", "_reconstruct"): "numpy._core.multiarray",
        ("numpy.core.multiarray", "scalar"): "numpy._core.multiarray",
        ("numpy._core.multiarray", "scalar"): "numpy._core.multiarray",
        ("numpy._core.numeric", "_frombuffer"): "numpy._core.numeric",
        ("numpy.core.numeric", "_frombuffer"): "numpy._core.numeric",
        ("_codecs", "encode"): "_codecs",
        ("collections", "OrderedDict"): "collections",
        ("collections", "defaultdict"): "collections",
        ("builtins", "int"): "builtins",
        ("builtins", "long"): "builtins",
        ("builtins", "object"): "builtins",
    }

    def find_class(self, module: str, name: str) -> Any:
        """The class or function of this name, if it can do no harm."""
        if module.startswith(("gensim.", "numpy.random")) or name == "hash":
            return _Object
        if name == "_reconstructor":
            return _object
        module = {"__builtin__": "builtins"}.get(module, module)
        home, name = self.known.get((module, name)), {"long": "int"}.get(name, name)
        if home is None:
            message = f"it asks for {module}.{name}"
            raise pickle.UnpicklingError(message)
        return getattr(need(home, extra="words"), name)


def read_gensim(path: Path) -> Stored:
    """Read KeyedVectors, FastTextKeyedVectors, or the vectors of a Word2Vec or FastText model.

    Large arrays that gensim put into files beside it are mapped.

    Raises:
        ConfigurationError: the file holds something else.
    """
    with opened(path) as file:
        content = file.read()
    model = _Reader(io.BytesIO(content), encoding="latin1").load()
    known, name = _attributes(model), path
    if keyed := _attributes(known.get("wv")):
        known, name = keyed, path.with_name(f"{path.name}.wv")
    for attribute in cast("list[str]", known.get("__numpys", [])):
        known[attribute] = _beside(name, attribute, packed=path.suffix == ".gz")
    return _stored(known, path)


def _beside(name: Path, attribute: str, *, packed: bool) -> NDArray[Any]:
    """An array in a file of its own, compressed like the one that it belongs to."""
    if not packed:
        return cast("NDArray[Any]", np.load(f"{name}.{attribute}.npy", mmap_mode="r", allow_pickle=False))
    with np.load(f"{name}.{attribute}.npz", allow_pickle=False) as file:
        return cast("NDArray[Any]", file["val"])


def _attributes(value: object) -> dict[str, Any]:
    return vars(value) if isinstance(value, _Object) else {}


def _stored(known: dict[str, Any], path: Path) -> Stored:
    words, vectors = known.get("index_to_key", known.get("index2word")), known.get("vectors", known.get("syn0"))
    own = known.get("vectors_vocab")  # of sub-word models gensim keeps only these, and makes the rest of them
    vectors = own if vectors is None else vectors
    if not isinstance(words, list) or not isinstance(vectors, np.ndarray):
        found = ", ".join(sorted(known)[:8])
        message = (
            f"{path} has no index_to_key with vectors (it has {found}): load it with the gensim that wrote it and "
            "save it with wv.save_word2vec_format, or wv.save of gensim 4"
        )
        raise ConfigurationError(message)
    subwords = None
    if known.get("vectors_ngrams") is not None and known.get("bucket"):
        if not known.get("compatible_hash", False):
            message = f"{path} hashes n-grams as gensim before 3.8 did, unlike fastText: train it anew"
            raise ConfigurationError(message)
        subwords = Subwords(int(known["min_n"]), int(known["max_n"]), FloatRows.of(_buckets(known)))
    names = [str(word) for word in cast("list[object]", words)]
    whole = np.asarray(vectors, dtype=np.float32)
    if subwords is not None and vectors is own:
        whole = subwords.with_own(names, whole)
    return stored_of(names, whole, _counts(known, names), subwords)


def _buckets(known: dict[str, Any]) -> NDArray[Any]:
    """The vectors of all buckets; gensim 3 left out those that no word of its vocabulary uses."""
    kept: NDArray[Any] = known["vectors_ngrams"]
    places: dict[int, int] = known.get("hash2index") or {}
    if not places:
        return kept
    whole = np.zeros((int(known["bucket"]), kept.shape[1]), dtype=np.float32)
    whole[[*places.keys()]] = kept[[*places.values()]]
    return whole


def _counts(known: dict[str, Any], words: list[str]) -> NDArray[np.int64] | None:
    """How often each word was seen: an array in gensim 4, an object for each word before."""
    counts: Any = cast("dict[str, Any]", known.get("expandos", {})).get("count")
    if counts is None and known.get("vocab"):
        counts = [_attributes(known["vocab"][word])["count"] for word in words]
    return None if counts is None else np.asarray(counts, dtype=np.int64)


def write_gensim(path: Path, stored: Stored) -> None:
    """Write KeyedVectors, or FastTextKeyedVectors if there are sub-words, with gensim.

    Raises:
        MissingDependency: gensim is not installed.
    """
    words = list(stored.words)
    whole = stored.rows.matrix()
    if stored.subwords is None:
        keyed = need("gensim.models.keyedvectors", extra="words").KeyedVectors(stored.rows.width)
        keyed.add_vectors(words, whole)
    else:
        keyed = _with_subwords(words, whole, stored.subwords)
    if stored.counts is not None:
        for word, count in zip(words, stored.counts, strict=True):
            keyed.set_vecattr(word, "count", int(count))
    keyed.save(str(path))


def _with_subwords(words: list[str], whole: Any, subwords: Subwords) -> Any:
    least, most, rows = subwords
    kind = need("gensim.models.fasttext", extra="words").FastTextKeyedVectors
    keyed = kind(rows.width, least, most, len(rows))
    keyed.add_vectors(words, whole)
    keyed.vectors_ngrams = rows.matrix()
    keyed.vectors_vocab = subwords.own_of(words, whole)
    keyed.recalc_char_ngram_buckets()
    return keyed
