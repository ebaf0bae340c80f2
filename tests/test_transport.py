"""The real transport over real sockets on 127.0.0.1."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpcore2
import pytest
import trustme
from servers import (
    Server,
    drip_body,
    drip_head,
    echo,
    flood,
    hang_up,
    head,
    mute,
    reply,
    reset,
    silent,
    slow_reader,
    truncated,
    zipped,
)
from toys import KEY, MODES, Toy, vector

from onevec.deadlines import deadline, obey_deadlines
from onevec.errors import ConfigurationError, TimedOut, TransportError
from onevec.transport import HttpTransport, default_transport
from onevec.wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers import Connection

    from onevec.transport import Transport
    from onevec.wire import Reply

modes = pytest.mark.parametrize("mode", MODES)
SOON = 5.0
"""Seconds: a time-out of `SHORT` has struck long before, and what drips would go on for ever."""
SHORT = 0.3
UNTRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Where no certificate is looked at: reading the system's takes longer than the test."""


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport(verify=UNTRUSTING)
    yield made
    made.close()


def ask(server: Server, path: str = "/v1", body: Any = "猫", **headers: str) -> Request:
    return Request.post(server.url + path, json=body, headers=headers)


def sent(transport: HttpTransport, request: Request, mode: str, timeout: float = 10.0) -> Reply:
    if mode == "sync":
        return transport.send(request, timeout)
    return asyncio.run(transport.asend(request, timeout))


def fault(transport: HttpTransport, request: Request, mode: str, timeout: float = 10.0) -> TransportError:
    with pytest.raises(TransportError) as caught:
        sent(transport, request, mode, timeout)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value


# One exchange ---------------------------------------------------------------------------------------------------------


@modes
def test_a_request_arrives_as_it_is(mode: str, transport: HttpTransport) -> None:
    with Server(echo) as server:
        found = sent(transport, ask(server, "/v1/a%2Fb?x=1&y=%20+z&ü=猫 狗", ["猫"], Authorization="Bearer k"), mode)
        [seen] = server.requests
    assert found.status == 200
    assert found.headers["content-type"] == "application/json"
    assert found.json()["body"] == '["猫"]'
    assert seen.method == "POST"
    assert seen.target == "/v1/a%2Fb?x=1&y=%20+z&%C3%BC=%E7%8C%AB%20%E7%8B%97"
    assert [name for name, _ in seen.headers] == [
        "Host",
        "Accept",
        "Accept-Encoding",
        "User-Agent",
        "Content-Type",
        "Authorization",
        "Content-Length",
    ]
    assert seen.header("authorization") == ["Bearer k"]
    assert seen.header("user-agent") == ["onevec"]


@modes
def test_headers_that_are_given_replace_its_own(mode: str, transport: HttpTransport) -> None:
    with Server(echo) as server:
        sent(transport, Request.post(server.url, json=1, headers={"user-agent": "mine", "ACCEPT": "text/x"}), mode)
        [seen] = server.requests
    assert (seen.header("user-agent"), seen.header("accept")) == (["mine"], ["text/x"])


@modes
def test_a_get_without_a_body(mode: str, transport: HttpTransport) -> None:
    with Server(echo) as server:
        sent(transport, Request(method="GET", url=server.url), mode)
        [seen] = server.requests
    assert (seen.method, seen.target, seen.body) == ("GET", "/", b"")


@modes
def test_a_zipped_body_is_unzipped(mode: str, transport: HttpTransport) -> None:
    with Server(zipped) as server:
        assert sent(transport, ask(server), mode).json() == {"rows": []}


@modes
@pytest.mark.parametrize("status", [204, 301, 307, 401, 500])
def test_every_status_is_a_reply_and_no_redirect_is_followed(mode: str, status: int, transport: HttpTransport) -> None:
    with Server(echo) as other, Server(reply(status, headers={"Location": other.url})) as server:
        found = sent(transport, ask(server, Authorization="Bearer k"), mode)
        assert found.status == status
        assert found.headers["location"] == other.url
        assert len(server.requests) == 1
        assert other.connections == 0


@modes
@pytest.mark.parametrize("location", ["http://[bad", "//", "\x7f", "mailto:x"])
def test_a_strange_location_does_no_harm(mode: str, location: str, transport: HttpTransport) -> None:
    with Server(reply(302, headers={"Location": location})) as server:
        assert sent(transport, ask(server), mode).status == 302


