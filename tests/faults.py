"""The faults of a provider, made from the good exchange in the contract of its class.

A fault is a `Case` like those of the contract files, so it is replayed and judged in the same way.
"""

from __future__ import annotations

import asyncio
import copy
import json
from base64 import b64decode, b64encode
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest

import onevec
from onevec._catalog import ENTRIES
from onevec.testing import contract_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from onevec.testing import Case
    from onevec.transport import Transport

__all__ = ["FAULTS", "Fault", "Good", "changed", "good_exchanges", "outcome", "skipping_what_is_not_installed"]

Json: TypeAlias = Any
Way: TypeAlias = tuple[str | int, ...]
Runner: TypeAlias = "Callable[[Coroutine[Any, Any, Any]], Any]"

CONTRACTS = Path(__file__).parent / "contracts"
TRIES_AFTER_THE_FIRST = 2
SECRETS_OF_A_REQUEST = {"headers": ("authorization", "api-key", "x-api-key"), "query": ("access_token", "key")}


@dataclass(frozen=True)
class Good:
    """The exchange of a class that returns vectors: where they are in its replies, and what it keeps secret."""

    case: Case

    @property
    def name(self) -> str:
        return self.case.contract

    @property
    def http(self) -> list[dict[str, Any]]:
        return copy.deepcopy(self.case.data["http"])

    @cached_property
    def ways(self) -> list[tuple[int, Way]]:
        """The number of the exchange and the way through its reply, for every vector."""
        width = len(self.case.data["expect"]["returns"][0])
        replies = [item["response"].get("json") for item in self.http]
        return [(number, way) for number, reply in enumerate(replies) for way in vectors_in(reply, width)]

    @property
    def is_numbers(self) -> bool:
        """Whether vectors come as lists of numbers, rather than packed."""
        number, way = self.ways[-1]
        return isinstance(at(self.http[number]["response"]["json"], way), list)

    @property
    def rows(self) -> tuple[int, Way] | None:
        """The list in the last reply that has a row for every text; None if it holds one bare vector."""
        last = self.ways[-1][0]
        ways = [way for number, way in self.ways if number == last]
        if len(ways) > 1:
            shared = (steps for steps in zip(*ways, strict=False))
            depth = next(depth for depth, steps in enumerate(shared) if len(set(steps)) > 1)
            return last, ways[0][:depth]
        places = [depth for depth, step in enumerate(ways[0]) if isinstance(step, int)]
        return (last, ways[0][: places[-1]]) if places else None

    @property
    def index(self) -> str | None:
        """The key under which every row has its own position."""
        if self.rows is None:
            return None
        number, way = self.rows
        rows = at(self.http[number]["response"]["json"], way)
        keys = [key for key in rows[0] if key.endswith("index")] if isinstance(rows[0], dict) else []
        numbered = (key for key in keys if [row[key] for row in rows] == list(range(len(rows))))
        return next(numbered, None) if len(rows) > 1 else None

    @cached_property
    def secrets(self) -> list[str]:
        """Everything in the case that no message may show."""
        kind = getattr(onevec, self.name)
        names = {name for name, spec in kind._params.items() if spec.secret}
        variables = {variable for name in names for variable in kind._params[name].env}
        init, env = self.case.data.get("init", {}), self.case.data.get("env", {})
        given = [value for name, value in init.items() if kind._aliases.get(name, name) in names]
        sent = [
            value.split()[-1]
            for item in self.http
            for part, names_of_secrets in SECRETS_OF_A_REQUEST.items()
            for name, value in item["request"].get(part, {}).items()
            if name.lower() in names_of_secrets
        ]
        kept = [value for name, value in env.items() if name in variables]
        return sorted({value for value in [*given, *kept, *sent] if isinstance(value, str)})

    def answered(self, *responses: Json, survives: bool) -> list[dict[str, Any]]:
        """The case's exchanges, with the first request for vectors answered by these, try by try; None is the good one.

        A token may be asked for as often as the class likes; requests after a failure may or may not be made.
        """
        http, first = self.http, self.ways[0][0]
        wanted = {number for number, _ in self.ways}
        tries = [{**http[first], **({} if response is None else {"response": response})} for response in responses]
        before = [{**item, "optional": True, "times": 9} for item in http[:first]]
        after = [
            item if survives and number in wanted else {**item, "optional": True}
            for number, item in enumerate(http[first + 1 :], first + 1)
        ]
        return [*before, *tries, *after]

    def changed(self, change: Callable[[list[float]], list[float | None]]) -> list[dict[str, Any]]:
        """The case's exchanges with the last vector changed."""
        http, (number, way) = self.http, self.ways[-1]
        reply = http[number]["response"].pop("json")
        vector = at(reply, way)
        numbers = change(vector if isinstance(vector, list) else np.frombuffer(b64decode(vector), "<f4").tolist())
        at(reply, way[:-1])[way[-1]] = numbers if isinstance(vector, list) else packed(numbers)
        http[number]["response"]["body_text"] = json.dumps(reply)  # which writes NaN as some servers do
        return http

    def with_rows(self, change: Callable[[list[Json]], list[Json]]) -> list[dict[str, Any]]:
        """The case's exchanges with the rows of the last reply changed; a bare vector has none and becomes empty."""
        http, place = self.http, self.rows
        if place is None:
            return self.changed(lambda _vector: [])
        reply = http[place[0]]["response"]
        rows = at(reply["json"], place[1])
        rows[:] = change(rows)
        return http


