"""Every fault of a provider, for every class that is reached over HTTP, by replay."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, TypeAlias

import pytest
from faults import FAULTS, good_exchanges, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults import Fault, Good

    from onevec.testing import Case

Play: TypeAlias = "Callable[[Case, str], tuple[Exception | None, list[float]]]"
"""Runs a case and gives its error and its waits."""

GOOD = list(good_exchanges())
FOUND = [
    pytest.param(good, fault, id=f"{good.name}-{name}")
    for good in GOOD
    for name, fault in FAULTS.items()
    if fault.where(good)
]


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    folder = tmp_path_factory.mktemp("home")
    with asyncio.Runner() as runner:

        def replayed(case: Case, mode: str) -> tuple[Exception | None, list[float]]:
            if case.contract == "OCIGenAIEmbeddings":  # every request is signed
                pytest.importorskip("cryptography")
            placed = case.placed(folder)
            transport = placed.transport()
            error = outcome(placed, transport, mode, runner.run)
            transport.assert_done()
            return error, transport.slept

        yield replayed


@pytest.mark.parametrize("good", [pytest.param(good, id=good.name) for good in GOOD])
def test_the_vectors_of_the_good_exchange_are_found(good: Good) -> None:
    assert len(good.ways) == len(good.case.data["expect"]["returns"])


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(("good", "fault"), FOUND)
def test_fault(good: Good, fault: Fault, mode: str, play: Play, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        error, waits = play(fault.case(good), mode)
    assert waits == list(fault.waits)
    told = caplog.text + "".join(traceback.format_exception_only(error))
    assert [secret for secret in good.secrets if secret in told] == []
