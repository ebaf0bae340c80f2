"""A real Redis server with a password, for the tests that ask for `redis_server`."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from servers_local import absent, free_port, running

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

__all__ = ["RedisServer", "redis_server", "redis_url"]

PASSWORD = "p@ss/wörd:1"  # noqa: S105  # of a server that lives as long as the tests
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
        self._command = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._command += [*(["--requirepass", password] if password else []), *options]
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