def everywhere(_good: Good) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, and what must come of it.

    Attributes:
        http: the exchanges with the fault in them.
        error: name of the error that is raised; "" if the call survives.
        waits: the waits before further tries, in seconds.
        texts: what is embedded in place of the case's texts.
        where: for which classes the fault exists.
    """

    http: Callable[[Good], list[dict[str, Any]]]
    error: str = ""
    waits: tuple[float, ...] = ()
    texts: Json = None
    where: Callable[[Good], bool] = everywhere

    def case(self, good: Good) -> Case:
        """The case of one class."""
        data = good.case.data
        call = data["call"] if self.texts is None else {**data["call"], "args": [self.texts]}
        expect = data["expect"] if self.texts is None else {"returns": []}
        if self.error:
            expect = {"error": self.error}
        case = replace(good.case, data={**data, "call": call, "http": self.http(good), "expect": expect})
        return changed(case, max_retries=TRIES_AFTER_THE_FIRST, max_concurrency=1)


def changed(case: Case, **init: Any) -> Case:
    """A case with other arguments for the constructor, whatever the class calls them."""
    aliases = getattr(onevec, case.contract)._aliases
    kept = {name: value for name, value in case.data.get("init", {}).items() if aliases.get(name, name) not in init}
    return replace(case, data={**case.data, "init": {**kept, **init}})


def good_exchanges() -> Iterator[Good]:
    """The good exchange of every class that is reached over HTTP and has a contract."""
    for entry in ENTRIES:
        path = CONTRACTS / f"{entry.name}.json"
        if entry.kind == "provider" and path.exists():
            cases = contract_cases(path)
            case = next((case for case in cases if case.name.startswith("documents") and case.data.get("http")), None)
            if case is not None:
                yield Good(case)


def at(value: Json, way: Way) -> Json:
    for step in way:
        value = value[step]
    return value


def vectors_in(value: Json, width: int, way: Way = ()) -> Iterator[Way]:
    """The ways to all lists of `width` numbers, and to all base64 of `width` float32."""
    if is_vector(value, width):
        yield way
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from vectors_in(inner, width, (*way, key))


def is_vector(value: Json, width: int) -> bool:
    if isinstance(value, str):
        try:
            return len(b64decode(value, validate=True)) == 4 * width
        except ValueError:
            return False
    return isinstance(value, list) and len(value) == width and all(type(number) in {int, float} for number in value)


def packed(numbers: Sequence[float | None]) -> str:
    return b64encode(np.array(numbers, dtype="<f4").tobytes()).decode()


def refusal(status: int, message: str = "no", **headers: str) -> dict[str, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": names, "json": {"error": {"message": message}}}


def first(*responses: Json) -> Callable[[Good], list[dict[str, Any]]]:
    """The first request for vectors is answered by these, and no other request follows."""
    return lambda good: good.answered(*responses, survives=False)


def then_good(*responses: Json) -> Callable[[Good], list[dict[str, Any]]]:
    """The first request for vectors is answered by these, and then well."""
    return lambda good: good.answered(*responses, None, survives=True)


def refused_key(good: Good) -> list[dict[str, Any]]:
    """401: a class whose credential can be renewed may come once more, and no oftener."""
    items = good.answered(refusal(401), refusal(401), survives=False)
    second = [number for number, item in enumerate(items) if item["response"].get("status") == 401][1]
    items[second]["optional"] = True
    return items


def cut(good: Good) -> list[dict[str, Any]]:
    """The first reply with vectors ends in the middle."""
    body = json.dumps(good.http[good.ways[0][0]]["response"]["json"])
    return good.answered({"status": 200, "body_text": body[: len(body) // 2]}, survives=False)


def moved(status: int) -> Callable[[Good], list[dict[str, Any]]]:
    """A redirect to another host; that its body holds vectors does not make it good."""

    def http(good: Good) -> list[dict[str, Any]]:
        reply = good.http[good.ways[0][0]]["response"]
        away = {**reply, "status": status, "headers": {"Location": "https://elsewhere.example/v1/embeddings"}}
        return good.answered(away, survives=False)

    return http


def without_token(*responses: Json) -> Callable[[Good], list[dict[str, Any]]]:
    """The request for a token is answered by these, and no other request follows."""

    def http(good: Good) -> list[dict[str, Any]]:
        token, *rest = good.http
        tries = [{**token, "response": response} for response in responses]
        return [*tries, *({**item, "optional": True} for item in rest)]

    return http


def needs_token(good: Good) -> bool:
    """Whether a request comes before that for vectors."""
    return good.ways[0][0] > 0 and not good.http[0].get("optional")


def echo(good: Good) -> list[dict[str, Any]]:
    """The vendor repeats every secret in its message."""
    answers = [refusal(429, f"refused: {' '.join(good.secrets)}.")] * (TRIES_AFTER_THE_FIRST + 1)
    return good.answered(*answers, survives=False)


def nothing(_good: Good) -> list[dict[str, Any]]:
    """No request is made at all."""
    return []


HTML = {"status": 200, "headers": {"Content-Type": "text/html"}, "body_text": "<html><h1>Please log in</h1></html>"}
TRIED = TRIES_AFTER_THE_FIRST + 1
JITTER = (0.25, 0.5)  # half of spans that double, as the replay's chance is always one half

FAULTS: Mapping[str, Fault] = {
    "401": Fault(http=refused_key, error="AuthenticationError"),
    "403": Fault(http=first(refusal(403)), error="AuthenticationError"),
    "404": Fault(http=first(refusal(404)), error="ModelNotFound"),
    "400": Fault(http=first(refusal(400)), error="InvalidRequest"),
    "429 once": Fault(http=then_good(refusal(429, Retry_After="1")), waits=(1.0,)),
    "429 for ever": Fault(
        http=first(*[refusal(429, Retry_After="1")] * TRIED), error="RateLimited", waits=(1.0,) * TRIES_AFTER_THE_FIRST
    ),
    "429 for too long": Fault(http=first(refusal(429, Retry_After="3600")), error="RateLimited"),
    "500 for ever": Fault(http=first(*[refusal(500)] * TRIED), error="ServiceUnavailable", waits=JITTER),
    "503 twice": Fault(http=then_good(*[refusal(503)] * 2), waits=JITTER),
    "html": Fault(http=first(HTML), error="BadResponse"),
    "empty body": Fault(http=first({"status": 200, "body_text": ""}), error="BadResponse"),
    "cut": Fault(http=cut, error="BadResponse"),
    "error in 200": Fault(http=first(refusal(200, "the model is on fire")), error="BadResponse"),
    "a row too few": Fault(http=lambda good: good.with_rows(lambda rows: rows[:-1]), error="BadResponse"),
    "a row too many": Fault(
        http=lambda good: good.with_rows(lambda rows: [*rows, rows[-1]]),
        error="BadResponse",
        where=lambda good: good.rows is not None,
    ),
    "shuffled": Fault(
        http=lambda good: good.with_rows(lambda rows: rows[::-1]), where=lambda good: good.index is not None
    ),
    "nan": Fault(http=lambda good: good.changed(lambda row: [*row[:-1], float("nan")]), error="BadResponse"),
    "infinity": Fault(
        http=lambda good: good.changed(lambda row: [*row[:-1], 1e39 if good.is_numbers else float("inf")]),
        error="BadResponse",
    ),
    "null": Fault(
        http=lambda good: good.changed(lambda row: [*row[:-1], None]),
        error="BadResponse",
        where=lambda good: good.is_numbers,
    ),
    "ragged": Fault(http=lambda good: good.changed(lambda row: list(row[:-1])), error="BadResponse"),
    "time-out once": Fault(http=then_good({"fault": "TimedOut"}), waits=JITTER[:1]),
    "time-out for ever": Fault(http=first(*[{"fault": "TimedOut"}] * TRIED), error="TimedOut", waits=JITTER),
    "reset once": Fault(http=then_good({"fault": "TransportError"}), waits=JITTER[:1]),
    "reset for ever": Fault(http=first(*[{"fault": "TransportError"}] * TRIED), error="TransportError", waits=JITTER),
    "redirect 302": Fault(http=moved(302), error="InvalidRequest"),
    "redirect 307": Fault(http=moved(307), error="InvalidRequest"),
    "echo": Fault(http=echo, error="RateLimited", waits=JITTER),
    "no token": Fault(http=without_token(refusal(401)), error="AuthenticationError", where=needs_token),
    "token 503 for ever": Fault(
        http=without_token(*[refusal(503)] * TRIED), error="ServiceUnavailable", waits=JITTER, where=needs_token
    ),
    "token as html": Fault(http=without_token(HTML), error="BadResponse", where=needs_token),
    "no texts": Fault(http=nothing, texts=[]),
    "one str": Fault(http=nothing, texts="Hi there!", error="TypeError"),
    "no str": Fault(http=nothing, texts=["Hi there!", 7], error="TypeError"),
    "surrogate": Fault(http=nothing, texts=["Hi there!", "half \ud83d"], error="ValueError"),
}


@contextmanager
def skipping_what_is_not_installed() -> Iterator[None]:
    """Skip a test whose class needs an extra that is not here."""
    try:
        yield
    except onevec.MissingDependency as error:
        pytest.skip(str(error))


async def _acall(model: Any, call: Mapping[str, Any]) -> Any:
    return await getattr(model, "a" + call["method"])(*call["args"])


def outcome(case: Case, transport: Transport, mode: str, run: Runner = asyncio.run) -> Exception | None:
    """Run a case's call, judge it, and return its error for a closer look.

    Args:
        case: with one call.
        transport: what the class is given.
        mode: "sync" or "async".
        run: runs an async call; a loop for every call takes longer than the call.
    """
    errors: list[Exception] = []
    with skipping_what_is_not_installed(), case.verdict() as results:
        try:
            model = case.make(getattr(onevec, case.contract), transport)
            call = case.calls[0]
            if mode == "sync":
                results.append(getattr(model, call["method"])(*call["args"]))
            else:
                results.append(run(_acall(model, call)))
        except Exception as error:
            errors.append(error)
            raise
    return errors[0] if errors else None
