"""Every kind of store passes the suite that is shipped for stores of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onevec.stores.objects import ObjectStore
from onevec.stores.postgres import PostgresStore
from onevec.stores.redis import RedisStore
from onevec.testing.stores import StoreContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onevec.stores.base import ByteStore

pytest_plugins = ("servers_postgres", "servers_redis", "servers_s3")


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
        other.mset([("na*espace/a", b"of another namespace")])
        other.close()
        store = RedisStore(redis_url=redis_url, namespace="na[m*]espace", ttl=3600)
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
    @pytest.fixture
    def store(self, s3_bucket: dict[str, Any]) -> ByteStore:
        return ObjectStore(**s3_bucket)


class TestObjectStoreInFolder(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Any) -> ByteStore:
        pytest.importorskip("obstore")
        return ObjectStore(tmp_path.as_uri())
