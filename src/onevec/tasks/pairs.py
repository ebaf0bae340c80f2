"""Pairs of texts from files: .csv with two columns, .jsonl, and the .po files of translators."""

from __future__ import annotations

import ast
import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["read_pairs"]

ENTRY = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)?\s*(".*")\s*$')


def read_pairs(path: str | Path, columns: tuple[str, str] | None = None) -> list[tuple[str, str]]:
    """The pairs of a file, in order; pairs with an empty side are passed over.

    Args:
        path: a .csv or .jsonl file with columns, or a .po file, whose fuzzy and plural messages are passed over.
        columns: names of the two; None takes the first two. A .csv file begins with its names.

    Raises:
        ConfigurationError: another kind of file, or it lacks the columns.
        OSError: it can't be read.
    """
    file = Path(path)
    kinds = {".csv": _csv, ".jsonl": _jsonl}
    if file.suffix.lower() == ".po":
        found: Iterable[tuple[str, str]] = _po(file.read_text(encoding="utf-8").splitlines())
    elif file.suffix.lower() in kinds:
        found = [_two(file, row, columns) for row in kinds[file.suffix.lower()](file)]
    else:
        message = f"{path} must end in .csv, .jsonl or .po"
        raise ConfigurationError(message)
    return [(left, right) for left, right in found if left.strip() and right.strip()]


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        yield from (json.loads(line) for line in file if line.strip())


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
