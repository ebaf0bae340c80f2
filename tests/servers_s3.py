"""A real server that speaks S3's protocol (moto's), for the tests that ask for `s3_bucket`."""

from __future__ import annotations

import socket
import sys
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from servers_local import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["s3_bucket", "s3_server"]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all tests: its address."""
    for package in ("obstore", "moto", "flask", "flask_cors"):
        pytest.importorskip(package)
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            return False
        return True

    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, tmp_path_factory.mktemp("s3") / "log", is_ready):
        yield url


def put(url: str) -> None:
    """Make a bucket."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    connection.request("PUT", parts.path)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.fixture
def s3_bucket(s3_server: str) -> dict[str, Any]:
    """What `ObjectStore` takes to reach an empty bucket."""
    name = f"bucket-{uuid4().hex}"
    put(f"{s3_server}/{name}")
    login = {"access_key_id": "onevec", "secret_access_key": "s3cret/K+y"}
    return {"url": f"s3://{name}/folder", "endpoint": s3_server, "region": "us-east-1", **login}
