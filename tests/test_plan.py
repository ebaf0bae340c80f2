"""Texts to batches and back: whatever the texts and the limits, every text gets its own vector."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import vector

from onevec.embeddings import Note, Role
from onevec.errors import ConfigurationError, InputTooLong
from onevec.plan import Batch, Limits, make_plan
from onevec.tokens import Estimate, Exact, estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onevec.arrays import Array
    from onevec.plan import Plan
    from onevec.tokens import TokenCounter

words = st.text(st.characters(codec="utf-8"), max_size=12)
many = st.lists(words | st.sampled_from(["", "a", "猫", "a" * 40, "春眠不觉晓" * 4]), max_size=30)
some = st.none() | st.integers(1, 12)
limits = st.builds(Limits, texts=some, tokens=some, bytes=st.none() | st.integers(1, 40))


class Characters:
    """One token a character."""

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(map(chr, ids))


counters = st.sampled_from([Estimate(), Exact(Characters())])


def rows(texts: Sequence[str]) -> Array:
    return np.array([vector(text) for text in texts], dtype=np.float32).reshape(-1, 3)


def wanted(texts: Sequence[str], tokens: TokenCounter, limit: int | None, policy: str) -> Array:
    """What should come back, text by text, without dedupe and batches."""
    found = []
    for text in texts:
        pieces = tokens.cut(text, limit) if limit is not None and tokens.count(text) > limit else []
        if not pieces:
            found.append(rows([text])[0])
        elif policy == "truncate" or len(pieces) == 1:
            found.append(rows([pieces[0].text])[0])
        else:
            mean = np.average(
                rows([piece.text for piece in pieces]).astype(float),
                axis=0,
                weights=[max(1, piece.tokens) for piece in pieces],
            )
            found.append((mean / np.linalg.norm(mean)).astype(np.float32))
    return np.array(found, dtype=np.float32).reshape(-1, 3)


def parts_of(data: st.DataObject, plan: Plan) -> dict[int, Array]:
    """The vectors of all pieces, as requests bring them: some batches whole, some in halves."""
    found: dict[int, Array] = {}
    for batch in plan.batches:
        halved = len(batch.texts) > 1 and data.draw(st.booleans())
        for part in batch.halves() if halved else [batch]:
            found[part.start] = rows(part.texts)
    return found


@given(many, limits, st.none() | st.integers(1, 9), st.sampled_from(["truncate", "split"]), counters, st.data())
def test_split_and_merge_is_the_identity(  # noqa: PLR0917  # they are the dimensions of the property
    texts: list[str], of: Limits, text_tokens: int | None, policy: Any, tokens: TokenCounter, data: st.DataObject
) -> None:
    plan = make_plan(
        texts,
        Role.QUERY,
        Limits(of.texts, of.tokens, of.bytes, text_tokens),
        long_text=policy,
        tokens=tokens,
    )
    assert plan.total == len(texts)
    if not texts:
        assert plan.batches == []
        return
    results = parts_of(data, plan)
    found = plan.gather([results[start] for start in sorted(results)])
    assert found.tolist() == wanted(texts, tokens, text_tokens, policy).tolist()


@given(many, limits)
def test_no_batch_exceeds_a_limit_and_none_is_smaller_than_need_be(texts: list[str], of: Limits) -> None:
    batches = make_plan(texts, Role.DOCUMENT, of, tokens=Estimate()).batches

    def fits(texts: Sequence[str]) -> bool:
        return (
            (of.texts is None or len(texts) <= of.texts)
            and (of.tokens is None or sum(map(estimate_tokens, texts)) <= of.tokens)
            and (of.bytes is None or sum(len(text.encode()) for text in texts) <= of.bytes)
        )

    assert all(fits(batch.texts) or len(batch.texts) == 1 for batch in batches)
    assert not any(fits([*one.texts, other.texts[0]]) for one, other in itertools.pairwise(batches))


@given(many, limits)
def test_equal_texts_are_sent_once_in_the_order_of_their_first(texts: list[str], of: Limits) -> None:
    batches = make_plan(texts, Role.DOCUMENT, of, tokens=Estimate()).batches
    assert [text for batch in batches for text in batch.texts] == list(dict.fromkeys(texts))
    assert [batch.start for batch in batches] == [
        sum(len(batch.texts) for batch in batches[:number]) for number in range(len(batches))
    ]
    assert all(batch.role is Role.DOCUMENT for batch in batches)
    assert all(batch.tokens == sum(map(estimate_tokens, batch.texts)) for batch in batches)


@given(many.filter(len), limits, st.none() | st.integers(1, 9), st.data())
def test_completed_is_what_has_come(texts: list[str], of: Limits, text_tokens: int | None, data: st.DataObject) -> None:
    tokens = Exact(Characters())
    plan = make_plan(
        texts, Role.DOCUMENT, Limits(of.texts, of.tokens, of.bytes, text_tokens), long_text="split", tokens=tokens
    )
    results = {start: rows for start, rows in parts_of(data, plan).items() if data.draw(st.booleans())}
    come = {start + offset for start, rows in results.items() for offset in range(len(rows))}
    unique = list(dict.fromkeys(texts))
    counts = [len(tokens.cut(text, text_tokens)) if text_tokens and len(text) > text_tokens else 1 for text in unique]
    ends = np.cumsum(counts).tolist()
    whole = {
        text for text, count, end in zip(unique, counts, ends, strict=True) if come.issuperset(range(end - count, end))
    }
    places = [place for place, text in enumerate(texts) if text in whole]
    found = plan.completed(results)
    if found is None:
        assert places == []
    else:
        assert list(found.indices) == places
        assert (
            found.vectors.tolist() == wanted([texts[place] for place in places], tokens, text_tokens, "split").tolist()
        )


@given(st.lists(words, min_size=2, max_size=9), st.integers(0, 99))
def test_halves_are_the_batch(texts: list[str], tokens: int) -> None:
    left, right = Batch(texts, Role.QUERY, tokens, 7).halves()
    assert left.texts + right.texts == texts
    assert left.tokens + right.tokens == tokens
    assert (left.start, right.start) == (7, 7 + len(left.texts))
    assert left.role is right.role is Role.QUERY
    assert 0 <= len(right.texts) - len(left.texts) <= 1


# Long texts -----------------------------------------------------------------------------------------------------------


def test_a_long_text_is_refused_unless_told_otherwise() -> None:
    with pytest.raises(InputTooLong) as caught:
        make_plan(["a", "b" * 55], Role.DOCUMENT, Limits(text_tokens=10), tokens=Estimate())
    assert str(caught.value) == (
        f"the text that begins with {'b' * 40!r} has an estimated 19 tokens, the model takes 10: "
        "pass long_text='truncate' or long_text='split', or pass tokenizer= for an exact count"
    )
    with pytest.raises(InputTooLong, match=r"has 11 tokens, the model takes 10: .*'split'$"):
        make_plan(["b" * 11], Role.DOCUMENT, Limits(text_tokens=10), tokens=Exact(Characters()))


def test_a_text_that_is_too_long_only_by_a_high_estimate_is_sent_with_a_note() -> None:
    plan = make_plan(["a", "b" * 54], Role.DOCUMENT, Limits(text_tokens=10), tokens=Estimate())
    assert [batch.texts for batch in plan.batches] == [["a", "b" * 54]]
    assert plan.notes == (Note(1, "long estimated", None, 18),)


@pytest.mark.parametrize(
    ("policy", "tokens", "notes"),
    [
        ("truncate", Exact(Characters()), [Note(1, "truncated", 3, 7), Note(2, "truncated", 3, 7)]),
        ("split", Exact(Characters()), [Note(1, "split", 7, 7), Note(2, "split", 7, 7)]),
        ("split", Estimate(), [Note(1, "split estimated", 4, 4), Note(2, "split estimated", 4, 4)]),
        ("truncate", Estimate(), [Note(1, "truncated estimated", 3, 4), Note(2, "truncated estimated", 3, 4)]),
    ],
    ids=["truncate", "split", "split-estimated", "truncate-estimated"],
)
def test_a_note_says_what_was_done_to_every_position(policy: Any, tokens: TokenCounter, notes: list[Note]) -> None:
    long = "abcdefg" if not tokens.estimated else "abcdefghijkl"
    plan = make_plan(["a", long, long], Role.DOCUMENT, Limits(text_tokens=3), long_text=policy, tokens=tokens)
    assert list(plan.notes) == notes


def test_what_the_provider_has_cut_is_noted_for_every_position() -> None:
    whole = make_plan(["a", "b", "a", "c"], Role.DOCUMENT, Limits(), tokens=Estimate())
    assert whole.cut(set()) == ()
    assert whole.cut({0, 2}) == (Note(0, "truncated"), Note(2, "truncated"), Note(3, "truncated"))
    split = make_plan(
        ["a", "bbb", "c", "bbb"], Role.DOCUMENT, Limits(text_tokens=2), long_text="split", tokens=Exact(Characters())
    )
    assert split.cut({2}) == (Note(1, "truncated"), Note(3, "truncated"))
    assert split.cut({3}) == (Note(2, "truncated"),)


def test_pieces_that_cancel_out_give_zero_and_no_nan() -> None:
    plan = make_plan(["aabb"], Role.DOCUMENT, Limits(text_tokens=2), long_text="split", tokens=Exact(Characters()))
    assert plan.gather([np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)]).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("policy", ["truncate", "split"])
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Limits(texts=0), r"texts a request \(parameter batch_size\) must be at least 1, not 0"),
        (Limits(texts=-1), "must be at least 1, not -1"),
        (Limits(text_tokens=0), "tokens a text must be at least 1, not 0"),
    ],
)
def test_a_limit_that_lets_nothing_through_is_refused(policy: Any, wrong: Limits, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        make_plan(["abc"], Role.DOCUMENT, wrong, long_text=policy, tokens=Exact(Characters()))
