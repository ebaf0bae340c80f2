"""Windows, layers, words and chunks, which need no model; tests/local/test_contextual.py has the models."""

from __future__ import annotations

import copy
import inspect
import pickle
from itertools import pairwise
from time import process_time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec.contextual import ContextualEmbeddings, TokenVectors, sentences
from onevec.contextual.networks import numbered
from onevec.contextual.reading import windows
from onevec.contextual.segments import characters, occurrences
from onevec.embeddings import Note
from onevec.engines.encoders import positions
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
        ("I ❤\ufe0f you \ufe0f 葛\U000e0100城", ["I", "you", "葛", "城"]),  # variation selectors are no words
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


def test_quotes_and_emoji_belong_to_sentences() -> None:
    text = '他说:"好。"她说:“走！”再见。」 She said "no!" 😀👍\n🏦\n--- ...'
    found = [text[start:end] for start, end in sentences(text)]
    assert found == ['他说:"好。"', "她说:“走！”", "再见。」", 'She said "no!"', "😀👍", "🏦"]


def test_whole_words_are_found_before_pieces_of_words() -> None:
    def places(text: str, part: str) -> list[int]:
        return occurrences(text, part)

    assert places("The man said he is here; he's in the embankment", "he") == [13, 25]
    assert places("embankments", "bank") == [2]  # there is no whole one
    assert places("café cafe cafe\u0301", "cafe") == [5]
    assert places("она и он", "он") == [6]
    assert places("2023 23", "23") == [5]
    assert places("哈哈哈", "哈哈") == [0, 1]
    assert places("用Python写", "Python") == [1]
    assert places("東京に行く", "京") == [1]
    found = tokens("The he", "The", "he")
    assert found.word("he").tolist() == [2, 1]
    with pytest.raises(ConfigurationError, match="holds 'he' 1 times"):
        found.word("he", occurrence=2)


NO_SPANS: list[Any] = [(1, 1), (2, 1), (-3, 2), (0, 7), (0.0, 2.0), ("a", "b"), (1,), (0, 1, 2), 5, None]


@pytest.mark.parametrize("span", NO_SPANS)
def test_what_is_no_span_of_the_text_is_refused(span: Any) -> None:
    found = tokens("a bank", "a", "bank")
    with pytest.raises(ConfigurationError, match=r"span must be .* 0 <= start < end <= 6, .*, not"):
        found.word(span)
    with pytest.raises(ConfigurationError, match=r"spans\[1\] must be .* 0 <= start < end <= 6"):
        found.chunks([(0, 1), span])
    with pytest.raises(ConfigurationError, match=r"segmenter\(text\)\[0\] must be"):
        found.words(lambda _: [span])


def test_arguments_of_the_wrong_type_are_refused() -> None:
    found = tokens("a bank", "a", "bank")
    wrong: list[tuple[Any, str]] = [
        (lambda: found.word("a", occurrence="1"), "occurrence must be an int, not '1'"),  # type: ignore[arg-type]
        (lambda: found.word((0, 1), occurrence=2), "occurrence=2 counts a part that is given as str"),
        (lambda: found.chunks(size="3"), "size must be an int, not '3'"),  # type: ignore[arg-type]
        (lambda: found.chunks(size=3, overlap=1.5), "overlap must be an int"),  # type: ignore[arg-type]
        (lambda: found.chunks(overlap=1), "overlap=1 is for parts that are cut by size"),
        (lambda: found.chunks(7), "spans must be a list of"),  # type: ignore[arg-type]
        (lambda: found.words(7), "segmenter must be a function or one of"),  # type: ignore[arg-type]
        (lambda: found.words(lambda _: None), "must be a list of"),  # type: ignore[arg-type,return-value]
    ]
    for call, message in wrong:
        with pytest.raises(ConfigurationError, match=message):
            call()
    spans: Any = ((start, start + 1) for start in (np.int64(0), np.int64(3)))  # a generator of numpy's ints
    assert found.chunks(spans).spans.tolist() == [[0, 1], [3, 4]]


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


def bytewise(text: str, lengths: list[int]) -> TokenVectors:
    """A text whose characters are several tokens each, as in byte-level BPE."""
    offsets = np.array([(place, place + 1) for place, count in enumerate(lengths) for _ in range(count)]).reshape(-1, 2)
    names = tuple(str(number) for number in range(len(offsets)))
    vectors = np.arange(len(offsets), dtype=np.float32)[:, None]
    return TokenVectors(text, vectors, offsets, names, np.zeros(len(offsets), dtype=np.bool_), SPACE)


def test_chunks_are_cut_between_characters() -> None:
    found = bytewise("北京大学", [3, 2, 2, 1])
    assert found.chunks(size=4).texts == ("北", "京大", "学")
    assert found.chunks(size=2).texts == ("北", "京", "大", "学")  # a character alone may have more
    assert found.chunks(size=4).counts.tolist() == [3, 4, 1]
    assert found.chunks(size=5).vectors[:, 0].tolist() == [2, 6]


