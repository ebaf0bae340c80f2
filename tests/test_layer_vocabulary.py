"""Texts as ids, and back."""

from __future__ import annotations

import copy
import pickle
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec.errors import ConfigurationError
from onevec.layer import Embedding, Vocabulary
from onevec.words import WordVectors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = ["The cat sat.", "the CAT ran!", "一只猫坐着", "猫跑了"]


def test_words_and_chinese_characters_are_tokens() -> None:
    found = Vocabulary.build(TEXTS)
    assert found.tokens[:5] == ["[PAD]", "[UNK]", "cat", "the", "猫"]
    assert found.encode("The 猫, cat? dog") == [3, 4, 2, 1]
    assert found.decode(found.encode("the cat 一只猫")) == "the cat 一只猫"
    assert "cat" in found
    assert "dog" not in found


def test_words_are_found_however_they_are_written() -> None:
    found = Vocabulary(["Cat", "ＡＢＣ"])
    assert found.encode("cat ABC CAT") == [2, 3, 2]
    assert found.decode([2]) == "Cat"
    assert "ABC" in found
    assert 3 not in found
    with pytest.raises(ConfigurationError, match=r"'cat' comes twice \(after folding\)"):
        Vocabulary(["Cat", "cat"])
    assert Vocabulary(["Cat", "cat"], fold=False).encode("cat Cat CAT") == [3, 2, 1]
    assert Vocabulary(["Cat"], tokenizer=upper).encode("a cat") == [1, 2]


def upper(text: str) -> list[str]:
    return text.upper().split()


def test_marks_stay_in_their_words() -> None:
    assert Vocabulary.build(["हिन्दी", "İstanbul"]).tokens[2:] == ["i̇stanbul", "हिन्दी"]


def test_a_pattern_sees_folded_text() -> None:
    assert Vocabulary([], tokenizer="regex:[A-Z]+").cut("ABC") == []
    assert Vocabulary([], tokenizer="regex:[A-Z]+", fold=False).cut("ABC") == ["ABC"]


def test_a_text_cannot_spell_padding() -> None:
    found = Vocabulary(["a"], tokenizer="whitespace", fold=False)
    assert found.encode("[PAD] a [UNK]") == [1, 2, 1]
    assert "[PAD]" in found
    assert Vocabulary.build(["mouse pad"], padding="pad").encode("mouse pad") == [2, 1]


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "regex:[a-z]+", "jieba", upper])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])  # noqa: S301
def test_copies_and_pickles_cut_in_the_same_way(tokenizer: Any, copied: Any) -> None:
    if tokenizer == "jieba" and find_spec("jieba") is None:
        pytest.skip("pip install 'onevec[words]'")
    found = Vocabulary(["the", "cat"], tokenizer=tokenizer)
    assert copied(found).encode("The cat sat") == found.encode("The cat sat")


def test_words_that_are_added_leave_the_ids_of_the_others() -> None:
    found = Vocabulary(["cat", "dog"])
    found.add(["Dog", "bird", "bird", "[PAD]"])
    assert found.tokens[2:] == ["cat", "dog", "bird"]
    assert found.encode("bird cat") == [4, 2]
    with pytest.raises(TypeError, match="not one str"):
        found.add("bird")


def test_a_layer_takes_the_vectors_of_words() -> None:
    vectors = WordVectors(["cat", "Dog", "car"], [[1, 2], [3, 4], [5, 6]], case="fallback")
    found = Embedding.from_words(Vocabulary(["dog", "bird", "cat"]), vectors, mask_zero=True, seed=0)
    assert found.embeddings[[0, 2, 4]].tolist() == [[0, 0], [3, 4], [1, 2]]
    assert found.embeddings[[1, 3]].all()
    assert np.abs(found.embeddings[[1, 3]]).max() < 0.05
    assert found.mask_zero
    with pytest.raises(ConfigurationError, match="no token of the vocabulary has a vector"):
        Embedding.from_words(Vocabulary(["bird"]), vectors)


def test_spaces_are_where_the_tokenizer_needs_them() -> None:
    spaced = Vocabulary.build(["我 爱 北京"], tokenizer="whitespace")
    assert spaced.decode(spaced.encode("我 爱 北京")) == "我 爱 北京"
    japanese = Vocabulary.build(["食べる ねこ"])
    assert japanese.decode(japanese.encode("食べる ねこ")) == "食べる ねこ"


def test_a_save_that_fails_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    Vocabulary(["good"]).save(path)
    with pytest.raises(UnicodeEncodeError):
        Vocabulary(["\ud800"], tokenizer="whitespace").save(path)
    assert Vocabulary.load(path).tokens[2:] == ["good"]


def test_texts_are_read_once() -> None:
    def stream() -> Iterator[str]:
        yield from TEXTS

    assert Vocabulary.build(stream()).tokens == Vocabulary.build(TEXTS).tokens


