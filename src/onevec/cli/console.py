"""What the command says: results on standard output; progress, remarks and errors on standard error."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

__all__ = ["failures", "json", "line", "problem", "progress", "remark", "rows", "table", "take_any_character"]

WIDTH = 110
"""Characters of a line where no terminal says how many it has."""


def take_any_character() -> None:
    """Let standard output and error carry Chinese whatever the locale: as UTF-8, or on a terminal as "?"."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def line(text: str) -> None:
    """One line of a result."""
    sys.stdout.write(text + "\n")


def json(value: Any) -> None:
    """A result as JSON, always in UTF-8."""
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def remark(text: str) -> None:
    """Something worth knowing that is no result."""
    sys.stderr.write(f"onevec: {_one_line(text)}\n")


def problem(text: str) -> None:
    """Why the command failed, in one line."""
    sys.stderr.write(f"onevec: error: {_one_line(text)}\n")


def table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A table for a reader, as wide as the terminal; the last column takes what the others leave.

    Args:
        titles: one a column.
        lines: the cells of each line.
    """
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    for title in titles[:-1]:
        shown.add_column(title, no_wrap=True, max_width=WIDTH // 2)
    shown.add_column(titles[-1], no_wrap=True, overflow="ellipsis", ratio=1)
    for cells in lines:
        shown.add_row(*(Text(_one_line(cell)) for cell in cells))
    Console(width=None if sys.stdout.isatty() else WIDTH).print(shown)


def rows(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; elsewhere whole lines, with a tab between two cells."""
    if sys.stdout.isatty():
        table(titles, lines)
        return
    for cells in lines:
        line("\t".join(_one_line(cell) for cell in cells))


def progress() -> Progress:
    """A progress bar on standard error; it shows only on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("texts"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def failures(*, debug: bool) -> Generator[None]:
    """Turn whatever goes wrong inside into one line on standard error and an exit code.

    Args:
        debug: whether to show the traceback, too.

    Raises:
        typer.Exit: with 1 after a failure, 130 after Ctrl-C.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, typer.Exit | typer.BadParameter):
            raise
        if debug:
            traceback.print_exc()
        problem(". ".join([_said(error), *getattr(error, "__notes__", ())]))
        raise typer.Exit(130 if isinstance(error, KeyboardInterrupt) else 1) from None


def _said(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, EmbeddingError | OSError | ValueError):
        return str(error)
    return f"{type(error).__name__}: {error} (--debug shows where)"


def _one_line(text: str) -> str:
    return " ".join(text.split())
