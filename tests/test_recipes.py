"""A recipe is read from the requests: what may change a vector is in it, what may not is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec import Role, SpaceId
from onevec.recipes import PROBE, recipe_of
from onevec.wire import Request

SPACE = SpaceId(origin="test", model="m")
keys = st.text(st.sampled_from('ab.[]"\\:0u'), max_size=3) | st.sampled_from(["url", "body", "a.b", "a[0]"])
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-2, 2).filter(lambda x: not x.is_integer()) | keys
options = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
bodies = st.dictionaries(keys, options, max_size=4)


def recipe(body: Any, role: Role = Role.DOCUMENT, url: str = "https://x/y") -> Any:
    return recipe_of(lambda _: Request.post(url, json=body), role, space=SPACE, long_text="error")


def by_role(make: Any) -> dict[Role, Any]:
    return {
        role: recipe_of(lambda each: Request.post("https://x", json=make(each)), role, space=SPACE, long_text="split")
        for role in Role
    }


@given(bodies, bodies)
def test_two_bodies_share_a_recipe_only_if_they_are_equal(left: dict[str, Any], right: dict[str, Any]) -> None:
    one, other = recipe({"text": PROBE, "o": left}), recipe({"text": PROBE, "o": right})
    assert (one == other) == (str(one) == str(other)) == (repr(one) == repr(other))
    if one == other:
        assert left == right
    if repr(left) == repr(right):
        assert one == other


@given(st.dictionaries(keys.filter(lambda key: key != "text"), leaves, max_size=4), st.randoms())
def test_the_order_of_a_body_does_not_count(body: dict[str, Any], random: Any) -> None:
    items = [*body.items(), ("text", PROBE)]
    one = recipe(dict(items))
    random.shuffle(items)
    assert recipe(dict(items)) == one


def test_a_symmetric_model_shares_one_recipe() -> None:
    found = by_role(lambda _: {"model": "m", "input": [PROBE]})
    assert len(set(found.values())) == 1
    assert found[Role.QUERY].role is None
    assert found[Role.QUERY].options == (('["model"]', '"m"'),)
    assert found[Role.QUERY].long_text == "split"


def test_the_role_is_what_the_wire_says() -> None:
    found = by_role(lambda role: {"input": [PROBE], "type": "query" if role is Role.QUERY else "passage"})
    assert found[Role.QUERY].role == '["type"]="query"'
    assert found[Role.DOCUMENT].role == '["type"]="passage"'
    assert found[Role.CLUSTERING] == found[Role.DOCUMENT] != found[Role.QUERY]


def test_a_role_that_one_form_leaves_out_counts_too() -> None:
    found = by_role(lambda role: {"input": [PROBE], **({"task": "q"} if role is Role.QUERY else {})})
    assert found[Role.DOCUMENT].role == "-"
    assert found[Role.QUERY].role == '["task"]="q"'


@pytest.mark.parametrize(
    ("text", "prefix", "options"),
    [
        (f"query: {PROBE}", "query: ", ()),
        (f"{PROBE}</s>", "", (('["input",0]:suffix', '"</s>"'),)),
        (f"<q>{PROBE}</q>", "<q>", (('["input",0]:suffix', '"</q>"'),)),
        (PROBE, "", ()),
    ],
)
def test_what_stands_around_the_text_counts(text: str, prefix: str, options: Any) -> None:
    found = recipe({"input": [text]})
    assert (found.prefix, found.options) == (prefix, options)


def test_how_the_numbers_travel_does_not_count() -> None:
    assert recipe({"input": [PROBE], "encoding_format": "base64"}) == recipe({"input": [PROBE]})
    assert recipe({"input": [PROBE], "o": {"encoding_format": "x"}}) != recipe({"input": [PROBE], "o": {}})


def test_an_address_counts_only_if_it_tells_roles_apart() -> None:
    assert recipe({"t": PROBE}, url="https://x/a?key=1") == recipe({"t": PROBE}, url="https://x/b")
    found = {
        role: recipe_of(
            lambda each: Request.post(f"https://x/{each}", json={"t": PROBE}), role, space=SPACE, long_text="error"
        )
        for role in Role
    }
    assert len(set(found.values())) == len(Role)


def test_a_body_that_is_no_json_counts_whole() -> None:
    def made(body: bytes) -> Any:
        form = Request(method="POST", url="https://x", body=body)
        return recipe_of(lambda _: form, Role.DOCUMENT, space=SPACE, long_text="error")

    assert made(b"text=1&x=2") == made(b"text=1&x=2") != made(b"text=1&x=3")
