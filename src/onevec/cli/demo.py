"""`onevec demo`: search Python's standard library by meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..embeddings import Role
from ..errors import ConfigurationError
from ..load import load
from ..optional import need
from . import console
from .columns import TEXT, table
from .growing import grow
from .options import DEBUG, JSON, parquet_file
from .reading import RowStream
from .search import nearest
from .stdlib import docstrings
from .vectorfile import VectorFile, parts_folder

if TYPE_CHECKING:
    from pathlib import Path

    from ..embeddings import Embeddings

__all__ = ["EXAMPLES", "demo"]

EXAMPLES = """
onevec demo
onevec demo --out /tmp/stdlib.parquet --json
"""
VERB = "demo"
QUERIES = (
    "parse a date from a string",
    "压缩文件",
    "随机打乱列表",
    "run another program and read its output",
)


def demo(
    *,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE.parquet", help="The file to write.")] = (
        "stdlib.parquet"
    ),
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Embed the docstrings of Python's standard library, and search them in English and Chinese.

    It takes the model that is part of onevec, so it needs neither a key nor a network. A file of an earlier demo is
    written anew, any other is left alone.
    """
    with console.failures(debug=debug):
        file = parquet_file(out)
        _refuse_others(file)
        model, (rows, texts) = load(), _rows()
        grow(file, rows, model, name="default", size=512, total=texts, restart=True, verb=VERB)
        with VectorFile.open(file) as vectors:
            answers = [{"query": query, "found": _answer(vectors, model, query)} for query in QUERIES]
        if json:
            console.json({"file": out, "texts": texts, "queries": answers})
        else:
            _show(out, texts, answers)


def _refuse_others(file: Path) -> None:
    """Let no file be removed that an earlier demo did not write, nor what is done of one that is not finished."""
    for path in (file, *sorted(parts_folder(file).glob("*.parquet"))):
        if not path.exists():
            continue
        with VectorFile.open(path) as there:
            verb = there.header.verb
        if verb != VERB:
            message = f"{path} is there, and not from an earlier demo: choose another --out"
            raise ConfigurationError(message)


def _rows() -> tuple[RowStream, int]:
    pa = need("pyarrow", extra="cli")
    schema = pa.schema([(TEXT, pa.string()), ("name", pa.string())])
    found = [{TEXT: entry.text, "name": entry.name} for entry in docstrings()]
    return RowStream(iter([table(found, schema)]), schema), len(found)


def _answer(vectors: VectorFile, model: Embeddings, query: str) -> list[dict[str, Any]]:
    return nearest(vectors, model.embed([query], Role.QUERY).vectors[0], 5)


def _show(out: str, texts: int, answers: list[dict[str, Any]]) -> None:
    console.line(f"{texts:,} docstrings of Python's standard library are in {out}. The nearest to ...")
    for answer in answers:
        console.line(f"\n{answer['query']}")
        cells = [[f"{hit['score']:.3f}", hit["name"], hit[TEXT]] for hit in answer["found"]]
        console.table(["score", "name", "text"], cells)
    console.line(f'\nAsk it more: onevec search {out} "..."')
