"""A model class that is reached over HTTP: everything but what to send and how to read the answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from . import catalogue
from .advice import advise, advise_of_width
from .arrays import Array, array, in_order, packed, read_rows
from .auth import Auth, Basic, Bearer, FirstGiven, KeyHeader, KeyQuery, Token, TokenExchange
from .call import HostedCall
from .embeddings import Embeddings, Role, Usage
from .errors import (
    AuthenticationError,
    ConfigurationError,
    InputTooLong,
    InvalidRequest,
    RateLimited,
    ServiceUnavailable,
)
from .params import SecretField, alias_of, ignored, param, secret
from .plan import LONG_TEXT, Batch, Limits
from .recipes import PROBE, recipe_of
from .service import Service
from .space import SpaceId
from .wire import Flow, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .embeddings import Embedded
    from .plan import LongText
    from .space import Recipe

__all__ = [
    "Array",
    "Auth",
    "AuthenticationError",
    "Basic",
    "Batch",
    "Bearer",
    "ConfigurationError",
    "FirstGiven",
    "Flow",
    "HostedEmbeddings",
    "InputTooLong",
    "InvalidRequest",
    "KeyHeader",
    "KeyQuery",
    "Limits",
    "RateLimited",
    "Reply",
    "Request",
    "Role",
    "SecretField",
    "ServiceUnavailable",
    "Token",
    "TokenExchange",
    "alias_of",
    "array",
    "ignored",
    "in_order",
    "packed",
    "param",
    "secret",
]

PACKED = frozenset({"binary", "ubinary"})
"""Forms that keep one bit a dimension; their rows are bytes, signed or unsigned, as numbers."""


@dataclass(slots=True)
class _State:
    """What an instance learns and counts; copies for single calls share it."""

    learned_batch: int | None = None
    credential: Any = None
    usage: Usage = field(default_factory=Usage)
    lock: threading.Lock = field(default_factory=threading.Lock)


class HostedEmbeddings(Service, Embeddings):
    """The base of every model class that is reached over HTTP.

    A subclass is parameters, class attributes and two pure hooks, `request` and, where the attributes that begin with
    `rows_`, `vector_` and `position_` can't say where a reply has the vectors, `vectors`.

    Raises:
        ConfigurationError: at construction, see `Parameters`.
        TransportError, ProviderError: from every call; `completed` holds what had succeeded.
    """

    max_concurrency: int = 8
    """Requests in flight at once in one call; 1 keeps them in the order of the texts."""
    batch_size: int | None = None
    """Texts a request; never more than the provider takes."""
    query_instruction: str = ""
    """Put before every query, such as "query: " for models of the E5 family."""
    embed_instruction: str = ""
    """Put before all other texts, such as "passage: "."""
    long_text: LongText = "error"
    """What to do with a text beyond the model's limit: "error", "truncate", or "split" (mean of the pieces)."""
    tokenizer: Any = param(default=None, shown=False)
    """The model's tokenizer, for exact counts: an object with `encode(text)` and `decode(ids)`."""
    on_progress: Callable[[int, int], None] | None = param(default=None, shown=False)
    """Called with (texts done, texts to send) after every request."""

    model_parameter: ClassVar[str] = "model"
    dtype_parameter: ClassVar[str] = ""
    role_parameter: ClassVar[str] = ""
    places_instruction: ClassVar[bool] = False
    limits: ClassVar[Limits] = Limits()
    too_large: ClassVar[tuple[str, ...]] = ()
    rows_at: ClassVar[tuple[str | int, ...]] = ("data",)
    vector_at: ClassVar[str] = "embedding"
    position_at: ClassVar[str] = "index"
    tokens_at: ClassVar[tuple[str, ...]] = ("usage", "total_tokens")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "max_concurrency")
        self.require(self.long_text in LONG_TEXT, f"long_text must be one of {', '.join(LONG_TEXT)}")
        self._state = _State()

    # What a provider says ---------------------------------------------------------------------------------------

    def request(self, batch: Batch) -> Request:
        """The request for a batch, without its credential. Pure."""
        raise NotImplementedError

    def before(self, role: Role) -> str:
        """What goes before every text of a role; "" if nothing does."""
        if self.places_instruction:
            return ""
        return self.query_instruction if role is Role.QUERY else self.embed_instruction

    def asked(self, batch: Batch) -> Request:
        """The request for a batch with the instruction for its role, which some put elsewhere than before the texts."""
        if before := self.before(batch.role):
            batch = replace(batch, texts=[before + text for text in batch.texts])
        return self.request(batch)

    def vectors(self, reply: Reply) -> Array:
        """The vectors in a reply, in the order of the batch's texts, found at `rows_at`. Pure."""
        return read_rows(reply.json(), self.rows_at, self.vector_at, self.position_at)

    def tokens(self, reply: Reply) -> int | None:
        """The tokens that the provider counted, found at `tokens_at`."""
        value: Any = reply.json()
        for key in self.tokens_at:
            value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
        return value if isinstance(value, int) else None

    def cut(self, reply: Reply) -> list[int]:  # noqa: ARG002  # few vendors tell
        """Numbers of the texts in the batch that the provider says it has cut."""
        return []

    def provider_limits(self) -> Limits:
        """What the provider takes in one request; of some it depends on the model."""
        return self.limits

    @property
    def cuts(self) -> bool:
        """Whether the provider was asked to cut a text beyond the model's limit."""
        return False

    def limits_of_model(self) -> Limits:
        """What one request may carry: the provider's limits, made smaller by `batch_size` and the catalogue."""
        own, known = self.provider_limits(), catalogue.model(self.slug, self.wire_model)
        sizes = (own.texts, known.texts, self.batch_size, self._state.learned_batch)
        texts = min((size for size in sizes if size is not None), default=None)
        longest = None if self.cuts and self.long_text == "error" else own.text_tokens or known.max_tokens
        return Limits(texts, known.request_tokens or own.tokens, own.bytes, longest)

    @property
    def wire_model(self) -> str:
        """The model, as the provider calls it."""
        return str(getattr(self, self.model_parameter, ""))

    @property
    def wire_dtype(self) -> str:
        """Type of the numbers as the provider sends them; those of `PACKED` hold eight dimensions in a number."""
        kind = getattr(self, self.dtype_parameter, None) if self.dtype_parameter else None
        return "float32" if kind in {None, "float", "base64"} else str(kind)

    def width(self, dimensions: int | None) -> int | None:
        """Numbers in a row of so many dimensions."""
        return dimensions // 8 if dimensions and self.wire_dtype in PACKED else dimensions

    @property
    def unit(self) -> bool:
        """Whether every vector is divided by its length here."""
        return False

    def normalised(self, known: bool | None) -> bool | None:
        """Whether every vector has length 1, where the catalogue says `known`."""
        return True if self.unit else known

    # Space and recipe -------------------------------------------------------------------------------------------

    @property
    def space(self) -> SpaceId:
        """The space that the vectors live in."""
        own = self.is_own_address()
        facts = catalogue.model(self.slug, self.wire_model) if own else catalogue.Model()
        asked: int | None = getattr(self, "dimensions", None)
        return SpaceId(
            origin=self.origin,
            model=self.wire_model,
            dimensions=self.width(asked or facts.dimensions),
            normalised=self.normalised(facts.normalised),
            dtype=self.wire_dtype,
        )

    def recipe(self, role: Role | str = Role.DOCUMENT) -> Recipe:
        """What exactly is done to a text of this role, derived from the request itself."""
        return recipe_of(
            lambda each: self.asked(Batch([PROBE], each)), Role(role), space=self.space, long_text=self._cutting()
        )

    def _cutting(self) -> str:
        """How a long text is cut: the policy, and where it cuts, the limit and who counts."""
        limit = self.limits_of_model().text_tokens
        if self.long_text == "error" or limit is None:
            return self.long_text
        return f"{self.long_text} {limit} {'estimated' if self.tokenizer is None else 'counted'}"

    # Calls ------------------------------------------------------------------------------------------------------

    def embed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """Embed texts for a role; see `Embeddings.embed`."""
        return HostedCall(self, texts, Role(role)).run()

    async def aembed(self, texts: Sequence[str], role: Role | str = Role.DOCUMENT) -> Embedded:
        """`embed`, without blocking the event loop."""
        return await HostedCall(self, texts, Role(role)).arun()

    def embed_documents(self, texts: list[str], chunk_size: int | None = None, **options: Any) -> list[list[float]]:
        """Embed documents; `chunk_size` is `batch_size` for this call, options are parameters for this call."""
        return super(HostedEmbeddings, self._with(chunk_size, options)).embed_documents(texts)

    def embed_query(self, text: str, **options: Any) -> list[float]:
        """Embed one query; options are parameters for this call."""
        return super(HostedEmbeddings, self._with(None, options)).embed_query(text)

    async def aembed_documents(
        self, texts: list[str], chunk_size: int | None = None, **options: Any
    ) -> list[list[float]]:
        """`embed_documents`, without blocking the event loop."""
        vectors = (await self._with(chunk_size, options).aembed(texts, Role.DOCUMENT)).vectors
        rows: list[list[float]] = vectors.tolist()
        return rows

    async def aembed_query(self, text: str, **options: Any) -> list[float]:
        """`embed_query`, without blocking the event loop."""
        row: list[float] = (await self._with(None, options).aembed([text], Role.QUERY)).vectors[0].tolist()
        return row

    def _with(self, chunk_size: int | None, options: Mapping[str, Any]) -> Self:
        """This instance, or a copy for one call that shares what is learned and counted."""
        update = {**options, **({"batch_size": chunk_size} if chunk_size else {})}
        if not update:
            return self
        other = self.copy(update=self.call_options(update))
        other._state = self._state
        return other

    def call_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters that the options of one call change."""
        return options

    def advise(self, role: Role, texts: Sequence[str]) -> None:
        """Warn once of a prefix or a role that the model misses, and of a width that it does not have."""
        advise(self, self.wire_model, role, texts)
        width: int | None = getattr(self, "dimensions", None)
        if width is not None and self.is_own_address():
            known = catalogue.model(self.slug, self.wire_model)
            advise_of_width(type(self).__name__, self.wire_model, width, known)

    # For the call -----------------------------------------------------------------------------------------------

    def is_too_large(self, error: InvalidRequest) -> bool:
        """Whether fewer texts may pass where these did not."""
        said = str(error).lower()
        return isinstance(error, InputTooLong) or any(phrase in said for phrase in self.too_large)

    @property
    def credential_held(self) -> Any:
        """What `auth` keeps from one call to the next: a `Token`, or an object of a library that hands out tokens."""
        return self._state.credential

    @credential_held.setter
    def credential_held(self, credential: Any) -> None:
        self._state.credential = credential

    def learn_limit(self, texts: int) -> None:
        """Remember that no more texts than this pass in one request."""
        known = self._state.learned_batch
        self._state.learned_batch = texts if known is None else min(known, texts)

    def must_halve(self, batch: Batch) -> bool:
        """Whether the batch is beyond a limit that was learned after it was planned."""
        known = self._state.learned_batch
        return known is not None and len(batch.texts) > known

    def cost_of(self, tokens: int | None) -> float | None:
        """US dollars for tokens, by the catalogue."""
        price = catalogue.price(self.slug, self.wire_model) if self.is_own_address() else None
        return None if price is None or tokens is None else price * tokens / 1e6

    def count(self, usage: Usage) -> None:
        """Add to the sum of the instance."""
        with self._state.lock:
            self._state.usage = self._state.usage.plus(usage)

    @property
    def usage(self) -> Usage:
        """What all calls of this instance took."""
        return self._state.usage
