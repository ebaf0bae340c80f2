"""Counting and cutting texts: pieces join to the text, none is beyond the limit, and there is always an end."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onevec.tokens import Estimate, Exact, counter, estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

CHINESE = "春眠不觉晓，处处闻啼鸟。"


class Characters:
    """One token a character."""

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(map(chr, ids))


class Bytes:
    """One token a byte of UTF-8, in an object with `.ids`; counts how often it is asked to decode."""

    def __init__(self) -> None:
        self.decoded = 0

    def encode(self, text: str) -> SimpleNamespace:
        return SimpleNamespace(ids=[*text.encode()])

    def decode(self, ids: Sequence[int]) -> str:
        self.decoded += 1
        return bytes(ids).decode(errors="replace")


def whole_characters(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


texts = st.text(max_size=60).filter(whole_characters)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("abc", 1), ("abcd", 2), ("猫", 2), ("猫狗", 3), ("a猫", 2), ("é", 1), ("🎉", 2)],
)
def test_the_estimate(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(texts, texts)
def test_the_estimate_grows_with_the_text(left: str, right: str) -> None:
    both = estimate_tokens(left + right)
    assert max(estimate_tokens(left), estimate_tokens(right)) <= both
    assert both <= estimate_tokens(left) + estimate_tokens(right)


@given(texts, st.integers(1, 20))
def test_estimated_pieces_join_to_the_text(text: str, limit: int) -> None:
    pieces = Estimate().cut(text, limit)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text and piece.tokens == estimate_tokens(piece.text) for piece in pieces)
    assert all(piece.tokens <= limit or len(piece.text) == 1 for piece in pieces)


@given(texts, st.integers(1, 20))
def test_estimated_pieces_are_as_long_as_they_may_be(text: str, limit: int) -> None:
    pieces = Estimate().cut(text, limit)
    for piece, after in itertools.pairwise(pieces):
        assert estimate_tokens(piece.text + after.text[0]) > limit


@given(texts, st.integers(1, 20))
def test_exact_pieces_join_to_the_text(text: str, limit: int) -> None:
    pieces = Exact(Characters()).cut(text, limit)
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.tokens for piece in pieces[:-1]] == [limit] * (len(pieces) - 1)
    assert Exact(Characters()).count(text) == len(text) == sum(piece.tokens for piece in pieces)


@given(texts.filter(lambda text: "\ufffd" not in text), st.integers(4, 20))
@example(CHINESE, 4)
@example("🎉" * 9, 7)
def test_no_piece_ends_inside_a_character(text: str, limit: int) -> None:
    pieces = Exact(Bytes()).cut(text, limit)
    assert "".join(piece.text for piece in pieces) == text
    assert all(limit - 3 <= piece.tokens <= limit for piece in pieces[:-1])
    assert sum(piece.tokens for piece in pieces) == len(text.encode())


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_limit_below_a_character_comes_to_an_end(limit: int) -> None:
    assert sum(piece.tokens for piece in Exact(Bytes()).cut(CHINESE, limit)) == len(CHINESE.encode())


def test_a_text_of_replacement_characters_costs_no_more_than_another() -> None:
    tokenizer = Bytes()
    pieces = Exact(tokenizer).cut("\ufffd" * 2000, 300)
    assert "".join(piece.text for piece in pieces) == "\ufffd" * 2000
    assert tokenizer.decoded <= 4 * len(pieces)


@given(texts)
def test_a_low_estimate_is_below_the_high_one(text: str) -> None:
    assert Estimate().fewest(Estimate().count(text)) <= Estimate().count(text)
    assert Exact(Characters()).fewest(len(text)) == len(text)


def test_the_counter_is_exact_with_a_tokenizer() -> None:
    assert counter(None).estimated
    assert not counter(Characters()).estimated
    assert counter(Bytes()).count("猫") == 3
