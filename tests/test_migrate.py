"""`onevec migrate-imports`: which imports change, and that nothing else does."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("typer")
pytest.importorskip("rich")
pytest.importorskip("pyarrow")
from onevec.cli import main
from onevec.cli.imports import OURS, migrated


@pytest.mark.parametrize(
    "module",
    [
        "langchain.embeddings",
        "langchain.embeddings.openai",
        "langchain_classic.embeddings",
        "langchain_community.embeddings",
        "langchain_community.embeddings.openai",
        "langchain_openai",
        "langchain_openai.embeddings",
        "langchain_openai.embeddings.base",
    ],
)
def test_every_home_of_a_class(module: str) -> None:
    result = migrated(f"from {module} import OpenAIEmbeddings\n")
    assert result.after == "from onevec import OpenAIEmbeddings\n"
    assert (result.names, result.remarks) == (["OpenAIEmbeddings"], [])


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("langchain_core.embeddings", "Embeddings"),
        ("langchain_core.embeddings.fake", "DeterministicFakeEmbedding"),
        ("langchain_aws", "BedrockEmbeddings"),
        ("langchain_huggingface", "HuggingFaceEmbeddings"),
        ("langchain_ollama", "OllamaEmbeddings"),
        ("langchain.storage", "LocalFileStore"),
        ("langchain_classic.storage", "InMemoryByteStore"),
        ("langchain_core.stores", "InMemoryStore"),
        ("langchain_community.storage", "UpstashRedisByteStore"),
        ("langchain_community.embeddings.minimax", "MiniMaxEmbeddings"),
    ],
)
def test_other_names(module: str, name: str) -> None:
    assert name in OURS
    assert migrated(f"from {module} import {name}").after == f"from onevec import {name}"


CHANGED = {
    "alias": (
        "from langchain_openai import OpenAIEmbeddings as E, AzureOpenAIEmbeddings as A  # both\n",
        "from onevec import OpenAIEmbeddings as E, AzureOpenAIEmbeddings as A  # both\n",
    ),
    "alias of one": (
        "from langchain_openai import ChatOpenAI as C, OpenAIEmbeddings as E\n",
        "from onevec import OpenAIEmbeddings as E\nfrom langchain_openai import ChatOpenAI as C\n",
    ),
    "in parentheses, all ours": (
        "from langchain_openai import (\n    OpenAIEmbeddings,  # 向量\n    # more\n    AzureOpenAIEmbeddings,\n)\n",
        "from onevec import (\n    OpenAIEmbeddings,  # 向量\n    # more\n    AzureOpenAIEmbeddings,\n)\n",
    ),
    "in parentheses, mixed": (
        """\
from langchain_openai import (  # noqa: F401
    ChatOpenAI,  # 聊天, and so on
    # 向量
    OpenAIEmbeddings,  # vectors
    OpenAI
    # the end
)
""",
        """\
