"""Values in Upstash's Redis, over its REST API."""

from __future__ import annotations

import base64
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import orjson

from ..auth import Bearer
from ..errors import CacheError, ConfigurationError, EmbeddingError
from ..exchange import exchange
from ..params import secret
from ..service import Service
from ..transport import default_transport
from ..wire import Call, Request, adrive, drive
from .base import ByteStore
from .encoder import EncoderBackedStore
from .redis import check_ttl, literal, starred

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ..params import SecretField
    from ..secret import HasSecretValue
    from ..transport import Transport
    from ..wire import Flow, Reply

__all__ = ["UpstashRedisByteStore", "UpstashRedisStore"]

T = TypeVar("T")

BINARY = b"data:;base64,"
"""Before a value that is no text: commands are JSON, which carries text alone."""
PIPELINE_BYTES = 1_000_000
"""Of commands in one request; the service refuses requests that are much larger."""
PAGE = 1000
"""Keys in one request."""


class UpstashRest(Service):
    """The REST API (docs: https://upstash.com/docs/redis/features/restapi)."""

    token: SecretField = secret()

    auth = Bearer("token")

    def run(self, commands: list[list[Any]]) -> Flow[list[Any]]:
        """The results of commands, in order; one request for all of them."""
        credential = yield from self.auth.fetch(self)
        single = len(commands) == 1
        ask = Request.post(
            self.url("" if single else "/pipeline"),
            json=commands[0] if single else commands,
            headers={"Upstash-Encoding": "base64"},
        )

        def read(reply: Reply) -> list[Any]:
            return self.read(
                reply, lambda: [_result(answer) for answer in ([reply.json()] if single else reply.json())]
            )

        return (yield from exchange(self, lambda now: self.signed(ask, credential, now), read))


