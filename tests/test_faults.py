"""Every fault of a provider, for every class that is reached over HTTP, by replay."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest
from faults import FAULTS, good_exchanges, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from faults import Fault, Good

GOOD = list(good_exchanges())
FOUND = [
    pytest.param(good, fault, id=f"{good.name}-{name}")
    for good in GOOD
    for name, fault in FAULTS.items()
    if fault.where(good)
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("good", [pytest.param(good, id=good.name) for good in GOOD])
def test_the_vectors_of_the_good_exchange_are_found(good: Good) -> None:
    assert len(good.ways) == len(good.case.data["expect"]["returns"])


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(("good", "fault"), FOUND)
def test_fault(good: Good, fault: Fault, mode: str, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    case = fault.case(good).placed(folder)
    transport = case.transport()
    with caplog.at_level("DEBUG"):
        error = outcome(case, transport, mode)
    transport.assert_done()
    assert transport.slept == list(fault.waits)
    told = caplog.text + "".join(traceback.format_exception(error))
    assert [secret for secret in good.secrets if secret in told] == []
