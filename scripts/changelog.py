"""Move the fragments in changes/ into CHANGELOG.md under a new version; with --check, only look at their names.

A fragment is `changes/<slug>.<added|changed|fixed|removed>.md`: one or more sentences for users, without a heading.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).resolve().parent.parent
KINDS = ("added", "changed", "fixed", "removed")
MARK = "<!-- the newest version goes below this line -->\n"


def fragments(folder: Path) -> list[Path]:
    """Every fragment, in the order of names."""
    return sorted(path for path in folder.glob("*.md") if path.name != "README.md")


def problems(paths: Sequence[Path]) -> list[str]:
    """What is wrong with the fragments, one line each."""
    found: list[str] = []
    for path in paths:
        slug, _, kind = path.stem.rpartition(".")
        if not slug or kind not in KINDS:
            found.append(f"{path.name}: call it <slug>.<{'|'.join(KINDS)}>.md")
        elif not path.read_text(encoding="utf-8").strip():
            found.append(f"{path.name}: it is empty")
    return found


def section(version: str, day: str, paths: Sequence[Path]) -> str:
    """The new part of the changelog."""
    lines = [f"## {version} ({day})", ""]
    for kind in KINDS:
        texts = [path.read_text(encoding="utf-8").strip() for path in paths if path.stem.endswith(f".{kind}")]
        if texts:
            items = ["- " + text.replace("\n", "\n  ") for text in texts]
            lines += [f"### {kind.capitalize()}", "", *items, ""]
    return "\n".join(lines) + "\n"


def release(root: Path, version: str, day: str) -> str | None:
    """Write the section and remove its fragments; what is wrong, if nothing was done."""
    log, paths = root / "CHANGELOG.md", fragments(root / "changes")
    text = log.read_text(encoding="utf-8")
    if MARK not in text:
        return f"CHANGELOG.md lacks the line {MARK.strip()}"
    if f"## {version} (" in text:
        return f"CHANGELOG.md has {version} already"
    if not paths:
        return "changes/ holds no fragment"
    new = text.replace(MARK, f"{MARK}\n{section(version, day, paths).rstrip()}\n")
    log.write_text(new, encoding="utf-8", newline="\n")
    for path in paths:
        path.unlink()
    return None


def main(arguments: Sequence[str] | None = None, show: Callable[[str], None] = print) -> int:
    """Check the fragments, or release them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", nargs="?", help="the version to write, such as 0.2.0")
    parser.add_argument("--check", action="store_true", help="only look at the fragments")
    parser.add_argument("--root", type=Path, default=HERE, help="the project's folder")
    options = parser.parse_args(arguments)
    wrong = problems(fragments(options.root / "changes"))
    if not wrong and not options.check:
        if options.version is None:
            parser.error("name the version, or pass --check")
        day = datetime.now(UTC).date().isoformat()
        wrong = [problem for problem in [release(options.root, options.version, day)] if problem]
    for problem in wrong:
        show(f"changelog.py: {problem}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