from onevec import (  # noqa: F401
    # 向量
    OpenAIEmbeddings,  # vectors
)
from langchain_openai import (  # noqa: F401
    ChatOpenAI,  # 聊天, and so on
    OpenAI
    # the end
)
""",
    ),
    "in parentheses, in one line": (
        "from langchain_openai import (ChatOpenAI, OpenAIEmbeddings)\n",
        "from onevec import OpenAIEmbeddings\nfrom langchain_openai import ChatOpenAI\n",
    ),
    "a comment before a name that goes": (
        "from langchain_openai import (ChatOpenAI, # chat\n OpenAIEmbeddings, OpenAI)\n",
        "from onevec import (\n OpenAIEmbeddings,)\nfrom langchain_openai import (ChatOpenAI, # chat\n     OpenAI)\n",
    ),
    "backslash": (
        "from langchain_openai import ChatOpenAI, \\\n    OpenAIEmbeddings\n",
        "from onevec import OpenAIEmbeddings\nfrom langchain_openai import ChatOpenAI\n",
    ),
    "indented": (
        "if True:\n\tfrom langchain_openai import OpenAIEmbeddings, OpenAI\n\tx = OpenAI\n",
        "if True:\n\tfrom onevec import OpenAIEmbeddings\n\tfrom langchain_openai import OpenAI\n\tx = OpenAI\n",
    ),
    "several in a line": (
        's = "中"; from langchain_openai import OpenAI, OpenAIEmbeddings; y = 1',
        's = "中"; from onevec import OpenAIEmbeddings; from langchain_openai import OpenAI; y = 1',
    ),
    "twice in a line": (
        's = "中"; from langchain_openai import OpenAIEmbeddings; from langchain_aws import BedrockEmbeddings',
        's = "中"; from onevec import OpenAIEmbeddings; from onevec import BedrockEmbeddings',
    ),
    "behind a colon": (
        "if True: from langchain_openai import OpenAI, OpenAIEmbeddings\n",
        "if True: from onevec import OpenAIEmbeddings; from langchain_openai import OpenAI\n",
    ),
    "odd white space": (
        "from  langchain_openai\timport   OpenAIEmbeddings",
        "from  onevec\timport   OpenAIEmbeddings",
    ),
    "an odd end of a line in a text": (
        's = "a\x0cb\u2028c"\n\x0cfrom langchain_openai import OpenAIEmbeddings\n',
        's = "a\x0cb\u2028c"\n\x0cfrom onevec import OpenAIEmbeddings\n',
    ),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("before", "after"), CHANGED.values(), ids=CHANGED)
def test_what_changes(before: str, after: str, newline: str) -> None:
    before, after = (text.replace("\n", newline) for text in (before, after))
    assert migrated(before).after == after
    assert migrated(after).after == after


@pytest.mark.parametrize(
    "text",
    [
        "from langchain_openai import ChatOpenAI\n",
        "from .langchain_openai import OpenAIEmbeddings\n",
        "from mylangchain.embeddings import OpenAIEmbeddings\n",
        "from langchainx import OpenAIEmbeddings\n",
        "from openai import OpenAIEmbeddings\n",
        's = """\nfrom langchain_openai import OpenAIEmbeddings\n"""\n',
        "# from langchain_openai import OpenAIEmbeddings\n",
        "",
    ],
)
def test_what_does_not_change(text: str) -> None:
    result = migrated(text)
    assert (result.after, result.names, result.remarks, result.diff()) == (text, [], [], "")


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("from langchain_community.embeddings import NoSuch", "NoSuch stays in langchain_community.embeddings"),
        ("from langchain_mistralai import NoSuchEmbeddings", "NoSuchEmbeddings stays in langchain_mistralai"),
        ("import langchain_community.embeddings as e", "langchain_community.embeddings is imported whole and stays"),
        ("from langchain_community import embeddings", "embeddings from langchain_community stays"),
        ("from langchain.embeddings import *", "* from langchain.embeddings stays"),
    ],
)
def test_what_stays_is_remarked(text: str, remark: str) -> None:
    result = migrated(f"\n{text}\n")
    assert result.after == result.before
    ((line, said),) = result.remarks
    assert line == 2
    assert said.startswith(remark)


@pytest.mark.parametrize("page", ["migrate-from-langchain.md", "migrate-from-langchain.zh-CN.md"])
def test_the_guide_shows_what_the_command_does(page: str) -> None:
    text = (Path(__file__).parent.parent / "docs" / page).read_text(encoding="utf-8")
    rows = [re.findall(r"`(from [^`]*)`", line) for line in text.split("\n") if line.startswith("| `from")]
    assert len(rows) == 10
    for before, *after in rows:
        assert migrated(before).after == "\n".join(after)


NAMES = st.sampled_from(["OpenAIEmbeddings", "AzureOpenAIEmbeddings", "Embeddings", "ChatOpenAI", "OpenAI", "x"])
SPACE = st.sampled_from(["", " ", "\n", "\n    ", "  # one, two\n", "\n# 中文 (here\n  ", "\t"])


@st.composite
def statements(draw: st.DrawFn) -> str:
    """An import in parentheses, laid out in every way that Python allows."""
    text = f"from langchain_openai import ({draw(SPACE)}"
    count = draw(st.integers(1, 5))
    for number in range(count):
        alias = draw(st.sampled_from(["", f" as name{number}"]))
        last = number == count - 1 and draw(st.booleans())
        text += f"{draw(NAMES)}{alias}{draw(SPACE)}{'' if last else ','}{draw(SPACE)}"
    return f"{text})  # 末尾\nafter = 1\n"


def bound(text: str) -> set[tuple[str, str, str | None]]:
    """What a text imports: (module, name, alias)."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return {(node.module or "", alias.name, alias.asname) for node in nodes for alias in node.names}


