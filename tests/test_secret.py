"""A secret shows itself to nobody but the one who asks for it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from onevec import Secret, reveal_secrets
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = "sk-do-not-show"


def shown_by_format() -> str:
    return f"{Secret(PLAIN)} {Secret(PLAIN)!r} {Secret(PLAIN):>20} {[Secret(PLAIN)]} {{'k': {Secret(PLAIN)}}}"


def shown_by_percent() -> str:
    return "%s %r" % (Secret(PLAIN), Secret(PLAIN))  # noqa: UP031  # this form is what is tested


def shown_by_traceback() -> str:
    held = Secret(PLAIN)
    try:
        raise ValueError(held)  # noqa: TRY301  # it is only looked at
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def shown_by_json() -> str:
    return json.dumps({"key": Secret(PLAIN)}, default=str)


@pytest.mark.parametrize(
    "shown", [shown_by_format, shown_by_percent, shown_by_traceback, shown_by_json], ids=lambda each: each.__name__
)
def test_it_does_not_show_itself(shown: Callable[[], str]) -> None:
    assert "****" in shown()
    assert PLAIN not in shown()


def test_a_log_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("onevec.test").info("key %s of %s", Secret(PLAIN), {"k": Secret(PLAIN)})
    assert "****" in caplog.text
    assert PLAIN not in caplog.text


def test_it_is_equal_to_what_it_holds() -> None:
    assert Secret(PLAIN) == PLAIN
    assert Secret(PLAIN) == Secret(PLAIN)
    assert Secret(PLAIN) == SecretStr(PLAIN)
    assert Secret(PLAIN) != "other"
    assert Secret(PLAIN) != 5
    assert Secret(PLAIN) is not None


def test_it_has_no_hash_because_a_hash_would_tell() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret(PLAIN))


@pytest.mark.parametrize("value", [PLAIN, SecretStr(PLAIN), Secret(PLAIN), lambda: PLAIN])
def test_every_form_of_a_key_is_taken(value: Any) -> None:
    assert Secret(value).get_secret_value() == PLAIN
    assert Secret(Secret(value)).get_secret_value() == PLAIN


@pytest.mark.parametrize("value", [None, 5, b"bytes", ["k"]])
def test_anything_else_is_refused_without_being_shown(value: Any) -> None:
    with pytest.raises(TypeError, match=f"not {type(value).__name__}$"):
        Secret(value)


def test_an_empty_one_is_false() -> None:
    assert not Secret("")
    assert Secret("k")
    assert Secret(lambda: "")


def test_a_function_is_asked_once() -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return f"k{len(asked)}"

    key = Secret(ask)
    assert not key.known
    assert [key.get_secret_value() for _ in range(3)] == ["k1"] * 3
    assert key.known


def test_a_new_value_remembers_the_one_before() -> None:
    key = Secret(lambda: "k")
    assert key.values == []
    key.replace_value("k1")
    key.replace_value("k2")
    assert key.get_secret_value() == "k2"
    assert key.values == ["k2", "k1"]


async def _later() -> str:
    return PLAIN


@pytest.mark.parametrize("source", [_later, lambda: 5, lambda: None], ids=["async", "int", "None"])
def test_a_function_that_gives_no_str_is_refused(source: Any) -> None:
    with pytest.raises(ConfigurationError, match="use the async methods"):
        Secret(source).get_secret_value()


def test_from_env(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE_UP_KEY", PLAIN)
    assert Secret.from_env("MADE_UP_KEY") == PLAIN
    monkeypatch.delenv("MADE_UP_KEY")
    with pytest.raises(ConfigurationError, match="MADE_UP_KEY is not set"):
        Secret.from_env("MADE_UP_KEY")


def test_a_copy_is_the_same_object() -> None:
    key = Secret(PLAIN)
    assert copy.copy(key) is key
    assert copy.deepcopy([key])[0] is key


# Pickles ------------------------------------------------------------------------------------------------------------


def test_one_from_a_variable_travels_as_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE_UP_KEY", PLAIN)
    pickled = pickle.dumps(Secret.from_env("MADE_UP_KEY"))
    assert PLAIN.encode() not in pickled
    monkeypatch.setenv("MADE_UP_KEY", "the key of another machine")
    assert pickle.loads(pickled) == "the key of another machine"  # noqa: S301  # made above


def test_one_from_an_argument_does_not_travel() -> None:
    with pytest.raises(ConfigurationError, match=r"with onevec\.reveal_secrets") as caught:
        pickle.dumps(Secret(PLAIN))
    assert PLAIN not in str(caught.value)


def test_it_travels_where_that_was_allowed() -> None:
    with reveal_secrets():
        pickled = pickle.dumps(Secret(PLAIN))
    assert pickle.loads(pickled) == PLAIN  # noqa: S301  # made above
    with pytest.raises(ConfigurationError):
        pickle.dumps(Secret(PLAIN))


def test_a_function_travels_without_its_answer() -> None:
    key = Secret(partial(str, "from the function"))
    key.replace_value(PLAIN)
    pickled = pickle.dumps(key)
    assert PLAIN.encode() not in pickled
    assert pickle.loads(pickled) == "from the function"  # noqa: S301  # made above
