"""The network, the clock and chance: the only file that imports the HTTP library."""

from __future__ import annotations

import os
import random
import re
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote
from weakref import WeakKeyDictionary, WeakSet, finalize

from .deadlines import close_unfinished, deadline, obey_deadlines
from .errors import ConfigurationError, TimedOut, TransportError
from .wire import Headers, Reply

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import AsyncGenerator, Callable

    import httpx2

    from .errors import EmbeddingError
    from .wire import Request

__all__ = ["HttpTransport", "Transport", "default_transport"]

T = TypeVar("T")
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
        http2: speak HTTP/2 where the server does, in async calls; needs the package h2. Blocking calls keep to
            HTTP/1.1: threads that share a connection of httpx2's HTTP/2 break it now and then.
    """

    def __init__(self, *, proxy: str | None = None, verify: ssl.SSLContext | None = None, http2: bool = False) -> None:
        self._proxy, self._verify, self._http2 = proxy, verify, http2
        self._closing: finalize[..., HttpTransport] | None = None
        self.reset()
        _living.add(self)

    def reset(self) -> None:
        """Forget all connections without closing them, as a child must after a fork."""
        if self._closing is not None:
            self._closing.detach()
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[httpx2.AsyncClient, Any]] = WeakKeyDictionary()

    def _made(self, kind: Callable[..., T]) -> T:
        """A client of httpx2, which reads the environment."""
        import httpx2

        limits = httpx2.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        )
        try:
            self._verify = self._verify or httpx2.create_ssl_context()  # once: it reads hundreds of certificates
            return kind(
                proxy=self._proxy,
                verify=self._verify,
                http2=self._http2 and kind is httpx2.AsyncClient,
                limits=limits,
                follow_redirects=False,
            )
        except (OSError, ValueError, ImportError, httpx2.InvalidURL) as error:
            socks = "; a SOCKS proxy needs: pip install 'httpx2[socks]'" if isinstance(error, ImportError) else ""
            message = (
                f"no connection can be made ({type(error).__name__}: {error}): check proxy=, verify=, and the "
                f"variables SSL_CERT_FILE, SSL_CERT_DIR, HTTP_PROXY, HTTPS_PROXY and ALL_PROXY{socks}"
            )
            raise ConfigurationError(message) from None

    def _blocking_client(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                import httpx2

                self._client = self._made(httpx2.Client)
                obey_deadlines(self._client)
                self._closing = finalize(self, self._client.close)
            return self._client

    async def _client_of_loop(self) -> httpx2.AsyncClient:
        import asyncio

        loop = asyncio.get_running_loop()
        known = self._async.get(loop)
        if known is None:
            import httpx2

            client = self._made(httpx2.AsyncClient)
            close_unfinished(client)
            closer = _close_with_loop(client)
            with self._lock:
                for other in [other for other in self._async if other.is_closed()]:
                    del self._async[other]  # its client refers to it, so it would stay for ever
                known = self._async[loop] = client, closer
            await anext(closer)
        return known[0]

    def send(self, request: Request, timeout: float) -> Reply:
        """See `Transport.send`."""
        import httpx2

        try:
            with deadline(timeout):
                reply = self._blocking_client().send(_outgoing(request, timeout))
            return Reply(status=reply.status_code, headers=Headers(reply.headers), body=reply.content)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            fault = _fault(error, request, timeout)
        raise fault  # not above: there the original, which holds the credential, would become its context

    async def asend(self, request: Request, timeout: float) -> Reply:
        """See `Transport.asend`."""
        import asyncio

        import httpx2

        try:
            client = await self._client_of_loop()
            async with asyncio.timeout(timeout):
                reply = await client.send(_outgoing(request, timeout))
            return Reply(status=reply.status_code, headers=Headers(reply.headers), body=reply.content)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            fault = _fault(error, request, timeout)
        raise fault  # see `send`

    def sleep(self, seconds: float) -> None:
        """See `Transport.sleep`."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """See `Transport.asleep`."""
        import asyncio

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
            closing, self._client, self._closing = self._closing, None, None
        if closing is not None:
            closing()

    async def aclose(self) -> None:
        """Close the connections of the running event loop; they open again when needed."""
        import asyncio

        client, closer = self._async.pop(asyncio.get_running_loop(), (None, None))
        if client is not None and closer is not None:
            await closer.aclose()


_OWN_HEADERS = {
    "accept": ("Accept", "application/json"),
    "accept-encoding": ("Accept-Encoding", "gzip, deflate"),
    "user-agent": ("User-Agent", "onevec"),
}
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_IN_QUERY = "%/?:@!$&'()*+,;=[]"


def _outgoing(request: Request, timeout: float) -> httpx2.Request:
    """The request for httpx2's `send`, which adds nothing to it: its `request` takes a fifth longer.

    The query string, which may hold a key, goes beside the address: httpx2 logs addresses.
    """
    import httpx2

    headers = dict(_OWN_HEADERS)  # lower-case name -> as it is sent
    for name, value in request.headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip() and _HEADER_NAME.fullmatch(name)):
            message = f"{request!r}: the header {name!r} holds a line break, outer white space, or other than ASCII"
            raise ConfigurationError(message)
        headers[name.lower()] = name, value
    address, _, query = request.url.partition("#")[0].partition("?")
    url = _parsed(address)
    waits = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    more = {"target": url.raw_path + b"?" + quote(query, safe=_IN_QUERY).encode()} if query else {}
    return httpx2.Request(
        request.method, url, headers=[*headers.values()], content=request.body, extensions={"timeout": waits, **more}
    )


@lru_cache(maxsize=64)
def _parsed(url: str) -> httpx2.URL:
    import httpx2

    return httpx2.URL(url)


async def _close_with_loop(client: httpx2.AsyncClient) -> AsyncGenerator[None, None]:
    """Close the client when its event loop ends: a loop that stops closes the async generators that it knows."""
    try:
        yield
    finally:
        await client.aclose()


def _fault(error: Exception, request: Request, timeout: float) -> EmbeddingError:
    """What went wrong, for whom, and what may help; without the query string, which may hold a key."""
    import httpx2

    where = repr(request)
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        return TimedOut(f"{where}: no whole reply within {timeout:g} seconds (parameter timeout)")
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return ConfigurationError(f"{where}: this is no address ({error}); base_url is such as https://host/path")
    hint, retryable = _hint(error)
    said = type(error).__name__ if isinstance(error, httpx2.LocalProtocolError) else f"{type(error).__name__}: {error}"
    return TransportError(f"{where}: {said}{hint}", retryable=retryable)


def _hint(error: Exception) -> tuple[str, bool]:
    """What may help, and whether waiting may."""
    from urllib.request import getproxies

    import httpx2

    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        way = "set SSL_CERT_FILE to another bundle, or pass transport=HttpTransport(verify=...)"
        return f"; the certificate authorities are from {bundle or 'the system'} ({way})", False
    if "WRONG_VERSION_NUMBER" in str(error):
        return "; there is no TLS at this address: it may have to begin with http:// in place of https://", False
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError) and (proxies := getproxies().keys() - {"no"}):
        return (
            f"; proxies are set for {', '.join(sorted(proxies))} (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY)",
            True,
        )
    return "", True


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
