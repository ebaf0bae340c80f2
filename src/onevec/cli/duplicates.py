"""`onevec duplicates`: texts that say the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..embeddings import Role
from ..load import load
from ..search import duplicates as groups_of
from . import console
from .columns import TEXT
from .inputs import COLUMN, DELIMITER, ENCODING, INPUT_HELP, has_vectors, refuse_for_vectors, text_rows, texts_at_once
from .options import DEBUG, JSON, MODEL
from .reading import Form
from .vectorfile import VectorFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EXAMPLES", "duplicates"]

EXAMPLES = """
onevec duplicates questions.txt
onevec duplicates questions.csv --column title --threshold 0.8 --json
sort -u lines.txt | onevec duplicates - --unique > different.txt
"""
AT_ONCE = 1024


def duplicates(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help=INPUT_HELP),
    ],
    *,
    threshold: Annotated[float, typer.Option(metavar="X", help="The least similarity, above 0 and at most 1.")] = 0.9,
    unique: Annotated[
        bool, typer.Option("--unique", help="Write each text but for later ones that repeat it.")
    ] = False,
    column: Annotated[str | None, COLUMN] = None,
    delimiter: Annotated[str | None, DELIMITER] = None,
    encoding: Annotated[str | None, ENCODING] = None,
    model: Annotated[str | None, MODEL] = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Show groups of texts that say nearly the same, in one language or in several.

    Two texts are in one group if their cosine similarity reaches the threshold, or if others join them.
    """
    with console.failures(debug=debug):
        if not 0 < threshold <= 1:
            message = f"--threshold must be above 0 and at most 1, not {threshold:g}"
            raise typer.BadParameter(message)
        texts, vectors = _embedded(file, Form(column, delimiter, encoding), model)
        groups = groups_of(vectors, threshold)
        said: dict[str, Any] = {"file": file, "threshold": threshold, "texts": len(texts)}
        if unique:
            repeated = {number for group in groups for number in group[1:]}
            kept = [text for number, text in enumerate(texts) if number not in repeated]
            _write_unique(kept, {**said, "unique": kept} if json else None)
        else:
            found = [[_member(vectors, group[0], number, texts[number]) for number in group] for group in groups]
            _write_groups(found, {**said, "groups": found} if json else None)


def _write_unique(kept: list[str], said: dict[str, Any] | None) -> None:
    if said is not None:
        console.json(said)
        return
    for text in kept:
        console.line(" ".join(text.splitlines()))


def _write_groups(groups: list[list[dict[str, Any]]], said: dict[str, Any] | None) -> None:
    if said is not None:
        console.json(said)
        return
    cells = [
        [str(number), f"{one['score']:.3f}", str(one["row"] + 1), one[TEXT]]
        for number, group in enumerate(groups, 1)
        for one in group
    ]
    console.rows(["group", "score", "row", "text"], cells)


def _member(vectors: NDArray[np.float32], first: int, number: int, text: str) -> dict[str, Any]:
    """One text of a group, with its similarity to the first one."""
    lengths = float(np.linalg.norm(vectors[first]) * np.linalg.norm(vectors[number])) or 1.0
    return {"row": number, "score": float(vectors[first] @ vectors[number]) / lengths, TEXT: text}


def _embedded(file: str, form: Form, model: str | None) -> tuple[list[str], NDArray[np.float32]]:
    """The texts of a file, and their vectors."""
    if has_vectors(file):
        refuse_for_vectors(**form._asdict(), model=model)
        with VectorFile.open(Path(file)) as opened:
            rows = np.concatenate([*opened.vectors(), np.zeros((0, opened.dimensions), dtype=np.float32)])
            return [text for table in opened.inputs(AT_ONCE) for text in table[TEXT].to_pylist()], rows
    (stream, total), loaded = text_rows([file], form), load(model)
    texts, size = list[str](), texts_at_once(loaded)
    parts: list[NDArray[np.float32]] = []
    with console.progress() as progress:
        bar = progress.add_task("embedding", total=total)
        while len(table := stream.take(size)):
            some = table[TEXT].to_pylist()
            texts += some
            parts.append(loaded.embed(some, Role.SIMILARITY).vectors)
            progress.advance(bar, len(some))
    return texts, np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)
