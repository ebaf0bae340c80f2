"""Every kind of store passes the suite that is shipped for stores of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onevec.storage import EncoderBackedStore, InMemoryByteStore, LocalFileStore, UpstashRedisByteStore
from onevec.stores import (
    LMDBStore,
    MemoryStore,
    ObjectStore,
    PostgresStore,
    RedisStore,
    SQLiteStore,
    TieredStore,
)
from onevec.testing import StoreContract
from onevec.testing.stores import ODD_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers_redis import UpstashOverRedis

    from onevec.stores import ByteStore

pytest_plugins = ("servers_postgres", "servers_redis", "servers_s3")
NO_FILES = {"", ".", "..", "/", "../a", "/a", "a/", "a//b", "a", "猫" * 500}
"""Keys that can't be the path of a file; "a" can't beside "a/b"."""


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> ByteStore:
        return MemoryStore(max_bytes=100_000_000, ttl=3600)


class TestInMemoryByteStore(StoreContract):
    @pytest.fixture
    def store(self) -> ByteStore:
        return InMemoryByteStore()


class TestLocalFileStore(StoreContract):
    many = 1000
    odd_keys = [key for key in ODD_KEYS if key not in NO_FILES]

    @pytest.fixture
    def store(self, tmp_path: Path) -> ByteStore:
        return LocalFileStore(tmp_path / "store")


class TestSQLiteStore(StoreContract):
    shared = True

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ByteStore]:
        store = SQLiteStore(tmp_path / "store.sqlite")
        yield store
        store.close()


class TestLMDBStore(StoreContract):
    shared = True

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ByteStore]:
        pytest.importorskip("lmdb")
        store = LMDBStore(tmp_path / "store")
        yield store
        store.close()


class TestEncoderBackedStore(StoreContract):
    @pytest.fixture
    def store(self) -> ByteStore:
        def reverse(value: bytes) -> bytes:
            return value[::-1]

        return EncoderBackedStore(InMemoryByteStore(), str, reverse, reverse)


class TestTieredStore(StoreContract):
    @pytest.fixture
    def store(self) -> ByteStore:
        return TieredStore(MemoryStore(max_bytes=10_000), MemoryStore())


class TestTieredStoreOverSQLite(StoreContract):
    shared = True

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ByteStore]:
        store = TieredStore(MemoryStore(), SQLiteStore(tmp_path / "store.sqlite"))
        yield store
        store.close()


@pytest.mark.server
class TestUpstashRedisByteStore(StoreContract):
    @pytest.fixture
    def store(self, upstash: UpstashOverRedis) -> ByteStore:
        return UpstashRedisByteStore(url=upstash.url, token=upstash.token, transport=upstash)


@pytest.mark.server
class TestRedisStore(StoreContract):
    shared = True

    @pytest.fixture
    def store(self, redis_url: str) -> Iterator[ByteStore]:
        store = RedisStore(redis_url=redis_url)
        yield store
        store.close()


@pytest.mark.server
class TestRedisStoreWithNamespace(StoreContract):
    shared = True

    @pytest.fixture
    def store(self, redis_url: str) -> Iterator[ByteStore]:
        other = RedisStore(redis_url=redis_url)
        other.mset([("na*me/a", b"of another namespace")])
        other.close()
        store = RedisStore(redis_url=redis_url, namespace="na[*]me", ttl=3600)
        yield store
        store.close()


@pytest.mark.server
class TestPostgresStore(StoreContract):
    shared = True

    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[ByteStore]:
        store = PostgresStore(postgres_url)
        yield store
        store.close()


@pytest.mark.server
class TestPostgresStoreWithTtl(StoreContract):
    shared = True

    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[ByteStore]:
        store = PostgresStore(postgres_url, table='public.odd "table"', ttl=3600)
        yield store
        store.close()


@pytest.mark.server
class TestObjectStoreOverS3(StoreContract):
    many = 100

    @pytest.fixture
    def store(self, s3_bucket: dict[str, Any]) -> ByteStore:
        return ObjectStore(**s3_bucket)


class TestObjectStoreInFolder(StoreContract):
    many = 300

    @pytest.fixture
    def store(self, tmp_path: Any) -> ByteStore:
        pytest.importorskip("obstore")
        return ObjectStore(tmp_path.as_uri())
