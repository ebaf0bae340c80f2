"""Processes that share a cache on a server compute every text once."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("servers_postgres", "servers_redis")

WORKER = """
import os, random, sys
from onevec import Secret, cached, load, store_from

class Telling:
    def embed_documents(self, texts):
        with open(sys.argv[1], "a", encoding="utf-8") as log:
            log.write("".join(text + "\\n" for text in texts))
        return fake.embed_documents(texts)
    def embed_query(self, text):
        raise NotImplementedError

fake = load("fake:8")
texts = [f"text {number}" for number in range(300)]
order = random.Random(sys.argv[2]).sample(texts, len(texts))
store = store_from(os.environ["STORE_URL"])
model = cached(Telling(), store, namespace="n", query=False)
for start in range(0, len(order), 30):
    part = order[start : start + 30]
    assert (model.embed(part).vectors == fake.embed(part).vectors).all()
store.close()
"""


@pytest.mark.server
@pytest.mark.parametrize("kind", ["redis_url", "postgres_url"])
def test_every_text_is_computed_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    environment = {**os.environ, "STORE_URL": request.getfixturevalue(kind)}
    log = tmp_path / "computed.txt"
    command = [sys.executable, "-W", "ignore", "-c", WORKER, str(log)]
    workers = [subprocess.Popen([*command, str(number)], env=environment) for number in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    computed = log.read_text(encoding="utf-8").splitlines()
    assert len(computed) == len(set(computed)) == 300
