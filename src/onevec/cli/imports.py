"""Imports of LangChain's classes become imports of ours, byte by byte where nothing has to change."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import TYPE_CHECKING, TypeAlias

import onevec

from .._catalog import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Migrated", "migrated"]

OURS = {entry.name for entry in ENTRIES} | {
    "CacheBackedEmbeddings",
    "Embeddings",
    "EncoderBackedStore",
    "InMemoryByteStore",
    "InMemoryStore",
    "LocalFileStore",
    "RedisStore",
    "UpstashRedisByteStore",
    "UpstashRedisStore",
}.intersection(dir(onevec))
"""Names of LangChain that we have, too."""

PACKAGE = re.compile(r"langchain(_\w+)?(\.|$)")
HOME = re.compile(r"langchain(_\w+)?\.(embeddings|storage|stores)(\.|$)")
"""Modules that hold what we might have; if a name stays in one of them, it is worth a remark."""

LINE = r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+"  # as Python counts lines; `splitlines` knows more ends of a line
FROM_MODULE = re.compile(rb"from[\s\\]+([\w.]+)")
COMMENT = rb"[ \t\f]*#[^\r\n]*"
COMMENT_HERE = re.compile(COMMENT)
BEHIND_NAME = re.compile(rb"(?:\s|\\|#[^\r\n]*+)*?,(?:%(c)s)?|(?:%(c)s)?" % {b"c": COMMENT})
"""The comma that ends a name in parentheses, and a comment in the same line."""

Span: TypeAlias = tuple[int, int]


@dataclass(slots=True)
class Migrated:
    """A file before and after.

    Attributes:
        path: the file, as it was named.
        before: its text.
        after: its text with the imports changed; equal to `before` if there is nothing to do.
        names: what is now imported from onevec.
        remarks: what stays as it was, and why: (line, text).
    """

    path: str
    before: str
    after: str = ""
    names: list[str] = field(default_factory=list[str])
    remarks: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def diff(self) -> str:
        """The change as a unified diff."""
        old, new = (re.findall(LINE, text) for text in (self.before, self.after))
        lines = unified_diff(old, new, self.path, self.path)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def migrated(text: str, path: str = "<text>") -> Migrated:
    r"""Change the imports in the text of a Python file.

    Raises:
        SyntaxError: the text is no valid Python.

    Example:
        >>> migrated("from langchain_openai import ChatOpenAI, OpenAIEmbeddings").after
        'from onevec import OpenAIEmbeddings\nfrom langchain_openai import ChatOpenAI'
    """
    result = Migrated(path, text)
    source = text.encode()
    place = _places(source)
    nodes = [node for node in ast.walk(_tree(text, path)) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        result.remarks[:0] = [(node.lineno, remark) for remark in _remarks(node)]
        ours = [alias for alias in node.names if alias.name in OURS]
        if isinstance(node, ast.ImportFrom) and _is_langchain(node) and ours:
            result.names[:0] = [alias.name for alias in ours]
            start, end = place(node)
            source = source[:start] + _statement(source, place, node) + source[end:]
    result.after = source.decode()
    _tree(result.after, path)  # a file is never broken
    return result


def _tree(text: str, path: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python has to say about the rest of the file
        return ast.parse(text, path)


def _is_langchain(node: ast.ImportFrom) -> bool:
    return node.level == 0 and PACKAGE.match(node.module or "") is not None


def _remarks(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """What of an import stays although it is about embeddings or stores."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if HOME.match(alias.name):
                yield f"{alias.name} is imported whole and stays: import the classes by name"
        return
    module = node.module or ""
    if not _is_langchain(node):
        return
    for alias in node.names:
        if alias.name == "*" if HOME.match(module) else HOME.match(f"{module}.{alias.name}"):
            yield f"{alias.name} from {module} stays: import the classes by name"
        elif alias.name not in OURS and (HOME.match(module) or alias.name.endswith("Embeddings")):
            yield f"{alias.name} stays in {module}: onevec has nothing to put in its place"


def _places(source: bytes) -> Callable[[ast.stmt | ast.alias], Span]:
    """A function that tells where a node begins and ends."""
    starts = [0]
    for line in re.findall(LINE.encode(), source):
        starts.append(starts[-1] + len(line))

    def place(node: ast.stmt | ast.alias) -> Span:
        last, column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return starts[node.lineno - 1] + node.col_offset, starts[last - 1] + column

    return place


def _statement(source: bytes, place: Callable[[ast.stmt | ast.alias], Span], node: ast.ImportFrom) -> bytes:
    """What stands in place of an import of which some names are ours."""
    start, end = place(node)
    found = FROM_MODULE.match(source, start)
    if found is None:
        message = f"line {node.lineno}: this import can't be read"
        raise SyntaxError(message)
    module_start, module_end = found.span(1)
    if all(alias.name in OURS for alias in node.names):
        return source[start:module_start] + b"onevec" + source[module_end:end]
    newline = b"\r\n" if b"\r\n" in source else b"\n"
    names = [(alias.name in OURS, place(alias)) for alias in node.names]
    if b"(" in source[module_end : names[0][1][0]]:
        ours, theirs = _in_parentheses(source, source.index(b"(", module_end), names, end, newline)
    else:
        ours, theirs = (
            b", ".join(source[slice(*span)] for is_ours, span in names if is_ours is wanted) for wanted in (True, False)
        )
    before = source[start - node.col_offset : start]
    between = b"; " if before.strip() else newline + before
    return b"from onevec import " + ours + between + source[start:module_end] + b" import " + theirs


def _in_parentheses(
    source: bytes, start: int, names: Iterable[tuple[bool, Span]], end: int, newline: bytes
) -> tuple[bytes, bytes]:
    """Our names and theirs, each in parentheses, with the comments that belong to them."""
    position = _behind(COMMENT_HERE, source, start + 1)
    opening = source[start:position]
    parts: list[tuple[bool, bytes]] = []
    for is_ours, (_, name_end) in names:
        part_end = _behind(BEHIND_NAME, source, name_end)
        parts.append((is_ours, source[position:part_end]))
        position = part_end
    closing = source[position : end - 1]
    our_closing = closing[max(0, closing.rfind(newline)) :] if b"#" in closing else closing
    return (
        _group(opening, [part for is_ours, part in parts if is_ours], our_closing, newline),
        _group(opening, [part for is_ours, part in parts if not is_ours], closing, newline),
    )


def _behind(pattern: re.Pattern[bytes], source: bytes, position: int) -> int:
    found = pattern.match(source, position)
    return position if found is None else found.end()


def _group(opening: bytes, parts: Iterable[bytes], closing: bytes, newline: bytes) -> bytes:
    """Names between parentheses; without them if all is in one line."""
    text = opening
    for part in (*parts, closing):
        if b"#" in text.rpartition(newline)[2] and not part.lstrip(b" \t").startswith(newline):
            text += newline + b"    "  # or the comment would swallow it
        text += part.lstrip(b" \t") if text == b"(" else part
    if newline in text:
        return text + b")"
    return text[1:].strip().removesuffix(b",")
