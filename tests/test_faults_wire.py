"""The faults of a provider over real sockets, for one class of every shape."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("trustme")
from faults import FAULTS, changed, good_exchanges, outcome
from servers_proxy import Internet, Wire, dripping_body, half_closed, plain, reset, silent, slow_head, trusting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from faults import Good
    from servers_proxy import Manner

    from onevec.testing import Case

SHAPES = (
    "OpenAIEmbeddings",  # rows with an index, packed
    "MiniMaxEmbeddings",  # bare rows, errors inside HTTP 200
    "OllamaEmbeddings",  # without TLS
    "ErnieEmbeddings",  # a token in the query
    "GigaChatEmbeddings",  # a token from another host
    "SparkLLMTextEmbeddings",  # a signature in the query, one text a request
    "BedrockEmbeddings",  # a signature in the headers
    "VertexAIEmbeddings",  # a token from a library
)
GOOD = [good for good in good_exchanges() if good.name in SHAPES]
FOUND = [
    pytest.param(good, name, id=f"{good.name}-{name}")
    for good in GOOD
    for name, fault in FAULTS.items()
    if fault.where(good) and fault.texts is None and name != "time-out for ever"  # the same as once, but longer
]
SHORT = 0.25
"""Seconds: the time-out where one is waited for."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def run(case: Case, mode: str, manners: Sequence[Manner] = ()) -> tuple[Exception | None, list[float]]:
    """Run a case over sockets; its error and its waits. No connection is left open."""
    replay = case.transport()
    with Internet(replay, manners=manners) as internet:
        wire = Wire(replay, proxy=internet.url, verify=trusting())
        error = outcome(case, wire, mode)
        wire.close()  # those of event loops are closed with their loops
        assert internet.is_quiet()
    replay.assert_done()
    return error, replay.slept


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(("good", "name"), FOUND)
def test_fault(good: Good, name: str, mode: str, folder: Path) -> None:
    fault = FAULTS[name]
    case = fault.case(good).placed(folder)
    _, waits = run(changed(case, timeout=SHORT) if name.startswith("time-out") else case, mode)
    assert waits == list(fault.waits)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("manner", [half_closed, reset])
@pytest.mark.parametrize("good", [pytest.param(good, id=good.name) for good in GOOD])
def test_half_a_reply_is_asked_for_again(good: Good, manner: Manner, mode: str, folder: Path) -> None:
    first = good.ways[0][0]  # the requests before it are for a token
    twice = replace(good.case, data={**good.case.data, "http": good.answered(None, None, survives=True)})
    _, waits = run(changed(twice, max_concurrency=1).placed(folder), mode, [*[plain] * first, manner])
    assert waits == [0.25]


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("manner", [silent, slow_head, dripping_body])
@pytest.mark.parametrize("good", [pytest.param(good, id=good.name) for good in GOOD if good.name in SHAPES[::2]])
def test_a_slow_reply_ends_at_the_time_out(good: Good, manner: Manner, mode: str, folder: Path) -> None:
    first = good.ways[0][0]
    once = replace(good.case, data={**good.case.data, "http": good.answered(None, survives=False)})
    case = changed(once, max_concurrency=1, max_retries=0, timeout=SHORT)
    timed_out = replace(case, data={**case.data, "expect": {"error": "TimedOut"}})
    error, _ = run(timed_out.placed(folder), mode, [*[plain] * first, manner])
    assert f"no whole reply within {SHORT} seconds" in str(error)