@modes
def test_cookies_are_not_kept(mode: str, transport: HttpTransport) -> None:
    async def twice() -> None:
        for _ in range(2):
            await transport.asend(ask(server), 10.0)

    with Server(reply(200, b"{}", {"Set-Cookie": "account=1"})) as server:
        if mode == "sync":
            transport.send(ask(server), 10.0)
            transport.send(ask(server), 10.0)
        else:
            asyncio.run(twice())
        assert [seen.header("cookie") for seen in server.requests] == [[], []]


# What can't be sent ---------------------------------------------------------------------------------------------------


@modes
@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "sk-1\nX-B: 1"},
        {"X-A": "sk-1\r\n\r\nGET /"},
        {"X-A": "sk-1猫"},
        {"X-A": " sk-1"},
        {"X A": "sk-1"},
        {"": "sk-1"},
        {"X:A\n": "sk-1"},
    ],
    ids=repr,
)
def test_a_header_that_can_not_be_sent_is_named_and_not_shown(
    mode: str, headers: dict[str, str], transport: HttpTransport
) -> None:
    request = Request(method="GET", url="http://127.0.0.1:9", headers=headers)
    with pytest.raises(ConfigurationError) as caught:
        sent(transport, request, mode)
    [name] = headers
    assert f"the header {name!r} holds" in str(caught.value)
    assert "sk-1" not in str(caught.value)
    assert caught.value.__context__ is None


@modes
@pytest.mark.parametrize("url", ["localhost:8080/v1", "ftp://host/x", "/v1/embed", "", "http://a\nb/"], ids=repr)
def test_what_is_no_address_is_told_and_not_tried_again(mode: str, url: str, transport: HttpTransport) -> None:
    with pytest.raises(ConfigurationError, match="this is no address"):
        sent(transport, Request(method="GET", url=url), mode)


# Connections ----------------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again(transport: HttpTransport) -> None:
    with Server(echo) as server:
        for _ in range(5):
            transport.send(ask(server), 10.0)
        assert server.connections == 1


def test_a_connection_of_a_loop_is_used_again(transport: HttpTransport) -> None:
    async def five() -> None:
        for _ in range(5):
            await transport.asend(ask(server), 10.0)

    with Server(echo) as server:
        asyncio.run(five())
        assert server.connections == 1


def test_threads_share_the_connections(transport: HttpTransport) -> None:
    with Server(echo) as server, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: transport.send(ask(server, body=n), 10.0).json()["body"], range(100)))
        assert found == [str(number) for number in range(100)]
        assert server.connections <= 8


def test_tasks_share_the_connections(transport: HttpTransport) -> None:
    async def many() -> list[str]:
        replies = await asyncio.gather(*(transport.asend(ask(server, body=n), 10.0) for n in range(60)))
        return [found.json()["body"] for found in replies]

    with Server(echo) as server:
        assert asyncio.run(many()) == [str(number) for number in range(60)]


def test_a_connection_that_the_server_closed_is_replaced(transport: HttpTransport) -> None:
    closed = threading.Semaphore(0)

    def one_each(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.close()
        closed.release()

    with Server(one_each) as server:
        for number in range(1, 4):
            assert transport.send(ask(server), 10.0).json() == {}
            assert server.connections == number
            assert closed.acquire(timeout=10)


def test_loops_come_one_after_another_and_leave_nothing(transport: HttpTransport) -> None:
    with Server(echo) as server:
        for number in range(1, 6):
            assert asyncio.run(transport.asend(ask(server), 10.0)).json()["connection"] == number
        gc.collect()
        assert len(transport._async) <= 1


def test_a_loop_for_every_thread(transport: HttpTransport) -> None:
    def loop(number: int) -> str:
        found: str = asyncio.run(transport.asend(ask(server, body=number), 10.0)).json()["body"]
        return found

    with Server(echo) as server, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(loop, range(12))) == [str(number) for number in range(12)]


def test_it_can_be_closed_twice_and_used_again(transport: HttpTransport) -> None:
    transport.close()
    with Server(echo) as server:
        for number in range(1, 4):
            assert transport.send(ask(server), 10.0).json()["connection"] == number
            transport.close()
            transport.close()


def test_its_loop_part_can_be_closed_twice_and_used_again(transport: HttpTransport) -> None:
    async def both() -> None:
        await transport.aclose()
        for number in range(1, 4):
            assert (await transport.asend(ask(server), 10.0)).json()["connection"] == number
            await transport.aclose()
            await transport.aclose()

    with Server(echo) as server:
        asyncio.run(both())


def test_a_class_never_closes_the_transport_it_was_given(transport: HttpTransport) -> None:
    body = json.dumps({"rows": [vector("a")]}).encode()
    with Server(reply(200, body)) as server:
        model = Toy(api_key=KEY, base_url=server.url, transport=transport)
        for _ in range(3):
            assert model.embed_documents(["a"]) == [vector("a")]
        assert server.connections == 1


