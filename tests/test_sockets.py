"""A class on a real network: TLS, proxies, HTTP/2, cancelled calls, processes, event loops and threads."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

pytest.importorskip("trustme")
from servers_proxy import AUTHORITY, Internet, half_closed, plain, silent, trusting
from toys import World

from onevec import MiniMaxEmbeddings, OpenAIEmbeddings, TimedOut, TransportError
from onevec.testing import json_reply
from onevec.transport import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from onevec.wire import Reply, Request

TEXTS = [f"text {number}" for number in range(40)]
KEY = "sk-made-up"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


def answer(request: Request) -> Reply:
    """A provider in OpenAI's format whose vectors tell the text."""
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    texts: list[str] = orjson.loads(request.body)["input"]
    rows = [{"index": place, "embedding": vector(text)} for place, text in enumerate(texts)]
    return json_reply({"data": rows, "usage": {"total_tokens": len(texts)}})


def vector(text: str) -> list[float]:
    return [float(len(text)), float(text.rpartition(" ")[2] or 0)]


VECTORS = [vector(text) for text in TEXTS]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with the authority's certificate."""
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    """A transport as a program makes it, closed in the end."""
    made = HttpTransport()
    yield made
    made.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def model(transport: HttpTransport, base_url: str = "https://api.openai.com/v1", **init: Any) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(transport=transport, base_url=base_url, **{"max_retries": 0, **init})


