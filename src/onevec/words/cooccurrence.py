"""How often words stand near each other, counted from disk to disk in bounded memory.

The words are dealt out to groups in turn, so each group has as many frequent words as any other. What is counted is
written as one block for each pair of groups: training goes through blocks that share no group side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Block", "Blocks", "count"]

GROUP = 512
"""Words of a group, at most, if there are more than `LEAST_GROUPS` groups."""
LEAST_GROUPS = 8
BYTES_A_PAIR = 40
"""Memory that counting takes for each pair it holds, sums and copies included."""


class Block(NamedTuple):
    """The counts of two groups of words, as a sparse matrix by rows.

    Attributes:
        first: the group of the rows.
        second: the group of the columns.
        starts: where each row begins, int32 `(rows + 1,)`.
        columns: int32 `(pairs,)`.
        counts: float32 `(pairs,)`, each nearness 1 / distance.
    """

    first: int
    second: int
    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    counts: NDArray[np.float32]


class Blocks(NamedTuple):
    """All counts, on disk.

    Attributes:
        groups: groups of words.
        size: words of each group; some at the end stand for no word.
        order: the place of each word in the order of the groups, `(words,)`.
        places: where each block is: pairs before it and its pairs, `(groups, groups, 2)`.
        starts: the rows of all blocks, int32 `(groups, groups, size + 1)`, mapped.
        columns: the columns of all blocks, mapped.
        counts: their counts, mapped.
    """

    groups: int
    size: int
    order: NDArray[np.int64]
    places: NDArray[np.int64]
    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    counts: NDArray[np.float32]

    def block(self, first: int, second: int) -> Block:
        """The counts of two groups."""
        start, pairs = self.places[first, second].tolist()
        part = slice(start, start + pairs)
        return Block(first, second, self.starts[first, second], self.columns[part], self.counts[part])


def count(
    corpus: Iterable[list[str]], vocabulary: Mapping[str, int], window: int, folder: Path, memory_mb: int
) -> Blocks:
    """Count each pair of words within `window` of each other, both ways, as 1 / distance.

    Words that are not in the vocabulary are left out before distances are taken, as GloVe's own program does it.

    Args:
        corpus: texts as lists of words.
        vocabulary: the words; their order gives their numbers.
        window: how far apart two words may stand.
        folder: where the counts are written; twice the final size is needed.
        memory_mb: megabytes that counting may hold; what is more goes to disk meanwhile.
    """
    groups = max(LEAST_GROUPS, -(-len(vocabulary) // GROUP))
    size = -(-len(vocabulary) // groups)
    numbers = np.arange(len(vocabulary))
    order = numbers % groups * size + numbers // groups
    place = dict(zip(vocabulary, order.tolist(), strict=True))
    most = max(memory_mb * 1_000_000 // BYTES_A_PAIR, 10_000)
    runs = [*_runs(corpus, place, groups * size, window, most=most, folder=folder)]
    return _merged(runs, groups, size, order, folder)


def _runs(
    corpus: Iterable[list[str]], place: Mapping[str, int], words: int, window: int, *, most: int, folder: Path
) -> Iterator[Any]:
    """Sparse matrices of counts, each but the last written to disk because it grew too large."""
    sparse = need("scipy.sparse", extra="words")
    total = sparse.csr_matrix((words, words), dtype=np.float32)
    written = 0
    for ids, lines in _numbered(corpus, place, max(most // (4 * window), 1000)):
        rows, columns, weights = _pairs(ids, lines, window)
        part = sparse.coo_matrix((weights, (rows, columns)), shape=(words, words)).tocsr()
        total = total + part + part.T.tocsr()
        if total.nnz > most // 2:
            yield _spilled(total, folder / f"run{written}")
            written += 1
            total = sparse.csr_matrix((words, words), dtype=np.float32)
    yield total


def _spilled(matrix: Any, path: Path) -> Any:
    """The matrix with its arrays on disk."""
    matrix.sum_duplicates()
    mapped: list[NDArray[Any]] = []
    for name in ("data", "indices", "indptr"):
        file = path.with_suffix(f".{name}.npy")
        np.save(file, getattr(matrix, name))
        mapped.append(np.load(file, mmap_mode="r"))
    return need("scipy.sparse", extra="words").csr_matrix(tuple(mapped), shape=matrix.shape, copy=False)


def _numbered(
    corpus: Iterable[list[str]], place: Mapping[str, int], most: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """The numbers of the known words of some texts, and of each the number of its text."""
    ids: list[int] = []
    lines: list[int] = []
    for number, words in enumerate(corpus):
        known = [place[word] for word in words if word in place]
        ids += known
        lines += [number] * len(known)
        if len(ids) >= most:
            yield np.array(ids, np.int32), np.array(lines, np.int32)
            ids, lines = [], []
    yield np.array(ids, np.int32), np.array(lines, np.int32)


def _pairs(
    ids: NDArray[np.int32], lines: NDArray[np.int32], window: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Each pair of words with the first one before the second, and 1 / distance."""
    left: list[NDArray[np.int32]] = []
    right: list[NDArray[np.int32]] = []
    weights: list[NDArray[np.float32]] = []
    for distance in range(1, window + 1):
        together = lines[:-distance] == lines[distance:]
        left.append(ids[:-distance][together])
        right.append(ids[distance:][together])
        weights.append(np.full(len(left[-1]), 1 / distance, dtype=np.float32))
    return np.concatenate(left), np.concatenate(right), np.concatenate(weights)


def _merged(runs: list[Any], groups: int, size: int, order: NDArray[np.int64], folder: Path) -> Blocks:
    """Sum the runs one group of rows after the other, and write the blocks."""
    places = np.zeros((groups, groups, 2), dtype=np.int64)
    starts = np.lib.format.open_memmap(folder / "starts.npy", "w+", np.int32, (groups, groups, size + 1))
    written = 0
    with (folder / "columns").open("wb") as columns, (folder / "counts").open("wb") as counts:
        for first in range(groups):
            rows: Any = sum(run[first * size : (first + 1) * size] for run in runs)
            rows.sum_duplicates()
            for second, block in enumerate(_cut(rows, groups, size)):
                places[first, second] = written, block.nnz
                starts[first, second] = block.indptr
                columns.write(block.indices.astype(np.int32).tobytes())
                counts.write(block.data.astype(np.float32).tobytes())
                written += block.nnz
    if not written:  # an empty file can't be mapped
        return Blocks(groups, size, order, places, starts, np.zeros(0, np.int32), np.zeros(0, np.float32))
    return Blocks(
        groups,
        size,
        order,
        places,
        starts,
        np.memmap(folder / "columns", np.int32, "r"),
        np.memmap(folder / "counts", np.float32, "r"),
    )


def _cut(rows: Any, groups: int, size: int) -> Iterator[Any]:
    """The columns of each group."""
    by_column = rows.tocsc()
    for second in range(groups):
        yield by_column[:, second * size : (second + 1) * size].tocsr()
