"""A real PostgreSQL server with a password, for the tests that ask for `postgres_url`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers_local import absent, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["postgres_server", "postgres_url"]

PASSWORD = "p@ss/wörd:1"
QUOTED = "p%40ss%2Fw%C3%B6rd%3A1"


def binary(name: str) -> str:
    """A program of PostgreSQL; Debian keeps them off the path."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    if found is None:
        absent("PostgreSQL is not installed (Debian and Ubuntu: apt install postgresql)")
    return found


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One server for all tests: its address."""
    psycopg = pytest.importorskip("psycopg")
    initdb, postgres = binary("initdb"), binary("postgres")
    folder = Path(tempfile.mkdtemp(prefix="onevec-postgres-"))
    user = "postgres" if hasattr(os, "geteuid") and os.geteuid() == 0 else None  # the server refuses to be root's
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    if user is not None:
        shutil.chown(folder, user)
        shutil.chown(secret, user)
    data, port = folder / "data", free_port()
    options = ["-D", str(data), "-U", "onevec", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"]
    subprocess.run([initdb, *options], check=True, capture_output=True, cwd=folder, user=user, group=user)
    url = f"postgresql://onevec:{QUOTED}@127.0.0.1:{port}/postgres"

    def is_ready() -> bool:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return False
        return True

    command = [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), "-c", "fsync=off"]
    try:
        with running(command, folder / "log", is_ready, user=user):
            yield url
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The address of a server that holds nothing."""
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres_server