def test_rare_words_are_left_out() -> None:
    assert Vocabulary.build(TEXTS, min_count=2).tokens == ["[PAD]", "[UNK]", "cat", "the", "猫"]
    assert Vocabulary.build(TEXTS, max_size=3).tokens == ["[PAD]", "[UNK]", "cat"]
    assert len(Vocabulary.build(TEXTS, max_size=2)) == 2


@pytest.mark.parametrize(
    ("tokenizer", "tokens"),
    [
        ("words", ["it's", "猫", "粮", "3", "kg"]),
        ("whitespace", ["it's", "猫粮,", "3", "kg"]),
        ("regex:[a-z]+|[0-9]", ["it", "s", "3", "kg"]),
        (str.split, ["it's", "猫粮,", "3", "kg"]),
    ],
)
def test_tokenizers(tokenizer: Any, tokens: list[str]) -> None:
    assert Vocabulary([], tokenizer=tokenizer).cut("It's 猫粮, ３ KG") == tokens
    assert Vocabulary([], tokenizer=tokenizer, fold=False).cut("KG")[0:1] != ["kg"]


@pytest.mark.skipif(find_spec("jieba") is None, reason="pip install 'onevec[words]'")
def test_jieba_finds_chinese_words() -> None:
    found = Vocabulary.build(["我爱北京天安门", "我来到北京"], tokenizer="jieba")
    assert found.tokens[2:4] == ["北京", "我"]
    assert found.decode(found.encode("我爱北京。")) == "我爱北京"


def test_shorter_texts_are_padded_and_longer_ones_cut() -> None:
    found = Vocabulary(["a", "b", "c"])
    assert found.ids(["a b c", "b", ""]).tolist() == [[2, 3, 4], [3, 0, 0], [0, 0, 0]]
    assert found.ids(["a b c", "b"], length=2).tolist() == [[2, 3], [3, 0]]
    assert found.ids([]).shape == (0, 0)
    with pytest.raises(TypeError, match="not one str"):
        found.ids("a b")
    with pytest.raises(TypeError, match="not one str"):
        Vocabulary.build("a b")


def test_the_layer_takes_the_ids() -> None:
    found = Vocabulary.build(TEXTS)
    own = Embedding(len(found), 8, mask_zero=True)
    ids = found.ids(["the cat", "狗"])
    assert own(ids).shape == (2, 2, 8)
    mask = own.compute_mask(ids)
    assert mask is not None
    assert mask.tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("tokenizer", ["words", "whitespace", "regex:[a-z]+"])
def test_a_file_keeps_the_vocabulary(tokenizer: str, tmp_path: Path) -> None:
    found = Vocabulary.build(TEXTS, tokenizer=tokenizer, fold=False, oov="<oov>", padding="<pad>")
    found.save(tmp_path / "a.json")
    again = Vocabulary.load(tmp_path / "a.json")
    assert again.tokens == found.tokens
    assert [again.encode(text) for text in TEXTS] == [found.encode(text) for text in TEXTS]
    assert again.decode([1, 0]) == "<oov>"


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(ConfigurationError, match="function can't be saved"):
        Vocabulary([], tokenizer=str.split).save(path)
    with pytest.raises(ConfigurationError, match="no file that"):
        Vocabulary.load(path)
    head = '{"format": "onevec.layer.vocabulary 1"'
    damaged = ['"tokens": 5', '"tokens": "ab"', '"tokens": [1]', '"tokens": ["a"], "more": 1', '"fold": true']
    for text in ("{", "[]", "{}", "null", *(f"{head}, {each}}}" for each in damaged)):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match="no file that"):
            Vocabulary.load(path)
    path.write_text('{"format": "other"}')
    with pytest.raises(ConfigurationError, match="another format"):
        Vocabulary.load(path)
    with pytest.raises(ConfigurationError, match="'a' comes twice"):
        Vocabulary(["a", "b", "a"])
    with pytest.raises(ConfigurationError, match="padding and oov are both 'x'"):
        Vocabulary([], padding="x", oov="x")
    with pytest.raises(TypeError, match="not one str"):
        Vocabulary("abc")
    with pytest.raises(ConfigurationError, match="length must be at least 0, not -1"):
        Vocabulary(["a"]).ids(["a"], length=-1)
    with pytest.raises(ConfigurationError, match="tokenizer must be one of"):
        Vocabulary([], tokenizer="space")
    with pytest.raises(ConfigurationError, match="tokenizer must be one of"):
        Vocabulary([], tokenizer=None)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="no regular expression"):
        Vocabulary([], tokenizer="regex:(")
    with pytest.raises(ConfigurationError, match="min_count"):
        Vocabulary.build([], min_count=0)
    with pytest.raises(ConfigurationError, match=r"ids\[1\] is 5"):
        Vocabulary(["a"]).decode([2, 5])


@given(st.lists(st.text(max_size=30), max_size=5))
def test_every_text_has_ids_in_range(texts: list[str]) -> None:
    found = Vocabulary.build(texts)
    for text in texts:
        ids = found.encode(text)
        assert all(1 < number < len(found) for number in ids)
        assert found.encode(found.decode(ids)) == ids
