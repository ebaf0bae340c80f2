"""The options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Debug", "Json", "Model", "Restart"]

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON, and nothing else, to standard output.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="PROVIDER:NAME",
        help="The model, such as openai:text-embedding-3-small; see `onevec providers`.",
        show_default="the embedded default",
    ),
]
Restart = Annotated[bool, typer.Option("--restart", help="Remove what an earlier run left, and begin anew.")]
