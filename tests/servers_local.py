"""What the tests with real servers share: a port, a process that is ended with the tests, and what is missing."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

__all__ = ["absent", "free_port", "running", "unpickled"]

SECONDS = 60.0


def absent(what: str) -> NoReturn:
    """Skip a test for the lack of a server, or fail it where ONEVEC_SERVERS says that all of them are there."""
    if os.environ.get("ONEVEC_SERVERS") == "required":
        pytest.fail(f"{what}, though ONEVEC_SERVERS=required")
    pytest.skip(what)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    ready: Callable[[], bool],
    *,
    user: str | None = None,
    seconds: float = SECONDS,
) -> Generator[subprocess.Popen[bytes]]:
    """A server process, from the moment that `ready` says so to the end of the block."""
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdout=output, stderr=output, user=user, group=user, cwd=log.parent) as process,
    ):
        try:
            end = time.monotonic() + seconds
            while not ready():
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"{command[0]} did not start: {log.read_text(encoding='utf-8')[-2000:]}")
                time.sleep(0.02)
            yield process
        finally:
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)  # PostgreSQL's quick end
            process.wait(seconds)


def unpickled(written: bytes) -> Any:
    """What a test has pickled."""
    return pickle.loads(written)  # noqa: S301  # made by the test itself
