"""A proxy on 127.0.0.1 that plays every host behind it, over real sockets and with certificates of its own authority.

A class keeps its vendor's addresses, so what its contract says is replayed byte for byte on a real connection.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import trustme

from onevec.errors import TimedOut, TransportError
from onevec.transport import HttpTransport
from onevec.wire import Headers, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import Self

    from onevec.testing import ReplayTransport
    from onevec.transport import Transport
    from onevec.wire import Reply

__all__ = [
    "Internet",
    "Manner",
    "Wire",
    "dripping_body",
    "half_closed",
    "plain",
    "reset",
    "silent",
    "slow_head",
    "trusting",
]

PAUSE = 0.02
"""Seconds between two bytes of a server that drips."""
SECONDS = 60.0

Manner: TypeAlias = "Callable[[Connection, bytes], None]"
"""How a server writes a reply."""


class Internet:
    """An HTTP server and proxy: what arrives, directly or through CONNECT, is answered by one function.

    Args:
        world: its `send` gives the replies; a `TimedOut` that it raises becomes silence, any other error a reset.
        manners: how the replies are written, one after the other; plainly when they are used up.
        tls: whether a connection starts with TLS, as to a server that is reached directly.
        http2: whether TLS offers HTTP/2.
        refuse_tunnels: the status that CONNECT is answered with, in place of a tunnel.

    Attributes:
        port: where it listens.
        seen: "CONNECT host:port", "POST https://host/path", ... in order of arrival.
        accepted: connections that were opened so far.
    """

    def __init__(
        self,
        world: Transport,
        *,
        manners: Iterable[Manner] = (),
        tls: bool = False,
        http2: bool = False,
        refuse_tunnels: int | None = None,
    ) -> None:
        self.world, self.tls, self.http2, self.refuse_tunnels = world, tls, http2, refuse_tunnels
        self.seen: list[str] = []
        self.accepted = 0
        self.closing = threading.Event()
        self._manners = iter(manners)
        self._lock = threading.Lock()
        self._threads: dict[threading.Thread, Connection] = {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with suppress(OSError):  # wakes the thread that accepts
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._acceptor.join()
        for thread, connection in list(self._threads.items()):
            connection.hang_up()
            thread.join()

    @property
    def url(self) -> str:
        """Its address as a proxy."""
        return f"http://127.0.0.1:{self.port}"

    def is_quiet(self, seconds: float = 10.0) -> bool:
        """Whether all connections end within some seconds, because the client has closed its own end of each."""
        for thread in list(self._threads):
            thread.join(seconds)
        return not any(thread.is_alive() for thread in self._threads)

    def manner(self) -> Manner:
        """How the next reply is written."""
        with self._lock:
            return next(self._manners, plain)

    def certificate(self, host: str) -> ssl.SSLContext:
        """The server's side of TLS for a host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert(host, "localhost", "127.0.0.1").configure_cert(context)
        context.set_alpn_protocols(["h2", "http/1.1"] if self.http2 else ["http/1.1"])
        return context

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                raw, _ = self._socket.accept()
            except OSError:
                return
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            connection = Connection(self, raw)
            thread = threading.Thread(target=connection.serve)
            self._threads[thread] = connection
            thread.start()


AUTHORITY = trustme.CA()


