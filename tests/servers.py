"""A small server on 127.0.0.1 that speaks as a test tells it to, byte by byte if need be."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

__all__ = [
    "Connection",
    "Seen",
    "Server",
    "drip_body",
    "drip_head",
    "echo",
    "flood",
    "hang_up",
    "mute",
    "reply",
    "reset",
    "silent",
    "slow_reader",
    "truncated",
    "zipped",
]

PAUSE = 0.01
"""Seconds between two bytes of those who drip."""


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire.

    Attributes:
        connection: number of the connection that it came over.
        target: what stood in the request line.
        headers: names as they were written.
    """

    connection: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for written, value in self.headers if written.lower() == name.lower()]


class Connection:
    """One connection of a client."""

    def __init__(self, server: Server, number: int, sock: socket.socket) -> None:
        self.server, self.number, self.sock = server, number, sock
        self._file = sock.makefile("rb")

    def request(self) -> Seen | None:
        """The next request, None if the client is gone."""
        line = self._file.readline()
        if not line:
            return None
        method, target, _ = line.decode().split(" ", 2)
        headers: list[tuple[str, str]] = []
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode().partition(":")
            headers.append((name, value.strip()))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        seen = Seen(self.number, method, target, headers, self._file.read(length))
        self.server.requests.append(seen)
        self.server.asked.set()
        return seen

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send a byte now and then, for ever."""
        while not self.server.stopped.wait(PAUSE):
            self.send(data)

    def close(self) -> None:
        self._file.close()
        self.sock.close()


class Server:
    """Listens on 127.0.0.1; every connection is handled in a thread of its own until its client is gone.

    Args:
        handle: what to do with a connection.
        tls: speak TLS.

    Attributes:
        requests: what came, in order.
        reached: set when a connection was opened.
        asked: set when a request came.
        gone: set when a client has left before its handler came to an end.
        stopped: set when the test is over.
    """

    def __init__(self, handle: Callable[[Connection], None], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Seen] = []
        self.connections = 0
        self.reached, self.asked = threading.Event(), threading.Event()
        self.gone, self.stopped = threading.Event(), threading.Event()
        self._handle, self._tls = handle, tls
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for sock in [self._listening, *self._open]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                sock, _ = self._listening.accept()
                self._open.append(sock)
                self.connections += 1
                self.reached.set()
                self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            secured = self._tls.wrap_socket(sock, server_side=True) if self._tls else sock
            self._open.append(secured)
            connection = Connection(self, number, secured)
            try:
                self._handle(connection)
            finally:
                connection.close()
        except OSError:
            self.gone.set()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def reply(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Callable[[Connection], None]:
    """Answer every request in this way."""

    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            connection.send(head(status, {"Content-Length": str(len(body)), **(headers or {})}) + body)

    return handle


def echo(connection: Connection) -> None:
    """Answer with what came."""
    while (seen := connection.request()) is not None:
        body = json.dumps({"connection": seen.connection, "target": seen.target, "body": seen.body.decode()}).encode()
        connection.send(head(200, {"Content-Length": str(len(body)), "Content-Type": "application/json"}) + body)


def zipped(connection: Connection) -> None:
    reply(200, gzip.compress(b'{"rows": []}'), {"Content-Encoding": "gzip"})(connection)


def drip_head(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    connection.drip(b"x")


def drip_body(connection: Connection) -> None:
    connection.request()
    connection.send(head(200, {"Content-Length": "1000000"}))
    connection.drip(b"x")


def flood(connection: Connection) -> None:
    """Send without end, so that nobody ever has to wait for the next byte."""
    connection.request()
    connection.send(head(200, {"Content-Length": str(10**12)}))
    while not connection.server.stopped.is_set():
        connection.send(b"x" * 1000)


def silent(connection: Connection) -> None:
    """Read the request, say nothing, and notice when the client leaves."""
    connection.request()
    if not connection.sock.recv(1):
        connection.server.gone.set()


def mute(connection: Connection) -> None:
    """Take whatever comes and never answer."""
    while connection.sock.recv(4096):
        pass
    connection.server.gone.set()


def slow_reader(connection: Connection) -> None:
    """Take a little of the request now and then."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while not connection.server.stopped.wait(PAUSE):
        if not connection.sock.recv(4096):
            connection.server.gone.set()
            return


def truncated(connection: Connection) -> None:
    connection.request()
    connection.send(head(200, {"Content-Length": "1000"}) + b'{"rows"')


def hang_up(connection: Connection) -> None:
    connection.request()


def reset(connection: Connection) -> None:
    connection.request()
    connection.send(head(200, {"Content-Length": "1000"}))
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
