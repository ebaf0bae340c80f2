"""One call of `embed` on a hosted class: its plan, a flow for each batch, and the result or the error in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .arrays import check_array
from .embeddings import Embedded, Note, Role, Usage, check_texts, register_with_langchain
from .errors import (
    AuthenticationError,
    BadResponse,
    EmbeddingError,
    InvalidRequest,
    ProviderError,
    TransportError,
)
from .failures import details
from .limits import pace_of
from .parallel import Renew
from .plan import Batch, make_plan
from .recipes import PROBE
from .retry import RetryPolicy
from .tokens import counter
from .wire import Sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from .arrays import Array
    from .hosted import HostedEmbeddings
    from .parallel import Outcome
    from .wire import Flow, Reply, Request

__all__ = ["HostedCall", "exchange"]

T = TypeVar("T")
FOREVER = 3600.0
"""Seconds that stand for "no time-out"."""


def exchange(
    owner: HostedEmbeddings,
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
        yield Sleep(wait)
        tried += 1


class HostedCall:
    """The work of one call: how to get the credential, one flow a batch, and how the batches come together."""

    def __init__(self, owner: HostedEmbeddings, texts: Sequence[str], role: Role) -> None:
        register_with_langchain()
        self.owner, self.role = owner, role
        whole = check_texts(texts)
        self.plan = make_plan(
            whole, role, owner.limits_of_model(), long_text=owner.long_text, tokens=counter(owner.tokenizer)
        )
        self.timeout = FOREVER if owner.timeout is None else owner.timeout
        self._sent = sum(len(batch.texts) for batch in self.plan.batches)
        self._done = 0
        self._uses: list[Usage] = []

    @property
    def jobs(self) -> range:
        """One job a batch."""
        return range(len(self.plan.batches))

    def told(self, number: int) -> None:
        """Tell `on_progress` of a finished batch."""
        self._done += len(self.plan.batches[number].texts)
        if self.owner.on_progress is not None:
            self.owner.on_progress(self._done, self._sent)

    def prepare(self, refused: Any) -> Flow[Any]:
        """Get the credential; nothing is fetched for a call without texts."""
        return (yield from self.owner.auth.fetch(self.owner, refused)) if self.plan.batches else None

    def job(self, number: int, credential: Any) -> Flow[Array | Renew]:
        """Embed one batch."""
        return self._batch(self.plan.batches[number], credential)

    def _batch(self, batch: Batch, credential: Any) -> Flow[Array | Renew]:
        """Embed a batch; one that is too large for the provider in two halves."""
        owner = self.owner
        if owner.must_halve(batch):
            return (yield from self._halves(batch, credential))
        try:
            return (
                yield from exchange(
                    owner,
                    lambda now: owner.signed(owner.request(batch), credential, now),
                    lambda reply: self._read(reply, batch),
                    lambda: self._paced(batch, credential),
                )
            )
        except AuthenticationError as error:
            if error.status == 401 and owner.auth.renewable(owner):
                return Renew(credential, error)
            raise
        except InvalidRequest as error:
            if len(batch.texts) == 1 or not owner.is_too_large(error):
                raise
            owner.learn_limit(len(batch.texts) // 2)
        return (yield from self._halves(batch, credential))

    def _halves(self, batch: Batch, credential: Any) -> Flow[Array | Renew]:
        parts: list[Array] = []
        for half in batch.halves():
            part = yield from self._batch(half, credential)
            if isinstance(part, Renew):
                return part
            parts.append(part)
        return np.concatenate(parts)

    def _paced(self, batch: Batch, credential: Any) -> Flow[None]:
        """Wait until the account's pace allows the request."""
        owner = self.owner
        world = owner.outside()
        pace = pace_of(world, (owner.origin, str(credential), owner.model_name))
        wait = pace.reserve(
            world.now().timestamp(),
            batch.tokens,
            requests_per_minute=owner.requests_per_minute,
            tokens_per_minute=owner.tokens_per_minute,
        )
        if wait > 0:
            yield Sleep(wait)
        self._uses.append(Usage(requests=1))

    def _read(self, reply: Reply, batch: Batch) -> Array:
        """The vectors of a reply, checked."""
        owner = self.owner
        if reply.status >= 300:  # a redirect is not followed: credentials would go along
            raise owner.error(reply)
        try:
            vectors = owner.vectors(reply)
            check_array(vectors, len(batch.texts), getattr(owner, "dimensions", None))
            tokens = owner.tokens(reply)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, EmbeddingError):
                raise
            raise self._unreadable(reply, error) from None
        self._uses.append(Usage(tokens, 0, owner.cost_of(tokens)))
        return vectors

    def _unreadable(self, reply: Reply, error: Exception) -> ProviderError:
        code, message = details(reply)
        said = self.owner.error(reply, message, code) if code or message else None
        if said is not None and type(said) is not ProviderError:
            return said
        return BadResponse(str(error), provider=self.owner.provider, status=reply.status)

    def finish(self, outcome: Outcome[Array | Renew]) -> Embedded:
        """The result of the call.

        Raises:
            EmbeddingError: the first failure, with what was completed.
        """
        results = {number: rows for number, rows in outcome.results.items() if not isinstance(rows, Renew)}
        usage = Usage()
        for use in self._uses:
            usage = usage.plus(use)
        self.owner.count(usage)
        widths = {rows.shape[1] for rows in results.values()}
        error = outcome.error
        if error is None and len(widths) > 1:
            error = BadResponse(f"vectors of different widths came: {sorted(widths)}", provider=self.owner.provider)
            results = {}
        if error is not None:
            if isinstance(error, EmbeddingError):
                error.completed = self.plan.completed(results)
            raise error
        if not results:
            vectors = np.zeros((0, self.owner.space.dimensions or 0), dtype=np.float32)
        else:
            vectors = self.plan.gather([results[number] for number in self.jobs])
        return Embedded.of(vectors, self.owner.space, usage, (*self.plan.notes, *self._role_notes()))

    def _role_notes(self) -> tuple[Note, ...]:
        """A note a text if the model tells roles apart but lacks this one."""
        if self.role in {Role.DOCUMENT, Role.QUERY}:
            return ()
        ours, document, query = (
            self.owner.request(Batch([PROBE], role)) for role in (self.role, Role.DOCUMENT, Role.QUERY)
        )
        if ours != document or document == query:
            return ()
        return tuple(Note(index, "role") for index in range(self.plan.total))
