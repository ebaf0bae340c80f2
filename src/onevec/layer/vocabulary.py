"""Texts as the integers that a layer takes, and back."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..embeddings import check_texts
from ..engines.segmenting import HAN, HAN_RUN, folded, jieba_cutter, words
from ..errors import ConfigurationError
from .arguments import of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Vocabulary"]

HAN_OR_KANA = re.compile(f"[{HAN}\u3040-\u30ff]+")
FORMAT = "onevec.layer.vocabulary 1"
NAMED = ("words", "whitespace", "jieba")


class Vocabulary:
    """The words that a layer knows, each with its id.

    Id 0 is padding, which `Embedding(mask_zero=True)` masks, and id 1 is for every word that is not known. The words
    follow, so `Embedding(len(vocabulary), ...)` has a row for each.

    Args:
        tokens: the words in the order of their ids, without the two special ones.
        tokenizer: how a text is cut: "words" (words of letters and digits, each Chinese character by itself),
            "whitespace", "jieba" (Chinese words; extra `words`), "regex:PATTERN" (every match of the pattern is a
            token), or a function from a text to its tokens, which `save` can't write.
        fold: whether upper and lower case, wide and narrow forms count as the same. A text is folded before it is cut,
            so a pattern or a function sees lower case only.
        padding: how padding is written.
        oov: how an unknown word is written by `decode`.

    Raises:
        ConfigurationError: a token comes twice, perhaps in another case, or is a special one, or there is no such
            tokenizer.
        TypeError: `tokens` is one str.
        MissingDependency: jieba is not installed.

    Example:
        >>> vocabulary = Vocabulary.build(["the cat sat", "the dog sat down"], min_count=2)
        >>> vocabulary.tokens
        ['[PAD]', '[UNK]', 'sat', 'the']
        >>> vocabulary.ids(["the cat", "The dog sat"]).tolist()
        [[3, 1, 0], [3, 1, 2]]
        >>> vocabulary.decode([3, 1, 2])
        'the [UNK] sat'
    """

    def __init__(
        self,
        tokens: Iterable[str],
        *,
        tokenizer: str | Callable[[str], Iterable[str]] = "words",
        fold: bool = True,
        padding: str = "[PAD]",
        oov: str = "[UNK]",
    ) -> None:
        self.tokenizer, self.fold = tokenizer, fold
        self.padding, self.oov = padding, oov
        self._cut = _cutter(tokenizer, fold)
        if padding == oov:
            message = f"Vocabulary: padding and oov are both {oov!r}: give them two names"
            raise ConfigurationError(message)
        self.tokens: list[str] = [padding, oov]
        self._number: dict[str, int] = {}  # of the words only, so that no text can spell the id of padding
        for token in _several(tokens):
            self._append(token)

    def _append(self, token: str) -> None:
        key = self._key(token)
        if key in self._number or token in {self.padding, self.oov}:
            message = f"Vocabulary: the token {token!r} comes twice{' (after folding)' * self.fold}: leave one out"
            raise ConfigurationError(message)
        self._number[key] = len(self.tokens)
        self.tokens.append(token)

    def _key(self, token: str) -> str:
        return folded(token) if self.fold else token

    @classmethod
    def build(
        cls,
        texts: Iterable[str],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        tokenizer: str | Callable[[str], Iterable[str]] = "words",
        fold: bool = True,
        padding: str = "[PAD]",
        oov: str = "[UNK]",
    ) -> Self:
        """Take the words of texts, the most frequent first, equal ones in alphabetical order.

        Args:
            texts: read once, so they may stream from a file.
            min_count: words that occur less often are left out.
            max_size: how many ids there will be at most, the two special ones included.
            tokenizer: see the class.
            fold: see the class.
            padding: see the class.
            oov: see the class.

        Raises:
            ConfigurationError: `min_count` is below 1, or `max_size` below 2.
            TypeError: `texts` is one str.
        """
        if min_count < 1 or (max_size is not None and max_size < 2):
            message = f"Vocabulary: min_count must be at least 1 and max_size 2, not {min_count} and {max_size}"
            raise ConfigurationError(message)
        if isinstance(texts, str):
            message = "texts must be several texts, not one str: pass [text]"
            raise TypeError(message)
        cut = cls([], tokenizer=tokenizer, fold=fold, padding=padding, oov=oov).cut
        counts = Counter(token for text in texts for token in cut(text) if token not in {padding, oov})
        ordered = sorted((-count, token) for token, count in counts.items() if count >= min_count)
        tokens = [token for _, token in ordered[: None if max_size is None else max_size - 2]]
        return cls(tokens, tokenizer=tokenizer, fold=fold, padding=padding, oov=oov)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        known = isinstance(token, str) and self._key(token) in self._number
        return known or token in {self.padding, self.oov}

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, tokenizer={self.tokenizer!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_cut"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _cut=_cutter(state["tokenizer"], state["fold"]))

    def add(self, tokens: Iterable[str]) -> None:
        """Append the words that are not known yet; all others keep their ids.

        `layer.grow(len(vocabulary))` then makes rows for them.

        Raises:
            TypeError: `tokens` is one str.
        """
        for token in _several(tokens):
            if token not in self:
                self._append(token)

    def cut(self, text: str) -> list[str]:
        """The tokens of a text, known or not."""
        return list(self._cut(folded(text) if self.fold else text))

    def encode(self, text: str) -> list[int]:
        """The ids of a text, 1 for every unknown word; without padding."""
        number = self._number
        return [number.get(token, 1) for token in self.cut(text)]

    def ids(self, texts: Sequence[str], length: int | None = None) -> NDArray[np.int64]:
        """The ids of several texts, int64 `(texts, length)`, with 0 behind the shorter ones.

        Args:
            texts: the texts; one str is refused.
            length: how many ids each text gets, longer texts are cut; None is the length of the longest one.

        Raises:
            ConfigurationError: `length` is below 0.
            TypeError: `texts` is one str, or holds something else than str.
        """
        if length is not None and length < 0:
            message = f"Vocabulary: length must be at least 0, not {length}"
            raise ConfigurationError(message)
        rows = [self.encode(text) for text in check_texts(texts)]
        width = max(map(len, rows), default=0) if length is None else length
        whole = np.zeros((len(rows), width), dtype=np.int64)
        for row, found in zip(whole, rows, strict=True):
            part = found[:width]
            row[: len(part)] = part
        return whole

    def decode(self, ids: ArrayLike) -> str:
        """The words of ids `(n,)`, without padding; a space between them, but not between Chinese ones.

        Nor is there one between Chinese characters and kana. With the tokenizer "whitespace" all are spaced.

        Raises:
            ConfigurationError: an id is not one of this vocabulary.
        """
        parts: list[str] = []
        numbers: list[int] = np.asarray(ids).reshape(-1).tolist()
        for place, number in enumerate(numbers):
            if not 0 <= number < len(self):
                message = f"Vocabulary: ids[{place}] is {number}, but there are {len(self)} tokens"
                raise ConfigurationError(message)
            if number:
                token = self.tokens[number]
                parts += [" ", token] if parts and self._apart(parts[-1], token) else [token]
        return "".join(parts)

    def _apart(self, left: str, right: str) -> bool:
        """Whether there is a space between two tokens."""
        run = HAN_OR_KANA.fullmatch(left) and HAN_OR_KANA.fullmatch(right)
        return self.tokenizer == "whitespace" or not run or not (HAN_RUN.match(left[-1]) or HAN_RUN.match(right[0]))

    def save(self, path: str | Path) -> None:
        """Write the vocabulary as JSON. A file of this name is replaced when the new one is whole.

        Raises:
            ConfigurationError: the tokenizer is a function, which a file can't hold.
        """
        if not isinstance(self.tokenizer, str):
            message = "Vocabulary: a tokenizer that is a function can't be saved: keep `tokens`, and pass it again"
            raise ConfigurationError(message)
        names = ("tokenizer", "fold", "padding", "oov")
        whole = {"format": FORMAT, **{name: getattr(self, name) for name in names}, "tokens": self.tokens[2:]}
        target = Path(path)
        unfinished = target.with_name(f"{target.name}.part")
        unfinished.write_bytes(json.dumps(whole, ensure_ascii=False).encode())
        unfinished.replace(target)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ConfigurationError: it is no file of a vocabulary.
        """
        try:
            whole: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            form = whole.pop("format")
            tokens = _texts(whole.pop("tokens")) if form == FORMAT else None
            made = None if tokens is None else cls(tokens, **whole)
        except ConfigurationError:
            raise
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            message = f"Vocabulary: {str(path)!r} is no file that save() wrote: {error}"
            raise ConfigurationError(message) from None
        if made is None:
            message = f"Vocabulary: {str(path)!r} has another format than {FORMAT!r}"
            raise ConfigurationError(message)
        return made


