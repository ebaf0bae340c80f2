"""examples/sparse_to_dense.py prints what docs/from-sparse-to-dense.md shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="pip install 'onevec[tasks]'")

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "docs" / name for name in ("from-sparse-to-dense.md", "from-sparse-to-dense.zh-CN.md")]


def test_the_pages_show_the_real_output() -> None:
    command = [sys.executable, "-X", "utf8", str(ROOT / "examples" / "sparse_to_dense.py")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    for page in PAGES:
        shown = re.findall(r"```text\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        assert "\n".join(shown) == done.stdout
