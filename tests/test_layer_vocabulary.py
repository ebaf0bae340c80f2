"""Texts as ids, and back."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec.errors import ConfigurationError
from onevec.layer import Embedding, Vocabulary

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
    for text in ("{", "[]", "{}", "null"):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match="no file that"):
            Vocabulary.load(path)
    path.write_text('{"format": "other"}')
    with pytest.raises(ConfigurationError, match="another format"):
        Vocabulary.load(path)
    with pytest.raises(ConfigurationError, match="'a' comes twice"):
        Vocabulary(["a", "b", "a"])
    with pytest.raises(ConfigurationError, match="tokenizer must be one of"):
        Vocabulary([], tokenizer="space")
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
