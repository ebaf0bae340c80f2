"""The interface: either form makes a whole class, and what a class gives is checked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec import Embedded, Embeddings, Recipe, Role, SpaceId, Usage
from onevec.embeddings import check_texts
from onevec.errors import BadResponse, ConfigurationError

SPACE = SpaceId(origin="test", model="length", dimensions=2)
counts = st.none() | st.integers(0, 99)
usages = st.builds(Usage, counts, st.integers(0, 9), counts)


class Whole(Embeddings):
    """Implements `embed`."""

    def __init__(self) -> None:
        self.roles: list[str] = []

    def embed(self, texts: Any, role: Role | str = Role.DOCUMENT) -> Embedded:
        self.roles.append(Role(role))
        rows = [[len(text), self.roles[-1] == "query"] for text in check_texts(texts)]
        return Embedded.of(np.array(rows, dtype=np.float32).reshape(-1, 2), SPACE)


class Halves(Embeddings):
    """Implements LangChain's two, and gives `rows` if there are any."""

    def __init__(self, rows: Any = None) -> None:
        self.rows = rows
        self.thread = threading.current_thread()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.thread = threading.current_thread()
        return [[float(len(text)), 0.0] for text in texts] if self.rows is None else self.rows

    def embed_query(self, text: str) -> list[float]:
        self.thread = threading.current_thread()
        return [float(len(text)), 1.0]


@pytest.mark.parametrize("kind", [Whole, Halves])
def test_all_six_calls_come_from_either_form(kind: type[Embeddings]) -> None:
    model = kind()

    async def all_async() -> list[Any]:
        return [
            (await model.aembed(["a", "bb"])).vectors.tolist(),
            await model.aembed_documents(["a", "bb"]),
            await model.aembed_query("ccc"),
            (await model.aembed(["ccc"], "query")).vectors.tolist(),
        ]

    documents, query = [[1.0, 0.0], [2.0, 0.0]], [3.0, 1.0]
    assert model.embed(["a", "bb"]).vectors.tolist() == documents
    assert model.embed_documents(["a", "bb"]) == documents
    assert model.embed_query("ccc") == query
    assert model.embed(["ccc"], Role.QUERY).vectors.tolist() == [query]
    assert asyncio.run(all_async()) == [documents, documents, query, [query]]
    assert {type(number) for number in model.embed_query("ccc")} == {float}


@pytest.mark.parametrize("kind", [Whole, Halves])
def test_no_texts_give_no_rows(kind: type[Embeddings]) -> None:
    found = kind().embed([])
    assert found.vectors.shape == (0, 2 if kind is Whole else 0)
    assert found.vectors.dtype == np.float32
    assert len(found) == 0
    assert kind().embed_documents([]) == []


def test_the_async_form_of_a_blocking_class_blocks_no_loop() -> None:
    model = Halves()
    seen: ContextVar[str] = ContextVar("seen", default="")

    class Asking(Halves):
        def embed_query(self, text: str) -> list[float]:
            return [float(seen.get() == text)]

    async def ask() -> list[float]:
        seen.set("here")
        await model.aembed_documents(["a"])
        return await Asking().aembed_query("here")

    assert asyncio.run(ask()) == [1.0]
    assert model.thread is not threading.main_thread()


@pytest.mark.parametrize(
    ("body", "lacking"),
    [
        ({}, "embed_documents and embed_query"),
        ({"embed_query": lambda *_: [1.0]}, "embed_documents"),
        ({"embed_documents": lambda *_: [[1.0]]}, "embed_query"),
    ],
    ids=["nothing", "query", "documents"],
)
def test_half_a_class_can_not_be_made(body: dict[str, Any], lacking: str) -> None:
    kind = type("Half", (Embeddings,), body)
    with pytest.raises(TypeError, match=f"can't make a Half: it must implement embed, or {lacking}$"):
        kind()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([[1.0, 2.0]], r"an array \(1, 2\) for 2 texts"),
        ([], r"an array \(0, 0\) for 2 texts"),
        ([1.0, 2.0], r"an array \(2,\) for 2 texts"),
        ([[1.0], [float("nan")]], "with NaN or infinity for 2 texts"),
        ([[1.0], [float("inf")]], "with NaN or infinity for 2 texts"),
        ([[1.0], [1.0, 2.0]], "rows of numbers of one width"),
        ([["x"], ["y"]], "rows of numbers of one width"),
        ([None, None], "for 2 texts"),
    ],
)
def test_what_a_class_gives_is_checked(rows: Any, told: str) -> None:
    with pytest.raises(BadResponse, match=f"^Halves gave .*{told}"):
        Halves(rows).embed(["a", "b"])


