"""What a provider says when it refuses, whatever the form, and that no part of a secret is repeated."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from toys import KEY, Toy, World

from onevec.arrays import array
from onevec.errors import (
    AuthenticationError,
    BadResponse,
    EmbeddingError,
    InputTooLong,
    InvalidRequest,
    ModelNotFound,
    ProviderError,
    RateLimited,
    ServiceUnavailable,
)
from onevec.failures import DEEP, SHOWN, details, kind_of_status, redact
from onevec.wire import Reply

leaves = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=9)
names = st.sampled_from(
    ["error", "errors", "code", "message", "type", "detail", "base_resp", "status", "rows", "header", "msg"]
) | st.text(max_size=4)
bodies = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4))
written = bodies.map(orjson.dumps) | st.binary(max_size=40)
statuses = st.integers(100, 599)
kept = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"error": {"code": "c", "message": "m"}}, ("c", "m")),
        ({"error": {"type": "t", "message": "m"}}, ("t", "m")),
        ({"error": "m", "code": 7}, ("7", "m")),
        ({"error": {"message": "m"}, "status": 400}, ("400", "m")),
        ({"error_code": 110, "error_msg": "m"}, ("110", "m")),
        ({"base_resp": {"status_code": 1004, "status_msg": "m"}}, ("1004", "m")),
        ({"header": {"code": 11200, "message": "m"}}, ("11200", "m")),
        ({"detail": "m"}, ("", "m")),
        ({"detail": [{"type": "missing", "msg": "m"}]}, ("missing", "m")),
        ({"errors": [{"message": "m"}, {"message": "n"}]}, ("", "m")),
        ({"__type": "ThrottlingException", "Message": "m"}, ("ThrottlingException", "m")),
        ({"code": 0, "message": ""}, ("", "")),
        ([], ("", "")),
        ([{"message": "m"}], ("", "m")),
        ("m", ("", "m")),
        (5, ("", "")),
        (None, ("", "")),
    ],
    ids=repr,
)
def test_code_and_message_are_found(body: Any, found: tuple[str, str]) -> None:
    assert details(Reply(status=200, body=orjson.dumps(body))) == found


def test_an_unreadable_body_is_the_message() -> None:
    page = b"<html>\n <h1>502  Bad\tGateway</h1>\xff</html>"
    assert details(Reply(status=502, body=page)) == ("", "<html> <h1>502 Bad Gateway</h1>\ufffd</html>")
    assert details(Reply(status=400, body=b'{"x":1}')) == ("", '{"x":1}')
    assert details(Reply(status=200, body=b'{"x":1}')) == ("", "")


@pytest.mark.parametrize("wrap", [b'{"error":%s}', b"[%s]"])
@pytest.mark.parametrize("deep", [DEEP + 1, 900, 5000])
def test_a_deep_body_does_no_harm(wrap: bytes, deep: int) -> None:
    left, right = wrap.split(b"%s")
    reply = Reply(status=500, body=left * deep + b'{"message":"m"}' + right * deep)
    error = Toy(api_key=KEY, transport=World()).error(reply)
    assert isinstance(error, ServiceUnavailable)
    assert len(str(error)) < 2 * SHOWN


# The class of error ---------------------------------------------------------------------------------------------------

EXPECTED: dict[int, type[ProviderError]] = {
    400: InvalidRequest,
    401: AuthenticationError,
    403: AuthenticationError,
    404: ModelNotFound,
    408: ServiceUnavailable,
    409: ServiceUnavailable,
    413: InputTooLong,
    422: InvalidRequest,
    425: ServiceUnavailable,
    429: RateLimited,
}


@given(statuses)
def test_every_status_has_a_kind(status: int) -> None:
    other = ServiceUnavailable if status >= 500 else InvalidRequest if status >= 300 else BadResponse
    assert kind_of_status(status) is EXPECTED.get(status, other)


@given(statuses, written, st.dictionaries(st.sampled_from(["retry-after", "x-request-id"]), st.text(max_size=9)))
def test_every_reply_is_vectors_or_a_provider_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    toy = Toy(api_key=KEY, transport=World())
    reply = Reply(status=status, headers=headers, body=body)
    with pytest.raises(EmbeddingError) as caught:
        toy.read(reply, lambda: toy.vectors(reply)[5])  # no body above has six rows
    error = caught.value
    assert isinstance(error, ProviderError)
    assert error.status == status
    assert error.provider == "toys"
    passing = isinstance(error, RateLimited | ServiceUnavailable)
    assert error.retryable == (passing and error.code not in Toy.permanent_codes)
    if error.code not in Toy.error_codes:
        assert passing == (status in {408, 409, 425, 429} or status >= 500)
        assert type(error) is kind_of_status(status)


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (200, "slow", RateLimited, True),
        (400, "slow", RateLimited, True),
        (200, "key", AuthenticationError, False),
        (500, "key", AuthenticationError, False),
        (429, "long", InputTooLong, False),
        (429, "broke", RateLimited, False),
        (503, "broke", ServiceUnavailable, False),
        (418, "teapot", InvalidRequest, False),
    ],
)
def test_the_code_decides_before_the_status(
    status: int, code: str, kind: type[ProviderError], *, retryable: bool
) -> None:
    body = orjson.dumps({"code": code, "message": "m"})
    error = Toy(api_key=KEY, transport=World()).error(Reply(status=status, body=body))
    assert type(error) is kind
    assert (error.code, error.retryable) == (code, retryable)


@pytest.mark.parametrize(
    ("status", "code", "wish", "retryable"),
    [(400, "", "true", True), (500, "", "false", False), (500, "", "perhaps", False), (429, "broke", "true", False)],
)
def test_the_provider_may_wish_for_another_try(status: int, code: str, wish: str, *, retryable: bool) -> None:
    reply = Reply(status=status, headers={"X-Should-Retry": wish}, body=orjson.dumps({"code": code}))
    assert Toy(api_key=KEY, transport=World()).error(reply).retryable == retryable


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"tokens": 1}', "toys: 200: it has no 'rows'"),
        (b'{"status": "ok", "tokens": 1}', "toys: 200 ok: it has no 'rows'"),
        (b'{"rows": null, "message": "success"}', "toys: 200: .*len.* \\(success\\)"),
        (b'{"rows": [[1], [2, 3]]}', "toys: 200: .*inhomogeneous"),
        (b"<html>Sign in</html>", r"toys: 200: .*\(<html>Sign in</html>\)"),
        (b'{"rows": [[1]', "toys: 200: .*column"),
    ],
)
def test_a_bad_response_says_why(body: bytes, told: str) -> None:
    toy = Toy(api_key=KEY, transport=World())
    reply = Reply(status=200, body=body)
    with pytest.raises(BadResponse, match=f"^{told}"):
        toy.read(reply, lambda: toy.vectors(reply))


@pytest.mark.parametrize(
    "reader",
    [
        lambda body: array([[10**400]]),  # noqa: ARG005
        lambda body: body["list"][0],
        lambda body: body["rows"],
        lambda body: body["null"].x,
        lambda body: int(body["text"]),
        lambda body: body["text"] / 2,
    ],
    ids=["overflow", "index", "key", "attribute", "value", "type"],
)
def test_whatever_a_hook_trips_over_is_a_bad_response(reader: Any) -> None:
    reply = Reply(status=200, body=b'{"list": [], "null": null, "text": "x"}')
    with pytest.raises(BadResponse):
        Toy(api_key=KEY, transport=World()).read(reply, lambda: reader(reply.json()))


# Secrets --------------------------------------------------------------------------------------------------------------


def forms(secret: str) -> list[str]:
    """What a provider may write when it repeats a key."""
    text = orjson.dumps(secret).decode()[1:-1]
    return [secret, quote(secret, safe=""), quote(secret), quote_plus(secret), text, text.replace("/", "\\/")]


@given(kept, st.integers(0, 5), st.text(max_size=600), st.text(max_size=600))
def test_no_form_of_a_secret_stays(secret: str, form: int, before: str, after: str) -> None:
    shown = forms(secret)[form]
    assume(shown not in before + "…" + after)
    found = redact(before + shown + after, [secret, ""])
    assert shown not in found
    assert len(found) <= SHOWN


@given(kept, st.integers(0, SHOWN + 40))
def test_the_cut_leaves_no_part_of_a_secret(secret: str, before: int) -> None:
    found = redact(" " * before + secret + " " * SHOWN, [secret])
    assert found.strip(" …") in {"****", "***", "**", "*", ""}


def test_a_long_message_is_cut() -> None:
    assert redact("x" * SHOWN, []) == "x" * SHOWN
    assert redact("x" * (SHOWN + 1), []) == "x" * (SHOWN - 1) + "…"


def test_a_longer_secret_is_hidden_before_its_part() -> None:
    assert redact("abcdef abc", ["abc", "abcdef"]) == "**** ****"


@given(st.text(max_size=SHOWN))
def test_without_a_secret_a_short_text_stays(text: str) -> None:
    assert redact(text, []) == text


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "wrong key %s", "code": "%s"}}',
        b'{"error": "%s"}',
        b'{"type": "%s", "status": "%s"}',
        b'{"rows": [["%s"]]}',
        b'{"rows": [{"%s": 1}]}',
        b'{"said": "%s", "code": "%s"}',
        b"<html>%s</html>",
        b'{"unknown": "%s"}',
        b"x" * (SHOWN - 10) + b"%s",
    ],
)
def test_an_error_repeats_no_key(status: int, body: bytes) -> None:
    for form in forms(KEY):
        toy = Toy(api_key=KEY, transport=World())
        reply = Reply(status=status, headers={"x-request-id": form}, body=body.replace(b"%s", form.encode()))
        with pytest.raises(ProviderError) as caught:
            toy.read(reply, lambda: toy.vectors(reply))  # noqa: B023  # called in this turn of the loop
        everything = f"{caught.value} {caught.value!r} {vars(caught.value)}"
        assert form not in everything
        assert KEY[:8] not in everything
        assert "****" in everything


def test_a_key_that_was_just_replaced_is_still_hidden() -> None:
    toy = Toy(api_key=lambda: "unused", transport=World())
    toy.api_key.replace_value("the-first-key")
    toy.api_key.replace_value("the-second-key")
    error = toy.error(Reply(status=400, body=b"not the-first-key, nor the-second-key"))
    assert "-key" not in str(error)
