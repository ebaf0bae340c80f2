"""Train GloVe (Pennington et al. 2014, https://doi.org/10.3115/v1/D14-1162).

Every word has a vector and a bias, and as context another vector and bias. Their product and biases are fitted to the
logarithm of how often two words stand near each other, weighted by f(x) = (x / x_max)^0.75 up to 1, with AdaGrad. The
word's vector in the end is the sum of its two.

The paper's program steps after every pair. Here the step is that of a whole block (see `cooccurrence`): its gradients
are two products of a sparse with a dense matrix. Blocks that share no word are computed side by side, so the result
does not depend on the number of threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engines.threads import one_blas_thread, usable_cores
from ..errors import ConfigurationError
from ..optional import need
from .checks import check_positive, check_whole
from .cooccurrence import count
from .corpus import Corpus
from .stored import stored_of
from .vectors import WordVectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..arrays import Array
    from .cooccurrence import Block, Blocks
    from .corpus import Source

__all__ = ["train_glove"]

ALPHA = 0.75
"""How fast the weight of a pair grows up to that of `x_max`."""
PIECE = 4096
"""Pairs whose vectors are gathered at once, so that they stay in the cache."""


class _Side(NamedTuple):
    """Vectors and biases of all words in one of their two parts, and the sums of their squared gradients."""

    vectors: Array
    biases: Array
    vector_sums: Array
    bias_sums: Array

    @classmethod
    def drawn(cls, words: int, width: int, draw: np.random.Generator) -> _Side:
        vectors = ((draw.random((words, width)) - 0.5) / width).astype(np.float32)
        biases = ((draw.random(words) - 0.5) / width).astype(np.float32)
        return cls(vectors, biases, np.ones((words, width), np.float32), np.ones(words, np.float32))

    def group(self, number: int, size: int) -> _Side:
        part = slice(number * size, (number + 1) * size)
        return _Side(*(array[part] for array in self))

    def step(self, vectors: Array, biases: Array, rate: float) -> None:
        """Go down these gradients by AdaGrad (Duchi et al. 2011)."""
        _adagrad(self.vectors, self.vector_sums, vectors, rate)
        _adagrad(self.biases, self.bias_sums, biases, rate)


def _adagrad(values: Array, sums: Array, gradient: Array, rate: float) -> None:
    sums += gradient * gradient
    values -= rate * gradient / np.sqrt(sums)


class _Fit(NamedTuple):
    """What training needs in every block."""

    words: _Side
    contexts: _Side
    size: int
    x_max: float
    rate: float
    draw: np.random.Generator
    sparse: Any

    @classmethod
    def drawn(cls, blocks: Blocks, width: int, draw: np.random.Generator, *, x_max: float, rate: float) -> _Fit:
        first, second = (_Side.drawn(blocks.groups * blocks.size, width, draw) for _ in range(2))
        return cls(first, second, blocks.size, x_max, rate, draw, need("scipy.sparse", extra="words"))

    def sums(self) -> Array:
        """The words' vectors: the sums of their two."""
        return self.words.vectors + self.contexts.vectors

    def block(self, block: Block) -> float:
        """Step down the gradient of a block; returns its loss before."""
        if not len(block.columns):
            return 0.0
        words, contexts = self.words.group(block.first, self.size), self.contexts.group(block.second, self.size)
        rows = np.repeat(np.arange(self.size, dtype=np.int32), np.diff(block.starts))
        errors = _products(words.vectors, contexts.vectors, rows, block.columns)
        errors += words.biases[rows] + contexts.biases[block.columns] - np.log(block.counts)
        slopes = np.minimum(block.counts / self.x_max, 1) ** np.float32(ALPHA) * errors
        loss = float(slopes @ errors) / 2
        matrix = self.sparse.csr_matrix((slopes, block.columns, block.starts), shape=(self.size, self.size), copy=False)
        down, across = matrix @ contexts.vectors, matrix.T @ words.vectors
        words.step(down, np.bincount(rows, slopes, self.size).astype(np.float32), self.rate)
        contexts.step(across, np.bincount(block.columns, slopes, self.size).astype(np.float32), self.rate)
        return loss


