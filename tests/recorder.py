"""A server on 127.0.0.1 that keeps what it was sent, so that two clients can be compared."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import orjson

from onevec.wire import Headers, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

__all__ = ["Recorder"]


@dataclass
class Recorder:
    """Answers every request with what `reply` makes of its body.

    Attributes:
        reply: JSON of the request (a form as text, None if there is no body) -> JSON of the reply.
        tls: speaks TLS with it.
        sent: the requests that were posted, as they came over the wire.
    """

    reply: Callable[[Any], Any]
    tls: ssl.SSLContext | None = None
    sent: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                url = f"{recorder.scheme}://{self.headers['Host']}{self.path}"
                recorder.sent.append(Request(method="POST", url=url, headers=Headers(dict(self.headers)), body=body))
                form = "urlencoded" in self.headers.get("Content-Type", "")
                self.answer(body.decode() if form else orjson.loads(body) if body else None)

            def do_GET(self) -> None:
                self.answer(None)

            def answer(self, asked: Any) -> None:
                answer = orjson.dumps(recorder.reply(asked))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"{self.scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def scheme(self) -> str:
        """http or https."""
        return "http" if self.tls is None else "https"
