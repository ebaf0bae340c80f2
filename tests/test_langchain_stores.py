"""LangChain's own suites for byte stores, over ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onevec.storage import (
    EncoderBackedStore,
    InMemoryByteStore,
    LocalFileStore,
    UpstashRedisByteStore,
    UpstashRedisStore,
)
from onevec.stores import (
    LMDBStore,
    MemoryStore,
    ObjectStore,
    PostgresStore,
    RedisStore,
    SQLiteStore,
    TieredStore,
)

suites = pytest.importorskip("langchain_tests.integration_tests.base_store", reason="needs langchain-tests")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from langchain_tests.integration_tests.base_store import BaseStoreAsyncTests, BaseStoreSyncTests
    from servers_redis import UpstashOverRedis

    from onevec.stores import ByteStore
else:
    BaseStoreAsyncTests, BaseStoreSyncTests = suites.BaseStoreAsyncTests, suites.BaseStoreSyncTests

pytest_plugins = ("servers_postgres", "servers_redis", "servers_s3")


def same(value: bytes) -> bytes:
    return value


def sqlite(folder: Path) -> ByteStore:
    return SQLiteStore(folder / "store.sqlite")


def lmdb(folder: Path) -> ByteStore:
    pytest.importorskip("lmdb")
    return LMDBStore(folder / "store")


KINDS: dict[str, Callable[[Path], ByteStore]] = {
    "memory": lambda _: MemoryStore(),
    "InMemoryByteStore": lambda _: InMemoryByteStore(),
    "LocalFileStore": LocalFileStore,
    "EncoderBackedStore": lambda _: EncoderBackedStore(InMemoryByteStore(), str, same, same),
    "sqlite": sqlite,
    "lmdb": lmdb,
    "tiered": lambda folder: TieredStore(MemoryStore(), sqlite(folder)),
}
SERVERS = ("redis", "postgres", "objects", "UpstashRedisByteStore")


def over_server(kind: str, request: pytest.FixtureRequest) -> ByteStore:
    if kind == "redis":
        return RedisStore(redis_url=request.getfixturevalue("redis_url"), namespace="n")
    if kind == "postgres":
        return PostgresStore(request.getfixturevalue("postgres_url"))
    if kind == "objects":
        return ObjectStore(**request.getfixturevalue("s3_bucket"))
    upstash: UpstashOverRedis = request.getfixturevalue("upstash")
    return UpstashRedisByteStore(url=upstash.url, token=upstash.token, transport=upstash)


@pytest.fixture(params=[*KINDS, *(pytest.param(name, marks=pytest.mark.server) for name in SERVERS)])
def kv_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ByteStore]:
    store = KINDS[request.param](tmp_path) if request.param in KINDS else over_server(request.param, request)
    yield store
    store.close()


class TestSync(BaseStoreSyncTests[bytes]):
    @pytest.fixture
    def kv_store(self, kv_store: ByteStore) -> Any:
        return kv_store

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"foo", b"bar", b"buzz"


class TestAsync(BaseStoreAsyncTests[bytes]):
    @pytest.fixture
    def kv_store(self, kv_store: ByteStore) -> Any:
        return kv_store

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"foo", b"bar", b"buzz"


@pytest.mark.server
class TestSyncOfText(BaseStoreSyncTests[str]):
    @pytest.fixture
    def kv_store(self, upstash: UpstashOverRedis) -> Any:
        return UpstashRedisStore(url=upstash.url, token=upstash.token, transport=upstash)

    @pytest.fixture
    def three_values(self) -> tuple[str, str, str]:
        return "foo", "bar", "buzz"


@pytest.mark.server
class TestAsyncOfText(BaseStoreAsyncTests[str]):
    @pytest.fixture
    def kv_store(self, upstash: UpstashOverRedis) -> Any:
        return UpstashRedisStore(url=upstash.url, token=upstash.token, transport=upstash)

    @pytest.fixture
    def three_values(self) -> tuple[str, str, str]:
        return "foo", "bar", "buzz"
