"""examples/tasks.py, and the page that shows what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_page_shows_what_the_example_prints() -> None:
    for package in ("sklearn", "usearch", "pyarrow"):
        pytest.importorskip(package, reason="pip install 'onevec[search,tasks]'")
    command = [sys.executable, str(ROOT / "examples" / "tasks.py")]
    done = subprocess.run(command, capture_output=True, check=True, text=True, encoding="utf-8", cwd=ROOT)

    def without_scores(text: str) -> list[str]:
        return [re.sub(r"\d\.\d+", "#", line) for line in text.splitlines()]  # processors differ in the last digit

    printed = [line for line in without_scores(done.stdout) if not line.startswith("# ")]
    assert len(printed) > 25
    for page in ("tasks.md", "tasks.zh-CN.md"):
        shown = set(without_scores((ROOT / "docs" / page).read_text(encoding="utf-8")))
        assert [line for line in printed if line not in shown] == []