@given(statements())
def test_every_layout_imports_the_same_names(text: str) -> None:
    result = migrated(text)
    wanted = {("onevec" if name in OURS else module, name, alias) for module, name, alias in bound(text)}
    assert bound(result.after) == wanted
    assert result.after.endswith("  # 末尾\nafter = 1\n")
    assert migrated(result.after).after == result.after
    assert result.after.count("#") >= text.count("#")


def test_the_command_shows_a_diff_and_changes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.py"
    path.write_bytes(b"import os\nfrom langchain_openai import OpenAIEmbeddings, ChatOpenAI")
    assert main(["migrate-imports", str(path)]) == 0
    out, err = capfd.readouterr()
    assert out == (
        f"--- {path}\n+++ {path}\n@@ -1,2 +1,3 @@\n import os\n"
        "-from langchain_openai import OpenAIEmbeddings, ChatOpenAI\n\\ No newline at end of file\n"
        "+from onevec import OpenAIEmbeddings\n+from langchain_openai import ChatOpenAI\n\\ No newline at end of file\n"
    )
    assert err == ""
    assert path.read_bytes() == b"import os\nfrom langchain_openai import OpenAIEmbeddings, ChatOpenAI"


@pytest.mark.parametrize(
    ("encoding", "first"),
    [("utf-8", "# 注释"), ("utf-8-sig", "# 注释"), ("gbk", "# coding: gbk")],
)
def test_a_written_file_keeps_its_encoding(encoding: str, first: str, tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    text = f"{first}\r\nfrom langchain_openai import OpenAIEmbeddings  # 向量\r\nname = '中文'\r\n"
    path.write_bytes(text.encode(encoding))
    assert main(["migrate-imports", "--write", str(path)]) == 0
    assert path.read_bytes() == text.replace("langchain_openai", "onevec").encode(encoding)


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bad, latin, good = (tmp_path / name for name in ("bad.py", "latin.py", "good.py"))
    bad.write_text("from langchain_openai import OpenAIEmbeddings\nif:\n")
    latin.write_bytes("# Käse\n".encode("latin-1"))
    good.write_text("from langchain_openai import OpenAIEmbeddings\n")
    files = [str(path) for path in (bad, tmp_path / "missing.py", latin, good)]
    assert main(["migrate-imports", "--write", *files]) == 1
    _, err = capfd.readouterr()
    assert good.read_text() == "from onevec import OpenAIEmbeddings\n"
    assert bad.read_text() == "from langchain_openai import OpenAIEmbeddings\nif:\n"
    assert "bad.py, line 2" in err
    assert f"{tmp_path / 'missing.py'}: No such file or directory" in err
    assert "latin.py: no valid Python" in err


def test_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.py"
    path.write_text("from langchain_community.embeddings import NoSuch, OpenAIEmbeddings\n")
    assert main(["migrate-imports", "--json", str(path), str(tmp_path / "missing.py")]) == 1
    said = json.loads(capfd.readouterr().out)
    (file,) = said["files"]
    assert (file["path"], file["changed"], file["names"]) == (str(path), True, ["OpenAIEmbeddings"])
    assert file["remarks"][0]["line"] == 1
    assert "+from onevec import OpenAIEmbeddings\n" in file["diff"]
    assert said["errors"] == [f"{tmp_path / 'missing.py'}: No such file or directory"]


def test_a_wrong_command_line_is_2() -> None:
    assert main(["migrate-imports"]) == 2
    assert main(["migrate-imports", "--no-such-option", "x.py"]) == 2


def test_as_a_module(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("from langchain_openai import OpenAIEmbeddings\n")
    command = [sys.executable, "-m", "onevec", "migrate-imports", "--write", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "+from onevec import OpenAIEmbeddings\n" in done.stdout
    assert path.read_text() == "from onevec import OpenAIEmbeddings\n"
