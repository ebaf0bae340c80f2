"""Every case of every contract: what a class sends, what it returns, how it fails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import onevec
from onevec.testing import areplay, contract_cases, replay

if TYPE_CHECKING:
    from onevec.testing import Case

CONTRACTS = sorted((Path(__file__).parent / "contracts").glob("*.json"))
CASES = [
    pytest.param(case, id=f"{case.contract}-{case.name}")
    for path in CONTRACTS
    if hasattr(onevec, path.stem)
    for case in contract_cases(path)
    if "library_calls" not in case.data  # these belong to the tests of the engines
]


@pytest.mark.filterwarnings("ignore::UserWarning")  # a parameter that has no effect says so
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("case", CASES)
def test_contract(case: Case, mode: str, tmp_path: Path) -> None:
    kind = getattr(onevec, case.contract)
    if getattr(kind, "extra", None) == "oci":  # every request is signed
        pytest.importorskip("cryptography")
    case = case.placed(tmp_path)
    try:
        if mode == "sync":
            replay(case, kind)
        else:
            asyncio.run(areplay(case, kind))
    except onevec.MissingDependency as error:
        if kind.__module__.startswith("onevec.engines."):  # `nox -s local` has all of them
            pytest.skip(str(error))
        raise