def _several(tokens: Iterable[str]) -> Iterable[str]:
    if isinstance(tokens, str):
        message = "tokens must be several words, not one str: pass [word]"
        raise TypeError(message)
    return tokens


def _texts(tokens: list[Any]) -> list[str]:
    """The tokens of a file."""
    of_type(tokens, list, "tokens is no list")
    for token in tokens:
        of_type(token, str, f"the token {token!r} is no text")
    return tokens


def _cutter(tokenizer: str | Callable[[str], Iterable[str]], fold: bool) -> Callable[[str], Iterable[str]]:
    if callable(tokenizer):
        return (lambda text: map(folded, tokenizer(text))) if fold else tokenizer
    if str(tokenizer).startswith("regex:"):
        try:
            pattern = re.compile(tokenizer.removeprefix("regex:"))
        except re.error as error:
            message = f"Vocabulary: {tokenizer!r} is no regular expression: {error}"
            raise ConfigurationError(message) from None
        return lambda text: [match.group() for match in pattern.finditer(text) if match.group()]
    if tokenizer == "jieba":
        return jieba_cutter("words")
    if tokenizer in NAMED:
        return words if tokenizer == "words" else str.split
    message = (
        f"Vocabulary: tokenizer must be one of {', '.join(NAMED)}, 'regex:PATTERN' or a function, not {tokenizer!r}"
    )
    raise ConfigurationError(message)
