"""Requests and replies as plain values, and the two small drivers that move them.

What talks to a provider is a flow: a generator that yields a `Request` (and is sent the `Reply`), a `Sleep`, or a
`Call`, and returns its result. A flow does no I/O itself, so the same flow serves threads (`drive`) and event loops
(`adrive`), and a test can play the provider.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, overload
from urllib.parse import urlencode, urlsplit

import orjson

from .errors import ConfigurationError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .transport import Transport

__all__ = ["Call", "Flow", "Headers", "Reply", "Request", "Sleep", "Step", "adrive", "drive"]

T = TypeVar("T")


class Headers(Mapping[str, str]):
    """HTTP headers that are looked up without regard to case."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, str] | None = None) -> None:
        self._items = {name.lower(): (name, value) for name, value in (items or {}).items()}

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...
    def get(self, name: str, /, default: Any = None) -> Any:
        """The value, or the default; many are asked for that are not there."""
        found = self._items.get(name.lower())
        return default if found is None else found[1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"  # values may be credentials


_USER = re.compile("//[^/]*@")


@dataclass(frozen=True, kw_only=True, repr=False)
class Request:
    """One HTTP request, credentials included.

    Attributes:
        method: "GET", "POST", ...
        url: the whole address with its query string.
        headers: exactly what is sent, but for what HTTP itself adds (Host, Content-Length).
        body: exactly what is sent.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=Headers)
    body: bytes = b""

    @classmethod
    def post(
        cls, url: str, *, json: Any, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Request:
        """A POST of JSON; fields of the outermost object that are None are left out, never sent as null."""
        given = json
        if isinstance(json, dict):
            given = {name: part for name, part in cast("dict[str, Any]", json).items() if part is not None}
        plain = cls(method="POST", url=url, headers={"Content-Type": "application/json"}, body=orjson.dumps(given))
        return plain.with_headers(headers or {}).with_query(**(query or {}))

    @property
    def host(self) -> str:
        """Host, with the port if the URL names one."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """Path without the query string."""
        return urlsplit(self.url).path or "/"

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The request with more headers; one that it has already is replaced, however it is written."""
        if not headers:
            return self
        given = {name.lower() for name in headers}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in given}
        return Request(method=self.method, url=self.url, headers={**kept, **headers}, body=self.body)

    def with_query(self, **query: str) -> Request:
        """The request with more query parameters."""
        if not query:
            return self
        return replace(self, url=f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(query)}")

    def __repr__(self) -> str:
        address = self.url.partition("?")[0]
        return f"<Request {self.method} {_USER.sub('//', address)}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class Reply:
    """One HTTP reply, read to its end.

    Attributes:
        status: the HTTP status.
        headers: any mapping; it is looked up without regard to case.
        body: the bytes, with any content encoding undone.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=Headers)
    body: bytes = b""

    def __post_init__(self) -> None:
        if not isinstance(self.headers, Headers):
            object.__setattr__(self, "headers", Headers(self.headers))

    @cached_property
    def _json(self) -> Any:
        return orjson.loads(self.body)

    def json(self) -> Any:
        """The body read as JSON.

        Raises:
            ValueError: it is no JSON.
        """
        return self._json

    def __repr__(self) -> str:
        return f"<Reply {self.status}, {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class Sleep:
    """A step of a flow: wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """A step of a flow: ask a function of the user or of a credential library; it may block or be a coroutine."""

    function: Callable[[], Any]


Step: TypeAlias = Request | Sleep | Call
Flow: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class _Done:
    value: Any


def _advance(flow: Flow[Any], answer: Any = None, fault: Exception | None = None) -> Step | _Done:
    """Hand a step's result, or its failure, to the flow."""
    try:
        return flow.send(answer) if fault is None else flow.throw(fault)
    except StopIteration as done:
        return _Done(done.value)


def drive(flow: Flow[T], transport: Transport, timeout: float) -> T:
    """Run a flow to its end with blocking calls."""
    try:
        step = _advance(flow)
        while not isinstance(step, _Done):
            answer, fault = None, None
            if isinstance(step, Sleep):
                transport.sleep(step.seconds)
            elif isinstance(step, Call):
                answer = _blocking(step.function())
            else:
                try:
                    answer = transport.send(step, timeout)
                except TransportError as error:
                    fault = error
            step = _advance(flow, answer, fault)
        return cast("T", step.value)
    finally:
        flow.close()


def _blocking(answer: Any) -> Any:
    if not inspect.isawaitable(answer):
        return answer
    if inspect.iscoroutine(answer):
        answer.close()
    message = "the credential is an async function: use the async methods (aembed, aembed_documents, aembed_query)"
    raise ConfigurationError(message)


async def adrive(flow: Flow[T], transport: Transport, timeout: float) -> T:
    """Run a flow to its end in an event loop."""
    import asyncio

    try:
        step = _advance(flow)
        while not isinstance(step, _Done):
            answer, fault = None, None
            if isinstance(step, Sleep):
                await transport.asleep(step.seconds)
            elif isinstance(step, Call):
                answer = await asyncio.to_thread(step.function)  # it may block
                answer = await answer if inspect.isawaitable(answer) else answer
            else:
                try:
                    answer = await transport.asend(step, timeout)
                except TransportError as error:
                    fault = error
            step = _advance(flow, answer, fault)
        return cast("T", step.value)
    finally:
        flow.close()
