"""`onevec.testing`: what ReplayTransport accepts and refuses, and that a contract can fail."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from onevec import Embeddings
from onevec.errors import ConfigurationError, TimedOut, TransportError
from onevec.testing import Exchange, ReplayTransport, areplay, contract_cases, json_reply, replay
from onevec.wire import Reply, Request

if TYPE_CHECKING:
    from pathlib import Path

    from onevec.transport import Transport

URL = "https://toy.example/embed"


def ask(*texts: str, url: str = URL, key: str = "k-1") -> Request:
    return Request.post(url, json={"texts": texts, "model": "m"}, headers={"Authorization": f"Bearer {key}"})


def answer(text: str) -> Exchange:
    return Exchange(ask(text), json_reply(text))


def refusal(transport: ReplayTransport, request: Request) -> str:
    with pytest.raises(AssertionError) as caught:
        transport.send(request, 1)
    return str(caught.value)


def test_it_is_a_transport() -> None:
    transport: Transport = ReplayTransport()
    assert transport.now().tzinfo is UTC


def test_requests_may_come_in_any_order() -> None:
    transport = ReplayTransport([answer("a"), answer("b")])
    assert transport.send(ask("b"), 1).json() == "b"
    assert transport.send(ask("a"), 1).json() == "a"
    assert transport.sent == [ask("b"), ask("a")]
    transport.assert_done()


def test_equal_requests_get_their_replies_in_order() -> None:
    transport = ReplayTransport([Exchange(ask("a"), Reply(status=status)) for status in (429, 500, 200)])
    assert [transport.send(ask("a"), 1).status for _ in range(3)] == [429, 500, 200]


def test_the_order_of_keys_fields_and_headers_carries_no_meaning() -> None:
    wanted = Request(
        method="POST", url=URL + "?a=1&b=2", headers={"X-A": "1", "X-B": "2"}, body=b'{"x": 1, "y": [2.5]}'
    )
    sent = Request(
        method="POST", url=URL + "?b=2&a=1", headers={"x-b": "2", "x-a": "1", "More": ""}, body=b'{"y":[2.5],"x":1}'
    )
    assert Exchange(wanted, Reply(status=200)).matches(sent)


def test_a_form_is_compared_by_its_fields() -> None:
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    wanted = Request(method="POST", url=URL, headers=head, body=b"a=1&b=x+y")
    sent = Request(method="POST", url=URL, headers=head, body=b"b=x%20y&a=1")
    assert Exchange(wanted, Reply(status=200)).matches(sent)


@pytest.mark.parametrize(
    "sent",
    [
        ask("a", url=URL + "?x=1"),
        ask("a", url=URL + "/"),
        ask("a", url="http://toy.example/embed"),
        ask("a", key="k-2"),
        ask("b"),
        ask("a", "a"),
        Request(method="PUT", url=URL, headers=ask("a").headers, body=ask("a").body),
        Request(method="POST", url=URL, body=ask("a").body),
        Request(method="POST", url=URL, headers=ask("a").headers, body=ask("a").body + b" x"),
        Request(method="POST", url=URL, headers=ask("a").headers, body=ask("a").body[:-1] + b',"n":null}'),
    ],
)
def test_any_other_request_is_refused(sent: Request) -> None:
    assert "nearest" in refusal(ReplayTransport([answer("a")]), sent)


@pytest.mark.parametrize(("wanted", "sent"), [(1, True), (1, 1.0), ("1", 1), ("a\u2028b", "a\x85b"), (None, False)])
def test_values_of_json_are_compared_strictly(wanted: Any, sent: Any) -> None:
    exchange = Exchange(Request.post(URL, json={"v": wanted}), Reply(status=200))
    assert not exchange.matches(Request.post(URL, json={"v": sent}))


def test_ignored_names_are_not_compared() -> None:
    exchange = Exchange(
        Request.post(URL + "?nonce=1", json={}, headers={"RqUID": "1"}),
        Reply(status=200),
        ignored=frozenset({"nonce", "rquid"}),
    )
    assert exchange.matches(Request.post(URL + "?nonce=2", json={}, headers={"RqUID": "2"}))
    assert exchange.matches(Request.post(URL, json={}))


def test_the_message_shows_how_the_nearest_request_differs() -> None:
    far = Exchange(Request.post("https://other.example/x", json=[1, 2, 3]), Reply(status=200))
    message = refusal(ReplayTransport([far, Exchange(ask("猫", "狗"), Reply(status=200))]), ask("猫", "鱼"))
    assert '-  "狗"' in message
    assert '+  "鱼"' in message
    assert "other.example" not in message


def test_a_request_beyond_the_last_exchange_is_refused() -> None:
    transport = ReplayTransport([answer("a")])
    transport.send(ask("a"), 1)
    assert "expected 1x, but it arrived once more" in refusal(transport, ask("a"))
    assert "no request is expected" in refusal(ReplayTransport(), ask("a"))


def test_what_is_left_is_named_unless_it_is_optional() -> None:
    optional = Exchange(ask("b"), Reply(status=200), optional=True)
    ReplayTransport([optional]).assert_done()
    with pytest.raises(AssertionError, match=r"1 expected requests did not arrive:\n\nPOST https://toy\.example/embed"):
        ReplayTransport([answer("a"), optional]).assert_done()


def test_a_refusal_that_was_swallowed_comes_back_at_the_end() -> None:
    transport = ReplayTransport()
    first = refusal(transport, ask("a"))
    refusal(transport, ask("b"))
    with pytest.raises(AssertionError) as caught:
        transport.assert_done()
    assert str(caught.value) == first


def test_a_fault_is_raised_in_place_of_a_reply() -> None:
    transport = ReplayTransport([Exchange(ask("a"), TimedOut("too slow")), answer("a")])
    with pytest.raises(TimedOut, match="too slow"):
        transport.send(ask("a"), 1)
    assert transport.send(ask("a"), 1).status == 200


def test_the_clock_moves_with_every_wait() -> None:
    transport = ReplayTransport(now=datetime(2026, 1, 15, 8, tzinfo=UTC))
    transport.sleep(1.5)
    asyncio.run(transport.asleep(60))
    assert transport.slept == [1.5, 60]
    assert transport.now() == datetime(2026, 1, 15, 8, 1, 1, 500_000, tzinfo=UTC)


def test_a_frozen_clock_stands_still() -> None:
    transport = ReplayTransport(now=datetime(2026, 1, 15, tzinfo=UTC), frozen=True)
    transport.sleep(9)
    assert transport.slept == [9]
    assert transport.now() == datetime(2026, 1, 15, tzinfo=UTC)


def test_chance_is_what_was_given() -> None:
    assert ReplayTransport().random() == 0.5
    assert ReplayTransport(random=0.0).random() == 0.0


def test_many_threads_and_tasks_share_it() -> None:
    names = [str(number) for number in range(200)]
    transport = ReplayTransport([answer(name) for name in names])
    with ThreadPoolExecutor(8) as pool:
        assert [reply.json() for reply in pool.map(lambda name: transport.send(ask(name), 1), names)] == names
    transport.assert_done()

    async def ask_all(other: ReplayTransport) -> list[Reply]:
        return await asyncio.gather(*(other.asend(ask(name), 1) for name in reversed(names)))

    assert [reply.json() for reply in asyncio.run(ask_all(ReplayTransport([answer(name) for name in names])))] == [
        *reversed(names)
    ]


# Contracts ----------------------------------------------------------------------------------------------------------


class Toy(Embeddings):
    """The least that a contract can be run against."""

    _params = ("key", "transport")

    def __init__(self, *, transport: Transport, key: str = "") -> None:
        if not key:
            message = "Toy needs key"
            raise ConfigurationError(message)
        self.transport, self.key = transport, key

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self.transport.send(ask(*texts, key=self.key), 1).json()["vectors"]
        return rows

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


GOOD: dict[str, Any] = {
    "name": "documents",
    "init": {"key": "k-1"},
    "call": {"method": "embed_documents", "args": [["a", "b"]]},
    "http": [
        {
            "request": {
                "method": "POST",
                "path": "/embed",
                "headers": {"Authorization": "Bearer k-1"},
                "json": {"texts": ["a", "b"], "model": "m"},
            },
            "response": {"status": 200, "json": {"vectors": [[1.0, 0.1], [0.5, -2.5]]}},
        }
    ],
    "returns": [[1.0, 0.1], [0.5, -2.5]],
}
NO_KEY = {"name": "no_key", "init": {}, "expect": {"error": "ConfigurationError"}}
FAULT = {
    **GOOD,
    "name": "fault",
    "http": [{**GOOD["http"][0], "response": {"fault": "TransportError"}}],
    "expect": {"error": "TransportError"},
}


EMBED = {**GOOD, "name": "embed", "call": {"method": "embed", "args": [["a", "b"]]}}
PACKED = {
    **GOOD,
    "name": "packed",
    "http": [{**GOOD["http"][0], "response": {"status": 200, "body_base64": "eyJ2ZWN0b3JzIjogW1sxLjBdXX0="}}],
    "returns": [[1.0]],
}


def run_case(folder: Path, data: dict[str, Any], mode: str = "sync") -> None:
    """Write a contract of one case, read it back, and run it."""
    contract = {"class": "Toy", "base_url": "https://toy.example/", "exchanges": [data], "errors": []}
    path = folder / "Toy.json"
    path.write_text(json.dumps(contract), encoding="utf-8")
    [case] = contract_cases(path)
    if mode == "sync":
        replay(case.placed(folder), Toy)
    else:
        asyncio.run(areplay(case.placed(folder), Toy))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("data", [GOOD, NO_KEY, FAULT, EMBED, PACKED], ids=lambda data: data["name"])
def test_a_right_class_passes(tmp_path: Path, data: dict[str, Any], mode: str) -> None:
    run_case(tmp_path, data, mode)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    "change",
    [
        {"init": {"key": "k-2"}},
        {"call": {"method": "embed_documents", "args": [["a", "c"]]}},
        {"call": {"method": "embed_query", "args": ["a"]}},
        {"returns": [[1.0, 0.1], [0.5, -2.51]]},
        {"returns": [[1.0, 0.1]]},
        {"returns": [1.0, 0.1]},
        {"expect": {"error": "RateLimited"}},
        {"expect": {"shape": [2, 3]}},
        {"http": []},
        {"http": GOOD["http"] * 2},
        {"http": [{**GOOD["http"][0], "times": 2}]},
        {"http": [{**GOOD["http"][0], "response": {"status": 200, "json": {"vectors": [[1, 0.1], [0.5, -2.5]]}}}]},
    ],
)
def test_a_case_that_differs_fails(tmp_path: Path, change: dict[str, Any], mode: str) -> None:
    with pytest.raises(AssertionError):
        run_case(tmp_path, {**GOOD, **change}, mode)


def test_another_error_than_the_expected_one_comes_through(tmp_path: Path) -> None:
    with pytest.raises(TransportError):
        run_case(tmp_path, {**FAULT, "expect": {"error": "TimedOut"}})


def test_results_are_compared_as_float32(tmp_path: Path) -> None:
    reply = {"status": 200, "json": {"vectors": [[1e6 + 0.0625]]}}
    run_case(tmp_path, {**GOOD, "http": [{**GOOD["http"][0], "response": reply}], "returns": [[1e6 + 0.1]]})


def test_a_case_sees_its_own_environment_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", "outside")
    path = tmp_path / "Toy.json"
    data = {**GOOD, "env": {"TOY_FILE": "{tmp}/a/b.txt"}, "files": {"{tmp}/a/b.txt": "你好"}}
    path.write_text(json.dumps({"class": "Toy", "exchanges": [data], "errors": []}), encoding="utf-8")
    [case] = contract_cases(path)
    seen: dict[str, str] = {}

    def look(**_: Any) -> Embeddings:
        seen.update(os.environ)
        raise ConfigurationError

    with pytest.raises(ConfigurationError):
        replay(case.placed(tmp_path), look)
    assert "TOY_KEY" not in seen
    assert (tmp_path / "a" / "b.txt").read_text(encoding="utf-8") == "你好"
    assert seen["TOY_FILE"] == f"{tmp_path.as_posix()}/a/b.txt"
    assert seen["HOME"] == str(tmp_path)


def test_what_json_cannot_hold_is_made(tmp_path: Path) -> None:
    path = tmp_path / "Toy.json"
    init = {
        "tokenizer": "codepoints",
        "token": {"callable": "t-1"},
        "login": {"object": {"user": "u"}},
        "more": {"a": 1},
    }
    path.write_text(json.dumps({"class": "Toy", "exchanges": [{**GOOD, "init": init}], "errors": []}), encoding="utf-8")
    [case] = contract_cases(path)
    made = case.make(dict, ReplayTransport())
    assert made["tokenizer"].decode(made["tokenizer"].encode("猫a")) == "猫a"
    assert made["tokenizer"].encode("猫a") == [0x732B, 0x61]
    assert made["token"]() == "t-1"
    assert made["login"].user == "u"
    assert made["more"] == {"a": 1}
