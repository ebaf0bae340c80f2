"""The options that several verbs share."""

from __future__ import annotations

import typer

__all__ = ["DEBUG", "JSON", "MODEL", "RESTART"]

DEBUG = typer.Option("--debug", help="Show the traceback of an error.")
JSON = typer.Option("--json", help="Write JSON, and nothing else, to standard output.")
MODEL = typer.Option(
    "--model",
    metavar="PROVIDER:NAME",
    help="The model, such as openai:text-embedding-3-small; see `onevec providers`.",
    show_default="the embedded default",
)
RESTART = typer.Option("--restart", help="Remove what an earlier run left, and begin anew.")
