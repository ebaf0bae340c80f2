"""Files of word vectors that are damaged, odd, or written over: what is in them is told right, or refused."""

from __future__ import annotations

import gzip
import pickle
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onevec.errors import ConfigurationError, EmbeddingError
from onevec.words import WordVectors
from onevec.words.formats import format_of
from onevec.words.rows import FloatRows, largest
from onevec.words.subwords import Subwords

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = ["onevec", "glove", "word2vec", "word2vec-binary", "fasttext", "gensim", "safetensors"]
WORDS = ["cat", "dog", "Paris", "猫", "naïve"]


def small() -> WordVectors:
    return WordVectors(WORDS, np.random.default_rng(0).normal(size=(5, 8)), [9, 7, 5, 3, 1])


def with_subwords(buckets: int = 50) -> WordVectors:
    grams = FloatRows.of(np.random.default_rng(1).normal(size=(buckets, 8)))
    return WordVectors.of(small().stored._replace(subwords=Subwords(3, 4, grams)))


def matrix(vectors: WordVectors) -> np.ndarray[Any, Any]:
    return vectors.stored.rows.matrix()


def skip_without(form: str) -> None:
    if form == "gensim":
        pytest.importorskip("gensim", reason="gensim is not installed")


@pytest.mark.parametrize("form", FORMS)
def test_vectors_are_saved_over_the_file_that_they_are_mapped_from(form: str, tmp_path: Path) -> None:
    skip_without(form)
    path = tmp_path / "v"
    whole = WordVectors([f"w{row}" for row in range(5000)], np.random.default_rng(0).normal(size=(5000, 20)))
    for source in ("safetensors", "onevec", "fasttext"):
        whole.save(path, source)
        WordVectors.load(path).save(path, form)
        assert np.array_equal(matrix(WordVectors.load(path)), matrix(whole))
    assert [each.name for each in tmp_path.iterdir()] == ["v"]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_stays_if_it_can_not_be_written_anew(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object, name: str, **__: object) -> None:
        Path(name).write_bytes(b"half")
        raise ConfigurationError("a word is no text that UTF-8 can keep")

    skip_without(form)
    path = tmp_path / "v"
    small().save(path, form)
    before = path.read_bytes()
    bad = WordVectors([*(f"w{row}" for row in range(9000)), "\ud800"], np.ones((9001, 2)))
    if form == "gensim":  # it keeps such words
        monkeypatch.setattr("gensim.utils.pickle", full)
    with pytest.raises(ConfigurationError, match="a word is no text that UTF-8 can keep"):
        bad.save(path, form)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["v"]


def test_a_file_keeps_who_may_read_it(tmp_path: Path) -> None:
    small().save(tmp_path / "v.wv")
    (tmp_path / "v.wv").chmod(0o600)
    small().save(tmp_path / "v.wv")
    assert (tmp_path / "v.wv").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigurationError, match=r"there is no folder .*none to write 'v\.wv' to"):
        small().save(tmp_path / "none" / "v.wv")


@pytest.mark.parametrize(("name", "beside"), [("v.kv", "v.kv.vectors.npy"), ("v.kv.gz", "v.kv.gz.vectors.npz")])
def test_the_arrays_that_gensim_writes_beside_the_file_are_there_too(
    name: str, beside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = pytest.importorskip("gensim.models.keyedvectors").KeyedVectors
    save = kind.save
    monkeypatch.setattr(kind, "save", lambda self, path: save(self, path, sep_limit=0, separately=["vectors"]))
    small().save(tmp_path / name)
    assert sorted(each.name for each in tmp_path.iterdir()) == [name, beside]
    assert np.array_equal(matrix(WordVectors.load(tmp_path / name)), matrix(small()))


NUMBERS = b"0.111111 0.222222 0.333333"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"2 3\nNew York %b\ndog %b\n", ["New York", "dog"]),
        (b"2 3\ncat  %b\ndog  %b\n", ["cat", "dog"]),
        (b"2 3\ncat\t%b\ndog\t%b\n", ["cat", "dog"]),
        (b"2 3\n  cat %b\ndog %b\n", ["cat", "dog"]),
        (b"2 3\na\0b %b\ndog %b\n", ["a\0b", "dog"]),
        (b"\xef\xbb\xbf2 3\ncat %b\ndog %b", ["cat", "dog"]),
        (b"\xef\xbb\xbfcat %b\ndog %b", ["cat", "dog"]),
        (b"New York %b\n. . . %b\n", ["New York", ". . ."]),
        (b"at name@domain.com %b\n12 %b\n", ["at name@domain.com", "12"]),
    ],
)
def test_text_is_told_by_the_numbers_at_the_end_of_its_first_line(
    text: bytes, words: list[str], tmp_path: Path
) -> None:
    numbers = NUMBERS.replace(b" ", b"\t") if b"\t" in text else NUMBERS
    (tmp_path / "v").write_bytes(text % (numbers, numbers))
    found = WordVectors.load(tmp_path / "v")
    assert list(found.words) == words
    assert np.allclose(matrix(found), [[0.111111, 0.222222, 0.333333]] * 2)


