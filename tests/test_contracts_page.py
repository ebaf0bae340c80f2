"""docs/contracts.md is what the contracts say, and every witness on it has a test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_page_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "contracts_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_every_witness_has_a_test() -> None:
    page = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| \[`(\w+)`\].* \| [^ |][^|]* \|$", page, re.MULTILINE)
    assert len(named) > 45
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in named if name not in tests] == []
