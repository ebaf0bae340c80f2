"""Servers of other projects, started as their users do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

from servers_local import free_port, running

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

__all__ = ["serving"]

SECONDS = 300.0
"""What a server of Python with a model may take to start on a busy machine."""


@contextmanager
def serving(command: Sequence[str], folder: Path, ready: str) -> Generator[str]:
    """The address of a server on a port of its own, `{port}` in its command, once the path `ready` answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    started = [part.format(port=port) for part in command]
    with running(started, folder / "log.txt", lambda: _answers(url + ready), seconds=SECONDS):
        yield url


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=10):  # noqa: S310  # an address of our own
            return True
    except HTTPError:
        return True
    except OSError:
        return False
