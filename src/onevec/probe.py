"""Find out what a server really does, by asking it: flows only, so there is no I/O in here.

Many servers copy a vendor's format and differ in what they do: they ignore fields, drop rows, mix up their order, or
cut long texts without a word. Each question below is one or two requests with texts of a few tokens; only how much
of a text counts needs long ones, and how many texts pass needs many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import orjson

from .arrays import check_array, in_order
from .catalogue import model
from .embeddings import Role
from .errors import BadResponse, InvalidRequest, ServiceUnavailable
from .exchange import exchange
from .openai_wire import OpenAIWire
from .plan import Batch
from .profiles import Learned
from .wire import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from .arrays import Array
    from .hosted import HostedEmbeddings
    from .wire import Flow, Reply

__all__ = ["Profile", "first_model", "probe"]

TEXTS = ("A cat sleeps on the warm roof.", "The bank raised its interest rates.", "明天北京有小雨。")
MOST_TEXTS = 2048
MOST_WORDS = 8192
FEWEST_WORDS = 16
WORDS = ("red", "house", "water", "green", "stone", "music", "paper", "light")
ENDS = (("gold", "king", "war"), ("fish", "soup", "salt"))
REFUSED = (InvalidRequest, ServiceUnavailable, BadResponse)
"""What a server may answer to something that it does not take; other errors end the probing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a server does; None where it was not asked.

    Attributes:
        model: name of the model.
        dimensions: width of a vector.
        normalised: whether every vector has length 1.
        order: "kept", "by index" (the rows come in another order, and say so), "mixed up", or "one text" (it does not
            take several at once).
        base64: "sent", "ignored", "refused", or "wrong" (other numbers than without).
        shortening: whether `dimensions` is "obeyed", "ignored" or "refused".
        input_type: whether the field `input_type`, which some servers have for roles, is "obeyed", "ignored" or
            "refused".
        roles: the roles whose vectors differ from those of documents, as this class asks for them.
        batch_size: the most texts that passed in one request; 2048 is the most that is tried.
        text_words: the most words of a text of which all count; 8192 is the most that is tried.
        longer_text: what becomes of a longer text: "cut" without a word, "refused", or "read".
        requests: how many requests this took, further tries included.
    """

    model: str
    dimensions: int
    normalised: bool
    order: str
    base64: str | None = None
    shortening: str | None = None
    input_type: str | None = None
    roles: tuple[str, ...] = ()
    batch_size: int | None = None
    text_words: int | None = None
    longer_text: str | None = None
    requests: int = 0

    @property
    def learned(self) -> Learned:
        """What a client should heed."""
        mixed, bounded = self.order == "mixed up", self.batch_size is not None and self.batch_size < MOST_TEXTS
        return Learned(
            base64=None if self.base64 is None else self.base64 == "sent",
            batch_size=1 if mixed else self.batch_size if bounded else None,
            text_tokens=None if self.longer_text == "read" else self.text_words,
        )


class Asker:
    """Asks a server, each time with some fields of the body changed, and counts the requests."""

    def __init__(self, owner: HostedEmbeddings, credential: Any) -> None:
        self.owner, self.credential = owner, credential
        self.usual = {"encoding_format": None} if isinstance(owner, OpenAIWire) else {}  # some refuse the field
        self.requests = 0

    def reply(self, texts: Sequence[str], role: Role = Role.DOCUMENT, **more: Any) -> Flow[Reply]:
        """The reply to texts, checked for a vector for each."""

        def make(now: datetime) -> Request:
            self.requests += 1
            request = _changed(self.owner.request(Batch(list(texts), role)), {**self.usual, **more})
            return self.owner.signed(request, self.credential, now)

        def read(reply: Reply) -> Reply:
            self.owner.read(reply, lambda: check_array(self.owner.vectors(reply), len(texts), None))
            return reply

        return (yield from exchange(self.owner, make, read))

    def vectors(self, texts: Sequence[str], role: Role = Role.DOCUMENT, **more: Any) -> Flow[Array]:
        """The vectors of texts."""
        reply = yield from self.reply(texts, role, **more)
        return self.owner.vectors(reply)

    def passes(self, texts: Sequence[str]) -> Flow[bool]:
        """Whether the server takes these texts in one request, and answers all."""
        try:
            yield from self.vectors(texts)
        except REFUSED:
            return False
        return True


def _changed(request: Request, more: Mapping[str, Any]) -> Request:
    """The request with some fields of its body set; None takes one out."""
    if not more:
        return request
    body: dict[str, Any] = {**orjson.loads(request.body), **more}
    return replace(request, body=orjson.dumps({name: value for name, value in body.items() if value is not None}))


def probe(owner: HostedEmbeddings, *, deep: bool) -> Flow[Profile]:
    """Ask a server what it does.

    Args:
        owner: an instance that reaches it.
        deep: whether to look for the limits, too, which takes some 30 requests and up to 50,000 tokens.

    Raises:
        TransportError, ProviderError: it can't be reached or refuses a plain request.
    """
    credential = yield from owner.auth.fetch(owner)
    ask = Asker(owner, credential)
    alone: list[Array] = []
    for text in TEXTS:
        vector = yield from ask.vectors([text])
        alone.append(vector)
    single = np.concatenate(alone)
    profile = Profile(
        model=owner.wire_model,
        dimensions=single.shape[1],
        normalised=bool(np.allclose(np.linalg.norm(single, axis=1), 1, atol=1e-3)),
        order=(yield from _order(ask, single)),
        roles=(yield from _roles(ask, single)),
    )
    if isinstance(owner, OpenAIWire):
        profile = replace(
            profile,
            base64=(yield from _base64(ask, single)),
            shortening=(yield from _shortening(ask, single.shape[1])),
            input_type=(yield from _input_type(ask, single)),
        )
    if deep:
        words, longer = yield from _long_text(ask)
        profile = replace(profile, batch_size=(yield from _batch(ask)), text_words=words, longer_text=longer)
    return replace(profile, requests=ask.requests)


def _order(ask: Asker, single: Array) -> Flow[str]:
    """Whether rows come in the order of the texts."""
    owner = ask.owner
    if 1 in {owner.provider_limits().texts, model(owner.slug, owner.wire_model).texts}:
        return "one text"
    try:
        reply = yield from ask.reply(TEXTS)
    except REFUSED:
        return "one text"
    if not _alike(owner.vectors(reply), single):
        return "mixed up"
    if isinstance(owner, OpenAIWire):
        rows = reply.json()["data"]
        return "kept" if in_order(rows) == rows else "by index"
    return "kept"


def _roles(ask: Asker, single: Array) -> Flow[tuple[str, ...]]:
    """The roles that make another vector of the same text."""
    found: list[str] = []
    usual = ask.owner.request(Batch([TEXTS[0]], Role.DOCUMENT))
    for role in Role:
        if ask.owner.request(Batch([TEXTS[0]], role)) == usual:
            continue
        vector = yield from ask.vectors(TEXTS[:1], role)
        if not _alike(vector, single[:1]):
            found.append(str(role))
    return tuple(found)


def _base64(ask: Asker, single: Array) -> Flow[str]:
    """What becomes of `encoding_format: base64`."""
    try:
        reply = yield from ask.reply(TEXTS[:1], encoding_format="base64")
    except REFUSED:
        return "refused"
    rows = reply.json()["data"]
    if not isinstance(rows[0]["embedding"], str):
        return "ignored"
    return "sent" if _alike(ask.owner.vectors(reply), single[:1]) else "wrong"


def _shortening(ask: Asker, width: int) -> Flow[str]:
    """What becomes of `dimensions`."""
    try:
        vector = yield from ask.vectors(TEXTS[:1], dimensions=max(1, width // 2))
    except REFUSED:
        return "refused"
    return "obeyed" if vector.shape[1] == max(1, width // 2) else "ignored"


def _input_type(ask: Asker, single: Array) -> Flow[str]:
    """What becomes of `input_type`."""
    try:
        vector = yield from ask.vectors(TEXTS[:1], input_type="query")
    except REFUSED:
        return "refused"
    return "ignored" if _alike(vector, single[:1]) else "obeyed"


def _batch(ask: Asker) -> Flow[int]:
    """The most texts that pass in one request."""
    texts = [f"{word} {number}" for number in range(MOST_TEXTS // len(WORDS)) for word in WORDS]
    own = ask.owner.provider_limits().texts
    most = MOST_TEXTS if own is None else min(own, MOST_TEXTS)
    return (yield from _most(1, most, lambda size: ask.passes(texts[:size])))


def _long_text(ask: Asker) -> Flow[tuple[int, str]]:
    """How many words of a text count, and what becomes of the others: two texts that differ at the end tell it."""
    longer = "read"

    def counts(words: int) -> Flow[bool]:
        nonlocal longer
        last = words // 16
        head = [WORDS[number % len(WORDS)] for number in range(words - last)]
        found: list[Array] = []
        try:
            for end in ENDS:
                text = " ".join([*head, *(end[number % len(end)] for number in range(last))])
                found.append((yield from ask.vectors([text])))
        except REFUSED:
            longer = "refused"
            return False
        if _alike(found[0], found[1]):
            longer = "cut"
            return False
        return True

    words = yield from _most(FEWEST_WORDS, MOST_WORDS, counts, step=FEWEST_WORDS)
    return words - words // 16, longer  # of the last words, one at least counts


def _most(low: int, high: int, passes: Callable[[int], Flow[bool]], step: int = 1) -> Flow[int]:
    """The largest number, to within `step`, that passes; `low` is taken to pass."""
    if high <= low or (yield from passes(high)):
        return high
    while high - low > step:
        middle = (low + high) // 2
        if (yield from passes(middle)):
            low = middle
        else:
            high = middle
    return low


def _alike(left: Array, right: Array) -> bool:
    """Whether the vectors are the same but for rounding."""
    if left.shape != right.shape:
        return False
    scale = np.linalg.norm(right, axis=1, keepdims=True) + 1e-12
    return bool((np.abs(left - right) / scale).max() < 1e-3)


def first_model(owner: HostedEmbeddings) -> Flow[str]:
    """The first model that a server of OpenAI's format lists; "" if it lists none."""

    def read(reply: Reply) -> str:
        rows = owner.read(reply, lambda: reply.json()["data"])
        return str(cast("Sequence[Any]", rows)[0]["id"]) if rows else ""

    credential = yield from owner.auth.fetch(owner)
    request = Request(method="GET", url=owner.url("/models"))
    return (yield from exchange(owner, lambda now: owner.signed(request, credential, now), read))