# Time -----------------------------------------------------------------------------------------------------------------


@modes
@pytest.mark.parametrize(
    "handle", [silent, drip_head, drip_body, flood, slow_reader], ids=lambda handle: handle.__name__
)
def test_the_time_out_is_wall_time_of_the_whole_exchange(
    mode: str, handle: Callable[[Connection], None], transport: HttpTransport
) -> None:
    big = "x" * 30_000_000 if handle is slow_reader else ""
    with Server(handle) as server:
        request = ask(server, "/v1?key=" + KEY, big)
        start = time.monotonic()
        error = fault(transport, request, mode, SHORT)
        assert time.monotonic() - start < SOON
        assert isinstance(error, TimedOut)
        assert str(error) == f"<Request POST {server.url}/v1>: no whole reply within 0.3 seconds (parameter timeout)"
        assert handle is slow_reader or server.gone.wait(SOON)


@modes
def test_a_handshake_that_never_ends_is_stopped(mode: str, transport: HttpTransport) -> None:
    with Server(mute) as server:
        request = Request.post(server.url.replace("http:", "https:"), json=1)
        start = time.monotonic()
        assert isinstance(fault(transport, request, mode, SHORT), TimedOut)
        assert time.monotonic() - start < SOON
        assert server.gone.wait(SOON)
    gc.collect()  # what was left open would warn, and warnings are errors


def test_a_handshake_that_is_cancelled_leaves_nothing(transport: HttpTransport) -> None:
    async def cancel() -> int:
        task = asyncio.create_task(transport.asend(request, 60.0))
        assert await asyncio.to_thread(server.reached.wait, SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.gone.wait, SOON)
        return len(asyncio.all_tasks())

    with Server(mute) as server:
        request = Request.post(server.url.replace("http:", "https:"), json=1)
        assert asyncio.run(cancel()) == 1
    gc.collect()


class Waiting:
    """In the place of httpcore2's sockets: notes how long each wait may take."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def connect_tcp(self, host: str, port: int, timeout: float, **_: Any) -> Waiting:  # noqa: ARG002
        self.waits.append(timeout)
        return self

    def start_tls(self, context: object, name: str, timeout: float) -> Waiting:  # noqa: ARG002
        self.waits.append(timeout)
        return self

    def read(self, size: int, timeout: float) -> bytes:  # noqa: ARG002
        self.waits.append(timeout)
        return b""

    def write(self, data: memoryview, timeout: float) -> None:  # noqa: ARG002
        self.waits.append(timeout)


def test_every_wait_is_bounded_by_what_is_left() -> None:
    waiting = Waiting()
    pool = SimpleNamespace(_network_backend=waiting)
    obey_deadlines(SimpleNamespace(_transport=SimpleNamespace(_pool=pool), _mounts={"all://": None}))
    backend: Any = pool._network_backend
    with deadline(50.0):
        stream = backend.connect_tcp("host", 443, timeout=99.0).start_tls(None, "host", timeout=99.0)
        stream.read(1, timeout=99.0)
        stream.write(b"x" * (2 << 16), timeout=99.0)
        assert len(waiting.waits) == 5
        assert waiting.waits == sorted(waiting.waits, reverse=True)
        assert 40.0 < waiting.waits[-1] < 50.0
        stream.read(1, timeout=2.0)
        assert waiting.waits[-1] == 2.0
    with deadline(-1.0), pytest.raises(httpcore2.ReadTimeout):
        stream.read(1, timeout=99.0)


def test_a_time_out_of_one_thread_is_its_own(transport: HttpTransport) -> None:
    with Server(silent) as slow, Server(echo) as server, ThreadPoolExecutor(1) as pool:
        late = pool.submit(fault, transport, ask(slow), "sync", SHORT)
        while not late.done():
            assert transport.send(ask(server), 10.0).status == 200
        assert isinstance(late.result(), TimedOut)


def test_after_a_time_out_the_next_request_has_all_its_time(transport: HttpTransport) -> None:
    with Server(drip_body) as slow, Server(echo) as server:
        fault(transport, ask(slow), "sync", SHORT)
        assert transport.send(ask(server), 10.0).status == 200


def test_cancelling_a_request_leaves_nothing(transport: HttpTransport) -> None:
    async def cancel() -> int:
        task = asyncio.create_task(transport.asend(ask(server), 60.0))
        assert await asyncio.to_thread(server.asked.wait, SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.gone.wait, SOON)
        return len(asyncio.all_tasks())

    with Server(silent) as server:
        assert asyncio.run(cancel()) == 1


def test_the_clock_and_chance() -> None:
    transport: Transport = HttpTransport()
    assert transport.now().tzinfo is UTC
    assert abs(transport.now().timestamp() - time.time()) < SOON
    assert all(0 <= transport.random() < 1 for _ in range(100))
    before = time.monotonic()
    transport.sleep(0.01)
    asyncio.run(transport.asleep(0.01))
    assert time.monotonic() - before >= 0.02


# Faults ---------------------------------------------------------------------------------------------------------------


@modes
@pytest.mark.parametrize("handle", [truncated, hang_up, reset], ids=lambda handle: handle.__name__)
def test_a_broken_connection_is_a_transport_error(
    mode: str, handle: Callable[[Connection], None], transport: HttpTransport
) -> None:
    with Server(handle) as server:
        error = fault(transport, ask(server, "/v1?key=" + KEY, Authorization=KEY), mode)
        assert type(error) is TransportError
        assert str(error).startswith(f"<Request POST {server.url}/v1>: ")
        assert KEY not in str(error)


@modes
def test_what_is_no_http_is_a_transport_error(mode: str, transport: HttpTransport) -> None:
    def ssh(connection: Connection) -> None:
        connection.send(b"SSH-2.0-OpenSSH_9.6\r\n")
        connection.request()

    with Server(ssh) as server:
        assert "RemoteProtocolError" in str(fault(transport, ask(server), mode))


@modes
def test_a_body_that_can_not_be_unzipped_is_a_transport_error(mode: str, transport: HttpTransport) -> None:
    with Server(reply(200, b"no gzip", {"Content-Encoding": "gzip"})) as server:
        assert "DecodingError" in str(fault(transport, ask(server), mode))


@pytest.fixture
def closed_port() -> int:
    """One on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@modes
