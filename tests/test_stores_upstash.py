"""UpstashRedisByteStore beyond the contract: batches, binary values, pages, refusals, secrets, clients."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from servers_local import unpickled

from onevec import CacheError, ConfigurationError, Secret, TransportError
from onevec.storage import UpstashRedisByteStore, UpstashRedisStore
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Reply, Request

if TYPE_CHECKING:
    from servers_redis import UpstashOverRedis

pytest_plugins = ("servers_redis",)
URL = "https://eu1.upstash.example"
TOKEN = "t0k3n-very-secret"


def store_over(*replies: Reply | TransportError, **options: Any) -> tuple[UpstashRedisByteStore, ReplayTransport]:
    """A store whose every request is `MGET a`, and the network that it asks."""
    ask = Request.post(URL, json=["MGET", "a"], headers={"Authorization": f"Bearer {TOKEN}"})
    transport = ReplayTransport([Exchange(ask, reply) for reply in replies])
    return UpstashRedisByteStore(url=URL, token=TOKEN, transport=transport, **options), transport


GOOD = json_reply({"result": ["MQ=="]})


def test_faults_that_pass_are_tried_again() -> None:
    store, transport = store_over(json_reply({"error": "busy"}, 503), TransportError("cut"), GOOD)
    assert store.mget(["a"]) == [b"1"]
    assert len(transport.slept) == 2
    transport.assert_done()


@pytest.mark.parametrize(
    "reply",
    [
        json_reply({"error": "Unauthorized"}, 401),
        json_reply({"error": f"WRONGPASS invalid token {TOKEN}"}, 400),
        json_reply({"error": "ERR max daily request limit exceeded"}),
        json_reply({"nothing": 1}),
        Reply(status=200, body=b"<html>"),
        TransportError("cut"),
    ],
)
def test_what_fails_for_good_is_a_cache_error(reply: Reply | TransportError) -> None:
    store, _ = store_over(reply, max_retries=0)
    with pytest.raises(
        CacheError, match=r"UpstashRedisByteStore\(eu1\.upstash\.example.*are url and token right"
    ) as caught:
        store.mget(["a"])
    assert TOKEN not in str(caught.value)
    store, _ = store_over(reply, max_retries=0)
    with pytest.raises(CacheError):
        asyncio.run(store.amget(["a"]))


def test_an_error_of_one_command_in_a_pipeline_is_found() -> None:
    ask = Request.post(f"{URL}/pipeline", json=[["SET", "a", "1"], ["SET", "b", "2"]])
    transport = ReplayTransport([Exchange(ask, json_reply([{"result": "OK"}, {"error": "ERR out of memory"}]))])
    store = UpstashRedisByteStore(url=URL, token=TOKEN, transport=transport)
    with pytest.raises(CacheError, match="ERR out of memory"):
        store.mset([("a", b"1"), ("b", b"2")])


@pytest.mark.server
def test_large_writes_and_reads_are_cut_into_several_requests(upstash: UpstashOverRedis) -> None:
    sent: list[int] = []

    class Counting(type(upstash)):  # type: ignore[misc]
        def send(self, request: Request, timeout: float) -> Reply:
            sent.append(len(request.body))
            reply: Reply = super().send(request, timeout)
            return reply

    store = UpstashRedisByteStore(url=URL, token=upstash.token, transport=Counting(upstash.client))
    values = {str(number): bytes([number % 256]) * 6144 for number in range(2000)}
    store.mset(list(values.items()))
    assert len(sent) > 12
    assert max(sent) < 1_001_000
    sent.clear()
    assert store.mget(list(values)) == list(values.values())
    assert len(sent) == 2
    sent.clear()
    assert sorted(store.yield_keys()) == sorted(values)
    assert len(sent) < 30
    store.mdelete(list(values))
    assert list(store.yield_keys()) == []


@pytest.mark.server
def test_text_stays_text_so_that_langchain_reads_it(upstash: UpstashOverRedis) -> None:
    store = UpstashRedisByteStore(url=URL, token=upstash.token, transport=upstash, namespace="n", ttl=1000)
    store.mset([("a", '["猫"]'.encode()), ("b", b"\xff")])
    assert upstash.client.get("n/a") == '["猫"]'.encode()
    assert upstash.client.get("n/b") == b"data:;base64,/w=="
    assert 0 < upstash.client.ttl("n/a") <= 1000
    assert store.mget(["a", "b"]) == ['["猫"]'.encode(), b"\xff"]


@pytest.mark.server
def test_a_value_that_others_wrote_in_binary_is_read(upstash: UpstashOverRedis) -> None:
    upstash.client.set("a", b"\xff\0")
    assert UpstashRedisByteStore(url=URL, token=upstash.token, transport=upstash).mget(["a"]) == [b"\xff\0"]


@pytest.mark.server
def test_the_store_of_text(upstash: UpstashOverRedis) -> None:
    store = UpstashRedisStore(url=URL, token=upstash.token, transport=upstash, namespace="n")
    store.mset([("a", "猫"), ("b", "data:;base64,AA==")])
    assert store.mget(["a", "x", "b"]) == ["猫", None, "data:;base64,AA=="]
    assert sorted(store.yield_keys()) == ["a", "b"]
    store.mdelete(["a"])
    later: list[Any] = asyncio.run(store.amget(["a", "b"]))
    assert later == [None, "data:;base64,AA=="]


class Client:
    """What the store uses of `upstash_redis.Redis`: results are text, and errors its own."""

    def __init__(self, upstash: UpstashOverRedis) -> None:
        self.upstash = upstash

    def execute(self, command: list[Any]) -> Any:
        result = self.upstash.client.execute_command(*command, NEVER_DECODE=[])
        return self.text(result)

    def text(self, result: Any) -> Any:
        if isinstance(result, list | tuple):
            return [self.text(part) for part in result]
        return result.decode() if isinstance(result, bytes) else result


@pytest.mark.server
def test_a_client_of_upstash_is_taken(upstash: UpstashOverRedis) -> None:
    store = UpstashRedisByteStore(client=Client(upstash))
    store.mset([("a", b"1"), ("b", b"\xff\0")])
    assert store.mget(["b", "x", "a"]) == [b"\xff\0", None, b"1"]
    assert sorted(store.yield_keys(prefix="")) == ["a", "b"]
    assert asyncio.run(store.amget(["a"])) == [b"1"]
    upstash.client.rpush("list", "1")
    with pytest.raises(CacheError, match="the client failed: ResponseError"):
        store._drive(store._run([["GET", "list"]]))


def test_repr_and_pickle_show_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    store = UpstashRedisByteStore(url=URL, token=TOKEN)
    assert TOKEN not in repr(store)
    with pytest.raises(ConfigurationError, match=r"Secret\.from_env"):
        pickle.dumps(store)
    monkeypatch.setenv("UPSTASH_TOKEN", TOKEN)
    written = pickle.dumps(UpstashRedisByteStore(url=URL, token=Secret.from_env("UPSTASH_TOKEN"), ttl=5))
    assert TOKEN.encode() not in written
    assert unpickled(written).ttl == 5


@pytest.mark.parametrize("options", [{"client": object(), "url": URL}, {"url": URL}, {"token": TOKEN}, {}])
def test_a_client_or_url_and_token(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, TypeError)):
        UpstashRedisByteStore(**options)


def test_a_function_may_hand_out_the_token() -> None:
    store = UpstashRedisByteStore(url=URL, token=lambda: TOKEN, transport=store_over(GOOD)[1])  # type: ignore[arg-type]
    assert store.mget(["a"]) == [b"1"]


def test_requests_are_json() -> None:
    store, transport = store_over(GOOD)
    store.mget(["a"])
    assert orjson.loads(transport.sent[0].body) == ["MGET", "a"]
    assert transport.sent[0].headers["Upstash-Encoding"] == "base64"
