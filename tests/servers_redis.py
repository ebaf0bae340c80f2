"""A real Redis server with a password, for the tests that ask for `redis_server`."""

from __future__ import annotations

import base64
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
from servers_local import absent, free_port, running

from onevec.testing import json_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from onevec.wire import Reply, Request

__all__ = ["RedisServer", "UpstashOverRedis", "new_redis", "redis_server", "redis_url", "upstash"]

PASSWORD = "p@ss/wörd:1"
QUOTED = "p%40ss%2Fw%C3%B6rd%3A1"


class RedisServer:
    """A server that can be stopped and started again; it keeps nothing.

    Args:
        folder: where it writes its log.
        options: more arguments of redis-server.
    """

    def __init__(self, folder: Path, *options: str, password: str = PASSWORD) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            absent("redis-server is not installed (Debian and Ubuntu: apt install redis-server)")
        self.port = free_port()
        self.url = f"redis://:{QUOTED}@127.0.0.1:{self.port}/0" if password else f"redis://127.0.0.1:{self.port}/0"
        self._folder, self._password = folder, password
        self._command = [binary, *options, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        if "--sentinel" not in options:
            self._command += ["--save", "", *(["--requirepass", password] if password else [])]
        self._stack = ExitStack()

    def start(self) -> None:
        """Start it."""
        log = self._folder / f"redis-{uuid4().hex}.log"
        self._stack.enter_context(running(self._command, log, self._is_ready))

    def stop(self) -> None:
        """Stop it; what it held is lost."""
        self._stack.close()

    def _is_ready(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.url, retry=None) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def flush(self) -> None:
        """Empty it."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests; `redis_url` empties it."""
    pytest.importorskip("redis")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a server that holds nothing."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def new_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts servers of the test's own, without a password; takes what `RedisServer` takes."""
    pytest.importorskip("redis")
    started: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        started.append(RedisServer(tmp_path, *options, password=""))
        started[-1].start()
        return started[-1]

    yield start
    for server in started:
        server.stop()


class UpstashOverRedis:
    """Upstash's REST API before a real Redis server, as a transport."""

    url = "https://eu1.upstash.example"
    token = "t0k3n"

    def __init__(self, client: Any) -> None:
        self.client = client

    def send(self, request: Request, timeout: float) -> Reply:  # noqa: ARG002  # it is quick
        """Do the commands in a request."""
        body = orjson.loads(request.body)
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return json_reply({"error": "Unauthorized"}, 401)
        answers = [self._answer(command) for command in (body if request.path == "/pipeline" else [body])]
        if request.path == "/pipeline":
            return json_reply(answers)
        return json_reply(answers[0], 400 if "error" in answers[0] else 200)

    async def asend(self, request: Request, timeout: float) -> Reply:
        """The same."""
        return self.send(request, timeout)

    def _answer(self, command: list[Any]) -> dict[str, Any]:
        import redis

        try:
            result = self.client.execute_command(*command, NEVER_DECODE=[])
        except redis.ResponseError as error:
            return {"error": str(error)}
        return {"result": self._written(result)}

    def _written(self, result: Any) -> Any:
        """As the API writes it: all strings but "OK" in base64."""
        if isinstance(result, list | tuple):
            return [self._written(part) for part in result]
        if isinstance(result, bytes):
            return base64.b64encode(result).decode()
        return "OK" if result is True else result

    def sleep(self, seconds: float) -> None:
        """Nothing is waited for."""

    async def asleep(self, seconds: float) -> None:
        """Nothing is waited for."""

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)

    def random(self) -> float:
        """A number."""
        return 0.5

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""


@pytest.fixture
def upstash(redis_url: str) -> Iterator[UpstashOverRedis]:
    """Upstash's API before a server that holds nothing."""
    import redis

    with redis.Redis.from_url(redis_url) as client:
        yield UpstashOverRedis(client)
