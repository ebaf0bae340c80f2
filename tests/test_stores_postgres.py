"""PostgresStore beyond the contract: secrets, lost connections, time to live, rights, fork, many processes."""

from __future__ import annotations

import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from servers_local import unpickled

from onevec import CacheError, ConfigurationError, MissingDependency, Secret, reveal_secrets
from onevec.stores.postgres import PostgresStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

psycopg = pytest.importorskip("psycopg")
pytest_plugins = ("servers_postgres",)
PASSWORD, QUOTED = "p@ss/wörd:1", "p%40ss%2Fw%C3%B6rd%3A1"


def shows_secret(text: str) -> bool:
    return any(secret in text for secret in (PASSWORD, QUOTED, "ss/w", "wörd", "rd:1"))


@pytest.fixture
def connect() -> Iterator[Callable[..., PostgresStore]]:
    """`PostgresStore`, closed at the end of the test."""
    made: list[PostgresStore] = []

    def make(url: Any, **options: Any) -> PostgresStore:
        made.append(PostgresStore(url, **options))
        return made[-1]

    yield make
    for store in made:
        store.close()


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.server
def test_a_wrong_password_is_named_but_never_shown(postgres_url: str) -> None:
    store = PostgresStore(postgres_url.replace("p%40", "P%40"))
    with pytest.raises(
        CacheError, match=r"postgresql://127\.0\.0\.1:\d+/postgres: OperationalError: .*is the server"
    ) as caught:
        store.mget(["a"])
    assert "password authentication failed" in str(caught.value)
    assert not shows_secret(str(caught.value))
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [f"postgresql://u:{QUOTED}@127.0.0.1:1/db", f"postgres://u:{PASSWORD}@127.0.0.1:1/db",
     f"postgresql://127.0.0.1:1/db?user=u&password={QUOTED}", f"postgresql://u:{QUOTED}@127.0.0.1:x/db",
     f"http://u:{PASSWORD}@h"],
)  # fmt: skip
def test_no_url_shows_its_password(url: str) -> None:
    with pytest.raises((CacheError, ConfigurationError)) as caught:
        PostgresStore(url).mget(["a"])
    assert not shows_secret(str(caught.value))


def test_repr_and_pickle_show_no_password() -> None:
    store = PostgresStore(f"postgresql://u:{QUOTED}@127.0.0.1:1/db", ttl=5)
    assert repr(store) == "PostgresStore(postgresql://127.0.0.1:1/db, table='onevec_cache', ttl=5)"
    with pytest.raises(ConfigurationError, match=r"Secret\.from_env"):
        pickle.dumps(store)
    with reveal_secrets():
        assert repr(unpickled(pickle.dumps(store))) == repr(store)


def test_a_url_from_a_variable_travels_as_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_URL", f"postgresql://u:{QUOTED}@127.0.0.1:1/db")
    written = pickle.dumps(PostgresStore(Secret.from_env("CACHE_URL")))
    assert QUOTED.encode() not in written
    monkeypatch.setenv("CACHE_URL", "postgresql://other:2/db")
    assert "other:2" in repr(unpickled(written))


@pytest.mark.parametrize("ttl", [0, -1.5])
def test_a_time_to_live_that_is_none(ttl: float) -> None:
    with pytest.raises(ConfigurationError, match="ttl"):
        PostgresStore("postgresql://h/db", ttl=ttl)


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependency, match=r"onevec\[postgres\]"):
        PostgresStore("postgresql://h/db")


@pytest.mark.server
def test_connections_that_the_server_has_closed_are_made_anew(
    postgres_url: str, connect: Callable[..., PostgresStore]
) -> None:
    store = connect(postgres_url)
    store.mset([("a", b"1")])
    ended = execute(
        postgres_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'onevec'",
    )
    assert set(ended) == {(True,)}
    assert store.mget(["a"]) == [b"1"]


