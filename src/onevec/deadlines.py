"""Bound an exchange by wall-clock time, and leave no socket open when the time is up.

httpx2 bounds each wait on a socket alone, so a server that sends a byte now and then could hold a blocking call for
ever. Here every wait takes no longer than what is left for the whole exchange. An async call is cancelled when its time
is up; httpx2 then forgets a connection whose TLS handshake is not done.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator

__all__ = ["close_unfinished", "deadline", "obey_deadlines"]

WRITTEN_AT_ONCE = 1 << 16
"""Bytes: each part of a write may take the whole time that it is given."""

_current = threading.local()


@contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Let no wait of this thread on a guarded socket end later than in so many seconds."""
    _current.end = time.monotonic() + seconds
    try:
        yield
    finally:
        _current.end = None


def obey_deadlines(client: Any) -> None:
    """Guard the sockets of a `Client` of httpx2."""
    _wrap_backends(client, _Backend)


def close_unfinished(client: Any) -> None:
    """Let an `AsyncClient` of httpx2 close a connection whose handshake is cancelled."""
    _wrap_backends(client, _AsyncBackend)


def _wrap_backends(client: Any, kind: type) -> None:
    """httpx2's pools take another network backend, but its transports do not pass one on: hence the private names."""
    for transport in (client._transport, *client._mounts.values()):
        pool: Any = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = kind(pool._network_backend)


def _left(timeout: float | None, expired: str) -> float | None:
    """The time that one wait may take; raises the named time-out of httpcore2 if there is none left."""
    end: float | None = getattr(_current, "end", None)
    if end is None:
        return timeout
    rest = end - time.monotonic()
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
        whole = memoryview(buffer)
        for start in range(0, len(whole), WRITTEN_AT_ONCE):
            self._inner.write(whole[start : start + WRITTEN_AT_ONCE], _left(timeout, "WriteTimeout"))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout, "ConnectTimeout")))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _AsyncBackend:
    """A network backend of httpcore2 that closes a connection whose TLS handshake did not come to its end."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def connect_tcp(self, *args: Any, **options: Any) -> Any:
        stream = await self._inner.connect_tcp(*args, **options)
        handshake = stream.start_tls

        async def start_tls(*args: Any, **options: Any) -> Any:
            try:
                return await handshake(*args, **options)
            except BaseException:
                await stream.aclose()
                raise

        stream.start_tls = start_tls
        return stream

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
