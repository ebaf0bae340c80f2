"""Windows, layers, words and chunks, which need no model; tests/local/test_contextual.py has the models."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec.contextual import ContextualEmbeddings, TokenVectors, sentences
from onevec.contextual.networks import numbered
from onevec.contextual.reading import windows
from onevec.contextual.spans import characters
from onevec.embeddings import Note
from onevec.errors import ConfigurationError
from onevec.space import SpaceId

SPACE = SpaceId(origin="test", model="tokens")


def tokens(text: str, *pieces: str, notes: tuple[Note, ...] = ()) -> TokenVectors:
    """A text whose token number n has the vector (n, 1), with a special token before and behind them."""
    offsets, start = [(0, 0)], 0
    for piece in pieces:
        start = text.index(piece, start)
        offsets.append((start, start + len(piece)))
        start += len(piece)
    offsets.append((len(text), len(text)))
    special = np.array([True, *[False] * len(pieces), True])
    vectors = np.array([[number, 1] for number in range(len(offsets))], dtype=np.float32)
    return TokenVectors(text, vectors, np.array(offsets), ("[CLS]", *pieces, "[SEP]"), special, SPACE, notes)


@given(st.integers(0, 300), st.integers(1, 40), st.data())
def test_windows_keep_every_token_once(total: int, room: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, room - 1))
    found = windows(total, room, overlap)
    assert [place for window in found for place in range(window.first, window.last)] == [*range(total)]
    assert all(window.start <= window.first <= window.last <= window.end <= total for window in found)
    assert all(window.end - window.start == min(room, total) for window in found)
    inner = [*pairwise(found)]
    assert all(earlier.end - later.start >= overlap for earlier, later in inner)
    assert all(earlier.end - earlier.last >= overlap // 2 for earlier, _ in inner)  # far from the edge on both sides
    assert all(later.first - later.start >= overlap // 2 for _, later in inner)


def test_a_word_is_pooled_from_its_tokens() -> None:
    found = tokens("an embanking", "an", "em", "bank", "ing")
    assert found.word((3, 12)).tolist() == [3, 1]
    assert found.word((3, 12), pooling="first").tolist() == [2, 1]
    assert found.word((3, 99)).tolist() == [3, 1]  # without the special token at the end
    assert found.word("bank").tolist() == [3, 1]
    assert found.word((6, 10)).tolist() == [3.5, 1]  # tokens that are only partly in it count whole
    assert found.words().texts == ("an", "embanking")
    assert found.words(lambda _: [(0, 12)]).vectors.tolist() == [[2.5, 1]]
    with pytest.raises(ConfigurationError, match="pooling must be one of mean, first, not 'max'"):
        found.word("an", pooling="max")
    with pytest.raises(ConfigurationError, match=r"the span \(2, 3\) of a text of 12 characters holds no token"):
        found.words(lambda _: [(2, 3)])


def test_the_occurrence_is_counted_from_one() -> None:
    found = tokens("bank or bank?", "bank", "or", "bank", "?")
    assert [found.word("bank", occurrence=number)[0] for number in (1, 2)] == [1, 3]
    for number in (0, 3):
        with pytest.raises(ConfigurationError, match=f"holds 'bank' 2 times, so there is no occurrence {number}"):
            found.word("bank", occurrence=number)
    with pytest.raises(ConfigurationError, match="holds '' 0 times"):
        found.word("")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我爱北京。", ["我", "爱", "北", "京"]),
        ("it's 3.5 km—don't_go", ["it's", "3", "5", "km", "don't_go"]),
        ("cafe\u0301 Ünïcode नमस्ते", ["cafe\u0301", "Ünïcode", "नमस्ते"]),
        ("东京タワーとPython3编程", ["东", "京", "タワーとPython3", "编", "程"]),
        ("👩\u200d👧 'quoted' x", ["quoted", "x"]),
        ("", []),
    ],
)
def test_words_of_several_scripts(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in characters(text)] == words


@given(st.text())
def test_spans_lie_in_order_inside_the_text(text: str) -> None:
    for spans in ([*characters(text)], sentences(text)):
        flat = [place for span in spans for place in span]
        assert flat == sorted(flat)
        assert all(0 <= start < end <= len(text) for start, end in spans)


def test_jieba_cuts_chinese_words() -> None:
    pytest.importorskip("jieba", reason="pip install 'onevec[contextual]'")
    text = "我来到北京大学。"
    assert tokens(text, *text).words("jieba").texts == ("我", "来到", "北京大学")


def test_sentences_of_western_and_chinese_texts() -> None:
    text = "“Stop!” he said. It is 3.5 km…\n第一句。“第二句！”第三句"
    found = [text[start:end] for start, end in sentences(text)]
    assert found == ["“Stop!”", "he said.", "It is 3.5 km…", "第一句。", "“第二句！”", "第三句"]


def test_chunks_are_cut_between_words() -> None:
    found = tokens("the embanking is high", "the", "em", "bank", "ing", "is", "high")
    chunks = found.chunks(size=3)
    assert chunks.texts == ("the", "embanking", "is high")
    assert chunks.counts.tolist() == [1, 3, 2]
    assert chunks.vectors[:, 0].tolist() == [1, 3, 5.5]
    assert found.chunks(size=2).texts == ("the", "embank", "ing is", "high")  # no room for the word
    assert chunks.space == SPACE


def test_chunks_overlap() -> None:
    text = "我爱北京天安门"
    found = tokens(text, *text)
    assert found.chunks(size=4, overlap=2).texts == ("我爱北京", "北京天安", "天安门")
    assert found.chunks([(0, 2), (4, 7)]).vectors[:, 0].tolist() == [1.5, 6]
    for size, overlap in ((0, 0), (3, 3), (3, -1)):
        with pytest.raises(ConfigurationError, match="size must be at least 1 and overlap from 0 to size - 1"):
            found.chunks(size=size, overlap=overlap)
    with pytest.raises(ConfigurationError, match="spans or size, not both"):
        found.chunks([(0, 1)], size=3)
    assert tokens("").chunks().vectors.shape == (0, 2)
    assert tokens("").words().vectors.shape == (0, 2)


def test_what_was_cut_has_no_words_and_no_chunks() -> None:
    found = tokens("one two. three", "one", "two", notes=(Note(0, "truncated", 4, 5),))
    assert found.words().texts == ("one", "two")
    assert found.chunks().texts == ("one two.",)
    with pytest.raises(ConfigurationError, match="the text was cut there, see long_text"):
        found.word("three")


@pytest.mark.parametrize("layers", ["last3", "first", "1,x", 3, [], [0, -4], 1.5])
def test_layers_that_a_model_of_two_lacks(layers: object) -> None:
    with pytest.raises(ConfigurationError, match="layers"):
        numbered(layers, 2)  # type: ignore[arg-type]  # what users pass


def test_wrong_parameters_are_refused() -> None:
    for name, value in (("combine", "sum"), ("long_text", "split"), ("engine", "jax"), ("batch_tokens", 0)):
        with pytest.raises(ConfigurationError, match=name):
            ContextualEmbeddings(**{name: value})  # type: ignore[arg-type]  # what users pass
    assert repr(tokens("a" * 50, "a")) == f"TokenVectors(3 tokens of '{'a' * 39}…', test:tokens)"