def _products(left: Array, right: Array, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> Array:
    found = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), PIECE):
        part = slice(start, start + PIECE)
        np.einsum("ij,ij->i", left.take(rows[part], 0), right.take(columns[part], 0), out=found[part])
    return found


def train_glove(
    corpus: Source | Corpus,
    *,
    dimension: int = 100,
    window: int = 10,
    min_count: int = 5,
    epochs: int = 25,
    x_max: float = 10.0,
    learning_rate: float = 0.1,
    seed: int = 1,
    workers: int | None = None,
    memory_mb: int = 1000,
    on_epoch: Callable[[int, float], None] | None = None,
) -> WordVectors:
    """Train GloVe vectors on all cores; the same seed gives the same vectors.

    Args:
        corpus: a file, a folder, texts, or a `Corpus` for more choice.
        dimension: width of the vectors, which take 16 bytes for each of their numbers while they are trained.
        window: words to each side that count as context, the nearer the more.
        min_count: rarer words are left out.
        epochs: passes over the counts.
        x_max: pairs that are counted more often weigh no more; the paper takes 100 for billions of words.
        learning_rate: the first step of AdaGrad; a step of a whole block may be longer than the 0.05 of one pair.
        seed: for the start, and the order of the blocks.
        workers: threads; None is one for each core.
        memory_mb: megabytes that counting may hold; what is more goes to disk (TMPDIR) meanwhile.
        on_epoch: told after every pass its number, from 1, and the mean loss of a pair in it.

    Raises:
        ConfigurationError: a parameter is wrong, no word stands `min_count` times, or no two words stand together.
        MissingDependency: scipy is not installed.
    """
    _check(dimension, window, epochs, workers, min_count, seed, memory_mb, x_max, learning_rate)
    texts, words = _texts(corpus, min_count)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        blocks = count(texts, words, window, Path(folder), memory_mb)
        fit = _Fit.drawn(blocks, dimension, np.random.default_rng(seed), x_max=x_max, rate=learning_rate)
        _train(fit, blocks, epochs, workers or usable_cores(), on_epoch)
    return WordVectors.of(stored_of([*words], fit.sums()[blocks.order], np.array([*words.values()], np.int64)))


def _check(  # noqa: PLR0917  # one line in a function that has no room for more
    dimension: int,
    window: int,
    epochs: int,
    workers: int | None,
    min_count: int,
    seed: int,
    memory_mb: int,
    x_max: float,
    learning_rate: float,
) -> None:
    check_whole(1, dimension=dimension, window=window, epochs=epochs, workers=1 if workers is None else workers)
    check_whole(0, min_count=min_count, seed=seed, memory_mb=memory_mb)
    check_positive(x_max=x_max, learning_rate=learning_rate)


def _texts(corpus: Source | Corpus, least: int) -> tuple[Corpus, dict[str, int]]:
    texts = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    return texts, texts.vocabulary(least)


def _train(fit: _Fit, blocks: Blocks, epochs: int, workers: int, on_epoch: Callable[[int, float], None] | None) -> None:
    pairs = int(blocks.places[..., 1].sum())
    if not pairs:
        message = "no two words of the corpus stand together: every line is a text of its own"
        raise ConfigurationError(message)
    with ThreadPoolExecutor(workers, "onevec") as pool, one_blas_thread():
        for epoch in range(1, epochs + 1):
            loss = _epoch(fit, blocks, pool) / pairs
            if on_epoch is not None:
                on_epoch(epoch, loss)


def _epoch(fit: _Fit, blocks: Blocks, pool: ThreadPoolExecutor) -> float:
    """One pass over all blocks; those computed side by side share neither rows nor columns."""
    loss = 0.0
    for shift in fit.draw.permutation(blocks.groups).tolist():
        apart = [blocks.block(first, (first + shift) % blocks.groups) for first in range(blocks.groups)]
        loss += sum(pool.map(fit.block, apart))
    return loss