@pytest.mark.server
def test_values_live_as_long_as_they_were_given(postgres_url: str, connect: Callable[..., PostgresStore]) -> None:
    store = connect(postgres_url, ttl=1000)
    store.mset([("old", b"1"), ("new", b"1")])
    execute(postgres_url, "UPDATE onevec_cache SET expires = now() - interval '1 s' WHERE key = 'old'")
    assert store.mget(["old", "new"]) == [None, b"1"]
    assert list(store.yield_keys()) == ["new"]
    connect(postgres_url).mset([("kept", b"1")])
    assert execute(postgres_url, "SELECT count(*) FROM onevec_cache") == [(3,)]
    store.mset([("x", b"1")])
    assert execute(postgres_url, "SELECT convert_from(key, 'UTF8') FROM onevec_cache ORDER BY 1") == [
        ("kept",), ("new",), ("x",)
    ]  # fmt: skip
    assert execute(postgres_url, "SELECT count(*) FROM onevec_cache WHERE expires IS NULL") == [(1,)]
    store.mset([("kept", b"2")])
    assert execute(postgres_url, "SELECT count(*) FROM onevec_cache WHERE expires IS NULL") == [(0,)]


@pytest.mark.server
def test_a_user_may_lack_the_right_to_create(postgres_url: str, connect: Callable[..., PostgresStore]) -> None:
    execute(postgres_url, "DROP ROLE IF EXISTS reader")
    execute(postgres_url, "CREATE ROLE reader LOGIN PASSWORD 'reads-only'")
    parts = urlsplit(postgres_url)
    url = parts._replace(netloc=f"reader:reads-only@{parts.hostname}:{parts.port}").geturl()
    with pytest.raises(CacheError, match="may this user create"):
        connect(url).mget(["a"])
    connect(postgres_url).mset([("a", b"1")])
    execute(postgres_url, "GRANT USAGE ON SCHEMA public TO reader")
    execute(postgres_url, "GRANT SELECT ON onevec_cache TO reader")
    store = connect(url)
    assert store.mget(["a"]) == [b"1"]
    with pytest.raises(CacheError, match="permission denied for table onevec_cache"):
        store.mset([("b", b"1")])
    assert store.mget(["a"]) == [b"1"]


@pytest.mark.server
def test_many_stores_make_the_table_at_once(postgres_url: str, connect: Callable[..., PostgresStore]) -> None:
    stores = [connect(postgres_url, table="sch.cache") for _ in range(8)]
    execute(postgres_url, "DROP SCHEMA IF EXISTS sch CASCADE")
    execute(postgres_url, "CREATE SCHEMA sch")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda store: store.mset([("a", b"1")]), stores))
    assert execute(postgres_url, "SELECT count(*) FROM sch.cache") == [(1,)]


@pytest.mark.server
def test_writers_of_the_same_keys_do_not_block_each_other_for_ever(
    postgres_url: str, connect: Callable[..., PostgresStore]
) -> None:
    keys = [str(number) for number in range(300)]

    def work(name: int) -> None:
        store = connect(postgres_url)
        for _ in range(5):
            store.mset([(key, b"%d" % name) for key in (keys if name % 2 else keys[::-1])])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    [last] = {value for (value,) in execute(postgres_url, "SELECT DISTINCT value FROM onevec_cache")}
    assert last in {b"0", b"1", b"2", b"3"}


@pytest.mark.server
def test_a_key_may_hold_the_null_character(postgres_url: str, connect: Callable[..., PostgresStore]) -> None:
    store = connect(postgres_url)
    store.mset([("a\0b", b"1")])
    assert store.mget(["a\0b", "a"]) == [b"1", None]
    assert list(store.yield_keys(prefix="a")) == ["a\0b"]


@pytest.mark.server
def test_pages_of_keys_are_put_together(
    postgres_url: str, connect: Callable[..., PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onevec.stores.postgres.AT_ONCE", 7)
    store = connect(postgres_url)
    keys = [f"{number:03}" for number in range(100)]
    store.mset([(key, key.encode()) for key in keys])
    assert list(store.yield_keys()) == keys
    assert store.mget(keys) == [key.encode() for key in keys]
    assert list(store.yield_keys(prefix="09")) == keys[90:]


@pytest.mark.server
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_has_connections_of_its_own(postgres_url: str, connect: Callable[..., PostgresStore]) -> None:
    store = connect(postgres_url)
    store.mset([("a", b"1"), ("b", b"2")])
    child = os.fork()
    if child == 0:
        good = all(store.mget(["a", "b"]) == [b"1", b"2"] for _ in range(100)) and store.lease(["l"], 60) == [True]
        store.close()
        os._exit(0 if good else 1)
    good = all(store.mget(["b", "a"]) == [b"2", b"1"] for _ in range(100))
    assert (good, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) == (True, 0)
    assert store.mget(["a"]) == [b"1"]
    assert store.lease(["l"], 60) == [False]
    store.release(["l"])
    assert store.lease(["l"], 60) == [False]
