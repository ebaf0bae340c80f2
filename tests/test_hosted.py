"""A call on a hosted class from end to end: a made-up provider, a world without a network, both drivers."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import KEY, MODES, Toy, World, embed, good, texts_of, vector

from onevec import OpenAIEmbeddings, Role, reveal_secrets
from onevec.call import FOREVER
from onevec.embeddings import Note, Usage
from onevec.errors import (
    AuthenticationError,
    BadResponse,
    ConfigurationError,
    EmbeddingError,
    InputTooLong,
    InvalidRequest,
    ProviderError,
    RateLimited,
    ServiceUnavailable,
    TimedOut,
    TransportError,
)
from onevec.hosted import Batch
from onevec.plan import Limits
from onevec.testing import json_reply
from onevec.wire import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onevec import Embedded
    from onevec.hosted import HostedEmbeddings, Request

modes = pytest.mark.parametrize("mode", MODES)
words = st.lists(st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["a", "猫"]), max_size=25)


def toy(world: World | None = None, **given: Any) -> Toy:
    return Toy(**{"api_key": KEY, "transport": world or World(), **given})


def rows(texts: Sequence[str]) -> list[list[float]]:
    return [vector(text) for text in texts]


def refusal(status: int, headers: dict[str, str] | None = None, **body: Any) -> Reply:
    return json_reply(body, status, headers)


def failure(model: HostedEmbeddings, texts: list[str], mode: str) -> EmbeddingError:
    with pytest.raises(EmbeddingError) as caught:
        embed(model, texts, mode)
    return caught.value


def sizes(world: World) -> list[int]:
    return [len(texts_of(request)) for request in world.sent]


# What comes back ------------------------------------------------------------------------------------------------------


@modes
def test_every_text_gets_its_vector_and_equal_texts_are_sent_once(mode: str) -> None:
    world = World()
    found = embed(toy(world, batch_size=2, max_concurrency=1), ["b", "a", "b", "猫", "a"], mode)
    assert found.vectors.tolist() == rows(["b", "a", "b", "猫", "a"])
    assert found.vectors.dtype == np.float32
    assert found.vectors.flags.c_contiguous
    assert [texts_of(request) for request in world.sent] == [["b", "a"], ["猫"]]
    assert found.usage == Usage(tokens=6, requests=2, cost=None)
    assert not found.cached.any()


@modes
def test_no_texts_are_no_request(mode: str) -> None:
    world = World()
    assert embed(toy(world), [], mode).vectors.shape == (0, 0)
    assert embed(toy(world, dimensions=7), [], mode).vectors.shape == (0, 7)
    assert world.sent == []


def test_the_calls_of_langchain() -> None:
    async def both(model: Toy) -> list[Any]:
        return [await model.aembed_documents(["a", "b"]), await model.aembed_query("a")]

    model = toy()
    documents, query = rows(["a", "b"]), vector("query: a")
    assert model.embed_documents(["a", "b"]) == documents
    assert model.embed_query("a") == query
    assert asyncio.run(both(model)) == [documents, query]
    assert type(model.embed_query("a")[0]) is float


@modes
@pytest.mark.parametrize(("texts", "error"), [("text", TypeError), (["a", 1], TypeError), (["\ud800"], ValueError)])
def test_what_is_no_list_of_texts_is_refused_before_a_request(mode: str, texts: Any, error: type[Exception]) -> None:
    world = World()
    with pytest.raises(error):
        embed(toy(world), texts, mode)
    assert world.sent == []


@modes
def test_what_is_sent(mode: str) -> None:
    world = World()
    embed(toy(world, default_headers={"X-Mine": "1", "content-type": "text/x"}, timeout=7.5), ["a"], mode)
    [request] = world.sent
    assert request.url == "https://toy.example/v1/embed"
    assert dict(request.headers) == {
        "X-Mine": "1",
        "content-type": "text/x",
        "Authorization": f"Bearer {KEY}",
    }
    assert world.timeouts == [7.5]


@modes
def test_a_credential_in_default_headers_is_sent_alone_and_hidden(mode: str) -> None:
    world = World.of([None, refusal(401, message="Bearer of-my-own is wrong, of-my-own")])
    model = toy(world, default_headers={"authorization": "Bearer of-my-own"})
    embed(model, ["a"], mode)
    assert {name: value for name, value in world.sent[0].headers.items() if name.lower() == "authorization"} == {
        "authorization": "Bearer of-my-own"
    }
    assert "of-my-own" not in str(failure(model, ["a"], mode))


def test_without_a_time_out_there_is_a_very_long_one() -> None:
    world = World()
    model = toy(world, timeout=float("inf"))
    model.embed(["a"])
    model.timeout = None
    model.embed(["a"])
    assert world.timeouts == [FOREVER] * 2


def test_none_as_a_time_out_is_the_default() -> None:
    assert toy(World(), timeout=None).timeout == toy(World()).timeout
    assert OpenAIEmbeddings(api_key=KEY, request_timeout=None).timeout == 600


@modes
def test_a_role_that_the_model_lacks_leaves_a_note(mode: str) -> None:
    found = embed(toy(), ["a", "b"], mode, Role.CLUSTERING)
    assert found.notes == (Note(0, "role"), Note(1, "role"))
    assert found.vectors.tolist() == rows(["a", "b"])
    assert embed(toy(), ["a"], mode, Role.QUERY).notes == ()


def test_a_symmetric_model_lacks_no_role() -> None:
    class Symmetric(Toy):
        def request(self, batch: Batch) -> Request:
            return super().request(Batch(batch.texts))

    assert Symmetric(api_key=KEY, transport=World()).embed(["a"], Role.CLUSTERING).notes == ()


@modes
@pytest.mark.parametrize("policy", ["truncate", "split"])
def test_long_texts(mode: str, policy: Any) -> None:
    class Short(Toy):
        limits = Limits(text_tokens=2)

    world = World()
    found = embed(Short(api_key=KEY, transport=world, long_text=policy), ["abc", "abcdefghi"], mode)
    assert texts_of(world.sent[0]) == (["abc", "abcdef"] if policy == "truncate" else ["abc", "abcdef", "ghi"])
    kept = 2 if policy == "truncate" else 3
    assert found.notes == (Note(1, f"{'truncated' if policy == 'truncate' else 'split'} estimated", kept, 3),)
    if policy == "truncate":
        assert found.vectors.tolist() == rows(["abc", "abcdef"])
    else:
        mean = np.average(rows(["abcdef", "ghi"]), axis=0, weights=[2, 1])
        assert np.allclose(found.vectors, np.array([vector("abc"), mean / np.linalg.norm(mean)]))
    assert isinstance(failure(Short(api_key=KEY, transport=world), ["abcdefghi" * 2], mode), InputTooLong)


# Any provider, any trouble --------------------------------------------------------------------------------------------


class Troubled:
    """A provider that takes `most` texts a request, and has a fault before every so many answers."""

    def __init__(self, most: int, faults: list[Callable[[], Reply | Exception] | None]) -> None:
        self.most, self.faults = most, iter(faults)

    def __call__(self, request: Request) -> Reply | Exception:
        fault = next(self.faults, None)
        if fault is not None:
            return fault()
        if len(texts_of(request)) > self.most:
            return refusal(413, message="too much")
        return good(request)


def attempt(model: HostedEmbeddings, texts: list[str], mode: str) -> Embedded | ProviderError:
    """The result, or the error in its place."""
    try:
        return embed(model, texts, mode)
    except ProviderError as error:
        return error


PASSING: list[Callable[[], Reply | Exception] | None] = [
    None,
    lambda: refusal(429, {"Retry-After": "1"}),
    lambda: refusal(500),
    lambda: refusal(409),
    lambda: TransportError("reset"),
    lambda: TimedOut("late"),
    lambda: refusal(200, code="slow"),
]


@settings(max_examples=60)
@given(
    texts=words,
    most=st.integers(1, 9),
    faults=st.lists(st.sampled_from(PASSING), max_size=12),
    batch=st.none() | st.integers(1, 12),
    at_once=st.integers(1, 3),
    mode=st.sampled_from(MODES),
)
def test_whatever_passes_the_vectors_are_right(  # noqa: PLR0917  # they are the dimensions of the property
    texts: list[str],
    most: int,
    faults: list[Callable[[], Reply | Exception] | None],
    batch: int | None,
    at_once: int,
    mode: str,
) -> None:
    world = World(Troubled(most, faults))
    found = embed(toy(world, batch_size=batch, max_concurrency=at_once, max_retries=12), texts, mode)
    assert found.vectors.tolist() == rows(texts)
    assert found.usage.requests == len(world.sent)
    assert world.most <= at_once


@settings(max_examples=60)
@given(
    texts=words,
    at=st.integers(0, 12),
    batch=st.integers(1, 6),
    at_once=st.integers(1, 3),
    most=st.integers(1, 6),
    mode=st.sampled_from(MODES),
    error=st.sampled_from([401, 403, 404, 422]),
)
def test_after_a_failure_completed_is_what_had_come(  # noqa: PLR0917
    texts: list[str], at: int, batch: int, at_once: int, most: int, mode: str, error: int
) -> None:
    troubled = Troubled(most, [*([None] * at), lambda: refusal(error)])
    world = World(troubled)
    model = toy(world, batch_size=batch, max_concurrency=at_once)
    found = attempt(model, texts, mode)
    if len(world.sent) <= at:
        assert not isinstance(found, ProviderError)
        assert found.vectors.tolist() == rows(texts)
        return
    assert isinstance(found, ProviderError)
    assert found.status == error
    assert len(world.sent) <= at + 1 + 2 * (at_once - 1) * batch
    indices, vectors = found.completed or ([], np.zeros((0, 3)))
    assert vectors.tolist() == rows([texts[index] for index in indices])
    come = {text for request in world.sent for text in texts_of(request) if len(texts_of(request)) <= most}
    if at_once == 1:
        come = {text for request in world.sent[:-1] for text in texts_of(request) if len(texts_of(request)) <= most}
        assert list(indices) == [index for index, text in enumerate(texts) if text in come]
    else:
        assert {texts[index] for index in indices} <= come
        assert list(indices) == sorted(set(indices))


@modes
def test_completed_counts_a_split_text_only_if_all_of_it_came(mode: str) -> None:
    class Short(Toy):
        limits = Limits(text_tokens=1)

    world = World.of([None, refusal(401)])
    model = Short(api_key=KEY, transport=world, long_text="split", batch_size=3, max_concurrency=1)
    error = failure(model, ["a", "abcabc", "abdabd", "a"], mode)
    assert error.completed is not None
    assert list(error.completed.indices) == [0, 1, 3]


@modes
def test_nothing_came_so_nothing_is_completed(mode: str) -> None:
    assert failure(toy(World.of([refusal(401)])), ["a"], mode).completed is None


@modes
@pytest.mark.parametrize("then", [None, 422], ids=["and that was all", "and then a refusal"])
def test_different_widths_are_no_result(mode: str, then: int | None) -> None:
    narrow = json_reply({"rows": [[1.0, 2.0]]})
    answers: list[Reply | None] = [None, narrow, refusal(then) if then else None]
    error = failure(toy(World.of(answers), batch_size=1, max_concurrency=1), ["a", "b", "c"], mode)
    assert isinstance(error, InvalidRequest if then else BadResponse)
    assert then or "different widths came: [2, 3]" in str(error)
    assert error.completed is None


@modes
def test_different_widths_of_two_halves_are_no_result(mode: str) -> None:
    narrow = json_reply({"rows": [[1.0, 2.0]]})
    world = World.of([refusal(413), narrow])
    assert "different widths" in str(failure(toy(world), ["a", "b"], mode))


@modes
def test_a_width_that_was_asked_for_must_come(mode: str) -> None:
    assert embed(toy(dimensions=3), ["a"], mode).vectors.shape == (1, 3)
    error = failure(toy(dimensions=4), ["a"], mode)
    assert isinstance(error, BadResponse)
    assert "vectors of 3 dimensions came, 4 were expected" in str(error)


@modes
@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (json_reply({"rows": []}), "the vectors have the shape"),
        (json_reply({"rows": [[1.0]]}), "1 vectors came for 2 texts"),
        (json_reply({"rows": [[1.0], [2.0], [3.0]]}), "3 vectors came for 2 texts"),
        (Reply(status=200, body=b'{"rows": [[1.0], [1e999]]}'), "BadResponse"),
        (Reply(status=200, body=b'{"rows": [[1.0], [1' + b"0" * 60 + b"]]}"), "vector 1 of the reply holds NaN"),
        (Reply(status=200), "BadResponse"),
        (Reply(status=204), "BadResponse"),
        (json_reply([]), "BadResponse"),
        (json_reply({"rows": {"a": 1}}), "BadResponse"),
    ],
    ids=["none", "fewer", "more", "no number", "too large", "empty", "no content", "a list", "an object"],
)
def test_a_reply_without_the_right_vectors_is_a_bad_response(mode: str, reply: Reply, told: str) -> None:
    world = World.of([reply])
    error = failure(toy(world), ["a", "b"], mode)
    assert isinstance(error, BadResponse)
    assert told in f"{error!r}"
    assert len(world.sent) == 1


@modes
def test_a_redirect_is_not_followed(mode: str) -> None:
    world = World.of([Reply(status=307, headers={"Location": "https://evil.example/"})])
    error = failure(toy(world), ["a"], mode)
    assert isinstance(error, InvalidRequest)
    assert [request.host for request in world.sent] == ["toy.example"]


# Trying again ---------------------------------------------------------------------------------------------------------


@modes
@pytest.mark.parametrize("frozen", [True, False])
def test_waits_double_and_a_part_of_them_is_taken(mode: str, *, frozen: bool) -> None:
    world = World.of([refusal(500)] * 4, random=0.5, frozen=frozen)
    embed(toy(world), ["a"], mode)
    assert world.slept == [0.25, 0.5, 1.0, 2.0]


@modes
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Thu, 01 Jan 2026 00:01:30 GMT"}, 90.0),
    ],
)
def test_never_earlier_than_the_provider_asks(mode: str, header: dict[str, str], wait: float) -> None:
    world = World.of([refusal(429, header)])
    embed(toy(world), ["a"], mode)
    assert world.slept == [wait]


@modes
def test_a_wait_beyond_patience_is_an_error_at_once(mode: str) -> None:
    world = World.of([refusal(429, {"Retry-After": "121"})])
    error = failure(toy(world), ["a"], mode)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 121.0
    assert world.slept == []
    assert len(world.sent) == 1


@modes
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(429), RateLimited),
        (refusal(503), ServiceUnavailable),
        (TransportError("reset"), TransportError),
        (TimedOut("late"), TimedOut),
    ],
    ids=["429", "503", "reset", "late"],
)
def test_there_are_only_so_many_tries(mode: str, answer: Reply | Exception, kind: type[Exception]) -> None:
    world = World.of([answer] * 9)
    assert type(failure(toy(world, max_retries=2), ["a"], mode)) is kind
    assert len(world.sent) == 3
    assert type(failure(toy(World.of([answer] * 9), max_retries=0), ["a"], mode)) is kind


@modes
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_can_not_pass_is_tried_once(mode: str, status: int) -> None:
    world = World.of([refusal(status, {"Retry-After": "1"})])
    failure(toy(world), ["a"], mode)
    assert len(world.sent) == 1
    assert world.slept == []


@modes
def test_a_used_up_quota_is_tried_once(mode: str) -> None:
    world = World.of([refusal(429, code="broke")])
    assert isinstance(failure(toy(world), ["a"], mode), RateLimited)
    assert len(world.sent) == 1


# Too large ------------------------------------------------------------------------------------------------------------


@modes
@pytest.mark.parametrize(
    "answer",
    [refusal(413), refusal(400, code="long"), refusal(400, message="Too many texts!")],
    ids=["413", "code", "words"],
)
def test_what_is_too_large_goes_in_halves_and_the_limit_is_remembered(mode: str, answer: Reply) -> None:
    world = World(lambda request: answer if len(texts_of(request)) > 3 else good(request))
    model = toy(world, max_concurrency=1)
    texts = [str(number) for number in range(10)]
    assert embed(model, texts, mode).vectors.tolist() == rows(texts)
    assert sizes(world) == [10, 5, 2, 3, 2, 3]
    world.sent.clear()
    assert embed(model, texts, mode).vectors.tolist() == rows(texts)
    assert sizes(world) == [3, 3, 3, 1]
    world.sent.clear()
    model.embed_documents(texts, chunk_size=9)
    assert sizes(world) == [3, 3, 3, 1]


@modes
def test_batches_that_were_planned_before_go_in_halves_at_once(mode: str) -> None:
    world = World(lambda request: refusal(413) if len(texts_of(request)) > 2 else good(request))
    texts = [str(number) for number in range(12)]
    embed(toy(world, batch_size=4, max_concurrency=1), texts, mode)
    assert sizes(world) == [4, 2, 2, 2, 2, 2, 2]


@modes
def test_one_text_that_is_too_long_is_the_error_and_teaches_nothing(mode: str) -> None:
    world = World(lambda request: refusal(413) if "long" in texts_of(request) else good(request))
    model = toy(world, max_concurrency=1)
    error = failure(model, ["a", "b", "long", "c"], mode)
    assert isinstance(error, InputTooLong)
    assert error.completed is not None
    assert list(error.completed.indices) == [0, 1]
    world.sent.clear()
    embed(model, ["a", "b", "c", "d"], mode)
    assert sizes(world) == [4]


@modes
def test_an_ordinary_refusal_is_not_halved(mode: str) -> None:
    world = World.of([refusal(400, message="no such model")])
    failure(toy(world), ["a", "b"], mode)
    assert len(world.sent) == 1


@modes
def test_a_half_that_is_done_is_not_sent_again_after_a_renewal(mode: str) -> None:
    keys = iter(["k1", "k2"])
    world = World.of([refusal(413), None, refusal(401), refusal(413)])
    found = embed(toy(world, api_key=lambda: next(keys)), ["a", "b", "c", "d"], mode)
    assert found.vectors.tolist() == rows(["a", "b", "c", "d"])
    assert sizes(world) == [4, 2, 2, 4, 2]
    assert texts_of(world.sent[-1]) == ["c", "d"]
    assert [request.headers["Authorization"][-2:] for request in world.sent] == ["k1", "k1", "k1", "k2", "k2"]


# Keys that rotate -----------------------------------------------------------------------------------------------------


class Rotating:
    """Hands out keys, and is a provider that takes only the newest."""

    def __init__(self) -> None:
        self.asked = 0
        self.valid = "k1"

    def __call__(self) -> str:
        self.asked += 1
        return self.valid

    def answer(self, request: Request) -> Reply:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        return good(request) if key == self.valid else refusal(401, message=f"no longer {key}")


@modes
@pytest.mark.parametrize("options", [{}, {"chunk_size": 3}])
def test_a_rotated_key_is_asked_for_once(mode: str, options: dict[str, int]) -> None:
    keys = Rotating()
    model = toy(World(keys.answer), api_key=keys, batch_size=1)
    texts = [str(number) for number in range(12)]

    def documents() -> list[list[float]]:
        if mode == "sync":
            return model.embed_documents(texts, **options)
        return asyncio.run(model.aembed_documents(texts, **options))

    assert documents() == documents() == rows(texts)
    assert keys.asked == 1
    keys.valid = "k2"
    assert documents() == documents() == rows(texts)
    assert keys.asked == 2


@modes
def test_a_key_that_does_not_rotate_is_refused_once(mode: str) -> None:
    world = World(lambda _: refusal(401))
    assert isinstance(failure(toy(world), ["a"], mode), AuthenticationError)
    assert len(world.sent) == 1


# Pace -----------------------------------------------------------------------------------------------------------------


@modes
def test_all_instances_of_an_account_share_its_pace(mode: str) -> None:
    world = World(frozen=True)
    for number in range(3):
        embed(toy(world, requests_per_minute=2), [str(number)], mode)
    embed(toy(world, requests_per_minute=2, api_key="of another account"), ["a"], mode)
    embed(toy(world, requests_per_minute=2, model="toy-2"), ["a"], mode)
    assert world.slept == [60.0]


@modes
def test_tokens_are_paced_by_their_estimate(mode: str) -> None:
    world = World()
    embed(toy(world, tokens_per_minute=10, batch_size=1, max_concurrency=1), ["a" * 12, "b" * 12, "c" * 12], mode)
    assert world.slept == [60.0]


@modes
def test_every_try_takes_a_place(mode: str) -> None:
    world = World.of([refusal(429, {"Retry-After": "1"})], frozen=True)
    embed(toy(world, requests_per_minute=1), ["a"], mode)
    assert world.slept == [1.0, 60.0]


@modes
def test_the_headers_of_a_reply_slow_the_next_request(mode: str) -> None:
    def answer(request: Request) -> Reply:
        reply = good(request)
        return Reply(
            status=200,
            headers={"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s"},
            body=reply.body,
        )

    world = World(answer)
    embed(toy(world, batch_size=1, max_concurrency=1), ["a", "b"], mode)
    assert world.slept == [2.0]


# Progress -------------------------------------------------------------------------------------------------------------


@modes
def test_progress_counts_the_texts_that_are_sent(mode: str) -> None:
    told: list[tuple[int, int]] = []
    model = toy(batch_size=2, max_concurrency=1, on_progress=lambda done, of: told.append((done, of)))
    embed(model, ["a", "b", "a", "c", "d", "e"], mode)
    assert told == [(2, 5), (4, 5), (5, 5)]


@modes
@pytest.mark.parametrize("at_once", [1, 4])
def test_an_error_of_on_progress_comes_out_as_it_is(mode: str, at_once: int) -> None:
    def tell(done: int, of: int) -> None:
        message = f"{done} of {of}"
        raise LookupError(message)

    world = World()
    with pytest.raises(LookupError, match="1 of 9"):
        embed(toy(world, batch_size=1, max_concurrency=at_once, on_progress=tell), [*"abcdefghi"], mode)
    assert len(world.sent) <= 2 * at_once - 1


# Instances ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"timeout": 0}, "timeout must be more than 0, not 0"),
        ({"timeout": -1}, "timeout must be more than 0"),
        ({"max_concurrency": 0}, "max_concurrency must be at least 1, not 0"),
        ({"max_retries": -1}, "max_retries must be at least 0"),
        ({"max_retry_wait": -1}, "max_retry_wait must be at least 0"),
        ({"requests_per_minute": 0}, "requests_per_minute must be at least 1"),
        ({"tokens_per_minute": 0.5}, "tokens_per_minute must be at least 1, not 0.5"),
        ({"long_text": "cut"}, "long_text must be one of error, truncate, split"),
    ],
)
def test_a_value_that_can_not_work_is_refused(given_: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^Toy: {told}"):
        toy(**given_)


@modes
def test_a_batch_of_nothing_is_refused(mode: str) -> None:
    assert "batch_size" in str(failure(toy(batch_size=0), ["a"], mode))


def test_the_names_of_langchain_are_in_the_message() -> None:
    with pytest.raises(ConfigurationError, match=r"timeout \(also spelled request_timeout\) must be more than 0"):
        OpenAIEmbeddings(api_key=KEY, request_timeout=0)


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://toy.example/v1", "toys"),
        ("https://toy.example/v1/", "toys"),
        ("https://toy.example/v2", "toy.example/v2"),
        ("http://localhost:8080/", "localhost:8080"),
        ("https://me:pass@proxy.example/toy?x=1", "proxy.example/toy"),
    ],
)
def test_another_address_is_another_space(base_url: str, origin: str) -> None:
    model = toy(base_url=base_url)
    assert model.origin == model.space.origin == origin
    assert model.is_own_address() == (origin == "toys")


@modes
@pytest.mark.parametrize("wrong", ["http://[x", "https://[::1/v1"])
def test_an_address_that_is_none_is_named(wrong: str, mode: str) -> None:
    assert "base_url is no address" in str(failure(toy(base_url=wrong), ["a"], mode))


def test_a_class_without_an_address_needs_one() -> None:
    class Anywhere(Toy):
        base_url: str = ""

    with pytest.raises(ConfigurationError, match="Anywhere needs base_url: the address of the service"):
        Anywhere(api_key=KEY).recipe()


def test_a_closed_service_names_its_successor() -> None:
    class Closed(Toy):
        base_url: str = ""
        retired = "OpenAIEmbeddings"

    with pytest.raises(
        ConfigurationError, match="Closed: this service was closed; use OpenAIEmbeddings, or pass base_url="
    ):
        Closed(api_key=KEY)
    world = World()
    assert Closed(api_key=KEY, base_url="https://mine.example", transport=world).embed(["a"]).vectors.tolist() == rows(
        ["a"]
    )


def test_a_class_may_take_the_whole_address() -> None:
    class Whole(Toy):
        endpoint_url: str | None = None
        whole_url = "endpoint_url"

    world = World()
    model = Whole(api_key=KEY, endpoint_url="https://mine.example/e?x=1", transport=world)
    model.embed(["a"])
    assert world.sent[0].url == "https://mine.example/e?x=1"
    assert model.origin == "mine.example/e"


def test_options_of_one_call_change_that_call_alone() -> None:
    world = World()
    model = toy(world, max_concurrency=1)
    model.embed_documents(["a", "b", "c"], chunk_size=2, model="toy-2")
    model.embed_query("a", model="toy-3")
    model.embed_query("a")
    assert [b"toy-2" in request.body for request in world.sent] == [True, True, False, False]
    assert b"toy-3" in world.sent[2].body
    assert model.usage == Usage(tokens=10, requests=4)
    with pytest.raises(ConfigurationError, match="no parameter 'user'"):
        model.embed_query("a", user="me")


def test_a_copy_counts_for_itself() -> None:
    model = toy()
    model.embed(["a"])
    assert model.copy().usage == Usage()


def test_many_threads_share_an_instance() -> None:
    world = World()
    model = toy(world, batch_size=3, max_concurrency=2)
    texts = [str(number) for number in range(10)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: model.embed(texts).vectors.tolist(), range(24)))
    assert found == [rows(texts)] * 24
    assert model.usage == Usage(tokens=24 * 20, requests=24 * 4)
    assert len(world.sent) == 24 * 4


def test_cancelling_a_call_leaves_nothing() -> None:
    started = asyncio.Event()

    class Never(World):
        async def hold(self, _: Request) -> None:
            if self.in_flight == 4:
                started.set()
            await asyncio.Event().wait()

    world = Never()

    async def cancel() -> int:
        calling = asyncio.create_task(toy(world, batch_size=1, max_concurrency=4).aembed([*"abcdefghi"]))
        await asyncio.wait_for(started.wait(), 10)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        return len(asyncio.all_tasks())

    assert asyncio.run(cancel()) == 1
    assert len(world.sent) == 4
    assert world.in_flight == 0


@pytest.mark.parametrize("at_once", [1, 4])
def test_ctrl_c_goes_through(at_once: int) -> None:
    class Interrupted(World):
        def answered(self, request: Request) -> Reply:
            if threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt
            return super().answered(request)

    world = Interrupted()
    texts = [str(number) for number in range(5000)]
    with pytest.raises(KeyboardInterrupt):
        toy(world, batch_size=1, max_concurrency=at_once).embed(texts)
    assert len(world.sent) < 5000


# Secrets --------------------------------------------------------------------------------------------------------------


@modes
def test_no_error_and_no_log_repeats_the_key(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Reply | Exception] = [
        refusal(500, message=f"{KEY} is busy"),
        TransportError("reset"),
        refusal(401, message=f"wrong key {KEY}", code=KEY),
    ]
    with caplog.at_level(logging.DEBUG):
        error = failure(toy(World.of(answers)), ["a"], mode)
    assert len([record for record in caplog.records if record.name.startswith("onevec")]) == 2
    chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
    assert KEY not in caplog.text + "".join(f"{each!r} {vars(each) if each else ''}" for each in chain)


@modes
def test_a_refused_key_is_hidden_after_its_renewal(mode: str) -> None:
    keys = iter(["the-first-key", "the-second-key"])
    world = World(lambda request: refusal(401, message=f"stale: {request.headers['Authorization']}, not the-first-key"))
    assert "-key" not in str(failure(toy(world, api_key=lambda: next(keys)), ["a"], mode))


def test_nothing_of_an_instance_shows_the_key() -> None:
    model = toy(default_headers={"X-Key": KEY})
    assert KEY not in f"{model} {model!r} {vars(model)['toy_api_key']} {model.space} {model.recipe()}"


def test_a_pickle_takes_neither_the_transport_nor_what_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_API_KEY", KEY)
    model = Toy(transport=World(), batch_size=3, on_progress=print)
    model.embed(["a"])
    pickled = pickle.dumps(model)
    assert KEY.encode() not in pickled
    again: Toy = pickle.loads(pickled)  # noqa: S301  # made above
    assert (again.transport, again.on_progress, again.batch_size, again.usage) == (None, None, 3, Usage())
    assert again.recipe() == model.recipe()
    with pytest.raises(ConfigurationError):
        pickle.dumps(toy())
    with reveal_secrets():
        assert KEY.encode() in pickle.dumps(toy())
