"""The verbs put together, and what becomes of a wrong command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .. import __version__
from . import cache, console, demo, doctor, duplicates, embed, index, migrate, providers, search, similar, task

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,  # plain help: the examples keep their lines
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(asked: bool) -> None:
    if asked:
        console.line(f"onevec {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Turn text into vectors with any embedding model, and search them by meaning.

    Without --model it takes the model that is part of onevec: no key, no network, 16 languages, also English and
    Chinese.
    """


def _epilog(examples: str) -> str:
    lines = "\n".join(f"  {line}" for line in examples.split("\n") if line)
    return f"\b\nExamples:\n{lines}"  # \b: the lines stay as they are


for _run, _examples, _short in (
    (embed.embed, embed.EXAMPLES, "Files of texts to one file of vectors."),
    (index.index, index.EXAMPLES, "Texts or vectors to an index, a folder to search in."),
    (search.search, search.EXAMPLES, "The texts of a vector file or an index nearest to a query."),
    (duplicates.duplicates, duplicates.EXAMPLES, "Texts that say the same."),
    (similar.similar, similar.EXAMPLES, "How near two texts are."),
    (providers.providers, providers.EXAMPLES, "Which models there are, and what one takes."),
    (doctor.doctor, doctor.EXAMPLES, "Whether a model can be reached, and what its server really does."),
    (migrate.migrate_imports, migrate.EXAMPLES, "Imports of LangChain's classes to ours."),
    (demo.demo, demo.EXAMPLES, "Search Python's standard library by meaning."),
):
    app.command(short_help=_short, epilog=_epilog(_examples))(_run)

_cache = typer.Typer(rich_markup_mode=None)
for _name, _run, _examples, _short in cache.VERBS:
    _cache.command(_name, short_help=_short, epilog=_epilog(_examples))(_run)
app.add_typer(_cache, name="cache", help="Count, check, prune or copy the vectors of a cache.")

_task = typer.Typer(rich_markup_mode=None)
for _name, _run, _examples, _short in task.VERBS:
    _task.command(_name, short_help=_short, epilog=_epilog(_examples))(_run)
app.add_typer(_task, name="task", help="Classify, compare, translate by retrieval, chat with known answers.")


def run(arguments: Sequence[str]) -> int:
    """Run a command line; the exit code."""
    console.take_any_character()
    try:
        code: int | None = app(list(arguments) or ["--help"], prog_name="onevec", standalone_mode=False)
    except Exception as error:
        usage = getattr(error, "format_message", None)  # what typer's errors about the command line have
        if usage is None:
            raise
        console.problem(f"{usage()} (`onevec --help` shows the usage)")
        return 2
    return code or 0
