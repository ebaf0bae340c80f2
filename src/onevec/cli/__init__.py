"""The command `onevec`; one module a verb."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import MissingDependency
from ..optional import need

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: what stands behind `onevec` on the command line; None takes `sys.argv`.

    Returns:
        The exit code: 0 if all went well, 1 after a failure, 2 if the command line is wrong, 130 after Ctrl-C.
    """
    try:
        for package in ("typer", "rich", "pyarrow"):
            need(package, extra="cli")
        from .app import run

        return run(sys.argv[1:] if arguments is None else arguments)
    except MissingDependency as error:
        print(f"onevec: {error}", file=sys.stderr)  # noqa: T201  # this is a command
        return 1
    except KeyboardInterrupt:  # while something was imported: what runs later says more
        print("onevec: error: stopped", file=sys.stderr)  # noqa: T201  # this is a command
        return 130
