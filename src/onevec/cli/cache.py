"""`onevec cache`: what is in a store of vectors, and what to do with it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..stores import store_from
from . import console
from .options import DEBUG, JSON
from .stored import counted, export, found_store, parts, put, selected, take_file

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VERBS"]

Store = Annotated[
    str | None,
    typer.Argument(
        metavar="STORE",
        help="A folder, a file, or a URL such as redis://host/0 or s3://bucket/folder.",
        show_default="the user's cache folder",
    ),
]
Prefix = Annotated[str | None, typer.Option("--prefix", metavar="TEXT", help="Only keys that begin with this.")]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="PROVIDER:NAME", help="Only vectors that this model made, as it is now."),
]
Namespace = Annotated[
    str | None,
    typer.Option("--store-namespace", metavar="NAME", help="What a RedisStore was made with as its namespace."),
]
Format = Annotated[
    str,
    typer.Option(metavar="NAME", help="float32, float16, int8, bits (+zstd), or json as LangChain writes."),
]
DAY = 86400.0
PROBE = "onevec:prune"
"""A key that no cache makes: writing it lets a bounded store make room."""


def stats(
    store: Store = None,
    *,
    prefix: Prefix = None,
    model: Model = None,
    namespace: Namespace = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Tell how many vectors there are, of which width, and how large they are; by what their keys begin with.

    A key begins with the recipe that the vector was made by, or with the namespace of a cache of LangChain.
    """
    with console.failures(debug=debug), closing(found_store(store, namespace=namespace)) as opened:
        groups = counted(parts(opened, prefix, model))
        if json:
            console.json({"store": repr(opened), "groups": [asdict(group) for group in groups]})
            return
        if not groups:
            console.remark(f"there are no such vectors in {opened!r}")
        console.rows(
            ["keys begin with", "dimensions", "vectors", "damaged", "bytes"],
            [
                [
                    group.prefix,
                    *(f"{count:,}" for count in (group.dimensions, group.vectors, group.damaged, group.bytes)),
                ]
                for group in groups
            ],
        )


