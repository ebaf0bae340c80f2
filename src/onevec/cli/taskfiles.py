"""What `onevec task` reads: texts one a line, and rows of a text and what belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..tasks import read_judged, read_pairs
from ..tasks.pairs import first_row
from . import console
from .reading import STDIN, Form, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["judged_of", "lines", "pairs_of", "texts_of"]

UTF_8 = Form(encoding="UTF-8")
USUAL = frozenset(
    {
        *(
            "text",
            "label",
            "class",
            "category",
            "example",
            "intent",
            "sentence",
            "question",
            "query",
            "answer",
            "response",
        ),
        *("source", "target", "original", "translation", "english", "chinese", "en", "zh", "score", "similarity"),
        *("文本", "内容", "标签", "类别", "分类", "例句", "意图", "句子", "问题", "回答", "答案", "原文", "译文"),
        *("英文", "中文", "分数", "相似度"),
    }
)
"""Names that columns usually have; a first row with none of them may be no names at all."""


def lines(file: str) -> list[str]:
    """The lines of a file, or of standard input for "-", that are not blank; only a line end parts two."""
    return [line.rstrip("\r\n") for _, line in Source(file, UTF_8).lines() if line.strip()]


def texts_of(given: list[str]) -> Iterator[str]:
    """Texts of the command line; "-" stands for the lines of standard input."""
    for text in given:
        yield from lines(STDIN) if text == STDIN else [text]


def pairs_of(file: str) -> list[tuple[str, str]]:
    """What `read_pairs` reads, with a remark if the first row of a .csv file may be no names."""
    found = read_pairs(file)
    if Path(file).suffix.lower() == ".csv":
        _remark(file, first_row(file)[:2])
    return found


def judged_of(file: str) -> tuple[list[str], list[str], list[float]]:
    """What `read_judged` reads, with a remark if a first row that was passed over may be no names."""
    found, names = read_judged(file), first_row(file)[:3]
    if (found[0][:1], found[1][:1]) != (names[:1], names[1:2]):
        _remark(file, names)
    return found


def _remark(file: str, names: list[str]) -> None:
    if names and USUAL.isdisjoint(name.strip().lower() for name in names):
        taken = ", ".join(map(repr, names))
        console.remark(f"{file}: the first row was taken for the names of the columns, not for an example: {taken}")
