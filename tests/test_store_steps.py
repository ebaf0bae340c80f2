"""LangChain's stores step by step: the same calls give the same results, over the same requests."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from onevec import errors
from onevec.stores import redis as redis_module
from onevec.stores import upstash
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ("servers_redis",)

BASE = "https://eu1.upstash.example"
CLASSES: dict[str, Any] = {
    "RedisStore": redis_module.RedisStore,
    "UpstashRedisByteStore": upstash.UpstashRedisByteStore,
    "UpstashRedisStore": upstash.UpstashRedisStore,
}


def cases() -> list[Any]:
    found: list[Any] = []
    for name in CLASSES:
        path = Path(__file__).parent / "contracts" / "stores" / f"{name}.json"
        contract = json.loads(path.read_text(encoding="utf-8"))
        marks = [pytest.mark.server] if name == "RedisStore" else []
        found += [
            pytest.param(name, case, id=f"{name}-{case['name']}", marks=marks)
            for case in [*contract["exchanges"], *contract["errors"]]
        ]
    return found


def value(written: Any) -> Any:
    """What JSON stands for: bytes are objects of one key, pairs are lists."""
    if isinstance(written, dict):
        return written["bytes"].encode() if "bytes" in written else base64.b64decode(written["bytes_base64"])
    return [value(part) for part in written] if isinstance(written, list) else written


def step(store: Any, data: dict[str, Any], call: Callable[..., Any]) -> None:
    result = call(store, data["method"], *map(value, data["args"]), **data.get("kwargs", {}))
    assert result == value(data["returns"]), data


def blocking(store: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Call the method, or its blocking twin."""
    name = method.removeprefix("a") if method.startswith(("am", "ay")) else method
    result = getattr(store, name)(*args, **kwargs)
    return sorted(result) if name == "yield_keys" else result


def awaited(store: Any, method: str, *args: Any, **kwargs: Any) -> Any:
    """Call the method's async twin."""
    name = method if method.startswith(("am", "ay")) else f"a{method}"

    async def keys() -> list[str]:
        return sorted([key async for key in store.ayield_keys(*args, **kwargs)])

    return asyncio.run(keys() if name == "ayield_keys" else getattr(store, name)(*args, **kwargs))


@pytest.mark.parametrize("call", [blocking, awaited])
@pytest.mark.parametrize(("name", "case"), cases())
def test_steps(name: str, case: dict[str, Any], call: Callable[..., Any], request: pytest.FixtureRequest) -> None:
    if name == "RedisStore":
        pytest.importorskip("redis")
    exchanges = [
        Exchange(
            Request.post(
                BASE + item["request"]["path"], json=item["request"]["json"], headers=item["request"]["headers"]
            ),
            json_reply(item["response"]["json"]),
        )
        for item in case.get("http", [])
    ]
    transport = ReplayTransport(exchanges)
    init = {key: given(part, request) for key, part in case["init"].items()}
    if name != "RedisStore":
        init["transport"] = transport
    wanted = case.get("expect", {}).get("error")
    if wanted:
        kind = getattr(errors, wanted, TypeError)
        with pytest.raises(kind):
            CLASSES[name](**init)
        return
    store = CLASSES[name](**init)
    for data in case["steps"]:
        step(store, data, call)
    transport.assert_done()


def given(written: Any, request: pytest.FixtureRequest) -> Any:
    """A constructor's argument."""
    if written == "object":
        return object()
    if isinstance(written, str) and written.startswith("redis.Redis"):
        import redis

        client = redis.Redis.from_url(
            request.getfixturevalue("redis_url"), decode_responses="decode_responses" in written
        )
        request.addfinalizer(client.close)
        return client
    return BASE if written == "{BASE_URL}" else written
