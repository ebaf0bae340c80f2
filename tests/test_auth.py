"""How a credential gets on a request, and when it is asked for anew."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from toys import MODES, Toy, World, embed, good

from onevec.auth import Auth, Basic, Bearer, FirstGiven, KeyHeader, KeyPair, KeyQuery, Token, TokenExchange
from onevec.errors import AuthenticationError, BadResponse, ConfigurationError
from onevec.hosted import secret
from onevec.testing import json_reply
from onevec.wire import Request, adrive, drive

if TYPE_CHECKING:
    from onevec.hosted import SecretField
    from onevec.wire import Reply

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BARE = Request(method="POST", url="https://toy.example/v1")


class Optional(Toy):
    """A toy whose key may be missing."""

    toy_api_key: SecretField = secret(default=None)
    other_key: SecretField = secret(default=None, env="OTHER_KEY")
    second_key: SecretField = secret(default=None, env="SECOND_KEY")
    auth = Auth()


def fetched(auth: Auth, owner: Any, mode: str = "sync", refused: Any = None) -> Any:
    flow = auth.fetch(owner, refused)
    return drive(flow, owner.transport, 1.0) if mode == "sync" else asyncio.run(adrive(flow, owner.transport, 1.0))


def toy(**given: Any) -> Optional:
    return Optional(transport=World(), **given)


@pytest.mark.parametrize(
    ("auth", "headers", "url"),
    [
        (Bearer("toy_api_key"), {"Authorization": "Bearer k-1/+"}, BARE.url),
        (KeyHeader("toy_api_key", "X-Key"), {"X-Key": "k-1/+"}, BARE.url),
        (KeyHeader("toy_api_key", "Authorization", "Api-Key "), {"Authorization": "Api-Key k-1/+"}, BARE.url),
        (KeyQuery("toy_api_key"), {}, BARE.url + "?key=k-1%2F%2B"),
        (KeyQuery("toy_api_key", "token"), {}, BARE.url + "?token=k-1%2F%2B"),
        (Auth(), {}, BARE.url),
    ],
    ids=["bearer", "header", "prefix", "query", "named query", "none"],
)
def test_where_a_key_is_put(auth: Auth, headers: dict[str, str], url: str) -> None:
    owner = toy(api_key="k-1/+")
    signed = auth.sign(BARE, fetched(auth, owner), owner, NOW)
    assert signed == Request(method="POST", url=url, headers=headers)


@pytest.mark.parametrize("auth", [Bearer("toy_api_key"), KeyQuery("toy_api_key")], ids=["header", "query"])
def test_without_a_key_nothing_is_put(auth: Auth) -> None:
    owner = toy()
    assert fetched(auth, owner) is None
    assert auth.sign(BARE, None, owner, NOW) is BARE
    assert not auth.renewable(owner)


@pytest.mark.parametrize(
    "key", ["", " ", "sk-1\n", "sk-1\r\nX-Evil: 1", " sk-1", "sk-1 ", "sk-1猫", "sk-1\x7f", "sk-1\t2"]
)
@pytest.mark.parametrize("mode", MODES)
def test_a_key_that_can_not_be_sent_is_named_and_not_shown(key: str, mode: str) -> None:
    world = World()
    model = Toy(api_key=lambda: key, transport=world)
    with pytest.raises(ConfigurationError) as caught:
        embed(model, ["a"], mode)
    assert str(caught.value).startswith("Toy: toy_api_key (environment variable TOY_API_KEY) can't be sent in a header")
    assert "sk-1" not in str(caught.value)
    assert world.sent == []


@pytest.mark.parametrize("mode", MODES)
def test_a_function_is_asked_at_first_and_after_a_refusal(mode: str) -> None:
    asked: list[int] = []

    def rotate() -> str:
        asked.append(1)
        return f"k{len(asked)}"

    async def rotate_later() -> str:
        return rotate()

    auth, owner = Bearer("toy_api_key"), toy(api_key=rotate if mode == "sync" else rotate_later)
    assert auth.renewable(owner)
    assert fetched(auth, owner, mode) == "k1"
    assert fetched(auth, owner, mode) == "k1"
    assert fetched(auth, owner, mode, refused="k1") == "k2"
    assert fetched(auth, owner, mode, refused="k1") == "k2"  # another call has renewed it


@pytest.mark.parametrize("wrong", [None, 5, b"k"])
@pytest.mark.parametrize("mode", MODES)
def test_a_function_has_to_give_a_str(wrong: Any, mode: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the key returned {type(wrong).__name__}, not str"):
        fetched(Bearer("toy_api_key"), toy(api_key=lambda: wrong), mode)


# Several kinds --------------------------------------------------------------------------------------------------------


def test_the_first_kind_that_is_given_is_used() -> None:
    auth = FirstGiven(KeyHeader("toy_api_key", "X-First"), KeyHeader("other_key", "X-Other"))
    for given, header in (({"other_key": "b"}, "X-Other"), ({"api_key": "a", "other_key": "b"}, "X-First")):
        owner = toy(**given)
        auth.check(owner)
        assert auth.given(owner)
        assert [*auth.sign(BARE, fetched(auth, owner), owner, NOW).headers] == [header]
        assert not auth.renewable(owner)
    assert auth.renewable(toy(other_key=lambda: "b"))


def test_one_of_several_is_needed() -> None:
    auth = FirstGiven(KeyHeader("toy_api_key", "X-First"), KeyPair("other_key", "second_key"))
    with pytest.raises(ConfigurationError) as caught:
        auth.check(toy())
    assert str(caught.value) == (
        "Optional needs a credential: pass or set toy_api_key=..., or other_key=... or OTHER_KEY "
        "and second_key=... or SECOND_KEY"
    )


def test_a_pair_is_whole_or_not_there() -> None:
    pair = KeyPair("other_key", "second_key")
    assert fetched(pair, toy(other_key="a", second_key=lambda: "b")) == ("a", "b")
    assert pair.given(toy(other_key="a", second_key="b"))
    assert not pair.given(toy(other_key="a"))
    with pytest.raises(ConfigurationError, match="second_key"):
        pair.check(toy(other_key="a"))


@pytest.mark.parametrize("user", ["me", lambda: "me"], ids=["plain", "asked for"])
def test_user_and_password(user: Any) -> None:
    basic = Basic("other_key", "second_key")
    owner = toy(other_key=user, second_key="p:w")
    signed = basic.sign(BARE, fetched(basic, owner), owner, NOW)
    assert signed.headers == {"Authorization": "Basic bWU6cDp3"}
    assert basic.made_of(owner) == ["bWU6cDp3"]
    assert basic.made_of(toy()) == []
    assert FirstGiven(KeyHeader("toy_api_key", "X-First"), basic).made_of(owner) == ["bWU6cDp3"]


# Tokens ---------------------------------------------------------------------------------------------------------------


class Tokened(Toy):
    """A toy that gets a token with its key; tokens count up."""

    toy_api_key: SecretField = secret(default=None)
    access_token: SecretField = secret(default=None)
    auth = TokenExchange("toy_api_key", ready="access_token")

    def token_request(self, *_: Any) -> Request:
        return Request.post(self.url("/token"), json={})

    def token(self, reply: Reply, now: datetime) -> Token:
        body = reply.json()
        return Token(body["token"], now + timedelta(seconds=body["seconds"]))


class Bank(World):
    """Hands out tokens of so many seconds, and refuses all but the newest."""

    def __init__(self, seconds: float = 600.0) -> None:
        super().__init__(self._serve)
        self.seconds = seconds
        self.given = 0
        self.refuse: set[str] = set()

    def _serve(self, request: Request) -> Reply:
        if request.url.endswith("/token"):
            self.given += 1
            return json_reply({"token": f"t{self.given}", "seconds": self.seconds})
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return json_reply({"error": f"stale {token}"}, 401) if token in self.refuse else good(request)


@pytest.mark.parametrize("mode", MODES)
def test_a_token_serves_many_calls(mode: str) -> None:
    bank = Bank()
    model = Tokened(api_key="k", transport=bank)
    for _ in range(3):
        embed(model, ["a", "b"], mode)
    assert bank.given == 1


@pytest.mark.parametrize(("seconds", "given"), [(600, 1), (60, 2), (30, 2), (120, 1)])
def test_a_token_is_renewed_before_it_expires(seconds: float, given: int) -> None:
    bank = Bank(seconds)
    model = Tokened(api_key="k", transport=bank)
    model.embed(["a"])
    model.embed(["b"])
    assert bank.given == given
    bank.sleep(seconds - 59)
    model.embed(["c"])
    assert bank.given == given + 1


@pytest.mark.parametrize("mode", MODES)
def test_a_refused_token_is_renewed_once_for_all_batches(mode: str) -> None:
    bank = Bank()
    model = Tokened(api_key="k", transport=bank, batch_size=1)
    embed(model, ["warm up"], mode)
    bank.refuse.add("t1")
    found = embed(model, [str(number) for number in range(12)], mode)
    assert found.vectors.shape == (12, 3)
    assert bank.given == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_token_that_is_refused_again_is_the_error(mode: str) -> None:
    bank = Bank()
    bank.refuse |= {"t1", "t2", "t3"}
    with pytest.raises(AuthenticationError) as caught:
        embed(Tokened(api_key="k-1", transport=bank), ["a"], mode)
    assert bank.given == 2
    assert "t2" not in str(caught.value)
    assert "****" in str(caught.value)


def test_a_ready_token_is_used_until_it_is_refused() -> None:
    bank = Bank()
    model = Tokened(access_token="ready", api_key="k", transport=bank)
    model.embed(["a"])
    assert bank.given == 0
    bank.refuse.add("ready")
    model.embed(["a"])
    assert bank.given == 1
    model.embed(["a"])
    assert bank.given == 1


def test_a_ready_token_alone_can_not_be_renewed() -> None:
    bank = Bank()
    bank.refuse.add("ready")
    with pytest.raises(AuthenticationError):
        Tokened(access_token="ready", transport=bank).embed(["a"])
    assert bank.given == 0


@pytest.mark.parametrize("body", [{}, {"token": "t"}, {"token": "t", "seconds": "soon"}, []])
def test_a_strange_answer_to_the_token_request_is_a_bad_response(body: Any) -> None:
    with pytest.raises(BadResponse):
        Tokened(api_key="k", transport=World.of([json_reply(body)])).embed(["a"])


def test_nothing_is_fetched_for_no_texts() -> None:
    bank = Bank()
    Tokened(api_key="k", transport=bank).embed([])
    assert bank.sent == []


def test_a_token_in_the_query() -> None:
    class Queried(Tokened):
        auth = TokenExchange("toy_api_key", ready="access_token", query="access_token")

    world = World.of([json_reply({"token": "t/1", "seconds": 600})])
    Queried(api_key="k", transport=world).embed(["a"])
    assert world.sent[1].url.endswith("/embed?access_token=t%2F1")
    assert "Authorization" not in world.sent[1].headers


def test_a_token_shows_itself_to_nobody() -> None:
    assert "t-1" not in repr(Token("t-1", NOW))
    assert not Token("t", NOW + timedelta(seconds=60)).fresh(NOW)
    assert Token("t", NOW + timedelta(seconds=61)).fresh(NOW)
    assert Token("t").fresh(NOW)
