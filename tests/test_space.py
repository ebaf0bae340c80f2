"""Which vectors may be compared, and which may be used again."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec import Recipe, SpaceId
from onevec.errors import SpaceMismatch

SPACE = SpaceId(origin="openai", model="text-embedding-3-small")
texts = st.text(max_size=8)
spaces = st.builds(
    SpaceId,
    origin=texts,
    model=texts,
    revision=texts,
    dimensions=st.none() | st.integers(1, 5000),
    normalised=st.sampled_from([None, True, False]),
    dtype=st.sampled_from(["float32", "int8", "binary"]),
)
recipes = st.builds(
    Recipe,
    space=spaces,
    role=st.none() | texts,
    prefix=texts,
    long_text=texts,
    options=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    version=st.integers(0, 3),
)


@pytest.mark.parametrize(
    ("space", "text"),
    [
        (SPACE, "openai:text-embedding-3-small"),
        (replace(SPACE, dimensions=256), "openai:text-embedding-3-small/256"),
        (replace(SPACE, revision="0123456789abcdef"), "openai:text-embedding-3-small@0123456789ab"),
        (replace(SPACE, dtype="int8", dimensions=8), "openai:text-embedding-3-small/8/int8"),
    ],
)
def test_a_space_is_read_easily(space: SpaceId, text: str) -> None:
    assert str(space) == text


def test_equal_spaces_may_be_compared() -> None:
    SPACE.check(SpaceId(origin="openai", model="text-embedding-3-small"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"origin": "azure"}, "origin 'openai' and 'azure'"),
        ({"model": "other"}, "model 'text-embedding-3-small' and 'other'"),
        ({"revision": "2"}, "revision '' and '2'"),
        ({"dimensions": 256}, "dimensions None and 256"),
        ({"normalised": True}, "normalised None and True"),
        ({"dtype": "int8"}, "dtype 'float32' and 'int8'"),
    ],
)
def test_any_difference_is_a_mismatch_that_is_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(SpaceMismatch) as caught:
        SPACE.check(replace(SPACE, **change))
    assert f"(they differ in {told})" in str(caught.value)


@given(spaces)
def test_a_space_survives_json_and_pickle(space: SpaceId) -> None:
    assert SpaceId.from_json(space.to_json()) == space
    assert SpaceId.from_json(space.to_json().encode("utf-8", "surrogatepass")) == space
    assert pickle.loads(pickle.dumps(space)) == space  # noqa: S301  # made here
    assert "\n" not in space.to_json()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", "null", "{}", '{"origin": "a"}', '{"origin":"a","model":"b","x":1}']
)
def test_another_text_is_no_space(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SpaceId.from_json(text)


def test_spaces_and_recipes_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        SPACE.model = "other"  # type: ignore[misc]
    assert len({SPACE, replace(SPACE)}) == 1
    assert len({Recipe(space=SPACE), Recipe(space=SPACE)}) == 1


# Recipes: a change here makes every cache of every user useless -------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "key"),
    [
        (Recipe(space=SPACE), "v1.hbfi5pgfgptbznlwd5dgdwwokm"),
        (Recipe(space=SPACE, role='["input_type"]="query"', prefix="query: "), "v1.2zljwoez4geygpviq743l3dwvm"),
        (
            Recipe(
                space=SpaceId(origin="库", model="模型", revision="r", dimensions=512, normalised=True, dtype="int8"),
                long_text="split",
                options=(('["model"]', '"m"'), ('["user"]', "null")),
            ),
            "v1.yz5tneg4cenfkwlbm5zhzsjqhi",
        ),
    ],
)
def test_keys_stay_what_they_are(recipe: Recipe, key: str) -> None:
    assert str(recipe) == key


@given(recipes)
def test_a_key_has_its_form(recipe: Recipe) -> None:
    version, _, digest = str(recipe).partition(".")
    assert version == "v1"
    assert len(digest) == 26
    assert set(digest) <= set("abcdefghijklmnopqrstuvwxyz234567")


@given(recipes, recipes)
def test_two_recipes_have_one_key_only_if_they_are_equal(left: Recipe, right: Recipe) -> None:
    assert (str(left) == str(right)) == (left == right)


@given(recipes, st.data())
def test_a_change_of_any_attribute_changes_the_key(recipe: Recipe, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["space", "role", "prefix", "long_text", "options", "version"]))
    other = replace(recipe, **{name: getattr(data.draw(recipes), name)})
    assert (str(other) == str(recipe)) == (other == recipe)
