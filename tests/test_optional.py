"""A missing package is told from a broken one."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import pytest

from onevec.errors import MissingDependency
from onevec.optional import need

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package called onevec_made_up; its body is written by the test."""
    folder = tmp_path / "onevec_made_up"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("onevec_made_up")]:
        monkeypatch.delitem(sys.modules, name)
    return folder / "__init__.py"


def test_what_is_there_is_imported() -> None:
    assert need("math", extra="any") is math


@pytest.mark.parametrize("name", ["onevec_not_there", "onevec_not_there.inner"])
def test_what_is_missing_tells_how_to_install_it(name: str) -> None:
    with pytest.raises(
        MissingDependency, match=f"^{name} is not installed: pip install 'onevec\\[local\\]'$"
    ) as caught:
        need(name, extra="local")
    assert caught.value.name == name
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_missing_part_of_a_package_counts(package: Path) -> None:
    package.write_text("")
    with pytest.raises(MissingDependency, match=r"onevec_made_up\.part is not installed"):
        need("onevec_made_up.part", extra="local")


@pytest.mark.parametrize(
    "body",
    [
        "import onevec_not_there",
        "raise ModuleNotFoundError('by hand')",
        "raise ImportError('libcuda is too old')",
        "1 / 0",
    ],
)
def test_a_broken_package_says_itself_what_is_wrong(package: Path, body: str) -> None:
    package.write_text(body)
    with pytest.raises((ImportError, ZeroDivisionError)) as caught:
        need("onevec_made_up", extra="local")
    assert not isinstance(caught.value, MissingDependency)
