"""A transport that plays the provider from a list of expected exchanges."""

from __future__ import annotations

import asyncio
import difflib
import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from ..errors import TransportError
from ..wire import Headers, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..wire import Request

__all__ = ["Exchange", "ReplayTransport", "json_reply"]

START = datetime(2026, 1, 1, tzinfo=UTC)


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply whose body is `value` as JSON."""
    return Reply(
        status=status, headers={"Content-Type": "application/json", **(headers or {})}, body=orjson.dumps(value)
    )


@dataclass(frozen=True)
class Exchange:
    """A request that is expected once, and what it is answered with.

    Attributes:
        request: method, URL and body must be equal (JSON and forms by content), and every header that it names.
        reply: the answer; an error is raised in its place.
        optional: whether the request may be left out.
        ignored: lower-case names of headers and query parameters that are not compared.
    """

    request: Request
    reply: Reply | TransportError
    optional: bool = False
    ignored: frozenset[str] = frozenset()

    def wanted(self) -> list[str]:
        """What is compared, one item a line."""
        return _lines(self.request, self)

    def matches(self, request: Request) -> bool:
        """Whether `request` is the expected one."""
        return _lines(request, self) == self.wanted()


class ReplayTransport:
    """Answers the expected requests in any order, without a network and without waiting.

    A request is found by its content. Equal requests get their replies in the order of the list, so a retry is the
    same request twice. Use it as `transport=`, from any number of threads and tasks.

    Args:
        exchanges: each may happen once; name one several times if it may happen several times.
        now: the time at the start; aware.
        frozen: whether the clock stands still rather than moving on with every wait.
        random: what `random()` answers, in [0, 1).

    Attributes:
        sent: the requests that arrived, in order.
        slept: the waits that were asked for, in seconds, in order.

    Example:
        >>> from onevec.wire import Request
        >>> ask = Request.post("https://api.example/embed", json={"texts": ["a"]})
        >>> transport = ReplayTransport([Exchange(ask, json_reply({"vectors": [[1.0]]}))])
        >>> transport.send(ask, timeout=10).json()
        {'vectors': [[1.0]]}
        >>> transport.assert_done()
    """

    def __init__(
        self,
        exchanges: Iterable[Exchange] = (),
        *,
        now: datetime = START,
        frozen: bool = False,
        random: float = 0.5,
    ) -> None:
        self.sent: list[Request] = []
        self.slept: list[float] = []
        self._open = list(exchanges)
        self._used: list[Exchange] = []
        self._refused = ""
        self._now, self._frozen, self._random = now, frozen, random
        self._lock = threading.Lock()

    def send(self, request: Request, timeout: float) -> Reply:  # noqa: ARG002  # nothing takes time here
        """The reply of the first unused exchange that expects `request`.

        Raises:
            AssertionError: there is none; the message shows how the nearest one differs.
            TransportError: the exchange has an error in place of a reply.
        """
        with self._lock:
            self.sent.append(request)
            found = next((index for index, item in enumerate(self._open) if item.matches(request)), None)
            if found is None:
                message = self._difference(request)
                self._refused = self._refused or message
                raise AssertionError(message)
            exchange = self._open.pop(found)
            self._used.append(exchange)
        if isinstance(exchange.reply, TransportError):
            raise exchange.reply
        return exchange.reply

    async def asend(self, request: Request, timeout: float) -> Reply:
        """`send`, after the other tasks had their turn."""
        await asyncio.sleep(0)
        return self.send(request, timeout)

    def sleep(self, seconds: float) -> None:
        """Note the wait, and move the clock on unless it is frozen."""
        with self._lock:
            self.slept.append(seconds)
            if not self._frozen:
                self._now += timedelta(seconds=seconds)

    async def asleep(self, seconds: float) -> None:
        """`sleep`, after the other tasks had their turn."""
        await asyncio.sleep(0)
        self.sleep(seconds)

    def now(self) -> datetime:
        """The time of the clock."""
        return self._now

    def random(self) -> float:
        """Always the number that was given."""
        return self._random

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""

    def assert_done(self) -> None:
        """Check that every exchange was used, and that nothing else was asked.

        Raises:
            AssertionError: an exchange that is not optional was left, or a refused request went unnoticed.
        """
        if self._refused:
            raise AssertionError(self._refused)
        left = [item for item in self._open if not item.optional]
        if left:
            shown = "\n\n".join("\n".join(item.wanted()) for item in left)
            message = f"{len(left)} expected requests did not arrive:\n\n{shown}"
            raise AssertionError(message)

    def _difference(self, request: Request) -> str:
        """Why `request` has no reply: the nearest expected request, compared line by line."""
        known = [*self._open, *self._used]
        if not known:
            return f"no request is expected, but this one arrived:\n{_shown(request)}"
        nearest = max(known, key=lambda item: _similarity(item.wanted(), _lines(request, item)))
        if nearest.matches(request):
            times = sum(item.matches(request) for item in self._used)
            return f"expected {times}x, but it arrived once more:\n{_shown(request)}"
        lines = difflib.unified_diff(nearest.wanted(), _lines(request, nearest), "expected", "sent", lineterm="", n=2)
        return "no exchange expects this request; the nearest one differs:\n" + "\n".join(lines)


def _similarity(left: list[str], right: list[str]) -> float:
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()


def _shown(request: Request) -> str:
    return "\n".join(_lines(request, Exchange(request, Reply(status=200))))


def _lines(request: Request, expected: Exchange) -> list[str]:
    """A request in a form to compare and to read, with the headers that `expected` names."""
    parts = urlsplit(request.url)
    headers = Headers(request.headers)
    names = sorted({name.lower() for name in expected.request.headers} - expected.ignored)
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return [
        f"{request.method} {parts.scheme}://{parts.netloc}{parts.path or '/'}",
        *(f"?{name}={value}" for name, value in query if name.lower() not in expected.ignored),
        *(f"{name}: {headers[name]}" for name in names if name in headers),
        *_body(request.body, headers.get("content-type", "")),
    ]


def _body(body: bytes, kind: str) -> list[str]:
    """A body without what carries no meaning: the order of keys and of form fields, and white space."""
    if kind.startswith("application/x-www-form-urlencoded"):
        return [f"{name}={value}" for name, value in sorted(parse_qsl(body.decode(), keep_blank_values=True))]
    try:
        value = orjson.loads(body)
    except ValueError:
        return body.decode(errors="backslashreplace").split("\n")
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).split("\n")
