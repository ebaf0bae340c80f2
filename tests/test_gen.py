"""scripts/gen.py on a small package of its own: in a fresh process each time, for it replaces `onevec` in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

pytest.importorskip("ruff", reason="the generator formats what it writes")

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "gen.py"
SOURCES = {
    "pyproject.toml": """
        [project]
        version = "7.8.9"
        [project.optional-dependencies]
        fast = ["quick>=1"]
        dev = ["tool"]
    """,
    "docs/providers.md": """
        before
        <!-- begin provider -->
        old
        <!-- end provider -->
        <!-- begin parameters -->
        <!-- end parameters -->
        <!-- begin engine -->
        <!-- end engine -->
        after
    """,
    "docs/extras.md": """
        <!-- begin extras -->
        <!-- end extras -->
    """,
    "src/onevec/embeddings.py": """
        __all__ = ["Embedded", "Embeddings", "Note", "Role", "Usage", "only_for_siblings"]
        class Embedded: ...
        class Embeddings: ...
        class Note: ...
        class Role: ...
        class Usage: ...
        def only_for_siblings(): ...
    """,
    "src/onevec/load.py": """
        __all__ = ["load"]
        def load(): return "loaded"
    """,
    "src/onevec/errors.py": """
        __all__ = []
        class EmbeddingError(Exception): ...
    """,
    "src/onevec/hosted.py": """
        from types import SimpleNamespace
        from .embeddings import Embeddings
        def Param(name, default, *env, required=False, secret=False, ignored=""):
            return SimpleNamespace(**locals(), annotation="str | None")
        class HostedEmbeddings(Embeddings):
            timeout: float = 60.0
            'Seconds a request.'
            _params = {"timeout": Param("timeout", 60.0)}
            _aliases = {}
            def __init__(self, **given):
                if any(name not in given for name, spec in self._params.items() if spec.required):
                    raise RuntimeError("a page must give what is required")
    """,
    "src/onevec/providers/acme.py": """
        'Acme: vectors by mail.'
        from types import SimpleNamespace
        from ..errors import EmbeddingError
        from ..hosted import HostedEmbeddings, Param
        __all__ = ["AcmeEmbeddings", "NotAModel", "AcmeAncient"]
        class NotAModel: ...
        class AcmeEmbeddings(HostedEmbeddings):
            'Embed texts with Acme.'
            model: str = "acme-1"
            key: str
            k: str
            'Which of the | keys.'
            docs = "https://acme.example/docs"
            status = "live"
            extra = None
            def provider_limits(self): return SimpleNamespace(texts=1200, tokens=None, bytes=None)
            _params = {
                **HostedEmbeddings._params,
                "model": Param("model", "acme-1"),
                "key": Param("key", None, "ACME_KEY", "ACME_TOKEN", required=True, secret=True),
                "k": Param("k", None, "ACME_KEY"),
                "old": Param("old", None, ignored="gone"),
            }
            _aliases = {"kk": "k"}
            def request(self): ...
            def recipe(self, role):
                if not self.given.get("base_url"):
                    raise EmbeddingError("no address")
                kind = "q" if role == "query" else "d"
                return SimpleNamespace(role=f'["texts",0,"kind"]="{kind}"', prefix="find: " if kind == "q" else "")
            def __init__(self, **given):
                super().__init__(**given)
                self.given = given
        class AcmeAncient(AcmeEmbeddings):
            retired = "AcmeEmbeddings"
            _params = {**AcmeEmbeddings._params, "timeout": Param("timeout", 7.0)}
    """,
    "src/onevec/models.toml": """
        [acme."acme-1"]
        dimensions = 5
        price = 0.5
        source = "https://acme.example/models"
        date = 2026-01-31
    """,
    "src/onevec/engines/tiny.py": """
        from ..embeddings import Embeddings
        __all__ = ["TinyEmbeddings"]
        class TinyEmbeddings(Embeddings):
            extra = "fast"
    """,
    "src/onevec/engines/_private.py": "raise RuntimeError",
}
WRITTEN = ["docs/extras.md", "docs/providers.md", "docs/providers/acme.md", "docs/providers/tiny.md"]
WRITTEN += ["src/onevec/__init__.py", "src/onevec/__init__.pyi", "src/onevec/_catalog.py"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return tmp_path


def gen(project: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, str(SCRIPT), "--root", str(project), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def ask(project: Path, expression: str) -> Any:
    """The value of an expression in a fresh Python that finds the generated package."""
    code = f"import json, sys; sys.path.insert(0, sys.argv[1]); import onevec; print(json.dumps({expression}))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(project / "src")], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def contents(project: Path) -> dict[str, str]:
    return {name: (project / name).read_text(encoding="utf-8") for name in WRITTEN}


def test_all_files_are_written_once(project: Path) -> None:
    status, said = gen(project)
    assert status == 0
    assert sorted(line.removesuffix(": written") for line in said.splitlines()) == WRITTEN
    first = contents(project)
    assert gen(project) == (0, "")
    assert gen(project, "--check") == (0, "")
    assert contents(project) == first


def test_check_names_the_stale_file_and_leaves_it(project: Path) -> None:
    gen(project)
    page = project / "docs" / "providers.md"
    page.write_text(page.read_text(encoding="utf-8").replace("ACME_KEY", "ACME_CAY"), encoding="utf-8")
    assert gen(project, "--check") == (1, "docs/providers.md: stale, run python scripts/gen.py\n")
    assert "ACME_CAY" in page.read_text(encoding="utf-8")


def test_a_merge_conflict_in_generated_code_is_settled(project: Path) -> None:
    gen(project)
    clean = contents(project)
    for name in ("__init__.py", "_catalog.py"):
        path = project / "src" / "onevec" / name
        path.write_text("<<<<<<< HEAD\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert gen(project)[0] == 0
    assert contents(project) == clean


def test_the_catalogue_holds_the_class_facts(project: Path) -> None:
    gen(project)
    rows = ask(project, "[e._asdict() for e in __import__('onevec._catalog')._catalog.ENTRIES]")
    acme = {
        "name": "AcmeEmbeddings",
        "module": "onevec.providers.acme",
        "kind": "provider",
        "slug": "acme",
        "default": True,
        "status": "live",
        "successor": None,
        "extra": None,
        "variables": ["ACME_KEY", "ACME_TOKEN"],
        "docs": "https://acme.example/docs",
    }
    ancient = {**acme, "name": "AcmeAncient", "default": False, "status": "retired", "successor": "AcmeEmbeddings"}
    tiny = {
        "name": "TinyEmbeddings",
        "module": "onevec.engines.tiny",
        "kind": "engine",
        "slug": "tiny",
        "default": True,
        "status": "live",
        "successor": None,
        "extra": "fast",
        "variables": [],
        "docs": "",
    }
    assert rows == [tiny, acme, ancient]


def test_a_name_is_imported_on_first_use(project: Path) -> None:
    gen(project)
    names = [
        "AcmeAncient",
        "AcmeEmbeddings",
        "Embedded",
        "Embeddings",
        "Note",
        "Role",
        "TinyEmbeddings",
        "Usage",
        "load",
    ]
    assert ask(project, "onevec.__all__") == names
    assert ask(project, "set(onevec.__all__) <= set(dir(onevec))") is True
    loaded = "sorted(m for m in sys.modules if m.startswith('onevec.'))"
    assert ask(project, loaded) == []
    assert ask(project, f"[onevec.TinyEmbeddings.__name__, {loaded}]") == [
        "TinyEmbeddings",
        ["onevec.embeddings", "onevec.engines", "onevec.engines.tiny"],
    ]
    assert ask(project, "[onevec.__version__, hasattr(onevec, 'Acme')]") == ["7.8.9", False]


def test_a_function_is_not_hidden_by_its_module(project: Path) -> None:
    gen(project)
    assert ask(project, "[__import__('onevec.load').load(), onevec.load()]") == ["loaded", "loaded"]


def test_type_checkers_see_every_name(project: Path) -> None:
    gen(project)
    stub = contents(project)["src/onevec/__init__.pyi"]
    assert "from .providers.acme import AcmeEmbeddings as AcmeEmbeddings\n" in stub
    assert "from .load import load as load\n" in stub
    assert "only_for_siblings" not in stub


def test_the_pages_keep_their_prose(project: Path) -> None:
    gen(project)
    pages = contents(project)
    lines = pages["docs/providers.md"].splitlines()
    assert (lines[0], lines[-1], "old" in lines) == ("before", "after", False)
    acme = "| [`AcmeEmbeddings`](providers/acme.md) | `acme:` | live | - | `ACME_KEY`, `ACME_TOKEN` |"
    assert f"{acme} [page](https://acme.example/docs) |" in lines
    assert any(
        line.startswith("| [`AcmeAncient`](providers/acme.md) | - | retired, use `AcmeEmbeddings` |") for line in lines
    )
    assert "| `fast` | `quick>=1` | `TinyEmbeddings` |" in pages["docs/extras.md"]
    assert "tool" not in pages["docs/extras.md"]


def test_a_page_tells_all_of_a_module(project: Path) -> None:
    gen(project)
    page = contents(project)["docs/providers/acme.md"]
    new, old = page.split("## AcmeAncient")
    lines = new.splitlines()
    assert lines[1:4] == ["# acme", "", "Acme: vectors by mail."]
    assert "| `acme-1` | 5 | - | 0.5 | [2026-01-31](https://acme.example/models) |" in lines
    roles = """document `kind="d"`; query `kind="q"`, `'find: ' before the text`"""
    assert f"- Roles, with the usual model: {roles}" in lines
    assert "- Limits: 1,200 texts a request" in lines
    assert 'model = AcmeEmbeddings(key="...")' in lines
    assert 'model = load("acme:acme-1", key="...")  # the same' in lines
    assert "| `model` | - | `str \\| None` | `'acme-1'` | - | Name of the model. |" in lines
    assert "| `key` | - | `str \\| None` | required | `ACME_KEY`, `ACME_TOKEN` | The credential. |" in lines
    assert "| `k` | `kk` | `str \\| None` | - | `ACME_KEY` | Which of the \\| keys. |" in lines
    assert "`old`" not in page, "a parameter without an effect"
    assert "`timeout`" not in new, "every hosted class has it"
    assert "| `timeout` | - | `str \\| None` | `7.0` | - | Seconds a request. |" in old
    assert "- Status: retired; use `AcmeEmbeddings`" in old
    assert "| `timeout` | - | `str \\| None` | `60.0` |" in contents(project)["docs/providers.md"]


def test_the_page_of_a_module_that_is_gone_goes_too(project: Path) -> None:
    gen(project)
    (project / "src" / "onevec" / "engines" / "tiny.py").unlink()
    assert "docs/providers/tiny.md: stale, run python scripts/gen.py\n" in gen(project, "--check")[1]
    assert "docs/providers/tiny.md: removed\n" in gen(project)[1]
    assert not (project / "docs" / "providers" / "tiny.md").exists()
    assert gen(project, "--check") == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("src/onevec/engines/tiny.py", "TinyEmbeddings", "AcmeEmbeddings", "AcmeEmbeddings is in engines.tiny and in"),
        ("src/onevec/engines/tiny.py", '"fast"', '"swift"', "pyproject.toml lacks the extras swift"),
        ("src/onevec/load.py", "__all__", "names", "load.py has no __all__"),
        ("docs/extras.md", "<!-- end extras -->", "", "has no '<!-- begin extras -->'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(project: Path, name: str, old: str, new: str, said: str) -> None:
    path = project / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    status, output = gen(project)
    assert status == 1
    assert said in output
    assert len(output.splitlines()) == 1
    assert not (project / "src" / "onevec" / "_catalog.py").exists()
