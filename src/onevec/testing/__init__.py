"""For tests of code that uses onevec, and of providers that it does not ship.

`ReplayTransport` plays a provider from a list of expected exchanges. `contract_cases` reads them from a contract file,
and `replay` runs a class through one of its cases. `StoreContract` is the tests that every byte store has to pass.
"""

from __future__ import annotations

from .contracts import Case, areplay, contract_cases, replay
from .replay import Exchange, ReplayTransport, json_reply
from .stores import StoreContract

__all__ = ["Case", "Exchange", "ReplayTransport", "StoreContract", "areplay", "contract_cases", "json_reply", "replay"]
