"""What a test of self-hosted models runs in another process, which imports this module."""

from __future__ import annotations

import os
from typing import Any

LOADS: list[int] = []


class Lengths:
    """A pipeline that can be called: the length of a text, and a constant."""

    def __init__(self, constant: float = 1.0) -> None:
        LOADS.append(os.getpid())
        self.constant = constant

    def __call__(self, texts: list[str]) -> list[list[float]]:
        return [[float(len(text)), self.constant] for text in texts]


def facts(_pipeline: Any) -> tuple[int, int]:
    """The process, and how many pipelines it has made."""
    return os.getpid(), len(LOADS)


def scaled(pipeline: Lengths, texts: list[str], by: float) -> list[list[float]]:
    """The vectors of a pipeline, times a number."""
    return [[by * value for value in row] for row in pipeline(texts)]


def broken() -> Any:
    """A function that can't make a pipeline."""
    message = "no weights"
    raise RuntimeError(message)


def failing(_pipeline: Lengths, texts: list[str]) -> float:
    """A function that can't compute."""
    return len(texts) / 0


def tokens(_pipeline: Lengths, texts: list[str]) -> list[list[list[float]]]:
    """Rows for tokens in place of rows for texts."""
    return [[[1.0, 2.0]] * (place + 1) for place, _ in enumerate(texts)]
