"""Requests and replies as values, and the two drivers of flows."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import MODES, World

from onevec.errors import BadResponse, ConfigurationError, TimedOut, TransportError
from onevec.wire import Call, Headers, Reply, Request, Sleep, adrive, drive

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from onevec.wire import Flow

URL = "https://me:pass@toy.example:8443/v1/embed"
ASK = Request.post(URL, json={"texts": ["猫"]}, query={"key": "sk-1 &"}, headers={"Authorization": "Bearer sk-2"})
names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)


def run(flow: Flow[Any], world: World, mode: str) -> Any:
    return drive(flow, world, 1.0) if mode == "sync" else asyncio.run(adrive(flow, world, 1.0))


# Values ---------------------------------------------------------------------------------------------------------------


def test_a_post_of_json() -> None:
    assert ASK.method == "POST"
    assert ASK.url == URL + "?key=sk-1+%26"
    assert ASK.headers == {"Content-Type": "application/json", "Authorization": "Bearer sk-2"}
    assert ASK.body == '{"texts":["猫"]}'.encode()
    assert (ASK.host, ASK.path) == ("me:pass@toy.example:8443", "/v1/embed")
    assert Request(method="GET", url="https://x").path == "/"


def test_a_field_without_a_value_is_never_sent_as_null() -> None:
    assert Request.post(URL, json={"a": None, "b": 0, "c": {"d": None}}).body == b'{"b":0,"c":{"d":null}}'
    assert Request.post(URL, json=[None]).body == b"[null]"


def test_values_are_made_by_keyword_and_do_not_change() -> None:
    request = Request(method="GET", url="https://x", headers={"A": "1"}, body=b"b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.url = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Reply(status=200).status = 500  # type: ignore[misc]
    assert request == Request(method="GET", url="https://x", headers={"A": "1"}, body=b"b")
    assert request != dataclasses.replace(request, body=b"c")


@pytest.mark.parametrize(
    "request_", [ASK, Request(method="GET", url="http://[not an address?x=sk-1"), ASK.with_headers({})]
)
def test_a_request_shows_no_credential(request_: Request) -> None:
    assert repr(request_).startswith("<Request ")
    for hidden in ("sk-", "pass", "me:", "Bearer", "猫"):
        assert hidden not in f"{request_} {request_!r} {[request_]}"


def test_a_reply_shows_no_content() -> None:
    reply = Reply(status=200, headers={"Set-Cookie": "secret"}, body=b"secret")
    assert repr(reply) == "<Reply 200, 6 bytes>"
    assert repr(reply.headers) == "Headers(Set-Cookie)"


def test_more_query_parameters() -> None:
    one = Request(method="GET", url="https://x/y")
    assert one.with_query() is one
    assert one.with_query(a="1").with_query(b="2 3", c="猫").url == "https://x/y?a=1&b=2+3&c=%E7%8C%AB"


@given(st.dictionaries(names, names), st.dictionaries(names, names))
def test_a_header_is_replaced_however_it_is_written(first: dict[str, str], second: dict[str, str]) -> None:
    request = Request(method="GET", url="https://x", headers=first).with_headers(second)
    lower = {name.lower() for name in second}
    assert dict(request.headers) == {
        **{name: value for name, value in first.items() if name.lower() not in lower},
        **second,
    }


def test_a_header_of_a_post_is_replaced_too() -> None:
    request = Request.post("https://x", json=1, headers={"content-type": "text/x"})
    assert request.headers == {"content-type": "text/x"}


@given(st.dictionaries(names, names))
def test_headers_are_found_without_regard_to_case(items: dict[str, str]) -> None:
    headers = Headers(items)
    last = {name.lower(): value for name, value in items.items()}
    assert len(headers) == len(last)
    for name in items:
        assert headers[name.upper()] == headers[name.lower()] == last[name.lower()]
        assert name.swapcase() in headers
    assert {name.lower() for name in headers} == last.keys()
    assert headers.get("not there at all") is None


def test_a_reply_takes_any_mapping() -> None:
    assert Reply(status=200, headers={"Retry-After": "1"}).headers["retry-after"] == "1"
    kept = Headers({"a": "1"})
    assert Reply(status=200, headers=kept).headers is kept


def test_a_body_is_read_once() -> None:
    reply = Reply(status=200, body=b'{"a": [1, 2]}')
    assert reply.json() == {"a": [1, 2]}
    assert reply.json() is reply.json()


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": 1', b"\xff", b"NaN", b'{"a": NaN}'])
def test_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="line 1"):
        Reply(status=200, body=body).json()


# Drivers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_flow_gets_what_its_steps_give(mode: str) -> None:
    def flow() -> Flow[list[Any]]:
        return [(yield ASK), (yield Sleep(1.5)), (yield Call(lambda: "called")), (yield ASK)]

    replies = [Reply(status=200), Reply(status=201)]
    world = World.of(replies)
    assert run(flow(), world, mode) == [replies[0], None, "called", replies[1]]
    assert world.slept == [1.5]
    assert world.sent == [ASK, ASK]


@pytest.mark.parametrize("mode", MODES)
def test_a_flow_may_have_no_step(mode: str) -> None:
    def flow() -> Flow[str]:
        return "done"
        yield

    assert run(flow(), World(), mode) == "done"


@pytest.mark.parametrize("mode", MODES)
def test_a_network_fault_is_raised_where_the_flow_waits(mode: str) -> None:
    def flow() -> Flow[str]:
        try:
            yield ASK
        except TimedOut as error:
            return f"caught {error}"
        return "never"

    assert run(flow(), World.of([TimedOut("late")]), mode) == "caught late"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("error", [TransportError("reset"), ConfigurationError("wrong"), KeyError("bug")])
def test_a_fault_that_nobody_catches_ends_the_flow(mode: str, error: Exception) -> None:
    ended: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield ASK
        finally:
            ended.append("closed")

    with pytest.raises(type(error)):
        run(flow(), World.of([error]), mode)
    assert ended == ["closed"]


@pytest.mark.parametrize("mode", MODES)
def test_an_error_in_a_flow_comes_out(mode: str) -> None:
    def flow() -> Flow[None]:
        yield Sleep(0)
        message = "wrong"
        raise BadResponse(message)

    with pytest.raises(BadResponse, match="wrong"):
        run(flow(), World(), mode)


async def _later() -> str:
    await asyncio.sleep(0)
    return "later"


def _future() -> Any:
    class Answer:
        def __await__(self) -> Generator[None, None, str]:
            yield from asyncio.sleep(0).__await__()
            return "later"

    return Answer()


@pytest.mark.parametrize("function", [_later, _future], ids=["coroutine", "awaitable"])
def test_an_async_function_serves_the_async_driver_alone(function: Callable[[], Any]) -> None:
    def flow() -> Flow[Any]:
        return (yield Call(function))

    assert run(flow(), World(), "async") == "later"
    with pytest.raises(ConfigurationError, match="the credential is an async function: use the async methods"):
        run(flow(), World(), "sync")


@pytest.mark.parametrize("mode", MODES)
def test_an_error_of_a_called_function_comes_out(mode: str) -> None:
    def flow() -> Flow[Any]:
        return (yield Call(lambda: 1 // 0))

    with pytest.raises(ZeroDivisionError):
        run(flow(), World(), mode)


def test_a_called_function_blocks_no_loop() -> None:
    import threading

    def flow() -> Flow[Any]:
        return (yield Call(threading.current_thread))

    assert run(flow(), World(), "async") is not threading.main_thread()
    assert run(flow(), World(), "sync") is threading.current_thread()


def test_a_cancelled_flow_is_closed() -> None:
    ended: list[str] = []

    class Never(World):
        async def hold(self, _: Request) -> None:
            waiting.set()
            await asyncio.Event().wait()

    def flow() -> Flow[None]:
        try:
            yield ASK
        finally:
            ended.append("closed")

    async def cancel() -> None:
        task = asyncio.create_task(adrive(flow(), Never(), 1.0))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    waiting = asyncio.Event()
    asyncio.run(cancel())
    assert ended == ["closed"]


def test_json_is_written_as_orjson_does() -> None:
    assert orjson.loads(Request.post("https://x", json={"a": [1.5, None, "\u2028"]}).body) == {
        "a": [1.5, None, "\u2028"]
    }
