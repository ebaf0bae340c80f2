"""One call of `embed` on a hosted class: its plan, a flow for each batch, and the result or the error in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import check_array, unit_length
from .embeddings import Embedded, Note, Role, Usage, check_texts, register_with_langchain
from .errors import (
    AuthenticationError,
    BadResponse,
    EmbeddingError,
    InvalidRequest,
)
from .exchange import exchange
from .limits import pace_of
from .parallel import Renew, arun, run
from .plan import Batch, make_plan
from .recipes import PROBE
from .tokens import counter
from .tracing import span
from .wire import Sleep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .arrays import Array
    from .hosted import HostedEmbeddings
    from .parallel import Outcome
    from .wire import Flow, Reply

__all__ = ["HostedCall"]

FOREVER = 1e6
"""Seconds, eleven days, that stand for "no time-out": some systems can't wait for longer."""


class HostedCall:
    """The work of one call: how to get the credential, one flow a batch, and how the batches come together."""

    def __init__(self, owner: HostedEmbeddings, texts: Sequence[str], role: Role) -> None:
        register_with_langchain()
        self.owner, self.role = owner, role
        whole = check_texts(texts)
        owner.advise(role, whole)
        tokens = counter(owner.tokenizer)
        limits = owner.limits_of_model().behind(tokens.count(owner.before(role)))
        self.plan = make_plan(whole, role, limits, long_text=owner.long_text, tokens=tokens)
        self.timeout = FOREVER if owner.timeout is None else min(owner.timeout, FOREVER)
        self._sent = sum(len(batch.texts) for batch in self.plan.batches)
        self._done = 0
        self._uses: list[Usage] = []
        self._rows: dict[int, Array] = {}  # number of the first piece -> vectors, as the requests succeed
        self._cut: set[int] = set()  # numbers of the pieces that the provider has cut
        self._pace = pace_of(owner.outside(), (owner.origin, owner.account, owner.wire_model))

    def run(self) -> Embedded:
        """Do all with blocking calls, the batches in threads."""
        owner = self.owner
        with span(self) as done:
            outcome = run(
                self, self._jobs, owner.outside(), timeout=self.timeout, limit=owner.max_concurrency, on_done=self._told
            )
            return done(self._finish(outcome))

    async def arun(self) -> Embedded:
        """Do all in the event loop, the batches as tasks."""
        owner = self.owner
        with span(self) as done:
            outcome = await arun(
                self, self._jobs, owner.outside(), timeout=self.timeout, limit=owner.max_concurrency, on_done=self._told
            )
            return done(self._finish(outcome))

    @property
    def _jobs(self) -> range:
        return range(len(self.plan.batches))

    def _told(self, number: int) -> None:
        """Tell `on_progress` of a finished batch."""
        self._done += len(self.plan.batches[number].texts)
        if self.owner.on_progress is not None:
            self.owner.on_progress(self._done, self._sent)

    def prepare(self, refused: Any) -> Flow[Any]:
        """Get the credential; nothing is fetched for a call without texts."""
        return (yield from self.owner.auth.fetch(self.owner, refused)) if self.plan.batches else None

    def job(self, number: int, credential: Any) -> Flow[Renew | None]:
        """Embed one batch."""
        return self._batch(self.plan.batches[number], credential)

    def _batch(self, batch: Batch, credential: Any) -> Flow[Renew | None]:
        """Embed a batch; one that is too large for the provider in two halves."""
        owner = self.owner
        if owner.must_halve(batch):
            return (yield from self._halves(batch, credential))
        try:
            self._rows[batch.start] = yield from exchange(
                owner,
                lambda now: owner.signed(owner.asked(batch), credential, now),
                lambda reply: self._read(reply, batch),
                lambda: self._paced(batch),
            )
        except AuthenticationError as error:
            if owner.is_stale(error) and owner.auth.renewable(owner):
                return Renew(credential, error)
            raise
        except InvalidRequest as error:
            if len(batch.texts) == 1 or not owner.is_too_large(error):
                raise
        else:
            return None
        stale = yield from self._halves(batch, credential)
        if stale is None:  # not before: one text that is too long would teach that every batch is
            owner.learn_limit((len(batch.texts) + 1) // 2)
        return stale

    def _halves(self, batch: Batch, credential: Any) -> Flow[Renew | None]:
        """Embed a batch in two halves; a half that is done is not sent again after a renewal."""
        for half in batch.halves():
            if len(self._rows.get(half.start, ())) == len(half.texts):
                continue
            stale = yield from self._batch(half, credential)
            if stale is not None:
                return stale
        return None

    def _paced(self, batch: Batch) -> Flow[None]:
        """Wait until the account's pace allows the request."""
        owner = self.owner
        wait = self._pace.reserve(
            owner.outside().now().timestamp(),
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
        self._pace.heed(reply.headers, owner.outside().now().timestamp(), batch.tokens)

        def checked() -> tuple[Array, int | None, list[int]]:
            vectors = owner.vectors(reply)
            check_array(vectors, len(batch.texts), owner.width(getattr(owner, "dimensions", None)))
            return vectors, owner.tokens(reply), owner.cut(reply)

        vectors, tokens, cut = owner.read(reply, checked)
        self._cut.update(batch.start + number for number in cut)
        self._uses.append(Usage(tokens, 0, owner.cost_of(tokens)))
        return vectors

    def _finish(self, outcome: Outcome[Any]) -> Embedded:
        """The result of the call.

        Raises:
            EmbeddingError: the first failure, with what was completed.
        """
        usage = Usage()
        for use in self._uses:
            usage = usage.plus(use)
        self.owner.count(usage)
        widths = {rows.shape[1] for rows in self._rows.values()}
        error = outcome.error
        if len(widths) > 1:
            said = f"vectors of different widths came: {sorted(widths)}"
            error = error or BadResponse(said, provider=self.owner.slug)
            self._rows.clear()
        if error is not None:
            if isinstance(error, EmbeddingError):
                done = self.plan.completed(self._rows)
                error.completed = done and done._replace(vectors=self._unit(done.vectors))
            raise error
        if self._rows:
            vectors = self._unit(self.plan.gather([self._rows[start] for start in sorted(self._rows)]))
        else:
            vectors = np.zeros((0, self.owner.space.dimensions or 0), dtype=np.float32)
        return Embedded.of(
            vectors, self.owner.space, usage, (*self.plan.notes, *self.plan.cut(self._cut), *self._role_notes())
        )

    def _unit(self, vectors: Array) -> Array:
        return unit_length(vectors) if self.owner.unit else vectors

    def _role_notes(self) -> tuple[Note, ...]:
        """A note a text if the model tells roles apart but lacks this one."""
        if self.role in {Role.DOCUMENT, Role.QUERY}:
            return ()
        ours, document, query = (
            self.owner.asked(Batch([PROBE], role)) for role in (self.role, Role.DOCUMENT, Role.QUERY)
        )
        if ours != document or document == query:
            return ()
        return tuple(Note(index, "role") for index in range(self.plan.total))
