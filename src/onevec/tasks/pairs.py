"""Pairs of texts from files: .csv with two columns, .jsonl, and the .po files of translators."""

from __future__ import annotations

import ast
import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["first_row", "read_judged", "read_pairs"]

ENTRY = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)?\s*(".*")\s*$')


def read_pairs(path: str | Path, columns: tuple[str, str] | None = None) -> list[tuple[str, str]]:
    """The pairs of a file, in order; pairs with an empty side are passed over.

    Args:
        path: a .csv or .jsonl file with columns, or a .po file, whose fuzzy and plural messages are passed over.
        columns: names of the two; None takes the first two. The first row of a .csv file names them, and is no pair.

    Raises:
        ConfigurationError: another kind of file, it lacks the columns, or it is not UTF-8.
        OSError: it can't be read.
    """
    file = Path(path)
    kinds = {".csv": _csv, ".jsonl": _jsonl}
    if file.suffix.lower() == ".po":
        found: Iterable[tuple[str, str]] = _po(line.rstrip("\r") for line in _text(file).split("\n"))
    elif file.suffix.lower() in kinds:
        found = [_two(file, row, columns) for row in kinds[file.suffix.lower()](file)]
    else:
        message = f"{path} must end in .csv, .jsonl or .po"
        raise ConfigurationError(message)
    return [(left, right) for left, right in found if left.strip() and right.strip()]


def read_judged(path: str | Path) -> tuple[list[str], list[str], list[float]]:
    """The first three columns of a .csv file: a text, another, and how alike they are.

    The first row may name the columns: it does if its third cell is no number.

    Raises:
        ConfigurationError: another row has fewer columns, or the third is no number; or the file is not UTF-8.
        OSError: it can't be read.
    """
    left: list[str] = []
    right: list[str] = []
    judged: list[float] = []
    for number, row in enumerate(_rows(Path(path))):
        try:
            judged.append(float(row[2]))
        except (IndexError, ValueError):
            if number == 0:
                continue
            message = f"{path} needs a text, another text and a number in each row, not {row}"
            raise ConfigurationError(message) from None
        left.append(row[0])
        right.append(row[1])
    return left, right, judged


def first_row(path: str | Path) -> list[str]:
    """The cells of the first row of a .csv file; none if it is empty."""
    return next(_rows(Path(path)), list[str]())


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"{path}, line {line}: not UTF-8 ({error.reason}): save it as UTF-8"
        raise ConfigurationError(message) from None


def _rows(path: Path) -> Iterator[list[str]]:
    """The rows of a .csv file, but for empty ones."""
    return filter(None, csv.reader(StringIO(_text(path), newline="")))


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    yield from csv.DictReader(StringIO(_text(path), newline=""))


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(StringIO(_text(path), newline=None), 1):
        if line.strip():
            yield _object(path, number, line)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        message = f"{path}, line {number}: {error}"
        raise ConfigurationError(message) from None
    if not isinstance(row, dict):
        message = f'{path}, line {number}: an object is needed, such as {{"text": ..., "label": ...}}'
        raise ConfigurationError(message)
    return cast("dict[str, Any]", row)


def _two(path: Path, row: dict[str, Any], columns: tuple[str, str] | None) -> tuple[str, str]:
    names = columns or tuple(row)[:2]
    if len(names) != 2 or not set(names) <= set(row):
        message = f"{path} needs two columns{f' {names[0]} and {names[1]}' if columns else ''}; it has {', '.join(row)}"
        raise ConfigurationError(message)
    return str(row[names[0]] or ""), str(row[names[1]] or "")


def _po(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Messages with one translation; an entry ends where a line is empty or the next one begins."""
    parts: dict[str, str] = {}
    name, fuzzy = "", False
    for line in [*lines, ""]:
        match = ENTRY.match(line)
        ends = not match or match[1] in ("msgctxt", "msgid")
        if ends and "msgstr" in parts:
            if parts.get("msgid") and not fuzzy:
                yield parts["msgid"], parts["msgstr"]
            parts, fuzzy = {}, False
        fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
        if match:
            name = match[1] or name
            parts[name] = parts.get(name, "") + ast.literal_eval(match[2])
        elif not line.strip():
            parts = {}
