"""The options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["BASE_URL", "DEBUG", "DIMENSIONS", "JSON", "MODEL", "RESTART", "given", "one_of", "parquet_file"]

BASE_URL = typer.Option("--base-url", metavar="URL", help="Where the model's server is.", show_default="the provider's")
DIMENSIONS = typer.Option(
    "--dimensions", min=1, metavar="N", help="Shorten vectors to this, if the model can.", show_default=False
)
DEBUG = typer.Option("--debug", help="Show the traceback of an error.")
JSON = typer.Option("--json", help="Write JSON, and nothing else, to standard output.")
MODEL = typer.Option(
    "--model",
    metavar="PROVIDER:NAME",
    help="The model, such as openai:text-embedding-3-small; see `onevec providers`.",
    show_default="the embedded default",
)
RESTART = typer.Option("--restart", help="Remove what an earlier run left, and begin anew.")


def given(**options: Any) -> dict[str, Any]:
    """Those options that the command line names, as `load` takes them."""
    return {name: value for name, value in options.items() if value is not None}


def one_of(option: str, value: str, known: Collection[str]) -> None:
    """Refuse a value that an option does not have.

    Raises:
        typer.BadParameter: it is none of the known ones.
    """
    if value not in known:
        message = f"{option} must be one of {', '.join(known)}, not {value!r}"
        raise typer.BadParameter(message)


def parquet_file(out: str) -> Path:
    """The file that --out names.

    Raises:
        typer.BadParameter: by its name nothing would read it as the Parquet file that it becomes.
    """
    if not out.lower().endswith(".parquet"):
        message = f"--out {out!r} must end in .parquet, as that is what is written"
        raise typer.BadParameter(message)
    return Path(out)
