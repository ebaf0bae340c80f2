"""Find the row of a word: in memory, or in a file without reading it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["DiskIndex", "ListIndex", "WordIndex", "packed_words"]

REMEMBERED = 1_000_000
"""Words whose row a `DiskIndex` keeps in memory, at most."""


class WordIndex(Sequence[str]):
    """All words in order, and the row of each."""

    @abstractmethod
    def find(self, word: str) -> int:
        """The row of a word, -1 if it is not there."""

    def find_all(self, words: Iterable[str]) -> NDArray[np.int64]:
        """The rows of many words."""
        return np.fromiter(map(self.find, words), dtype=np.int64)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.find(word) >= 0


class ListIndex(WordIndex):
    """The words of a list, each of which stands there once."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(words)
        self.rows = {word: row for row, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return self.words[place]

    def find(self, word: str) -> int:
        """The row of a word, -1 if it is not there."""
        return self.rows.get(word, -1)


class DiskIndex(WordIndex):
    """The words of a mapped file, found by a sorted table of their hashes.

    Args:
        arrays: "word_bytes", the UTF-8 of all words on end; "word_ends", uint64, where each ends; "hashes", uint64,
            sorted; "order", uint32, the row that each hash belongs to.
        remembered: words whose row is kept in memory, at most.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], remembered: int = REMEMBERED) -> None:
        self.text, self.ends = arrays["word_bytes"], arrays["word_ends"]
        self.hashes, self.order = arrays["hashes"], arrays["order"]
        self.remembered = remembered
        self.seen: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self._word(row) for row in range(*place.indices(len(self)))]
        return self._word(range(len(self))[place])

    def _word(self, row: int) -> str:
        try:
            return self._bytes(row).decode()
        except UnicodeDecodeError as error:
            message = f"the file of word vectors is damaged, word {row} is no UTF-8: {error}"
            raise ConfigurationError(message) from None

    def _bytes(self, row: int) -> bytes:
        start = int(self.ends[row - 1]) if row else 0
        return self.text[start : int(self.ends[row])].tobytes()

    def find(self, word: str) -> int:
        """The row of a word, -1 if it is not there."""
        row = self.seen.get(word)
        if row is None:
            if len(self.seen) >= self.remembered:
                self.seen = {}
            row = self.seen[word] = self._look_up(word)
        return row

    def _look_up(self, word: str) -> int:
        text = word.encode("utf-8", "surrogatepass")
        wanted = _hash(text)
        place = int(self.hashes.searchsorted(wanted))
        while place < len(self.hashes) and self.hashes[place] == wanted:
            row = int(self.order[place])
            if row < len(self) and self._bytes(row) == text:
                return row
            place += 1
        return -1


def packed_words(words: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The arrays that a `DiskIndex` reads."""
    texts = [word.encode() for word in words]
    ends = np.cumsum(np.fromiter(map(len, texts), np.uint64, len(texts)), dtype=np.uint64)
    hashes = np.fromiter(map(_hash, texts), np.uint64, len(texts))
    order = np.argsort(hashes, kind="stable")
    return {
        "word_bytes": np.frombuffer(b"".join(texts), np.uint8),
        "word_ends": ends,
        "hashes": hashes[order],
        "order": order.astype(np.uint32),
    }


def _hash(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(text, digest_size=8).digest(), "little"))
