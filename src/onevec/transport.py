"""The network, the clock and chance: the only file that imports the HTTP library."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.request import getproxies
from weakref import WeakKeyDictionary, WeakSet

from .errors import TimedOut, TransportError
from .wire import Headers, Reply

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Mapping

    import httpx2

    from .wire import Request

__all__ = ["HttpTransport", "Transport", "default_transport"]

KEEP_ALIVE_SECONDS = 30.0
MAX_CONNECTIONS = 256


class Transport(Protocol):
    """What onevec asks of the outside world.

    A transport that is passed to a class is never closed by it.
    """

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request and read the whole reply.

        Args:
            request: sent exactly as it is; a redirect to another host must not carry its credentials.
            timeout: seconds of wall time for the whole exchange, body included.

        Raises:
            TransportError: the network failed; `TimedOut` if the time was up.
        """
        ...

    async def asend(self, request: Request, timeout: float) -> Reply:
        """`send`, without blocking the event loop."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Wait, without blocking the event loop."""
        ...

    def now(self) -> datetime:
        """The time, aware, UTC; it may stand still."""
        ...

    def random(self) -> float:
        """A number in [0, 1)."""
        ...

    def close(self) -> None:
        """Give back what blocking calls hold."""
        ...

    async def aclose(self) -> None:
        """Give back what async calls hold."""
        ...


class HttpTransport:
    """The real network, over httpx2: connections are kept alive and shared by threads; a pool for each event loop.

    Proxies and the CA bundle are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, ...). A
    redirect is not followed, so credentials never go to another host.

    Args:
        proxy: address of a proxy, in place of the environment's.
        verify: an SSL context in place of the default, such as one with a CA of your own or a client certificate.
        http2: speak HTTP/2 where the server does; needs the package h2.
    """

    def __init__(self, *, proxy: str | None = None, verify: ssl.SSLContext | None = None, http2: bool = False) -> None:
        self._options: Mapping[str, Any] = {"proxy": proxy, "http2": http2, **({"verify": verify} if verify else {})}
        self.reset()
        _living.add(self)

    def reset(self) -> None:
        """Forget all connections without closing them, as a child must after a fork."""
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[httpx2.AsyncClient, Any]] = WeakKeyDictionary()

    def _settings(self) -> dict[str, Any]:
        import httpx2

        limits = httpx2.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        )
        return {**self._options, "limits": limits, "follow_redirects": False, "headers": {"User-Agent": "onevec"}}

    def _blocking_client(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                import httpx2

                self._client = httpx2.Client(**self._settings())
                _obey_deadlines(self._client)
            return self._client

    async def _client_of_loop(self) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()
        known = self._async.get(loop)
        if known is None:
            import httpx2

            client = httpx2.AsyncClient(**self._settings())
            closer = _close_with_loop(client)
            known = self._async[loop] = client, closer
            await anext(closer)
        return known[0]

    def send(self, request: Request, timeout: float) -> Reply:
        """See `Transport.send`."""
        import httpx2

        client = self._blocking_client()
        _deadline.at = time.monotonic() + timeout
        try:
            reply = client.request(
                request.method, request.url, headers=dict(request.headers), content=request.body, timeout=timeout
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise _fault(error, request, timeout) from None
        finally:
            _deadline.at = None
        return Reply(status=reply.status_code, headers=Headers(reply.headers), body=reply.content)

    async def asend(self, request: Request, timeout: float) -> Reply:
        """See `Transport.asend`."""
        import httpx2

        client = await self._client_of_loop()
        try:
            async with asyncio.timeout(timeout):
                reply = await client.request(
                    request.method, request.url, headers=dict(request.headers), content=request.body, timeout=timeout
                )
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise _fault(error, request, timeout) from None
        return Reply(status=reply.status_code, headers=Headers(reply.headers), body=reply.content)

    def sleep(self, seconds: float) -> None:
        """See `Transport.sleep`."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """See `Transport.asleep`."""
        await asyncio.sleep(seconds)

    def now(self) -> datetime:
        """See `Transport.now`."""
        return datetime.now(UTC)

    def random(self) -> float:
        """See `Transport.random`."""
        return random.random()  # noqa: S311  # for jitter, not for secrets

    def close(self) -> None:
        """Close the connections of blocking calls; they open again when needed."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    async def aclose(self) -> None:
        """Close the connections of the running event loop; they open again when needed."""
        client, closer = self._async.pop(asyncio.get_running_loop(), (None, None))
        if client is not None and closer is not None:
            await closer.aclose()


async def _close_with_loop(client: httpx2.AsyncClient) -> AsyncGenerator[None, None]:
    """Close the client when its event loop ends: a loop that stops closes the async generators that it knows."""
    try:
        yield
    finally:
        await client.aclose()


def _fault(error: Exception, request: Request, timeout: float) -> TransportError:
    """What went wrong, for whom, and what may help; without the query string, which may hold a key."""
    import httpx2

    where = repr(request)
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        return TimedOut(f"{where}: no whole reply within {timeout:g} seconds (parameter timeout)")
    hint = ""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        hint = f"; the certificate authorities are from {bundle or 'the system'} (set SSL_CERT_FILE to another bundle)"
    elif isinstance(error, httpx2.ConnectError | httpx2.ProxyError) and (proxies := getproxies()):
        hint = f"; proxies are set for {', '.join(sorted(proxies))} (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY)"
    said = type(error).__name__ if isinstance(error, httpx2.LocalProtocolError) else f"{type(error).__name__}: {error}"
    return TransportError(f"{where}: {said}{hint}")


_deadline = threading.local()


def _obey_deadlines(client: httpx2.Client) -> None:
    """Bound every wait on a socket by the time left for the whole exchange.

    httpx2 bounds each read alone, so a server that sends a byte now and then could hold a call for ever. Its pools
    take another network backend, but its transports do not pass one on: hence the private names, which a test guards.
    """
    inside: dict[str, Any] = vars(client)
    for transport in (inside["_transport"], *inside["_mounts"].values()):
        if transport is not None:
            pool = cast("dict[str, Any]", vars(vars(cast("Any", transport))["_pool"]))
            pool["_network_backend"] = _Backend(pool["_network_backend"])


def _left(timeout: float | None, expired: str) -> float | None:
    """The time that one wait may take; raises the named time-out of httpcore2 if there is none left."""
    at: float | None = getattr(_deadline, "at", None)
    if at is None:
        return timeout
    rest = at - time.monotonic()
    if rest <= 0:
        import httpcore2

        raise getattr(httpcore2, expired)
    return rest if timeout is None else min(timeout, rest)


class _Backend:
    """A network backend of httpcore2 whose every wait ends at the deadline."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Stream:
        return _Stream(self._inner.connect_tcp(host, port, _left(timeout, "ConnectTimeout"), **options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream:
    """A network stream of httpcore2 whose every wait ends at the deadline."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._inner.read(max_bytes, _left(timeout, "ReadTimeout"))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, "WriteTimeout"))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout, "ConnectTimeout")))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Shared:
    """The transport that all classes of the process share."""

    transport: HttpTransport | None = None
    lock = threading.Lock()


_living: WeakSet[HttpTransport] = WeakSet()


def default_transport() -> HttpTransport:
    """The transport that all classes of the process share; made at the first request, and anew after a fork."""
    with _Shared.lock:
        if _Shared.transport is None:
            _Shared.transport = HttpTransport()
        return _Shared.transport


def _after_fork() -> None:
    """A child must not use the connections and locks of its parent."""
    _Shared.lock = threading.Lock()
    for transport in list(_living):
        transport.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