def test_a_refused_connection_names_the_address(mode: str, closed_port: int, transport: HttpTransport) -> None:
    request = Request.post(f"http://me:pass@127.0.0.1:{closed_port}/v1?key={KEY}", json=1)
    error = fault(transport, request, mode)
    assert str(error).startswith(f"<Request POST http://127.0.0.1:{closed_port}/v1>: ConnectError: ")
    assert "prox" not in str(error)


# Proxies and certificates ---------------------------------------------------------------------------------------------


@modes
def test_a_proxy_is_taken_from_the_environment(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = HttpTransport(verify=UNTRUSTING)
    with Server(echo) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        found = sent(transport, Request.post("http://toy.invalid/v1?key=1&x=ü", json=1), mode)
        assert found.json()["target"] == "http://toy.invalid/v1?key=1&x=%C3%BC"
        assert proxy.requests[0].header("host") == ["toy.invalid"]
        transport.close()


@modes
def test_a_proxy_may_be_given(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(echo) as proxy:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        transport = HttpTransport(proxy=proxy.url, verify=UNTRUSTING)
        assert sent(transport, Request.post("http://toy.invalid/v1", json=1), mode).status == 200
        transport.close()


@modes
def test_no_proxy_is_used_where_none_is_wanted(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = HttpTransport(verify=UNTRUSTING)
    with Server(echo) as server:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert sent(transport, ask(server), mode).json()["target"] == "/v1"
        transport.close()


@modes
def test_a_failing_proxy_is_named(mode: str, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:pass@127.0.0.1:{closed_port}")
    error = fault(HttpTransport(verify=UNTRUSTING), Request.post("https://toy.invalid/v1", json=1), mode)
    assert "proxies are set for https (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY)" in str(error)
    assert "pass" not in str(error)


@modes
def test_a_proxy_that_refuses_is_named(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = HttpTransport(verify=UNTRUSTING)
    with Server(reply(407)) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        error = fault(transport, Request.post("https://toy.invalid/v1", json=1), mode)
        assert "407" in str(error)
        assert "proxies are set for all" in str(error)
        transport.close()


@modes
def test_where_only_no_proxy_is_set_no_proxy_is_named(
    mode: str, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert "prox" not in str(
        fault(HttpTransport(verify=UNTRUSTING), Request.post(f"http://127.0.0.1:{closed_port}", json=1), mode)
    )


@modes
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HTTPS_PROXY", "ldap://me:pass@proxy", "HTTPS_PROXY"),
        ("SSL_CERT_FILE", "/not/there.pem", "SSL_CERT_FILE"),
        ("SSL_CERT_FILE", __file__, "SSL_CERT_FILE"),
    ],
    ids=["proxy", "missing bundle", "no bundle"],
)
def test_a_wrong_variable_is_named(
    mode: str, name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=told) as caught:
        sent(HttpTransport(), Request.post("https://toy.invalid/v1", json=1), mode)
    assert "pass" not in str(caught.value)


def test_a_socks_proxy_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=r"pip install 'httpx2\[socks\]'"):
        HttpTransport().send(Request.post("https://toy.invalid/v1", json=1), 10.0)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@modes
def test_an_unknown_authority_is_told_with_what_helps(mode: str, server_tls: ssl.SSLContext) -> None:
    transport = HttpTransport()
    with Server(echo, server_tls) as server:
        error = fault(transport, ask(server), mode)
        transport.close()
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert "the certificate authorities are from the system (set SSL_CERT_FILE to another bundle" in str(error)
    assert server.requests == []


@modes
def test_an_authority_from_the_environment(
    mode: str, authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    transport = HttpTransport()
    with Server(echo, server_tls) as server:
        assert sent(transport, ask(server), mode).status == 200
        transport.close()


@modes
def test_another_bundle_is_named(
    mode: str, server_tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    transport = HttpTransport()
    with Server(echo, server_tls) as server:
        assert f"the certificate authorities are from {bundle}" in str(fault(transport, ask(server), mode))
        transport.close()


@modes
@pytest.mark.parametrize("http2", [True, False])
def test_an_authority_of_ones_own(mode: str, authority: trustme.CA, server_tls: ssl.SSLContext, *, http2: bool) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    transport = HttpTransport(verify=context, http2=http2)
    with Server(echo, server_tls) as server:
        assert sent(transport, ask(server), mode).status == 200
        transport.close()


@modes
def test_time_is_up_over_tls_too(mode: str, authority: trustme.CA, server_tls: ssl.SSLContext) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    transport = HttpTransport(verify=context)
    with Server(drip_body, server_tls) as server:
        start = time.monotonic()
        assert isinstance(fault(transport, ask(server), mode, SHORT), TimedOut)
        assert time.monotonic() - start < SOON
        transport.close()


# Secrets, processes, the end ------------------------------------------------------------------------------------------


@modes
def test_no_log_shows_a_credential(mode: str, transport: HttpTransport, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), Server(echo) as server:
        sent(transport, ask(server, "/v1?key=" + KEY, Authorization=f"Bearer {KEY}"), mode)
        [seen] = server.requests
    assert seen.target.endswith(KEY)
    assert f"POST {server.url}/v1 " in caplog.text
    assert KEY not in caplog.text


FORKING = """
import os, sys
from onevec.transport import default_transport
from onevec.wire import Request
import asyncio

def number():
    return default_transport().send(Request.post(sys.argv[1], json=1), 10.0).json()["connection"]

async def later():
    return (await default_transport().asend(Request.post(sys.argv[1], json=1), 10.0)).json()["connection"]

first = number()
asyncio.run(later())
child = os.fork()
if child == 0:
    os._exit(0 if number() not in (first, 1, 2) and asyncio.run(later()) > 2 else 1)
status = os.waitpid(child, 0)[1]
sys.exit(status or number() != first)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_opens_its_own_connections() -> None:
    with Server(echo) as server:
        subprocess.run([sys.executable, "-c", FORKING, server.url], check=True, timeout=60)
        assert [seen.connection for seen in server.requests] == [1, 2, 3, 4, 1]


ENDING = """
import asyncio, sys, threading
from onevec.transport import HttpTransport, default_transport
from onevec.wire import Request

request = Request.post(sys.argv[1], json=1)

async def both():
    await asyncio.gather(*(default_transport().asend(request, 10.0) for _ in range(3)))

default_transport().send(request, 10.0)
HttpTransport().send(request, 10.0)
asyncio.run(both())
asyncio.run(both())
thread = threading.Thread(target=asyncio.run, args=(both(),))
thread.start()
thread.join()
print("done")
"""


def test_nothing_is_left_open_at_the_end() -> None:
    with Server(echo) as server:
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", ENDING, server.url],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("done\n", "", 0)


def test_the_process_has_one_default() -> None:
    with ThreadPoolExecutor(8) as pool:
        start = threading.Barrier(8)
        made = list(pool.map(lambda _: (start.wait(5), default_transport())[1], range(8)))
    assert len({id(transport) for transport in made}) == 1
    assert Toy(api_key=KEY).outside() is made[0]


def test_tls_where_there_is_none(transport: HttpTransport) -> None:
    with Server(lambda connection: connection.send(head(400, {}))) as server:
        ask = Request(method="GET", url=server.url.replace("http://", "https://"))
        with pytest.raises(TransportError, match="there is no TLS at this address") as failure:
            transport.send(ask, 10.0)
    assert not failure.value.retryable
