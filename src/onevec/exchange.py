"""One exchange with a provider: send, read, and try again after faults that pass."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from .errors import ProviderError, TransportError
from .retry import RetryPolicy
from .wire import Sleep

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .service import Service
    from .wire import Flow, Reply, Request

__all__ = ["exchange"]

T = TypeVar("T")
log = logging.getLogger(__name__)


def exchange(
    owner: Service,
    make: Callable[[datetime], Request],
    read: Callable[[Reply], T],
    before: Callable[[], Flow[None]] | None = None,
) -> Flow[T]:
    """Send a request until it succeeds or the retry policy gives up.

    Args:
        owner: whose `max_retries` and `max_retry_wait` hold.
        make: the request for the time of sending; called for every try, so signatures are fresh.
        read: the result in a reply; raises ProviderError.
        before: a flow that is run before every try, to keep the pace.
    """
    world = owner.outside()
    policy = RetryPolicy(owner.max_retries, owner.max_retry_wait)
    tried = 0
    while True:
        if before is not None:
            yield from before()
        try:
            reply = yield make(world.now())
            return read(reply)
        except (ProviderError, TransportError) as error:
            wait = policy.wait(error, tried, world.random())
            if wait is None:
                raise
            log.info("%s: %s; try %d of %d in %.2f s", owner.slug, error, tried + 2, owner.max_retries + 1, wait)
        yield Sleep(wait)
        tried += 1