# Texts ----------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text()))
def test_texts_pass_as_they_are(texts: list[str]) -> None:
    assert check_texts(tuple(texts)) == check_texts(iter(texts)) == texts  # type: ignore[arg-type]


@pytest.mark.parametrize("one", ["text", b"bytes"])
def test_one_text_is_not_a_list_of_its_characters(one: Any) -> None:
    with pytest.raises(TypeError, match=r"pass \[text\], or use embed_query"):
        check_texts(one)


@pytest.mark.parametrize("wrong", [None, 5, b"b", ["a"], float("nan")])
def test_what_is_no_text_is_named_by_its_index(wrong: Any) -> None:
    with pytest.raises(TypeError, match=rf"^texts\[1\] must be a str, not {type(wrong).__name__}$"):
        check_texts(["a", wrong, None])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("text", "place"), [("ab\ud83d", "U+D83D at character 2"), ("\udc80", "U+DC80 at character 0")]
)
def test_a_lone_surrogate_is_named_by_its_index(text: str, place: str) -> None:
    with pytest.raises(ValueError, match="holds the lone surrogate") as caught:
        check_texts(["猫", text])
    assert str(caught.value).startswith(f"texts[1] holds the lone surrogate {place}")
    assert check_texts([text.encode("utf-8", "replace").decode()])


def test_two_halves_of_a_pair_in_two_texts_are_lone() -> None:
    with pytest.raises(ValueError, match=r"^texts\[0\]"):
        check_texts(["\ud83d", "\ude00"])


# Roles, spaces, results -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_be_its_word(role: Role) -> None:
    assert Role(str(role)) is role
    assert Whole().embed(["a"], str(role)).vectors.shape == (1, 2)


@pytest.mark.parametrize("wrong", ["passage", "", None, 3])
def test_another_word_is_no_role(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"role must be one of document, query, similarity, .*, not"):
        Halves().embed(["a"], wrong)


def test_every_object_has_its_own_space_from_the_first_moment() -> None:
    model = Halves()
    start = threading.Barrier(8)

    def ask(_: int) -> SpaceId:
        start.wait(5)
        return model.space

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert model.space == model.embed(["a"]).space
    assert model.space != Halves().space
    assert model.space.model == f"{__name__}.Halves"


def test_without_a_recipe_no_cache_can_know() -> None:
    with pytest.raises(ConfigurationError, match=r"Halves has no recipe\('query'\)"):
        Halves().recipe("query")
    assert get_args(Recipe.__annotations__["role"]) == ()  # it is text: nothing evaluates it at import


@given(usages, usages, usages)
def test_usage_adds_up(one: Usage, two: Usage, three: Usage) -> None:
    assert one.plus(two).plus(three) == one.plus(two.plus(three))
    assert one.plus(Usage()) == one
    assert one.plus(two).tokens == (None if one.tokens is two.tokens is None else (one.tokens or 0) + (two.tokens or 0))


def test_a_result_is_one_array_of_float32() -> None:
    found = Embedded.of(np.asfortranarray(np.ones((2, 3))), SPACE)
    assert found.vectors.flags.c_contiguous
    assert found.vectors.dtype == np.float32
    assert found.cached.tolist() == [False, False]
    assert found.usage == Usage(None, 0, None)
    assert len(found) == 2


def test_it_is_langchains_interface_once_that_is_imported() -> None:
    code = (
        "import sys; from onevec import FakeEmbeddings; model = FakeEmbeddings(size=2)\n"
        "assert not [name for name in sys.modules if name.startswith('langchain')]\n"
        "from langchain_core.embeddings import Embeddings\n"
        "model.embed_query('a'); model.embed(['a'])\n"
        "assert isinstance(model, Embeddings)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
