"""Replay the contract of every hosted class and write docs/contracts.md; with --check, only say whether it is stale.

The page tells for each class how many cases pass, where it differs on purpose and why, and beside what it was checked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import onevec
from onevec.testing import areplay, contract_cases, replay

if TYPE_CHECKING:
    from onevec.testing import Case

HERE = Path(__file__).resolve().parent.parent
PAGE = HERE / "docs" / "contracts.md"
HEAD = """<!-- Written by scripts/contracts_page.py: change the contracts, then run it. -->
# What each hosted class was checked against

A contract is a file of requests and answers, as the vendor documents them or as LangChain's class sends them
([form](../src/onevec/testing/contracts.py), [files](../tests/contracts)). Every case is replayed blocking and async.
A case counts as passing only if both send exactly these requests and give exactly these vectors, or this error.
Where a class differs on purpose from the vendor's or LangChain's own class, the case says why; the reasons are listed
with the number of cases.

"""
WITNESSES = {
    "The vendor's SDK, request by request (`nox -s witness`)": {
        "AlephAlphaAsymmetricSemanticEmbedding": "aleph-alpha-client",
        "ArkEmbeddings": "volcengine-ark-runtime",
        "AzureOpenAIEmbeddings": "openai",
        "BedrockEmbeddings": "boto3, with the signature",
        "CloudflareWorkersAIEmbeddings": "cloudflare",
        "CohereEmbeddings": "cohere",
        "DashScopeEmbeddings": "dashscope",
        "DatabricksEmbeddings": "databricks-sdk",
        "ElasticsearchEmbeddings": "elasticsearch",
        "GigaChatEmbeddings": "gigachat",
        "GoogleGenerativeAIEmbeddings": "google-genai",
        "HuggingFaceHubEmbeddings": "huggingface_hub",
        "HunyuanEmbeddings": "tencentcloud-sdk-python-hunyuan, with the signature",
        "MistralAIEmbeddings": "mistralai",
        "MixedbreadEmbeddings": "mixedbread",
        "MlflowEmbeddings": "mlflow-skinny",
        "NLPCloudEmbeddings": "nlpcloud",
        "NVIDIAEmbeddings": "langchain-nvidia-ai-endpoints",
        "OCIGenAIEmbeddings": "oci, with the signature",
        "OllamaEmbeddings": "ollama",
        "OpenAIEmbeddings": "openai",
        "QianfanEmbeddingsEndpoint": "qianfan",
        "SagemakerEndpointEmbeddings": "boto3, with the signature",
        "TogetherEmbeddings": "together",
        "UpstageEmbeddings": "langchain-upstage",
        "VertexAIEmbeddings": "google-genai",
        "VoyageEmbeddings": "voyageai",
        "WatsonxEmbeddings": "ibm-watsonx-ai",
        "XinferenceEmbeddings": "xinference-client",
        "ZhipuAIEmbeddings": "zai-sdk",
    },
    "OpenAI's SDK, where the vendor takes it or copies its format (`nox -s witness`)": dict.fromkeys(
        (
            *("AnyscaleEmbeddings", "BaichuanTextEmbeddings", "EdenAiEmbeddings", "FireworksEmbeddings"),
            *("InfinityEmbeddings", "JinaEmbeddings", "LocalAIEmbeddings", "NeMoEmbeddings", "OVHCloudEmbeddings"),
            *("OctoAIEmbeddings", "OpenRouterEmbeddings", "SambaNovaEmbeddings", "SiliconFlowEmbeddings"),
            "VLLMEmbeddings",
        ),
        "openai",
    ),
    "A real server on 127.0.0.1": {
        "InfinityEmbeddings": "Infinity's server (`nox -s infinity`)",
        "LlamafileEmbeddings": "llama.cpp's server (`nox -s llamacpp`)",
        "LocalAIEmbeddings": "llama.cpp's server (`nox -s llamacpp`)",
        "MlflowAIGatewayEmbeddings": "MLflow's gateway (`nox -s mlflow`)",
        "MlflowCohereEmbeddings": "MLflow's gateway (`nox -s mlflow`)",
        "MlflowEmbeddings": "MLflow's gateway (`nox -s mlflow`)",
        "OpenAIEmbeddings": "llama.cpp's server (`nox -s llamacpp`)",
    },
}


class Row(NamedTuple):
    """What is known of one class."""

    name: str
    slug: str
    status: str
    cases: int
    passing: int
    other: int
    deviations: Counter[str]


def passes(case: Case, kind: Any, *, blocking: bool) -> bool:
    """Whether a case holds."""
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            placed = case.placed(Path(folder))
            replay(placed, kind) if blocking else asyncio.run(areplay(placed, kind))
        except Exception as error:  # noqa: BLE001  # whatever it is, the case does not hold
            print(f"{case.contract} {case.name}: {type(error).__name__}: {error}", file=sys.stderr)
            return False
    return True


def row_of(entry: onevec.ProviderInfo, *, run: bool) -> Row | None:
    """The row of a class; None if it has no contract."""
    path = HERE / "tests" / "contracts" / f"{entry.name}.json"
    if not path.exists():
        return None
    kind = getattr(onevec, entry.name)
    cases = list(contract_cases(path))
    wired = [case for case in cases if "library_calls" not in case.data]
    good = [case for case in wired if not run or all(passes(case, kind, blocking=mode) for mode in (True, False))]
    contract = json.loads(path.read_text(encoding="utf-8"))
    reasons = Counter(reason for case in cases for reason in case.data.get("deviation", "").split("; ") if reason)
    if whole := contract.get("deviation"):
        reasons[whole] = len(cases)
    return Row(entry.name, entry.slug, entry.status, len(wired), len(good), len(cases) - len(wired), reasons)


def witness(name: str) -> str:
    """Beside what a class was checked."""
    return "; ".join(found[name] for found in WITNESSES.values() if name in found)


def page(rows: list[Row]) -> str:
    """The whole page."""
    total, passing = sum(row.cases for row in rows), sum(row.passing for row in rows)
    lines = [HEAD + f"{passing} of {total} cases of {len(rows)} classes pass.\n"]
    lines += ["| Class | Status | Cases that pass | Checked beside |", "|---|---|---|---|"]
    for row in rows:
        count = f"{row.passing} of {row.cases}" if row.cases else f"{row.other}, by the driver's calls"
        name = f"[`{row.name}`](providers/{row.slug}.md)"
        lines.append(f"| {name} | {row.status} | {count} | {witness(row.name)} |")
    lines += ["", "Kinds of witness:", "", *(f"- {kind}: {len(found)} classes" for kind, found in WITNESSES.items())]
    lines += ["", "## Deviations, and how many cases they touch"]
    for row in rows:
        if row.deviations:
            lines += ["", f"### {row.name}", ""]
            lines += [f"- {reason} ({count})" for reason, count in sorted(row.deviations.items())]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or check it; 1 if it is stale or a case fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="replay nothing, write nothing; say whether it is stale")
    checking: bool = parser.parse_args().check
    entries = sorted((entry for entry in onevec.providers() if entry.kind == "provider"), key=lambda entry: entry.name)
    rows = [row for entry in entries if (row := row_of(entry, run=not checking))]
    text = page(rows)
    if checking:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
        if stale:
            print("docs/contracts.md: stale, run python scripts/contracts_page.py")
        return int(stale)
    PAGE.write_text(text, encoding="utf-8")
    print(text.partition("\n\n## Deviations")[0].partition("cases.\n\n")[2])
    return int(any(row.passing < row.cases for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