@given(st.text("가b 🏦_", min_size=1, max_size=30), st.integers(1, 9), st.data())
def test_chunks_of_a_size_hold_every_token(text: str, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    found = bytewise(text, data.draw(st.lists(st.integers(0, 4), min_size=len(text), max_size=len(text))))
    chunks = found.chunks(size=size, overlap=overlap)
    spans = chunks.spans.tolist()
    parts = [found.inside(*span).tolist() for span in spans]
    assert sorted({place for part in parts for place in part}) == [*range(len(found))]
    single = [len({*found.offsets[part, 0].tolist()}) == 1 for part in parts]
    assert all(count <= size or alone for count, alone in zip(chunks.counts, single, strict=True))
    assert all(later[1] > earlier[1] and later[0] > earlier[0] for earlier, later in pairwise(spans))
    if not overlap:
        assert [place for part in parts for place in part] == [*range(len(found))]


def test_a_long_text_takes_no_longer_for_each_word() -> None:
    def seconds(count: int) -> float:
        offsets = np.array([(5 * place, 5 * place + 4) for place in range(count)])
        special, vectors = np.zeros(count, dtype=np.bool_), np.ones((count, 2), dtype=np.float32)
        found = TokenVectors("word " * count, vectors, offsets, ("word",) * count, special, SPACE)
        start = process_time()
        assert len(found.words().texts) == count
        found.chunks(size=4, overlap=1)
        return process_time() - start

    seconds(100)
    assert seconds(40_000) < 40 * seconds(4_000)  # 10 times the words; 100 times the work if each looked at all tokens


def test_spans_that_a_class_made_need_no_token() -> None:
    found = tokens("one 😀\ntwo", "one", "two")  # a tokenizer that knows no emoji
    assert found.chunks().texts == ("one 😀", "two")
    assert tokens("one. 😀\ntwo", "one", "two").chunks().texts == ("one.", "two")
    with pytest.raises(ConfigurationError, match=r"the span \(4, 5\) of a text of 9 characters holds no token"):
        found.chunks([(4, 5)])


def test_what_was_cut_has_no_words_and_no_chunks() -> None:
    found = tokens("one two. three", "one", "two", notes=(Note(0, "truncated", 4, 5),))
    assert found.words().texts == ("one", "two")
    assert found.chunks().texts == ("one two.",)
    with pytest.raises(ConfigurationError, match="the text was cut there, see long_text"):
        found.word("three")
    with pytest.raises(ConfigurationError, match="the text was cut there, see long_text"):
        found.chunks([(0, 3), (9, 14)])  # rows must agree with the spans that were given


@pytest.mark.parametrize("layers", ["last3", "first", "1,x", 3, [], [0, -4], 1.5, [1.5], [0, 0], [-1, 2]])
def test_layers_that_a_model_of_two_lacks(layers: object) -> None:
    with pytest.raises(ConfigurationError, match="layers"):
        numbered(layers, 2)  # type: ignore[arg-type]  # what users pass


def test_wrong_parameters_are_refused() -> None:
    pairs: list[tuple[str, Any]] = [("combine", "sum"), ("long_text", "split"), ("engine", "jax"), ("batch_tokens", 0)]
    for name, value in pairs:
        with pytest.raises(ConfigurationError, match=name):
            ContextualEmbeddings(**{name: value})
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"engine": "onnx", "device": "cpu"}, "device='cpu' is for torch: pass engine='transformers'"),
        ({"engine": "transformers", "threads": 1}, "leave them out"),
        ({"device": "cpu", "runtime": "openvino"}, "leave them out"),
        ({"layers": "first"}, "layers must be"),
    ]
    for parameters, message in wrong:
        with pytest.raises(ConfigurationError, match=message):
            ContextualEmbeddings(**parameters)
    assert repr(tokens("a" * 50, "a")) == f"TokenVectors(3 tokens of '{'a' * 39}…', test:tokens)"


def test_the_model_may_be_given_by_position() -> None:
    assert ContextualEmbeddings("acme/tiny").model == "acme/tiny"
    assert repr(ContextualEmbeddings("acme/tiny", layers=[np.int64(3), 1])) == (
        "ContextualEmbeddings(model='acme/tiny', layers=[3, 1])"
    )
    assert ContextualEmbeddings("acme/tiny").copy(update={"layers": np.int64(2)}).layers == 2
    plain = ContextualEmbeddings("acme/tiny", layers="last4")
    again = pickle.loads(pickle.dumps(plain))  # noqa: S301  # our own
    assert repr(again) == repr(plain) == repr(copy.deepcopy(plain))

    class Own(ContextualEmbeddings):
        model: str = "acme/own"

    assert (ContextualEmbeddings().model, Own().model) == ("minilm", "acme/own")
    shown = [*inspect.signature(ContextualEmbeddings).parameters.values()]
    assert (shown[0].name, shown[0].kind) == ("model", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert {each.kind for each in shown[1:]} == {inspect.Parameter.KEYWORD_ONLY}
    with pytest.raises(ConfigurationError, match="no parameter 'layer'"):
        ContextualEmbeddings("acme/tiny", layer=1)


@pytest.mark.parametrize("kind", ["roberta", "longformer", "data2vec-text", "ibert", "xmod", "luke"])
def test_positions_that_the_padding_takes_are_no_room_for_tokens(kind: str) -> None:
    config = {"model_type": kind, "max_position_embeddings": 514, "pad_token_id": 1}
    assert positions(config) == 512
    assert positions({**config, "pad_token_id": 0}) == 513
    assert positions({**config, "model_type": "bert"}) == 514