def trusting() -> ssl.SSLContext:
    """A client's context that trusts the authority, and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    return context


class Connection:
    """One connection of a client."""

    def __init__(self, internet: Internet, raw: socket.socket) -> None:
        self.internet, self.socket = internet, raw
        self.origin = f"{'https' if internet.tls else 'http'}://127.0.0.1:{internet.port}"

    def serve(self) -> None:
        """Answer requests until the client hangs up."""
        with self.socket, suppress(OSError, EOFError), ExitStack() as opened:
            if self.internet.tls:
                self.start_tls("localhost", opened)
            if isinstance(self.socket, ssl.SSLSocket) and self.socket.selected_alpn_protocol() == "h2":
                self.speak_http2()
            while True:
                method, target, headers, body = read_request(self.socket)
                if method == "CONNECT":
                    self.connect(target, opened)
                    continue
                url = target if "://" in target else self.origin + target
                self.internet.seen.append(f"{method} {url.partition('?')[0]}")
                self.reply(Request(method=method, url=url, headers=headers, body=body))

    def connect(self, target: str, opened: ExitStack) -> None:
        """Open a tunnel: this proxy plays the host at its other end."""
        self.internet.seen.append(f"CONNECT {target}")
        if self.internet.refuse_tunnels is not None:
            self.socket.sendall(f"HTTP/1.1 {self.internet.refuse_tunnels} No\r\nContent-Length: 0\r\n\r\n".encode())
            raise EOFError
        self.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        host, _, port = target.rpartition(":")
        self.origin = f"https://{host}" + ("" if port == "443" else f":{port}")
        self.start_tls(host, opened)

    def start_tls(self, host: str, opened: ExitStack) -> None:
        """Put TLS on the connection."""
        self.socket = opened.enter_context(self.internet.certificate(host).wrap_socket(self.socket, server_side=True))

    def reply(self, request: Request) -> None:
        """Write the answer in the next manner."""
        try:
            answer = self.internet.world.send(request, SECONDS)
        except (TransportError, AssertionError) as fault:  # a replay remembers what it did not expect
            (silent if isinstance(fault, TimedOut) else reset)(self, b"")
            return
        head = {**answer.headers, "Content-Length": str(len(answer.body))}
        lines = [f"HTTP/1.1 {answer.status} Status", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        self.internet.manner()(self, "\r\n".join(lines).encode() + answer.body)

    def speak_http2(self) -> None:
        """Answer requests over HTTP/2 until the client hangs up; their bodies are small, so no window runs out."""
        import h2.config
        import h2.connection
        import h2.events

        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        heads: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytes] = {}
        while True:
            self.socket.sendall(state.data_to_send())
            for event in state.receive_data(self.receive()):
                number = getattr(event, "stream_id", None) or 0
                if isinstance(event, h2.events.RequestReceived):
                    heads[number] = {text(name): text(value) for name, value in event.headers}
                elif isinstance(event, h2.events.DataReceived):
                    bodies[number] = bodies.get(number, b"") + event.data
                elif isinstance(event, h2.events.StreamEnded):
                    fields = heads.pop(number)
                    url = f"https://{fields[':authority']}{fields[':path']}"
                    self.internet.seen.append(f"{fields[':method']} {url.partition('?')[0]} HTTP/2")
                    body = bodies.pop(number, b"")
                    whole = Request(method=fields[":method"], url=url, headers=Headers(fields), body=body)
                    answer = self.internet.world.send(whole, SECONDS)
                    state.send_headers(number, [(":status", str(answer.status)), *lower(answer)])
                    state.send_data(number, answer.body, end_stream=True)

    def receive(self) -> bytes:
        """What the client has sent; EOFError once it has hung up."""
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        return data

    def hang_up(self) -> None:
        """Wake the thread that serves this connection, and let it end."""
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


def text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def lower(reply: Reply) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in reply.headers.items()]


def read_request(connection: socket.socket) -> tuple[str, str, Headers, bytes]:
    """Method, target, headers and body of the next request; EOFError if there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise EOFError
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = Headers(dict(line.split(": ", 1) for line in lines))
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return method, target, headers, body


def plain(connection: Connection, reply: bytes) -> None:
    """All at once."""
    connection.socket.sendall(reply)


def slow_head(connection: Connection, reply: bytes) -> None:
    """A byte of a header now and then, for ever."""
    connection.socket.sendall(reply.partition(b"\r\n")[0] + b"\r\nX-Slow: ")
    drip(connection)


def dripping_body(connection: Connection, reply: bytes) -> None:
    """The head at once, then a byte of a body that never ends."""
    head = reply.partition(b"\r\n")[0]
    connection.socket.sendall(head + b"\r\nContent-Length: 1000000\r\n\r\n")
    drip(connection)


def drip(connection: Connection) -> None:
    while not connection.internet.closing.wait(PAUSE):
        connection.socket.sendall(b" ")


def silent(connection: Connection, reply: bytes) -> None:  # noqa: ARG001  # every manner gets the reply
    """Nothing, until the client hangs up."""
    connection.receive()


def half_closed(connection: Connection, reply: bytes) -> None:
    """Half of the reply, then the end; the other direction stays open until the client closes it."""
    connection.socket.sendall(reply[: len(reply) // 2])
    socket.socket.shutdown(connection.socket, socket.SHUT_WR)
    connection.receive()


def reset(connection: Connection, reply: bytes) -> None:
    """Part of the reply, then a reset in place of an orderly end."""
    connection.socket.sendall(reply[: len(reply) // 2])
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise EOFError


class Wire(HttpTransport):
    """The real transport with the clock, the chance and the waits of a replay, so that waits take no time."""

    def __init__(self, replay: ReplayTransport, **options: Any) -> None:
        super().__init__(**options)
        self._replay = replay

    def sleep(self, seconds: float) -> None:
        self._replay.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        await self._replay.asleep(seconds)

    def now(self) -> datetime:
        return self._replay.now()

    def random(self) -> float:
        return self._replay.random()
