"""`onevec migrate-imports`: imports of LangChain's classes become imports of ours, and nothing else changes."""

from __future__ import annotations

import sys
import tokenize
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import console
from .imports import migrated
from .options import DEBUG, JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .imports import Migrated

__all__ = ["EXAMPLES", "migrate_imports"]

EXAMPLES = """
onevec migrate-imports app.py
onevec migrate-imports --write src/*.py
"""


def migrate_imports(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Python files.")],
    *,
    write: Annotated[bool, typer.Option("--write", help="Change the files; without it, only show the change.")] = False,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Turn imports of LangChain's embedding classes and stores into imports of onevec's, shown as a diff.

    A name that onevec does not have stays where it is, and a remark says so. A file that is no valid Python stays as
    it is, and the exit code is then 1.
    """
    results: list[Migrated] = []
    errors: list[str] = []
    with console.failures(debug=debug):
        for path in files:
            try:
                results.append(_migrate(path, write=write))
            except OSError as error:
                errors.append(f"{path}: {error.strerror}")
            except (SyntaxError, ValueError) as error:
                errors.append(f"{path}: no valid Python: {error}")
        _tell(results, errors, json=json)
    if errors:
        raise typer.Exit(1)


def _migrate(path: str, *, write: bool) -> Migrated:
    data = Path(path).read_bytes()
    encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
    result = migrated(data.decode(encoding), path)
    if write and result.after != result.before:
        Path(path).write_bytes(result.after.encode(encoding))
    return result


def _tell(results: Sequence[Migrated], errors: Sequence[str], *, json: bool) -> None:
    for result in results:
        for number, text in result.remarks:
            console.remark(f"{result.path}:{number}: {text}")
        if not json:
            sys.stdout.write(result.diff())
    for error in errors:
        console.problem(error)
    if json:
        console.json({"files": [_facts(result) for result in results], "errors": errors})


def _facts(result: Migrated) -> dict[str, object]:
    return {
        "path": result.path,
        "changed": result.after != result.before,
        "names": result.names,
        "remarks": [{"line": number, "text": text} for number, text in result.remarks],
        "diff": result.diff(),
    }
