"""The examples of docs/layer.md run."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("name", ["layer.md", "layer.zh-CN.md"])
def test_the_examples_of_a_page_run(name: str) -> None:
    failed, tried = doctest.testfile(str(DOCS / name), module_relative=False, encoding="utf-8")
    assert failed == 0
    assert tried > 10