def verify(
    store: Store = None,
    *,
    drop: Annotated[bool, typer.Option("--drop", help="Remove what is damaged, so that it is computed again.")] = False,
    prefix: Prefix = None,
    model: Model = None,
    namespace: Namespace = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Read every value, and name those that are damaged; the exit code is then 1, unless --drop removes them."""
    with console.failures(debug=debug), closing(found_store(store, namespace=namespace)) as opened:
        sound, damaged = 0, list[str]()
        for part in parts(opened, prefix, model):
            sound += len(part.keys)
            damaged += part.damaged
            if drop and part.damaged:
                opened.mdelete(part.damaged)
        if json:
            console.json({"sound": sound, "damaged": damaged, "dropped": drop})
        else:
            for key in damaged:
                console.line(f"damaged: {key}")
            console.line(
                f"{sound:,} values are sound, {len(damaged):,} damaged{' and dropped' * (drop and any(damaged))}"
            )
    if damaged and not drop:
        raise typer.Exit(1)


def prune(
    store: Store = None,
    *,
    prefix: Prefix = None,
    model: Model = None,
    max_bytes: Annotated[int | None, typer.Option(metavar="N", help="Drop the least used beyond this size.")] = None,
    older_than: Annotated[float | None, typer.Option(metavar="DAYS", help="Drop what was written before.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how many vectors --prefix and --model name.")
    ] = False,
    namespace: Namespace = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Drop vectors: of a prefix or a model, or the oldest of a SQLite or LMDB store."""
    by_key, by_age = (prefix, model) != (None, None), (max_bytes, older_than) != (None, None)
    if by_key == by_age or (by_age and dry_run):
        raise typer.BadParameter("say what to drop: --prefix and --model, or --max-bytes and --older-than")
    if prefix == "":
        raise typer.BadParameter("--prefix must not be empty, as every key begins with that: name what to drop")
    bounds = {"max_bytes": max_bytes, "ttl": None if older_than is None else older_than * DAY}
    with console.failures(debug=debug), closing(found_store(store, namespace=namespace)) as opened:
        keys = list(selected(opened, prefix, model))
        if by_age:
            with closing(found_store(store, namespace=namespace, **bounds)) as bounded:
                bounded.mset([(PROBE, b"")])
                bounded.mdelete([PROBE])
                dropped = len(keys) - sum(1 for _ in bounded.yield_keys())
        else:
            dropped = len(keys)
            if not dry_run:
                opened.mdelete(keys)
        _tell(
            {"dropped": dropped, "dry_run": dry_run}, f"{dropped:,} vectors{' would be' * dry_run} dropped", json=json
        )


def export_(
    store: Store = None,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.parquet", help="The file to write.")],
    prefix: Prefix = None,
    model: Model = None,
    namespace: Namespace = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write keys and vectors to a Parquet file. The texts are not in it: a cache knows only their hashes."""
    with console.failures(debug=debug), closing(found_store(store, namespace=namespace)) as opened:
        written, damaged = export(parts(opened, prefix, model), out)
        _remark(damaged)
        facts = {"file": str(out), "vectors": written, "damaged": damaged}
        _tell(facts, f"{out}: {written:,} vectors", json=json)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="From `onevec cache export` or `onevec embed`.")],
    store: Store = None,
    *,
    value_format: Format = "float32",
    namespace: Namespace = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Keep the vectors of a Parquet file, so that they are not computed again."""
    with console.failures(debug=debug), closing(_target(store, namespace)) as opened:
        written = 0
        for keys, rows in take_file(file):
            put(opened, keys, rows, value_format)
            written += len(keys)
        _tell({"vectors": written}, f"{written:,} vectors are kept", json=json)


def migrate(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A cache of LangChain: its folder, or redis://...")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A folder for SQLite, or a URL such as lmdb:folder.")],
    *,
    value_format: Format = "float32",
    prefix: Prefix = None,
    namespace: Namespace = None,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Copy a cache into another store and format, without computing a vector.

    Keys stay as they are, so go on with the same namespace: `cached(model, TARGET, namespace=...)`. Running it again
    does no harm.
    """
    with (
        console.failures(debug=debug),
        closing(found_store(source, namespace=namespace)) as old,
        closing(store_from(target)) as new,
    ):
        copied = damaged = 0
        for part in parts(old, prefix, None):
            damaged += len(part.damaged)
            for width in {len(row) for row in part.rows}:
                same = [number for number, row in enumerate(part.rows) if len(row) == width]
                rows = np.stack([part.rows[number] for number in same])
                put(new, [part.keys[number] for number in same], rows, value_format)
            copied += len(part.keys)
        _remark(damaged)
        _tell({"copied": copied, "damaged": damaged}, f"{copied:,} vectors are in {new!r}", json=json)


def _target(where: str | None, namespace: str | None) -> Any:
    options = {} if namespace is None else {"namespace": namespace}
    return store_from(True if where is None else where, **options)


def _remark(damaged: int) -> None:
    if damaged:
        console.remark(f"{damaged:,} damaged values were left out (`onevec cache verify` names them)")


def _tell(facts: dict[str, Any], text: str, *, json: bool) -> None:
    if json:
        console.json(facts)
    else:
        console.line(text)


VERBS: tuple[tuple[str, Callable[..., None], str, str], ...] = (
    ("stats", stats, "onevec cache stats ./cache", "How many vectors, how large, of what."),
    ("verify", verify, "onevec cache verify ./cache --drop", "Which values are damaged."),
    (
        "prune",
        prune,
        "onevec cache prune ./cache --prefix m3e-base\nonevec cache prune --max-bytes 1000000000",
        "Drop vectors.",
    ),
    ("export", export_, "onevec cache export ./cache --out vectors.parquet", "Vectors to a Parquet file."),
    ("import", import_, "onevec cache import vectors.parquet ./cache", "Vectors from a Parquet file."),
    (
        "migrate",
        migrate,
        "onevec cache migrate ./langchains ./cache\nonevec cache migrate redis://host lmdb:./cache --store-namespace n",
        "A cache of LangChain to one of ours.",
    ),
)
"""Name, function, examples, and one line about each verb."""