class UpstashRedisByteStore(ByteStore):
    """Keeps values in Upstash's Redis, under the same keys as LangChain's class of this name.

    Values that are UTF-8 text are kept as they are, and LangChain's class reads them; others as base64, which takes a
    third more. It takes no leases.

    Args:
        client: an `upstash_redis.Redis`, in place of `url` and `token`; it sends one command a request.
        url: address of the REST API.
        token: its token, or a `Secret` with it.
        ttl: seconds until a value is dropped, counted from its last write; None keeps it.
        namespace: put before every key, with a "/" between.
        transport: the network; the process's own if none is given.
        timeout: seconds of wall time for one request.
        max_retries: tries after the first, for faults that pass.

    Raises:
        ConfigurationError: neither a client nor both of url and token are given.
        TypeError: `client` is no Upstash client, or `ttl` no int.
    """

    def __init__(
        self,
        *,
        client: Any = None,
        url: str | None = None,
        token: str | HasSecretValue | None = None,
        ttl: int | None = None,
        namespace: str | None = None,
        transport: Transport | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
    ) -> None:
        if client is not None and not callable(getattr(client, "execute", None)):
            message = f"client must be an upstash_redis.Redis, not {type(client).__name__}"
            raise TypeError(message)
        if (client is not None) == bool(url or token) or bool(url) != bool(token):
            message = f"{type(self).__name__} needs either client=, or both url= and token="
            raise ConfigurationError(message)
        check_ttl(ttl)
        self._client: Any = client
        self._rest = None
        if url and token:
            self._rest = UpstashRest(
                base_url=url, token=token, transport=transport, timeout=timeout, max_retries=max_retries
            )
        self.ttl = ttl
        self.namespace = namespace

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of the keys, in order; None where there is none.

        Raises:
            CacheError: the service failed; so do all methods.
        """
        return self._drive(self._mget(keys))

    async def amget(self, keys: Sequence[str]) -> list[bytes | None]:
        """`mget`, without blocking the event loop."""
        return await self._adrive(self._mget(keys))

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep values; of several of them some may be kept if the service fails."""
        self._drive(self._mset(key_value_pairs))

    async def amset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """`mset`, without blocking the event loop."""
        await self._adrive(self._mset(key_value_pairs))

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop keys; one that does not exist is no error."""
        self._drive(self._mdelete(keys))

    async def amdelete(self, keys: Sequence[str]) -> None:
        """`mdelete`, without blocking the event loop."""
        await self._adrive(self._mdelete(keys))

    def yield_keys(self, *, prefix: str | None = None) -> Generator[str]:
        """All keys that start with `prefix`, in any order; for a prefix that ends in a star see `RedisStore`."""
        yield from starred(prefix or "", self._scan)

    def _mget(self, keys: Sequence[str]) -> Flow[list[bytes | None]]:
        values: list[bytes | None] = []
        for start in range(0, len(keys), PAGE):
            [page] = yield from self._run([["MGET", *map(self._full, keys[start : start + PAGE])]])
            values += (None if raw is None else _load(raw) for raw in page)
        return values

    def _mset(self, pairs: Sequence[tuple[str, bytes]]) -> Flow[None]:
        expiry = [] if self.ttl is None else ["EX", self.ttl]
        commands: list[list[Any]] = []
        size = 0
        for key, value in pairs:
            command = ["SET", self._full(key), _dump(value), *expiry]
            length = len(orjson.dumps(command))
            if commands and size + length > PIPELINE_BYTES:
                yield from self._run(commands)
                commands, size = [], 0
            commands.append(command)
            size += length
        if commands:
            yield from self._run(commands)

    def _mdelete(self, keys: Sequence[str]) -> Flow[None]:
        for start in range(0, len(keys), PAGE):
            yield from self._run([["DEL", *map(self._full, keys[start : start + PAGE])]])

    def _scan(self, prefix: str) -> Generator[str]:
        pattern = literal(self._full(prefix)) + "*"
        seen: set[bytes] = set()  # SCAN may tell a key twice
        cursor, count = "0", list[Any]()
        while True:
            [[after, page]] = self._drive(self._run([["SCAN", cursor, "MATCH", pattern, *count]]))
            yield from (raw.decode()[len(self._full("")) :] for raw in dict.fromkeys(page) if raw not in seen)
            seen.update(page)
            cursor, count = str(int(after)), ["COUNT", PAGE]
            if cursor == "0":
                return

    def _full(self, key: str) -> str:
        return f"{self.namespace}/{key}" if self.namespace else key

    def _run(self, commands: list[list[Any]]) -> Flow[list[Any]]:
        """The results of commands, their strings as bytes."""
        if self._rest:
            return (yield from self._rest.run(commands))
        answers: list[Any] = []
        for command in commands:
            answer = yield Call(partial(self._client.execute, command))
            answers.append(_as_bytes(answer, str.encode))
        return answers

    def _drive(self, flow: Flow[T]) -> T:
        with self._faults():
            return drive(flow, *self._world())

    async def _adrive(self, flow: Flow[T]) -> T:
        with self._faults():
            return await adrive(flow, *self._world())

    def _world(self) -> tuple[Transport, float]:
        return (self._rest.outside(), self._rest.timeout or 60.0) if self._rest else (default_transport(), 60.0)

    @contextmanager
    def _faults(self) -> Generator[None]:
        try:
            yield
        except EmbeddingError as error:
            if isinstance(error, ConfigurationError):
                raise
            message = f"{self}: {error}; are url and token right, and is the plan's limit not used up?"
            raise CacheError(message) from error
        except Exception as error:
            if self._rest:
                raise
            message = f"{self}: the client failed: {type(error).__name__}: {error}"
            raise CacheError(message) from error

    def __repr__(self) -> str:
        where = self._rest.origin if self._rest else type(self._client).__name__
        return f"UpstashRedisByteStore({where}, namespace={self.namespace!r}, ttl={self.ttl!r})"


class UpstashRedisStore(EncoderBackedStore):
    """LangChain's class of this name: its values are str, and no bytes.

    Args:
        options: those of `UpstashRedisByteStore`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(UpstashRedisByteStore(**options), str, str.encode, bytes.decode)


def _result(answer: dict[str, Any]) -> Any:
    """The result of one command.

    Raises:
        ValueError: the command failed.
    """
    if "error" in answer:
        raise ValueError(answer["error"])
    result = answer["result"]
    return _as_bytes(result, base64.b64decode) if isinstance(result, list) else result


def _as_bytes(result: Any, decode: Callable[[str], bytes]) -> Any:
    if isinstance(result, str):
        return decode(result)
    if isinstance(result, list | tuple):
        return [_as_bytes(part, decode) for part in cast("Sequence[Any]", result)]
    return result


def _dump(value: bytes) -> str:
    """A value as text."""
    if not value.startswith(BINARY):
        with suppress(UnicodeDecodeError):
            return value.decode()
    return (BINARY + base64.b64encode(value)).decode()


def _load(raw: bytes) -> bytes:
    """The value that `_dump` was given."""
    return base64.b64decode(raw[len(BINARY) :]) if raw.startswith(BINARY) else raw