def test_a_long_first_line_is_text_too(tmp_path: Path) -> None:
    whole = WordVectors(["New", "York"], np.random.default_rng(0).normal(size=(2, 3000)))
    whole.save(tmp_path / "v.vec")
    (tmp_path / "v.vec").write_bytes((tmp_path / "v.vec").read_bytes().replace(b"New", b"New York City"))
    assert format_of(tmp_path / "v.vec") == "word2vec"
    assert WordVectors.load(tmp_path / "v.vec").words[0] == "New York City"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"2 2\na 1 2 3\nb 4 5 6\n", "line 2 is no word with 2 numbers: b'a 1 2 3'"),
        (b"a 1 2 3\nb 4 5 6 7\nd 1 2 3\n", "line 2 is no word with 3 numbers: b'b 4 5 6 7'"),
        (b"a 1 2\nb\t4 5 6\nd 1 2\n", "line 2 is no word with 2 numbers"),
        (b"a 1 2 3\nb 4 5 6c 7 8 9\n", "line 2 is no word with 3 numbers: b'b 4 5 6c 7 8 9'"),
        (b"a 1 2 3\nb 4 5 6 c 7 8 9\n", "line 2 is no word with 3 numbers"),
        (b"a 0.1 0.2 x 4 5\nb 0.1 0.2 1 4 5\n", "line 1 is no word with 2 numbers"),
        (b"a 1 2\nof true null\n", "line 2 is no word with 2 numbers"),
        (b'a 1 2\nof "1" "2"\n', "line 2 is no word with 2 numbers"),
        (b"a 1 2\nof 0,1 0,2\n", "line 2 is no word with 2 numbers"),
        (b"a 1 2\n 1 2\nb 3 4\n", "line 2 is no word with 2 numbers"),
        (b"2 2\n 1 2\nb 3 4\n", "line 2 is no word with 2 numbers"),
        (b"2 3\ncat 0,123 0,2 0,3\ndog 0,123 0,2 0,3\n", "goes on after its 2 words of 3 numbers"),
    ],
)
def test_a_damaged_line_is_no_word_with_spaces(text: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(text)
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        WordVectors.load(tmp_path / "v")


def test_the_format_that_is_given_holds(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("12 34\nb 2\nc 3\n", encoding="utf-8")
    found = WordVectors.load(tmp_path / "v", "glove")
    assert (list(found.words), matrix(found).tolist()) == (["12", "b", "c"], [[34], [2], [3]])
    (tmp_path / "v").write_text("a 1 2\nb 2 3\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is damaged or no word2vec file"):
        WordVectors.load(tmp_path / "v", "word2vec")


def test_binary_vectors_that_go_on_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "v"
    small().save(path, "word2vec-binary")
    content = path.read_bytes()
    path.write_bytes(content + b" \n")
    assert len(WordVectors.load(path)) == 5
    path.write_bytes(content.replace(b"5 8", b"4 8"))
    with pytest.raises(ConfigurationError, match="goes on after its 4 words of 8 numbers"):
        WordVectors.load(path)
    assert len(WordVectors.load(path, limit=2)) == 2
    path.write_bytes(content.replace(b"5 8", b"99999999999 300"))
    with pytest.raises(ConfigurationError, match="too short for 99999999999 words of 300 numbers"):
        WordVectors.load(path, "word2vec-binary")


def test_words_of_another_encoding(tmp_path: Path) -> None:
    for name, text in (("v.txt", "猫 1 2\n狗 3 4\n"), ("v.vec", "2 2\n猫 1 2\n狗 3 4\n")):
        (tmp_path / name).write_bytes(text.encode("gb18030"))
        assert list(WordVectors.load(tmp_path / name, encoding="gb18030").words) == ["猫", "狗"]
        with pytest.raises(ConfigurationError, match=r"a word that is no UTF-8 .*give encoding="):
            WordVectors.load(tmp_path / name)
    with pytest.raises(ConfigurationError, match="encoding='utf-99'"):
        WordVectors.load(tmp_path / "v.txt", encoding="utf-99")
    with pytest.raises(ConfigurationError, match="errors='maybe'"):
        WordVectors.load(tmp_path / "v.txt", errors="maybe")


def outcome(path: Path, **given: Any) -> str:
    """Whether a file is read; what is not of ours is raised further."""
    try:
        found = WordVectors.load(path, **given)
        found.vectors(WORDS) if set(WORDS) <= set(found.words) else list(found.words)
    except EmbeddingError:
        return "refused"
    return "read"


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_file_never_raises_what_is_not_ours(form: str, tmp_path: Path) -> None:
    skip_without(form)
    keeps = form in {"onevec", "fasttext", "gensim", "safetensors"}
    (with_subwords() if keeps else small()).save(tmp_path / "whole", form)
    content, path = (tmp_path / "whole").read_bytes(), tmp_path / "damaged"
    found: set[str] = set()
    for place in range(0, len(content), max(len(content) // 150, 1)):
        for change in (0xFF, 1):
            damaged = bytearray(content)
            damaged[place] ^= change
            path.write_bytes(damaged)
            found.add(outcome(path))
        path.write_bytes(content[:place])
        found.add(outcome(path, format=form))
    assert found == {"refused", "read"}


def test_each_damaged_byte_of_our_own_file_is_found_by_its_sha256(tmp_path: Path) -> None:
    with_subwords(5).save(tmp_path / "v.wv", form="int8")
    content, path = (tmp_path / "v.wv").read_bytes(), tmp_path / "damaged.wv"
    whole = WordVectors.load(tmp_path / "v.wv", verify=True)
    damaged = 0
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        if outcome(path, format="onevec", verify=True) == "read":  # what only fills up to a multiple of 64
            found = WordVectors.load(path)
            assert np.array_equal(found.vectors(["cat", "unheard"]), whole.vectors(["cat", "unheard"]))
        else:
            damaged += 1
    assert damaged > len(content) / 2
    small().save(tmp_path / "v.vec")
    with pytest.raises(ConfigurationError, match="verify=True needs a file with a sha256 in it"):
        WordVectors.load(tmp_path / "v.vec", verify=True)


@pytest.mark.parametrize("content", [b"", b"\0\1", b"hello world\nfoo\n" * 3])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_something_else_is_refused(form: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(content)
    assert outcome(tmp_path / "v", format=form) == "refused"
    assert outcome(tmp_path / "v") == "refused"


def test_damaged_compressed_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.txt.gz"
    whole = gzip.compress(b"a 1 2\nb 3 4\n" * 50)
    for content in (whole[:-9], b"a 1 2\n", whole[:20] + bytes([whole[20] ^ 255]) + whole[21:], whole + b"xx"):
        path.write_bytes(content)
        assert outcome(path) == "refused"


def test_arrays_of_gensim_that_are_missing_are_named(tmp_path: Path) -> None:
    made = pytest.importorskip("gensim.models.keyedvectors").KeyedVectors(2)
    made.add_vectors(["a", "b"], np.ones((2, 2), np.float32))
    made.save(str(tmp_path / "v.kv"), sep_limit=0, separately=["vectors"])
    beside = tmp_path / "v.kv.vectors.npy"
    for content in (beside.read_bytes()[:-5], b"hello", None):
        beside.unlink()
        if content is not None:
            beside.write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"v\.kv is damaged or no gensim file"):
            WordVectors.load(tmp_path / "v.kv")
        beside.touch()


@pytest.mark.parametrize("rows", [4, 54, 56])
def test_a_model_of_fasttext_with_other_buckets_than_it_tells_is_refused(rows: int, tmp_path: Path) -> None:
    path = tmp_path / "v"
    with_subwords().save(path, "fasttext")
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<qq", 55, 8), struct.pack("<qq", rows, 8)))
    with pytest.raises(ConfigurationError, match=f"5 words and 50 buckets, but its matrix is {rows} x 8"):
        WordVectors.load(path)


def test_a_dictionary_of_fasttext_that_can_not_be_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v"
    with_subwords().save(path, "fasttext")
    content = bytearray(path.read_bytes())
    content[64:72] = struct.pack("<2i", 2**31 - 1, 2**31 - 1)
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="too short for 2147483647 words"):
        WordVectors.load(path)
    content[64:72] = struct.pack("<2i", 60, 60)
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"cut off|damaged|its matrix is"):
        WordVectors.load(path)


def test_what_can_be_read_again_is_compressed(tmp_path: Path) -> None:
    small().save(tmp_path / "v.bin.gz", "word2vec-binary")
    assert gzip.decompress((tmp_path / "v.bin.gz").read_bytes()).startswith(b"5 8\n")
    assert np.array_equal(matrix(WordVectors.load(tmp_path / "v.bin.gz")), matrix(small()))
    for name, form in (("v.wv.gz", None), ("v.safetensors.gz", None), ("v.gz", "fasttext")):
        with pytest.raises(ConfigurationError, match="are mapped, so they can't be compressed"):
            small().save(tmp_path / name, form)
    pytest.importorskip("gensim", reason="gensim is not installed")
    small().save(tmp_path / "v.kv.gz")
    assert np.array_equal(matrix(WordVectors.load(tmp_path / "v.kv.gz")), matrix(small()))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_row_that_is_no_number_does_not_hide_others(wrong: float) -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(60_000, 8))
    rows[7] = rows[100] + 0.001
    wanted = WordVectors([f"w{row}" for row in range(60_000)], rows).most_similar("w100", top=3)
    rows[8] = wrong
    with np.errstate(invalid="ignore"):
        assert WordVectors([f"w{row}" for row in range(60_000)], rows).most_similar("w100", top=3) == wanted
    values = np.array([1, np.nan, 3, -np.inf], np.float32)
    assert largest(values, 2).tolist() == [2, 0]


@pytest.mark.parametrize("form", ["float16", "int8", "pq"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_row_that_is_no_number_is_not_packed(form: str, wrong: float) -> None:
    rows = np.ones((9000, 8))
    rows[8500, 3] = wrong
    with pytest.raises(ConfigurationError, match=f"row 8500 holds NaN or infinity, which form='{form}' can't hold"):
        WordVectors([f"w{row}" for row in range(9000)], rows).packed(form)


@pytest.mark.parametrize("form", ["float16", "int8", "pq"])
def test_packed_forms_hold_few_words(form: str, tmp_path: Path) -> None:
    none = WordVectors([], np.zeros((0, 3)))
    none.save(tmp_path / "v.wv", form=form)
    found = WordVectors.load(tmp_path / "v.wv")
    assert (len(found), found.dimension, found.form) == (0, 3, form)
    tiny = WordVectors(["a", "b"], [[1e-44, 0.0], [1.0, 2.0]]).packed(form)
    assert np.allclose(tiny.vectors(["a", "b"]), [[0, 0], [1, 2]], atol=0.01)


@pytest.mark.parametrize("form", ["float16", "int8", "pq"])
def test_the_vectors_of_ngrams_are_packed_too_and_the_first_words_stay_packed(form: str, tmp_path: Path) -> None:
    whole = with_subwords(300)
    whole.save(tmp_path / "v.wv", form=form)
    found = WordVectors.load(tmp_path / "v.wv")
    assert found.subwords is not None
    assert found.subwords.rows.form == found.form == form
    assert np.allclose(found["unheard"], whole["unheard"], atol=0.3 if form == "pq" else 0.02)
    assert found.packed("float32").stored.subwords is not None
    first = WordVectors.load(tmp_path / "v.wv", limit=2)
    assert (first.form, list(first.words)) == (form, WORDS[:2])
    assert np.array_equal(matrix(first), matrix(found)[:2])
    assert np.allclose(first.stored.rows.norms, np.linalg.norm(matrix(first), axis=1), atol=1e-5)
    assert np.allclose(first.stored.rows.mean, matrix(first).mean(axis=0), atol=1e-5)
    if form == "float16":
        whole.save(tmp_path / "v.safetensors", form=form)
        assert (tmp_path / "v.safetensors").stat().st_size < 300 * 8 * 3
        assert np.allclose(WordVectors.load(tmp_path / "v.safetensors")["unheard"], found["unheard"], atol=1e-3)


@pytest.mark.parametrize("form", ["onevec", "fasttext", "gensim", "safetensors"])
def test_ngrams_without_buckets(form: str, tmp_path: Path) -> None:
    skip_without(form)
    with_subwords(0).save(tmp_path / "v", form)
    assert np.allclose(matrix(WordVectors.load(tmp_path / "v")), matrix(small()), atol=1e-6)


def test_ngrams_longer_than_any_word_take_no_time() -> None:
    grams = with_subwords().stored.subwords
    assert grams is not None
    assert np.array_equal(grams._replace(most=2**31 - 1).of(["cat"]), grams._replace(most=5).of(["cat"]))
    assert not grams._replace(least=4, most=3).of(["cat"]).any()


@pytest.mark.parametrize("limit", [-1, 1.5, "2"])
def test_a_limit_is_a_whole_number(limit: Any, tmp_path: Path) -> None:
    small().save(tmp_path / "v.vec")
    with pytest.raises(ConfigurationError, match="limit must be a whole number of at least 0"):
        WordVectors.load(tmp_path / "v.vec", limit=limit)


@pytest.mark.parametrize("form", FORMS)
def test_no_words_at_all_are_read(form: str, tmp_path: Path) -> None:
    skip_without(form)
    small().save(tmp_path / "v", form)
    found = WordVectors.load(tmp_path / "v", limit=0)
    assert (len(found), found.dimension) == (0, 8)


def test_words_are_gone_through(tmp_path: Path) -> None:
    small().save(tmp_path / "v.wv")
    loaded = WordVectors.load(tmp_path / "v.wv", unknown="zero")
    assert list(loaded) == WORDS
    assert list(pickle.loads(pickle.dumps(small()))) == WORDS  # noqa: S301  # it is ours


REFUSED: list[tuple[Callable[[Any], object], str]] = [
    (lambda vectors: vectors[0], "a list of words is needed, not 0"),
    (lambda vectors: vectors[b"cat"], "a list of words is needed"),
    (lambda vectors: vectors.vectors("cat"), "a list of words is needed, not 'cat'"),
    (lambda vectors: vectors.vectors(["cat", 3]), r"words\[1\] is int, not a word"),
    (lambda vectors: vectors.doesnt_match("cat"), "a list of words is needed, not 'cat'"),
    (lambda vectors: vectors.most_similar(5), "a word, a vector or a list of them is needed, not 5"),
    (lambda vectors: vectors.most_similar([5]), "5 is neither a word, nor a vector of 8 numbers"),
    (lambda vectors: vectors.most_similar(np.ones(3)), "is neither a word, nor a vector of 8 numbers"),
    (lambda vectors: vectors.most_similar("cat", top=-1), "top must be a whole number of at least 0, not -1"),
    (lambda vectors: vectors.most_similar("cat", top=None), "top must be a whole number of at least 0, not None"),
    (lambda vectors: vectors.most_similar("cat", among=-1), "among must be a whole number of at least 0, not -1"),
    (lambda vectors: vectors.nearest(np.ones(8), among=2.5), "among must be a whole number of at least 0, not 2.5"),
    (lambda vectors: type(vectors)("ab", [[1.0], [2.0]]), "a list of words is needed"),
    (lambda vectors: type(vectors)([1], [[1.0]]), r"words\[0\] is int, not a word"),
    (lambda vectors: type(vectors)(["a"], [["x"]]), "vectors and counts must be numbers"),
    (lambda vectors: type(vectors)(["a"], np.zeros((1, 0))), "vectors must be a matrix"),
    (lambda vectors: vectors.analogies("none.txt"), r"none\.txt can't be read as questions or pairs"),
    (lambda vectors: vectors.word_pairs(Path(__file__).parent), "can't be read as questions or pairs"),
]


@pytest.mark.parametrize(("ask", "message"), REFUSED, ids=[str(place) for place in range(len(REFUSED))])
def test_what_can_not_be_asked_is_refused(ask: Callable[[Any], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ask(small())


def test_a_set_of_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.txt").write_bytes(": größe\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="can't be read as questions or pairs in UTF-8"):
        small().analogies(tmp_path / "set.txt")


def test_vectors_and_weights_are_searched_as_gensim_searches_them() -> None:
    made = pytest.importorskip("gensim.models.keyedvectors").KeyedVectors(12)
    draw = np.random.default_rng(3)
    ours = WordVectors([f"w{row}" for row in range(300)], draw.normal(size=(300, 12)))
    made.add_vectors(list(ours.words), matrix(ours))
    vector = draw.normal(size=12).astype(np.float32)
    asked: list[tuple[Any, Any]] = [
        (vector, []),
        ([vector, "w1"], ["w2"]),
        ([("w1", 0.25), "w2"], []),
        (["w1", "w5"], [("w2", -0.5), vector]),
        ([("w1", 2.0), (vector, 0.1)], ["w3"]),
        (np.stack([vector, vector + 1]), []),
    ]
    for positive, negative in asked:
        wanted = made.most_similar(positive=positive, negative=negative, topn=8)
        found = ours.most_similar(positive, negative, 8)
        assert [each.word for each in found] == [word for word, _ in wanted]
        assert np.allclose([each.similarity for each in found], [value for _, value in wanted], atol=1e-5)
    assert np.array_equal(ours[["w1", "w2"]], ours.vectors(["w1", "w2"]))
    assert ours[["w1", "w2"]].shape == (2, 12)
