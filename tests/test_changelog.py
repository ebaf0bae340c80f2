"""scripts/changelog.py."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def changelog() -> ModuleType:
    spec = importlib.util.spec_from_file_location("changelog", ROOT / "scripts" / "changelog.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("how to\n", encoding="utf-8")
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(text, encoding="utf-8")
    return tmp_path


def run(changelog: ModuleType, project: Path, *arguments: str) -> tuple[int, list[str]]:
    said: list[str] = []
    return changelog.main(["--root", str(project), *arguments], said.append), said


def fragment(project: Path, name: str, text: str = "Something.\n") -> None:
    (project / "changes" / name).write_text(text, encoding="utf-8")


def test_a_release_collects_the_fragments(changelog: ModuleType, project: Path) -> None:
    fragment(project, "b.fixed.md", "A fault.\n")
    fragment(project, "a.added.md", "One thing.\nIn two lines.\n")
    fragment(project, "z.added.md", "中文也可以。\n")
    assert run(changelog, project, "0.9.0") == (0, [])
    text = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    _, _, below = text.partition(changelog.MARK)
    day = r"\d{4}-\d\d-\d\d"
    expected = (
        rf"\n## 0\.9\.0 \({day}\)\n\n### Added\n\n- One thing\.\n  In two lines\.\n- 中文也可以。\n\n"
        r"### Fixed\n\n- A fault\.\n"
    )
    assert re.match(expected, below)
    assert [path.name for path in (project / "changes").iterdir()] == ["README.md"]


def test_the_newest_version_stands_first(changelog: ModuleType, project: Path) -> None:
    for version in ("0.9.0", "0.9.1"):
        fragment(project, "a.added.md")
        assert run(changelog, project, version) == (0, [])
    text = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    assert -1 < text.index("## 0.9.1 (") < text.index("## 0.9.0 (")


@pytest.mark.parametrize("name", ["a.md", "a.better.md", ".added.md"])
def test_a_wrong_name_is_told(changelog: ModuleType, project: Path, name: str) -> None:
    fragment(project, name)
    status, said = run(changelog, project, "--check")
    assert (status, said) == (1, [f"changelog.py: {name}: call it <slug>.<added|changed|fixed|removed>.md"])


def test_an_empty_fragment_is_told(changelog: ModuleType, project: Path) -> None:
    fragment(project, "a.added.md", " \n")
    assert run(changelog, project, "--check") == (1, ["changelog.py: a.added.md: it is empty"])


def test_nothing_is_lost_when_a_release_is_refused(changelog: ModuleType, project: Path) -> None:
    assert run(changelog, project, "0.9.0") == (1, ["changelog.py: changes/ holds no fragment"])
    fragment(project, "a.added.md")
    assert run(changelog, project, "0.9.0")[0] == 0
    fragment(project, "b.added.md")
    assert run(changelog, project, "0.9.0") == (1, ["changelog.py: CHANGELOG.md has 0.9.0 already"])
    (project / "CHANGELOG.md").write_text("# Changelog\n", encoding="utf-8")
    assert run(changelog, project, "0.9.1")[0] == 1
    assert (project / "changes" / "b.added.md").exists()


def test_the_fragments_of_this_project_are_right(changelog: ModuleType) -> None:
    assert run(changelog, ROOT, "--check") == (0, [])