def test_an_own_authority_from_the_environment(
    transport: HttpTransport, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", bundle)
    with Internet(World(answer), tls=True) as server:
        ours = model(transport, f"https://localhost:{server.port}/v1")
        assert ours.embed_query("text 7") == vector("text 7")
        assert asyncio.run(ours.aembed_documents(TEXTS)) == VECTORS


@pytest.mark.parametrize("named", [False, True])
def test_an_unknown_authority_is_named(
    named: bool, transport: HttpTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import trustme

    if named:
        trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with Internet(World(answer), tls=True) as server:
        ours = model(transport, f"https://localhost:{server.port}/v1")
        with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED") as failure:
            ours.embed_query("text 7")
    assert f"from {tmp_path / 'other.pem' if named else 'the system'} (set SSL_CERT_FILE" in str(failure.value)
    assert not failure.value.retryable


def test_proxies_from_the_environment(transport: HttpTransport, bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Internet(World(answer)) as proxy:
        monkeypatch.setenv("SSL_CERT_FILE", bundle)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert model(transport).embed_query("text 7") == vector("text 7")
        assert asyncio.run(model(transport, "http://plain.example/v1").aembed_query("text 8")) == vector("text 8")
    assert proxy.seen == [
        "CONNECT api.openai.com:443",
        "POST https://api.openai.com/v1/embeddings",
        "POST http://plain.example/v1/embeddings",
    ]


def test_no_proxy_goes_straight(transport: HttpTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Internet(World(answer)) as server:
        assert model(transport, f"{server.url}/v1").embed_query("text 7") == vector("text 7")


def test_a_query_string_passes_a_proxy(transport: HttpTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(
        lambda _request: json_reply({"vectors": [[1.0, 2.0]], "base_resp": {"status_code": 0, "status_msg": ""}})
    )
    with Internet(world) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        ours = MiniMaxEmbeddings(
            api_key=KEY, group_id="组 1&2", base_url="http://plain.example", transport=transport, max_retries=0
        )
        assert ours.embed_query("你好") == [1.0, 2.0]
    assert [request.url for request in world.sent] == ["http://plain.example/v1/embeddings?GroupId=%E7%BB%84+1%262"]


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("refused", [None, 407, 502])
def test_a_failing_proxy_is_named(
    refused: int | None, mode: str, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Internet(World(answer), refuse_tunnels=refused) as proxy:
        port = proxy.port if refused else closed_port()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hush-hush@127.0.0.1:{port}")
        with pytest.raises(TransportError, match=r"proxies are set for https \(.*HTTPS_PROXY.*\)") as failure:
            embed(model(transport), mode)
    assert str(refused or "") in str(failure.value)
    assert "hush-hush" not in str(failure.value)


def embed(ours: OpenAIEmbeddings, mode: str) -> list[list[float]]:
    return ours.embed_documents(TEXTS) if mode == "sync" else asyncio.run(ours.aembed_documents(TEXTS))


@pytest.mark.parametrize(("mode", "version"), [("sync", ""), ("async", " HTTP/2")])
def test_http2_is_for_async_calls(mode: str, version: str) -> None:
    pytest.importorskip("h2")
    transport = HttpTransport(http2=True, verify=trusting())
    with Internet(World(answer), tls=True, http2=True) as server:
        ours = model(transport, f"https://127.0.0.1:{server.port}/v1", batch_size=5)
        assert embed(ours, mode) == VECTORS
        transport.close()
        assert server.is_quiet()
    assert server.seen == [f"POST https://127.0.0.1:{server.port}/v1/embeddings{version}"] * 8


async def test_a_cancelled_call_leaves_no_task_and_no_connection() -> None:
    arrived = threading.Semaphore(0)

    def hold(_request: Request) -> Reply:
        arrived.release()
        raise TimedOut  # the server stays silent

    with Internet(World(hold)) as server:
        transport = HttpTransport()
        call = asyncio.create_task(model(transport, f"{server.url}/v1", batch_size=5).aembed_documents(TEXTS))
        for _ in range(8):
            assert await asyncio.to_thread(arrived.acquire, timeout=30)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await asyncio.to_thread(server.is_quiet)
        assert server.accepted == 8
        await transport.aclose()


async def test_a_call_works_after_a_cancelled_one() -> None:
    with Internet(World(answer), manners=[silent]) as server:
        transport = HttpTransport()
        ours = model(transport, f"{server.url}/v1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ours.aembed_query("text 1"), 0.2)
        assert await ours.aembed_query("text 2") == vector("text 2")
        await transport.aclose()
        assert await asyncio.to_thread(server.is_quiet)


def test_connections_are_kept_and_a_broken_one_is_replaced(transport: HttpTransport) -> None:
    with Internet(World(answer), manners=[*[plain] * 2, half_closed]) as server:
        ours = model(transport, f"{server.url}/v1", max_concurrency=1)
        assert [ours.embed_query(text) for text in TEXTS[:2]] == VECTORS[:2]
        assert server.accepted == 1
        with pytest.raises(TransportError, match="disconnected"):
            ours.embed_query(TEXTS[2])
        assert ours.embed_query(TEXTS[3]) == VECTORS[3]
        assert server.accepted == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # the server is a thread of ours
def test_a_forked_child_opens_its_own_connection(transport: HttpTransport) -> None:
    with Internet(World(answer)) as server:
        ours = model(transport, f"{server.url}/v1")
        assert ours.embed_query("text 1") == vector("text 1")
        child = os.fork()
        if child == 0:  # a failure must not run the rest of the tests a second time
            same = False
            try:
                same = ours.embed_query("text 2") == vector("text 2")
            finally:
                os._exit(0 if same else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert server.accepted == 2
        assert ours.embed_query("text 3") == vector("text 3")
        assert server.accepted == 2, "the child closed its parent's connection"
        transport.close()


def test_a_spawned_process_gets_a_copy() -> None:
    with (
        Internet(World(answer)) as server,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        ours = OpenAIEmbeddings(base_url=f"{server.url}/v1")
        assert pool.submit(ours.embed_documents, TEXTS).result(60) == VECTORS


def test_several_event_loops_after_one_another_and_at_once(transport: HttpTransport) -> None:
    with Internet(World(answer)) as server:
        ours = model(transport, f"{server.url}/v1", batch_size=10)

        def call() -> list[list[float]]:
            return asyncio.run(ours.aembed_documents(TEXTS))

        assert [call(), call()] == [VECTORS] * 2
        with ThreadPoolExecutor(4) as pool:
            assert [each.result() for each in [pool.submit(call) for _ in range(4)]] == [VECTORS] * 4
        assert server.is_quiet(), "a loop that ended left a connection open"


def test_many_threads_share_one_instance(transport: HttpTransport) -> None:
    with Internet(World(answer)) as server:
        ours = model(transport, f"{server.url}/v1", batch_size=10)
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: ours.embed(TEXTS).vectors, range(16)))
        np.testing.assert_array_equal(results, [VECTORS] * 16)
        assert ours.usage.requests == 64
        assert ours.usage.tokens == 16 * 40
        transport.close()
        assert server.is_quiet()
