"""A provider that is made for tests, and a world to put it in: no network, and waiting takes no time."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zlib import crc32

import orjson

from onevec.hosted import (
    AuthenticationError,
    Bearer,
    HostedEmbeddings,
    InputTooLong,
    RateLimited,
    Request,
    Role,
    alias_of,
    array,
    secret,
)
from onevec.testing import json_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from onevec.embeddings import Embedded
    from onevec.hosted import (
        Array,
        Auth,
        Batch,
        Reply,
        SecretField,
    )

__all__ = ["KEY", "MODES", "Toy", "World", "embed", "good", "texts_of", "vector"]

KEY = "sk-made-up/of+tests"
MODES = ("sync", "async")


class Toy(HostedEmbeddings):
    """One vector a text, in `rows`; a query has a prefix."""

    base_url: str = "https://toy.example/v1"
    model: str = "toy-1"
    dimensions: int | None = None
    toy_api_key: SecretField = secret(env="TOY_API_KEY")
    api_key: SecretField = alias_of("toy_api_key")

    auth: ClassVar[Auth] = Bearer("toy_api_key")
    tokens_at = ("tokens",)
    error_codes = {"slow": RateLimited, "key": AuthenticationError, "long": InputTooLong}
    permanent_codes = frozenset({"broke"})
    too_large = ("too many texts",)

    def request(self, batch: Batch) -> Request:
        prefix = "query: " if batch.role is Role.QUERY else ""
        texts = [prefix + text for text in batch.texts]
        return Request.post(self.url("/embed"), json={"model": self.model, "texts": texts})

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        self.check(reply, code=body.get("code"), message=body.get("said", ""))
        return array(body["rows"])


def vector(text: str) -> list[float]:
    """Another vector for every text, of numbers that float32 has exactly."""
    return [float(len(text)), float(crc32(text.encode()) % 4096), 1.0]


def texts_of(request: Request) -> list[str]:
    """The texts that a request of `Toy` carries."""
    texts: list[str] = orjson.loads(request.body)["texts"]
    return texts


def good(request: Request) -> Reply:
    """What the toy's provider answers when all is well."""
    texts = texts_of(request)
    return json_reply({"rows": [vector(text) for text in texts], "tokens": 2 * len(texts)})


class World:
    """A transport whose provider is a function: it gets a request, and returns a reply or an error to raise.

    Attributes:
        sent: the requests, in order.
        timeouts: the time that each was given.
        slept: the waits, in order.
        most: the most requests that were in flight at once.
    """

    def __init__(
        self, answer: Callable[[Request], Reply | Exception] = good, *, random: float = 0.5, frozen: bool = False
    ) -> None:
        self.sent: list[Request] = []
        self.timeouts: list[float] = []
        self.slept: list[float] = []
        self.most = 0
        self._answer, self._random, self._frozen = answer, random, frozen
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self.in_flight = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, answers: Iterable[Reply | Exception | None], **kwargs: Any) -> World:
        """One that gives these answers in order, None for a good one, and good ones after them."""
        rest = iter(answers)
        return cls(lambda request: next(rest, None) or good(request), **kwargs)

    def enter(self, request: Request, timeout: float) -> None:
        with self._lock:
            self.sent.append(request)
            self.timeouts.append(timeout)
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)

    def leave(self) -> None:
        with self._lock:
            self.in_flight -= 1

    def send(self, request: Request, timeout: float) -> Reply:
        self.enter(request, timeout)
        try:
            return self.answered(request)
        finally:
            self.leave()

    async def asend(self, request: Request, timeout: float) -> Reply:
        self.enter(request, timeout)
        try:
            await self.hold(request)
            return self.answered(request)
        finally:
            self.leave()

    def answered(self, request: Request) -> Reply:
        found = self._answer(request)
        if isinstance(found, Exception):
            raise found
        return found

    async def hold(self, _: Request) -> None:
        """What an async request waits for; the other tasks have their turn."""
        await asyncio.sleep(0)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            if not self._frozen:
                self._now += timedelta(seconds=seconds)

    async def asleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.sleep(seconds)

    def now(self) -> datetime:
        return self._now

    def random(self) -> float:
        return self._random

    def close(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def embed(model: HostedEmbeddings, texts: list[str], mode: str, role: Role = Role.DOCUMENT) -> Embedded:
    """The same call, blocking or async."""
    return model.embed(texts, role) if mode == "sync" else asyncio.run(model.aembed(texts, role))
