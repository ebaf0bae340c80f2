"""Train word2vec and fastText vectors with gensim."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..engines.threads import usable_cores
from ..errors import ConfigurationError, EmbeddingError
from ..optional import need
from .checks import check_whole
from .corpus import Corpus
from .rows import FloatRows
from .stored import stored_of
from .subwords import Subwords
from .vectors import WordVectors

if TYPE_CHECKING:
    from collections.abc import Generator

    from .corpus import Source

__all__ = ["train_fasttext", "train_word2vec"]

OURS = {
    "vector_size": "dimension",
    "sg": "algorithm",
    "min_n": "least",
    "max_n": "most",
    "bucket": "buckets",
    "sentences": "corpus",
    "corpus_file": "corpus",
}
"""Parameters of gensim that have another name here."""


def train_word2vec(
    corpus: Source | Corpus,
    *,
    dimension: int = 100,
    window: int = 5,
    min_count: int = 5,
    algorithm: Literal["skip-gram", "cbow"] = "skip-gram",
    epochs: int = 5,
    seed: int = 1,
    workers: int | None = None,
    **options: Any,
) -> WordVectors:
    """Train word2vec (Mikolov et al. 2013, https://arxiv.org/abs/1301.3781) with gensim.

    Args:
        corpus: a file, a folder, texts, or a `Corpus` for more choice.
        dimension: width of the vectors.
        window: words to each side that count as context.
        min_count: rarer words are left out.
        algorithm: "skip-gram" or "cbow".
        epochs: passes over the corpus.
        seed: for the same vectors again, which also needs `workers=1`.
        workers: threads; None is one for each core.
        options: more parameters of gensim's Word2Vec, such as `negative`, `sample` or `hs`.

    Raises:
        ConfigurationError: no word stands `min_count` times in the corpus, or a parameter is wrong.
        MissingDependency: gensim is not installed.
    """
    options = _whole(options, dimension, window, algorithm, epochs, seed=seed, workers=workers)
    return _vectors(_trained("Word2Vec", corpus, min_count, options), None)


def train_fasttext(
    corpus: Source | Corpus,
    *,
    dimension: int = 100,
    window: int = 5,
    min_count: int = 5,
    algorithm: Literal["skip-gram", "cbow"] = "skip-gram",
    epochs: int = 5,
    least: int = 3,
    most: int = 6,
    buckets: int = 2_000_000,
    seed: int = 1,
    workers: int | None = None,
    **options: Any,
) -> WordVectors:
    """Train fastText (see `subwords`) with gensim; any word gets a vector, an unknown one from its n-grams.

    Args:
        corpus: a file, a folder, texts, or a `Corpus` for more choice.
        dimension: width of the vectors.
        window: words to each side that count as context.
        min_count: rarer words are left out.
        algorithm: "skip-gram" or "cbow".
        epochs: passes over the corpus.
        least: characters of the shortest n-grams; for Chinese take 1 or 2.
        most: characters of the longest n-grams.
        buckets: vectors that all n-grams share; each takes `4 * dimension` bytes.
        seed: for the same vectors again, which also needs `workers=1`.
        workers: threads; None is one for each core.
        options: more parameters of gensim's FastText.

    Raises:
        ConfigurationError: no word stands `min_count` times in the corpus, or a parameter is wrong.
        MissingDependency: gensim is not installed.
    """
    check_whole(0, least=least, most=most, buckets=buckets)
    options = _whole(options, dimension, window, algorithm, epochs, seed=seed, workers=workers)
    options |= {"min_n": least, "max_n": most, "bucket": buckets}
    model = _trained("FastText", corpus, min_count, options)
    return _vectors(model, Subwords(least, most, FloatRows.of(model.wv.vectors_ngrams)))


def _whole(
    options: dict[str, Any], dimension: int, window: int, algorithm: str, epochs: int, *, seed: int, workers: int | None
) -> dict[str, Any]:
    """All that both models take, as gensim calls it."""
    for name in options.keys() & OURS.keys():
        message = f"{name} is gensim's name of {OURS[name]}: give {OURS[name]}= instead"
        raise ConfigurationError(message)
    if algorithm not in {"skip-gram", "cbow"}:
        message = f"algorithm must be 'skip-gram' or 'cbow', not {algorithm!r}"
        raise ConfigurationError(message)
    threads = usable_cores() if workers is None else workers
    check_whole(1, dimension=dimension, window=window, epochs=epochs, workers=threads)
    check_whole(0, seed=seed)
    skip = int(algorithm == "skip-gram")
    given = {"vector_size": dimension, "window": window, "sg": skip, "epochs": epochs, "seed": seed, "workers": threads}
    return {**options, **given}


def _trained(kind: str, source: Any, min_count: int, options: dict[str, Any]) -> Any:
    """The model after all passes; the words are counted by us, so that ties in frequency have an order."""
    check_whole(0, min_count=min_count)
    with _options_of(kind):
        model = getattr(need("gensim.models", extra="words"), kind)(min_count=min_count, **options)
    corpus = source if isinstance(source, Corpus) else Corpus(source)
    model.build_vocab_from_freq(corpus.vocabulary(min_count))
    texts = sum(1 for _ in corpus)
    with _options_of(kind):
        model.train(corpus, total_examples=texts, epochs=model.epochs)
    return model


@contextmanager
def _options_of(kind: str) -> Generator[None]:
    """Turn what gensim raises of its options into an error of ours."""
    try:
        yield
    except EmbeddingError:
        raise
    except (TypeError, ValueError, NotImplementedError) as error:
        message = f"gensim's {kind} does not take these options: {error}"
        raise ConfigurationError(message) from error


def _vectors(model: Any, subwords: Subwords | None) -> WordVectors:
    keyed = model.wv
    counts = np.array([keyed.get_vecattr(word, "count") for word in keyed.index_to_key], dtype=np.int64)
    return WordVectors.of(stored_of(keyed.index_to_key, keyed.vectors, counts, subwords))
