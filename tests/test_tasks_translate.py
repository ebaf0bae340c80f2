"""Bitext, words and known translations: Django's messages, and the formulas by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tasks_data import messages

import onevec
from onevec.errors import ConfigurationError
from onevec.tasks import (
    TranslationMemory,
    WordTranslator,
    align,
    csls,
    margin,
    mine_bitext,
    read_pairs,
)

if TYPE_CHECKING:
    from pathlib import Path

    from onevec import Embeddings
    from onevec.arrays import Array


@pytest.fixture(scope="module")
def model() -> Embeddings:
    """The default one; it computes no text twice."""
    return onevec.load(cache="memory:")


def vectors(model: Embeddings, *, words: bool) -> tuple[Array, Array]:
    english, chinese = zip(*messages(words=words), strict=True)
    return model.embed(english).vectors, model.embed(chinese).vectors


def test_messages_find_their_translation(model: Embeddings) -> None:
    english, chinese = vectors(model, words=False)
    places = np.arange(len(english))
    assert len(places) > 150
    accuracy = {
        kind: [
            (margin(*sides, kind=kind).argmax(axis=1) == places).mean()
            for sides in ((english, chinese), (chinese, english))
        ]
        for kind in ("absolute", "ratio")
    }
    assert min(accuracy["ratio"]) >= 0.96
    assert min(accuracy["ratio"]) > min(accuracy["absolute"])


def test_bitext_is_mined_from_shuffled_texts(model: Embeddings) -> None:
    english, chinese = map(list, zip(*messages(words=False), strict=True))
    extra = [text for text, _ in messages(words=True)][:40]  # they have no partner
    found = mine_bitext([*english, *extra], chinese[::-1], model, threshold=1.1)
    last = len(chinese) - 1
    right = [each.source == last - each.target for each in found]
    assert len(found) > 0.85 * len(english)
    assert np.mean(right) > 0.97
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert len({each.source for each in found}) == len({each.target for each in found}) == len(found)


def test_the_margin_by_hand() -> None:
    source = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    target = np.array([[1, 0], [0, 1], [0.8, 0.6]], dtype=np.float32)
    cosines = [[1, 0, 0.8], [0.6, 0.8, 0.96]]
    around_source, around_target = [0.9, 0.88], [0.8, 0.4, 0.88]
    means = np.add.outer(around_source, around_target) / 2
    assert margin(source, target, kind="absolute") == pytest.approx(np.array(cosines), abs=1e-6)
    assert margin(source, target, k=2, kind="distance") == pytest.approx(cosines - means, abs=1e-6)
    assert margin(source, target, k=2) == pytest.approx(cosines / means, abs=1e-6)
    assert csls(source, target, k=2) == pytest.approx(2 * (cosines - means), abs=1e-6)
    for kind, k in (("sum", 1), ("ratio", 0)):
        with pytest.raises(ConfigurationError, match="kind must be one of"):
            margin(source, target, k=k, kind=kind)


def test_strategies_of_mining(model: Embeddings) -> None:
    source, target = ["a cat", "the cat", "red"], ["一只猫", "红色"]
    found = {
        name: {(each.source, each.target) for each in mine_bitext(source, target, model, strategy=name)}
        for name in ("forward", "backward", "intersection", "max")
    }
    assert {pair[0] for pair in found["forward"]} == {0, 1, 2}
    assert {pair[1] for pair in found["backward"]} == {0, 1}
    assert found["intersection"] == found["forward"] & found["backward"]
    assert found["max"] == found["backward"]  # each text once
    assert mine_bitext([], target, model) == mine_bitext(source, [], model) == []
    with pytest.raises(ConfigurationError, match="strategy must be one of"):
        mine_bitext(source, target, model, strategy="mean")


def test_a_rotation_is_found_again() -> None:
    draw = np.random.default_rng(0)
    rotation, _ = np.linalg.qr(draw.normal(size=(8, 8)))
    source = draw.normal(size=(50, 8)).astype(np.float32)
    assert align(source, (source @ rotation).astype(np.float32)) == pytest.approx(rotation, abs=1e-5)
    wide = align(source, draw.normal(size=(50, 12)).astype(np.float32))
    assert wide @ wide.T == pytest.approx(np.eye(8), abs=1e-5)


def test_words_are_translated_through_turned_spaces(model: Embeddings) -> None:
    english, chinese = vectors(model, words=True)
    turned = english @ np.linalg.qr(np.random.default_rng(0).normal(size=(512, 512)))[0].astype(np.float32)
    pairs = messages(words=True)
    left, right = map(list, zip(*pairs, strict=True))
    order = np.random.default_rng(0).permutation(len(pairs))
    seeds, rest = [pairs[at] for at in order[::2]], [pairs[at] for at in order[1::2]]

    def accuracy(translator: WordTranslator) -> float:
        return float(np.mean([translator.translate(word)[0].target == meant for word, meant in rest]))

    assert ((turned @ chinese.T).argmax(axis=1) == np.arange(len(pairs))).mean() < 0.05  # as they come, nothing fits
    once = accuracy(WordTranslator(left, turned, right, chinese).fit(seeds, refine=0))
    refined = WordTranslator(left, turned, right, chinese).fit(seeds)
    assert accuracy(refined) > 0.65
    assert accuracy(refined) > once + 0.05
    assert len(refined.translate(left[0], 3)) == 3
    with pytest.raises(ConfigurationError, match="'xyzzy' is not among the source words"):
        refined.translate("xyzzy")
    with pytest.raises(ConfigurationError, match="call fit first"):
        WordTranslator(left, turned, right, chinese).translate(left[0])
    with pytest.raises(ConfigurationError, match="none of these pairs"):
        WordTranslator(left, turned, right, chinese).fit([("xyzzy", "x")])
    with pytest.raises(ConfigurationError, match="one vector for each word"):
        WordTranslator(left[1:], turned, right, chinese)


def test_a_memory_gives_the_nearest_known_translation(model: Embeddings) -> None:
    memory = TranslationMemory(messages(words=False), model)
    found = memory.translate("Enter a number.", 2)
    assert (found[0].source, found[0].target) == ("Enter a number.", "输入一个数字。")
    assert found[0].score == pytest.approx(1, abs=1e-5)
    assert found[1].score < found[0].score
    assert memory.translate("请输入一个数字")[0].source == "Enter a number."  # asked in the other language
    assert memory.translate("Enter a number.", threshold=1.01) == []
    before = len(memory)
    memory.add([("a brand new sentence about whales", "鲸鱼")])
    memory.add([])
    assert len(memory) == before + 1
    assert memory.translate("whales")[0].target == "鲸鱼"
    assert TranslationMemory().translate("a") == []


PO = r'''
msgid ""
msgstr "Content-Type: text/plain\n"

#: a.py:1
msgid "Save \"it\""
msgstr "保存"
#, fuzzy
msgid "Guess"
msgstr "猜"

msgid ""
"two "
"lines\n"
msgstr ""
"两"
"行"

msgctxt "verb"
msgid "Open"
msgstr "打开"
msgid "one"
msgid_plural "many"
msgstr[0] "一"
msgid "untranslated"
msgstr ""
#~ msgid "old"
#~ msgstr "旧"
msgid "last"
msgstr "最后"'''


def test_pairs_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "a.po").write_text(PO, encoding="utf-8")
    wanted = [('Save "it"', "保存"), ("two lines\n", "两行"), ("Open", "打开"), ("last", "最后")]
    assert read_pairs(tmp_path / "a.po") == wanted
    (tmp_path / "b.po").write_bytes('msgid "a\u2028b"\r\nmsgstr "c\x0c"\r\n'.encode())
    assert read_pairs(tmp_path / "b.po") == [("a\u2028b", "c\x0c")]
    (tmp_path / "a.csv").write_text('\ufeffa,b,c\n1,"x, y",3\n,empty,4\n', encoding="utf-8")
    assert read_pairs(tmp_path / "a.csv") == [("1", "x, y")]
    assert read_pairs(tmp_path / "a.csv", ("b", "c")) == [("x, y", "3"), ("empty", "4")]
    (tmp_path / "a.jsonl").write_text('{"q": "猫", "a": 1}\n\n', encoding="utf-8")
    assert read_pairs(tmp_path / "a.jsonl") == [("猫", "1")]
    with pytest.raises(ConfigurationError, match="needs two columns b and x; it has a, b, c"):
        read_pairs(tmp_path / "a.csv", ("b", "x"))
    (tmp_path / "one.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="needs two columns; it has a"):
        read_pairs(tmp_path / "one.csv")
    for line, said in (("[1, 2]", "line 2: an object is needed"), ("{", "line 2: Expecting property name")):
        (tmp_path / "bad.jsonl").write_text(f'{{"q": "猫", "a": 1}}\n{line}\n', encoding="utf-8")
        with pytest.raises(ConfigurationError, match=said):
            read_pairs(tmp_path / "bad.jsonl")
    with pytest.raises(ConfigurationError, match=r"must end in \.csv, \.jsonl or \.po"):
        read_pairs(tmp_path / "a.txt")
