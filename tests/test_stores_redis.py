"""RedisStore beyond the contract: secrets, a lost server, time to live, fork, Sentinel, a cluster."""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

import pytest
from servers_local import free_port, unpickled

import onevec
from onevec import CacheError, ConfigurationError, Secret
from onevec.stores.redis import RedisStore
from onevec.testing.stores import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers_redis import RedisServer

redis = pytest.importorskip("redis")
pytest_plugins = ("servers_redis",)
PASSWORD, QUOTED = "p@ss/wörd:1", "p%40ss%2Fw%C3%B6rd%3A1"


def shows_secret(text: str) -> bool:
    return any(secret in text for secret in (PASSWORD, QUOTED, "ss/w", "wörd", "rd:1"))


@pytest.fixture
def connect() -> Iterator[Callable[..., RedisStore]]:
    """`RedisStore`, closed at the end of the test."""
    made: list[RedisStore] = []

    def make(url: str, **options: Any) -> RedisStore:
        made.append(RedisStore.from_url(url, **options))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.mark.server
def test_a_wrong_password_is_named_but_never_shown(
    redis_server: RedisServer, connect: Callable[..., RedisStore]
) -> None:
    store = connect(redis_server.url.replace("p%40", "P%40"))
    with pytest.raises(
        CacheError, match=r"redis://127\.0\.0\.1:\d+/0: AuthenticationError: .*is the password right"
    ) as caught:
        store.mget(["a"])
    assert not shows_secret(str(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [f"redis://:{QUOTED}@127.0.0.1:1/0", f"redis://u:{PASSWORD}@127.0.0.1:1", f"redis://127.0.0.1:1?password={QUOTED}",
     f"rediss://:{QUOTED}@127.0.0.1:1/x", f"redis+sentinel://u:{QUOTED}@127.0.0.1:1/mymaster/0", f"http://:{PASSWORD}@h",
     f"redis://:{PASSWORD}℀@h", "redis://[::1"],
)  # fmt: skip
def test_no_url_shows_its_password(url: str, connect: Callable[..., RedisStore]) -> None:
    with pytest.raises((CacheError, ConfigurationError)) as caught:
        connect(url, client_kwargs={"retry": None}).mget(["a"])
    assert not shows_secret(str(caught.value))
    assert caught.value.__suppress_context__


def test_repr_and_pickle_show_no_password(connect: Callable[..., RedisStore]) -> None:
    url = f"redis://:{QUOTED}@127.0.0.1:1/0"
    store = connect(url, namespace="n")
    assert repr(store) == "RedisStore(redis://127.0.0.1:1/0, namespace='n', ttl=None)"
    with pytest.raises(ConfigurationError, match=r"Secret\.from_env"):
        pickle.dumps(store)


def test_a_password_among_the_options_is_hidden_too(connect: Callable[..., RedisStore]) -> None:
    store = connect("redis://127.0.0.1:1/0", client_kwargs={"password": PASSWORD, "retry": None})
    assert store.client.connection_pool.connection_kwargs["password"] == PASSWORD
    with pytest.raises(ConfigurationError, match=r"Secret\.from_env"):
        pickle.dumps(store)


def test_a_url_from_a_variable_travels_as_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_URL", f"redis://:{QUOTED}@127.0.0.1:1/0")
    written = pickle.dumps(RedisStore(redis_url=Secret.from_env("CACHE_URL"), ttl=5))
    assert QUOTED.encode() not in written
    monkeypatch.setenv("CACHE_URL", "redis://127.0.0.1:2/0")
    assert repr(unpickled(written)) == "RedisStore(redis://127.0.0.1:2/0, namespace=None, ttl=5)"


def test_a_store_with_a_client_is_not_pickled() -> None:
    with redis.Redis() as client, pytest.raises(ConfigurationError, match="redis_url"):
        pickle.dumps(RedisStore(client=client))


@pytest.mark.parametrize(
    "options", [{"redis_url": "ftp://x"}, {"redis_url": "redis://h", "client_kwargs": {"nonsense": 1}}]
)
def test_a_url_or_option_that_redis_does_not_know(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="redis_url"):
        RedisStore(**options).mget(["a"])


@pytest.mark.server
def test_a_lost_server_is_an_error_and_its_return_is_none(
    new_redis: Callable[..., RedisServer], connect: Callable[..., RedisStore]
) -> None:
    server = new_redis()
    store = connect(server.url, client_kwargs={"retry": None})
    store.mset([("a", b"1")])
    server.stop()
    for use in (lambda: store.mget(["a"]), lambda: store.mset([("a", b"1")]), lambda: store.mdelete(["a"]),
                lambda: list(store.yield_keys()), lambda: store.lease(["a"], 1)):  # fmt: skip
        with pytest.raises(CacheError, match="is the server running"):
            use()
    server.start()
    assert store.mget(["a"]) == [None]
    store.mset([("a", b"2")])
    assert store.mget(["a"]) == [b"2"]


@pytest.mark.server
def test_values_live_as_long_as_they_were_given(redis_url: str, connect: Callable[..., RedisStore]) -> None:
    connect(redis_url, ttl=1000).mset([("a", b"1")])
    connect(redis_url).mset([("b", b"1")])
    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.ttl("a") <= 1000
        assert client.ttl("b") == -1


@pytest.mark.server
def test_keys_and_values_of_others_are_left_alone(redis_url: str, connect: Callable[..., RedisStore]) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.mset({b"\xff\xfe": b"no text", "other": b"1"})
        client.rpush("list", "1")
        store = connect(redis_url)
        assert sorted(store.yield_keys()) == ["list", "other"]
        assert store.mget(["list"]) == [None]
        connect(redis_url, namespace="n").lease(["a"], 60)
        assert sorted(store.yield_keys()) == ["list", "other"]


@pytest.mark.server
def test_a_lease_that_went_to_another_is_not_given_back(redis_url: str, connect: Callable[..., RedisStore]) -> None:
    first, second = connect(redis_url), connect(redis_url)
    assert first.lease(["a"], 60) == [True]
    with redis.Redis.from_url(redis_url) as client:
        client.delete("onevec:lease:a")  # as if its time were up
    assert second.lease(["a"], 60) == [True]
    first.release(["a"])
    assert first.lease(["a"], 60) == [False]


@pytest.mark.server
def test_a_star_behind_a_prefix_is_langchains_if_no_key_has_it(
    redis_url: str, connect: Callable[..., RedisStore]
) -> None:
    store = connect(redis_url)
    store.mset([("ab", b"1"), ("ac", b"1")])
    assert sorted(store.yield_keys(prefix="a*")) == ["ab", "ac"]
    store.mset([("a*", b"1")])
    assert sorted(store.yield_keys(prefix="a*")) == ["a*"]


@pytest.mark.server
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_has_connections_of_its_own(redis_url: str, connect: Callable[..., RedisStore]) -> None:
    store = connect(redis_url)
    store.mset([("a", b"1"), ("b", b"2")])
    child = os.fork()
    if child == 0:
        good = all(store.mget(["a", "b"]) == [b"1", b"2"] for _ in range(200)) and store.lease(["l"], 60) == [True]
        os._exit(0 if good else 1)
    good = all(store.mget(["b", "a"]) == [b"2", b"1"] for _ in range(200))
    assert (good, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) == (True, 0)
    assert store.lease(["l"], 60) == [False]
    store.release(["l"])
    assert store.lease(["l"], 60) == [False]


@pytest.mark.server
def test_sentinel_is_asked_for_the_master(
    new_redis: Callable[..., RedisServer], tmp_path: Path, connect: Callable[..., RedisStore]
) -> None:
    server = new_redis()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor main 127.0.0.1 {server.port} 1\n", encoding="utf-8")
    sentinel = new_redis(str(config), "--sentinel")
    store = connect(f"redis+sentinel://127.0.0.1:{sentinel.port}/main/2")
    store.mset([("a", b"1")])
    with redis.Redis.from_url(server.url.replace("/0", "/2")) as client:
        assert client.get("a") == b"1"
    other = unpickled(pickle.dumps(store))
    assert other.mget(["a"]) == [b"1"]


@pytest.mark.server
def test_a_cluster_keeps_keys_on_all_its_servers(new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        assert eventually(lambda: client.cluster("INFO")["cluster_state"] == "ok")
    cluster = redis.RedisCluster.from_url(server.url)
    store = RedisStore(client=cluster, namespace="n")
    keys = [str(number) for number in range(50)]
    store.mset([(key, key.encode()) for key in keys])
    assert store.mget([*keys, "x"]) == [*(key.encode() for key in keys), None]
    assert store.lease(keys, 60) == [True] * 50
    store.release(keys[:25])
    store.mset([(key, b"new") for key in keys[25:]])
    assert store.lease(keys, 60) == [True] * 50
    store.mdelete(keys[1:])
    assert list(store.yield_keys()) == ["0"]
    cluster.close()


def test_without_redis_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, connect: Callable[..., RedisStore]) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(onevec.MissingDependency, match=r"onevec\[redis\]"):
        connect("redis://localhost")
