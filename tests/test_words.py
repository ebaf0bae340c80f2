"""Reading, writing and looking up word vectors; what gensim can do too, both do on gensim's own test files."""

from __future__ import annotations

import gzip
import json
import pickle
import struct
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onevec.errors import ConfigurationError
from onevec.words import WordVectors
from onevec.words.formats import format_of
from onevec.words.rows import largest
from onevec.words.subwords import ngram_buckets

if TYPE_CHECKING:
    from collections.abc import Sequence

gensim = pytest.importorskip("gensim", reason="gensim is not installed")
keyedvectors = pytest.importorskip("gensim.models.keyedvectors")
fasttext = pytest.importorskip("gensim.models.fasttext")
FILES = Path(gensim.__file__).parent / "test" / "test_data"
ANIMALS = ["cat", "dog", "Paris", "猫", "naïve"]


def small(**policy: Any) -> WordVectors:
    draw = np.random.default_rng(0)
    return WordVectors(ANIMALS, draw.normal(size=(5, 8)), [9, 7, 5, 3, 1], **policy)


def random_vectors(count: int = 600, width: int = 24) -> WordVectors:
    draw = np.random.default_rng(1)
    groups = draw.normal(size=(20, width))
    vectors = groups[np.arange(count) % 20] + 0.5 * draw.normal(size=(count, width))
    return WordVectors([f"word{row}" for row in range(count)], vectors)


def matrix(vectors: WordVectors) -> np.ndarray[Any, Any]:
    return vectors.stored.rows.take(np.arange(len(vectors)))


def keyed(vectors: WordVectors) -> Any:
    """The same vectors in gensim."""
    made = keyedvectors.KeyedVectors(vectors.dimension)
    made.add_vectors(list(vectors.words), matrix(vectors))
    return made


def theirs(path: Path, form: str) -> Any:
    """The file as gensim reads it."""
    if form == "fasttext":
        return fasttext.load_facebook_vectors(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load = keyedvectors.KeyedVectors.load_word2vec_format
        return load(str(path), binary=form == "word2vec-binary", no_header=form == "glove")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("euclidean_vectors.bin", "word2vec-binary"),
        ("poincare_vectors.bin", "word2vec-binary"),
        ("high_precision.kv.bin", "word2vec-binary"),
        ("high_precision.kv.txt", "word2vec"),
        ("crime-and-punishment.vec", "word2vec"),
        ("lee_fasttext.vec", "word2vec"),
        ("toy-model.vec", "word2vec"),
        ("word2vec_pre_kv_c", "word2vec"),
        ("test_glove.txt", "glove"),
    ],
)
def test_a_file_of_words_gives_what_gensim_reads(name: str, form: str) -> None:
    path = FILES / name
    assert format_of(path) == form
    ours, other = WordVectors.load(path), theirs(path, form)
    assert list(ours.words) == other.index_to_key
    assert np.array_equal(matrix(ours), other.vectors)


@pytest.mark.parametrize(
    "name",
    [
        "lee_fasttext.bin",  # of the time before the format had a version
        "lee_fasttext_new.bin",
        "crime-and-punishment.bin",  # Cyrillic
        "non_ascii_fasttext.bin",
        "cp852_fasttext.bin",  # words that are no UTF-8
        "toy-model.bin",
        "toy-model-pretrained.bin",
    ],
)
def test_a_model_of_fasttext_gives_what_gensim_reads(name: str) -> None:
    path = FILES / name
    assert format_of(path) == "fasttext"
    ours, other = WordVectors.load(path), theirs(path, "fasttext")
    assert list(ours.words) == other.index_to_key
    assert ours.counts is not None
    assert ours.counts.tolist() == [other.get_vecattr(word, "count") for word in other.index_to_key]
    same = [row for row, word in enumerate(ours.words) if word != "</s>"]  # fastText gives it no n-grams, gensim does
    assert len(same) >= len(ours) - 1
    assert np.allclose(matrix(ours)[same], other.vectors[same], atol=1e-6)


@pytest.mark.parametrize("name", ["lee_fasttext_new.bin", "crime-and-punishment.bin", "non_ascii_fasttext.bin"])
@pytest.mark.parametrize("word", ["unheard-of", "неслыханный", "没听说过", "x", "ÿþ", ""])
def test_an_unknown_word_gets_the_vector_that_gensim_makes_of_its_parts(name: str, word: str) -> None:
    ours, other = WordVectors.load(FILES / name), theirs(FILES / name, "fasttext")
    assert word not in ours
    wanted = other.get_vector(word) if word else ours[word]
    assert np.allclose(ours[word], wanted, atol=1e-6)
    assert word in {"", "x"} or ours[word].any()


def test_the_hash_of_an_ngram_is_that_of_fasttext() -> None:
    from gensim.models.fasttext import ft_ngram_hashes

    words = ["a", "where", "Übermaß", "猫猫", "🙂", "naïve word", ""]
    for least, most in [(3, 6), (1, 4), (2, 2)]:
        buckets, counts = ngram_buckets(words, least, most, 1000)
        starts = np.cumsum(counts) - counts
        for word, start, size in zip(words, starts.tolist(), counts.tolist(), strict=True):
            found = sorted(buckets[start : start + size].tolist())
            assert found == sorted(map(int, ft_ngram_hashes(word, least, most, 1000))), word


def test_the_end_of_a_line_has_no_ngrams() -> None:
    ours = WordVectors.load(FILES / "lee_fasttext_new.bin")
    other = theirs(FILES / "lee_fasttext_new.bin", "fasttext")
    assert np.array_equal(ours["</s>"], other.vectors_vocab[other.key_to_index["</s>"]])


@pytest.mark.parametrize(
    "name",
    [
        "model-from-gensim-3.8.0.w2v",
        "compatible-hash-true.model",
    ],
)
def test_a_file_of_gensim_is_read_without_it(name: str) -> None:
    ours = WordVectors.load(FILES / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kind = gensim.models.FastText if "hash" in name else gensim.models.Word2Vec
        model = kind.load(str(FILES / name)).wv
    assert list(ours.words) == model.index_to_key
    assert np.allclose(matrix(ours), model.vectors, atol=1e-6)
    assert ours.counts is not None
    assert ours.counts.tolist() == [model.get_vecattr(word, "count") for word in model.index_to_key]


@pytest.mark.parametrize(
    ("name", "words", "width"),
    [
        ("lee_fasttext", 1762, 10),
        ("w2v-lee-v0.12.0", 806, 100),
        ("word2vec_pre_kv_sep_py3", 9, 2),
        ("fasttext_old", 12, 100),
    ],
)
def test_files_that_gensim_itself_no_longer_reads(name: str, words: int, width: int) -> None:
    ours = WordVectors.load(FILES / name)
    assert matrix(ours).shape == (words, width)
    assert np.isfinite(matrix(ours)).all()
    assert ours.counts is not None
    assert (ours.counts > 0).all()


def test_large_arrays_that_gensim_put_beside_the_file_are_found(tmp_path: Path) -> None:
    keyed(small()).save(str(tmp_path / "v.kv"), sep_limit=1, separately=["vectors"])
    assert (tmp_path / "v.kv.vectors.npy").exists()
    assert np.array_equal(matrix(WordVectors.load(tmp_path / "v.kv")), matrix(small()))


def test_a_file_that_would_run_a_program_is_refused(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "harmed",))

    (tmp_path / "v.kv").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(ConfigurationError, match="it asks for"):
        WordVectors.load(tmp_path / "v.kv")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize(
    "form", ["onevec", "glove", "word2vec", "word2vec-binary", "fasttext", "gensim", "safetensors"]
)
def test_what_is_written_is_read_again(form: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    small().save(path, form)
    found = WordVectors.load(path)
    assert format_of(path) == form
    assert list(found.words) == ANIMALS
    assert np.array_equal(matrix(found), matrix(small()))
    if form not in {"glove", "word2vec", "word2vec-binary"}:
        assert found.counts is not None
        assert found.counts.tolist() == [9, 7, 5, 3, 1]


@pytest.mark.parametrize("form", ["glove", "word2vec", "word2vec-binary", "fasttext"])
def test_gensim_reads_what_we_write(form: str, tmp_path: Path) -> None:
    small().save(tmp_path / "vectors", form)
    found = theirs(tmp_path / "vectors", form)
    assert found.index_to_key == ANIMALS
    assert np.array_equal(found.vectors, matrix(small()))


def test_gensim_and_safetensors_read_what_we_write(tmp_path: Path) -> None:
    small().save(tmp_path / "v.kv")
    found = keyedvectors.KeyedVectors.load(str(tmp_path / "v.kv"))
    assert (found.index_to_key, found.get_vecattr("dog", "count")) == (ANIMALS, 7)
    assert np.array_equal(found.vectors, matrix(small()))
    small().save(tmp_path / "v.safetensors")
    tensors = pytest.importorskip("safetensors.numpy").load_file(tmp_path / "v.safetensors")
    assert np.array_equal(tensors["vectors"], matrix(small()))
    assert tensors["words"].tobytes().decode() == "".join(ANIMALS)


@pytest.mark.parametrize("form", ["onevec", "fasttext", "gensim", "safetensors"])
def test_subwords_survive(form: str, tmp_path: Path) -> None:
    whole = WordVectors.load(FILES / "lee_fasttext_new.bin")
    path = tmp_path / "vectors"
    whole.save(path, form)
    found = WordVectors.load(path)
    words = ["unheard-of", "没听说过", *whole.words[:50], "</s>"]
    assert np.allclose(found.vectors(words), whole.vectors(words), atol=2e-6)
    if form in {"fasttext", "gensim"}:
        other = theirs(path, form) if form == "fasttext" else fasttext.FastTextKeyedVectors.load(str(path))
        known = [word for word in words if word != "</s>"]
        assert np.allclose(np.stack([other.get_vector(word) for word in known]), whole.vectors(known), atol=2e-6)


@pytest.mark.parametrize("suffix", [".vec.gz", ".vec"])
def test_the_name_of_a_new_file_tells_its_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"vectors{suffix}"
    small().save(path)
    text = (gzip.decompress(path.read_bytes()) if suffix.endswith("gz") else path.read_bytes()).decode()
    assert text.startswith("5 8\ncat 0.")
    assert np.array_equal(matrix(WordVectors.load(path)), matrix(small()))
    with pytest.raises(ConfigurationError, match=r"'vectors.bin' alone does not tell it"):
        small().save(tmp_path / "vectors.bin")


@pytest.mark.parametrize(
    ("line", "word", "numbers"),
    [
        (". . . 1 2 3", ". . .", [1, 2, 3]),
        ("at name@domain.com 0.5 -0 1e-3", "at name@domain.com", [0.5, 0, 0.001]),
        ('" .5 +1 2.', '"', [0.5, 1, 2]),
        ("tab\t1\t2\t3", "tab", [1, 2, 3]),
        ("2 3 4 5", "2", [3, 4, 5]),
        ("end 1 2 3 ", "end", [1, 2, 3]),
        ("\u00a0 1 2 3\r", "\u00a0", [1, 2, 3]),
        ("big 1e39 2 nan", "big", [np.inf, 2, np.nan]),
    ],
)
def test_odd_lines_of_text_are_read(line: str, word: str, numbers: list[float], tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_bytes(f"the 0.1 0.2 0.3\n{line}\n\nlast 7 8 9\n".encode())
    found = WordVectors.load(path)
    assert list(found.words) == ["the", word, "last"]
    assert np.array_equal(matrix(found), np.array([[0.1, 0.2, 0.3], numbers, [7, 8, 9]], np.float32), equal_nan=True)


@pytest.mark.parametrize("bad", ["short 1 2", "word one two three", "1 2 3", "left 1 2\nright 1 2 3 4"])
def test_a_wrong_line_is_named(bad: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text(f"the 0.1 0.2 0.3\nof 1 2 3\n{bad}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 3 is no word with 3 numbers"):
        WordVectors.load(path)


def test_of_a_word_that_comes_twice_the_first_vector_counts(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("a 1 2\nb 3 4\na 5 6\nc 7 8\n", encoding="utf-8")
    found = WordVectors.load(path)
    assert (list(found.words), matrix(found).tolist()) == (["a", "b", "c"], [[1, 2], [3, 4], [7, 8]])


@pytest.mark.parametrize(
    "form", ["onevec", "glove", "word2vec", "word2vec-binary", "fasttext", "gensim", "safetensors"]
)
def test_only_the_first_words_are_kept(form: str, tmp_path: Path) -> None:
    small().save(tmp_path / "vectors", form)
    found = WordVectors.load(tmp_path / "vectors", limit=2)
    assert list(found.words) == ANIMALS[:2]
    assert np.array_equal(matrix(found), matrix(small())[:2])


@pytest.mark.parametrize("form", ["onevec", "word2vec", "word2vec-binary", "fasttext", "gensim", "safetensors"])
def test_a_file_that_was_cut_off_is_refused(form: str, tmp_path: Path) -> None:
    random_vectors().save(tmp_path / "whole", form)
    content = (tmp_path / "whole").read_bytes()
    cut = content[: len(content) // 2]
    (tmp_path / "cut").write_bytes(cut if form != "word2vec" else cut[: cut.rindex(b"\n")])
    with pytest.raises(ConfigurationError, match="cut"):
        WordVectors.load(tmp_path / "cut")


def test_a_compressed_file_that_is_mapped_is_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "model.bin.gz", "wb") as file:
        file.write((FILES / "lee_fasttext_new.bin").read_bytes())
    with pytest.raises(ConfigurationError, match="format 'fasttext': unpack it first"):
        WordVectors.load(tmp_path / "model.bin.gz")


def test_what_is_no_word_vectors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no file of word vectors at"):
        WordVectors.load(tmp_path / "none.txt")
    (tmp_path / "novel.txt").write_text("It was a dark night.\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"novel\.txt is none of onevec, glove"):
        WordVectors.load(tmp_path / "novel.txt")
    header = json.dumps({"embedding": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "m.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)
    with pytest.raises(ConfigurationError, match="has the tensors embedding, and no 'vectors'"):
        WordVectors.load(tmp_path / "m.safetensors")
    with pytest.raises(ConfigurationError, match="format must be one of"):
        WordVectors.load(tmp_path / "novel.txt", "text")


def test_models_of_fasttext_that_are_no_word_vectors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="classifies texts"):
        WordVectors.load(FILES / "pang_lee_polarity_fasttext.bin")
    content = bytearray((FILES / "lee_fasttext_new.bin").read_bytes())
    (tmp_path / "v99.bin").write_bytes(content[:4] + struct.pack("<i", 99) + content[8:])
    with pytest.raises(ConfigurationError, match="has version 99 of fastText's format; known are 11, 12"):
        WordVectors.load(tmp_path / "v99.bin")
    rows = struct.pack("<qq", 1763 + 1000, 10)
    flag = content.index(rows) - 1
    content[flag] = 1
    (tmp_path / "model.ftz").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"is quantised \(\.ftz\)"):
        WordVectors.load(tmp_path / "model.ftz")


def test_a_word_that_is_no_utf8_needs_a_decision(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(b"a 1 2\n\xe4b 3 4\n")
    with pytest.raises(ConfigurationError, match=r"a word that is no UTF-8 .*errors='replace'"):
        WordVectors.load(tmp_path / "v.txt")
    assert list(WordVectors.load(tmp_path / "v.txt", errors="ignore").words) == ["a", "b"]


@pytest.mark.parametrize("form", ["glove", "word2vec-binary"])
@pytest.mark.parametrize("word", ["", "New York", "a\nb", "a\0b"])
def test_a_word_that_a_format_can_not_keep_is_refused(form: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is empty or holds white space"):
        WordVectors([word], [[1, 2]]).save(tmp_path / "v", form)
    WordVectors([word], [[1, 2]]).save(tmp_path / "v.wv")
    assert list(WordVectors.load(tmp_path / "v.wv").words) == [word]


def test_our_own_file_is_found_word_by_word(tmp_path: Path) -> None:
    whole = random_vectors(5000, 6)
    whole.save(tmp_path / "v.wv")
    found = WordVectors.load(tmp_path / "v.wv")
    rows = found.words.find_all([*whole.words, "word5000", ""])
    assert rows.tolist() == [*range(5000), -1, -1]
    assert found.words[-1] == "word4999"
    assert list(found.words[10:13]) == ["word10", "word11", "word12"]
    with pytest.raises(IndexError):
        found.words[5000]
    assert not found.stored.rows.arrays["rows"].flags.writeable


def test_two_words_with_one_hash_are_told_apart(tmp_path: Path) -> None:
    small().save(tmp_path / "v.wv")
    index: Any = WordVectors.load(tmp_path / "v.wv").words
    index.hashes = np.full_like(index.hashes, index.hashes[2])
    word = ANIMALS[int(index.order[2])]
    assert index.find(word) == ANIMALS.index(word)


def test_the_revision_is_of_the_content(tmp_path: Path) -> None:
    small().save(tmp_path / "a.wv")
    small().save(tmp_path / "b.wv")
    small().packed("int8").save(tmp_path / "c.wv")
    revisions = [WordVectors.load(tmp_path / name).stored.revision for name in ("a.wv", "b.wv", "c.wv")]
    assert len(revisions[0]) == 64
    assert revisions[0] == revisions[1] != revisions[2]


@pytest.mark.parametrize(
    ("form", "bytes_a_row", "cosine", "overlap"),
    [("float32", 96, 1.0, 1.0), ("float16", 48, 0.999999, 0.99), ("int8", 28, 0.9999, 0.95), ("pq", 6, 0.85, 0.5)],
)
def test_packed_forms_are_small_and_near(
    form: str, bytes_a_row: int, cosine: float, overlap: float, tmp_path: Path
) -> None:
    whole = random_vectors(2000)
    whole.save(tmp_path / "v.wv", form=form)
    packed = WordVectors.load(tmp_path / "v.wv")
    assert packed.form == form
    arrays = packed.stored.rows.arrays
    size = sum(arrays[name].nbytes for name in arrays.keys() & {"rows", "scales", "codes"})
    assert size == bytes_a_row * 2000
    ours, exact = matrix(packed), matrix(whole)
    cosines = (ours * exact).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosines.mean() >= cosine
    queries = whole.words[:40]
    same = [
        len({each.word for each in packed.most_similar(word)} & {each.word for each in whole.most_similar(word)}) / 10
        for word in queries
    ]
    assert np.mean(same) >= overlap
    assert np.allclose(packed.stored.rows.norms, np.linalg.norm(ours, axis=1), rtol=1e-5)
    assert packed.packed("float32").form == "float32"


def test_numbers_beyond_float16_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="can't hold numbers beyond 65504"):
        WordVectors(["a"], [[70000.0]]).packed("float16")
    with pytest.raises(ConfigurationError, match="form must be one of float32, float16, int8, pq"):
        small().packed("int4")


def test_the_case_policy() -> None:
    assert ("Cat" in small(), "paris" in small()) == (False, False)
    assert ("CAT" in small(case="lower"), "Paris" in small(case="lower")) == (True, False)
    fallback = small(case="fallback")
    assert all(word in fallback for word in ("CAT", "paris", "PARIS", "Naïve"))
    assert np.array_equal(fallback["paris"], fallback["Paris"])


def test_the_policy_for_unknown_words() -> None:
    with pytest.raises(ConfigurationError, match=r"'bird' is not among the 5 words: give unknown='zero'"):
        small()["bird"]
    assert not small(unknown="zero")["bird"].any()
    assert np.allclose(small(unknown="mean").vectors(["cat", "bird"]), [small()["cat"], matrix(small()).mean(axis=0)])
    with pytest.raises(ConfigurationError, match="needs a model with n-grams"):
        small(unknown="subwords")
    with pytest.raises(ConfigurationError, match="unknown must be one of None, 'error', 'zero'"):
        small(unknown="skip")
    with pytest.raises(ConfigurationError, match="case must be one of 'exact'"):
        small(case="upper")
    assert WordVectors.load(FILES / "lee_fasttext_new.bin").unknown == "subwords"


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="2 words have 1 vectors"):
        WordVectors(["a", "b"], [[1.0]])
    with pytest.raises(ConfigurationError, match="vectors must be a matrix"):
        WordVectors(["a"], [1.0])  # type: ignore[list-item]
    with pytest.raises(ConfigurationError, match=r"vectors must be \(n, 8\)"):
        small().nearest(np.zeros((1, 3), np.float32))
    with pytest.raises(ConfigurationError, match="needs a word"):
        small().most_similar([])
    with pytest.raises(ConfigurationError, match="needs words"):
        small().doesnt_match([])


EUCLIDEAN = "euclidean_vectors.bin"


def pairs_of(found: Sequence[tuple[str, float]]) -> tuple[list[str], list[float]]:
    return [word for word, _ in found], [similarity for _, similarity in found]


@pytest.mark.parametrize(
    ("positive", "negative", "among"),
    [
        (["war"], [], None),
        ("war", [], 100),
        (["war", "conflict"], ["government"], None),
        ([], ["war"], None),
        (["minister", "army", "the"], ["war", "of"], 500),
    ],
)
def test_the_nearest_words_are_those_of_gensim(positive: Any, negative: Any, among: int | None) -> None:
    ours, other = WordVectors.load(FILES / EUCLIDEAN), theirs(FILES / EUCLIDEAN, "word2vec-binary")
    wanted = other.most_similar(positive=positive, negative=negative, topn=15, restrict_vocab=among)
    words, similarities = pairs_of(ours.most_similar(positive, negative, 15, among=among))
    assert words == [word for word, _ in wanted]
    assert np.allclose(similarities, [similarity for _, similarity in wanted], atol=1e-5)


@pytest.mark.parametrize("count", [1, 7, 20])
def test_the_largest_of_many_are_found(count: int) -> None:
    draw = np.random.default_rng(0)
    for size in (20, 1024, 100_000, 131_073):
        values = draw.permutation(size).astype(np.float32)
        values[-1] = size  # after the last whole group
        wanted = np.argsort(-values, kind="stable")[:count]
        assert largest(values, count).tolist() == wanted.tolist()


def test_similarity_and_the_nearest_of_a_vector_are_those_of_gensim() -> None:
    ours, other = WordVectors.load(FILES / EUCLIDEAN), theirs(FILES / EUCLIDEAN, "word2vec-binary")
    words = ours.words[:60]
    for left, right in pairwise(words):
        assert ours.similarity(left, right) == pytest.approx(float(other.similarity(left, right)), abs=1e-6)
    queries = ours.vectors(words) + 0.1
    for query, found in zip(queries, ours.nearest(queries, 5), strict=True):
        wanted = other.similar_by_vector(query, topn=5)
        assert [each.word for each in found] == [word for word, _ in wanted]
        assert np.allclose([each.similarity for each in found], [value for _, value in wanted], atol=1e-5)


def test_the_odd_one_out_is_that_of_gensim() -> None:
    ours, other = WordVectors.load(FILES / EUCLIDEAN), theirs(FILES / EUCLIDEAN, "word2vec-binary")
    draw = np.random.default_rng(0)
    for _ in range(50):
        words = draw.choice(ours.words[:500], 5, replace=False).tolist()
        assert ours.doesnt_match(words) == other.doesnt_match(words)


def vectors_for(words: Sequence[str]) -> WordVectors:
    """Vectors of all words of a set and some more, with the two words of a pair near each other now and then."""
    draw = np.random.default_rng(5)
    names = [*dict.fromkeys(words), *(f"other{number}" for number in range(200))]
    base = draw.normal(size=(len(names) // 3 + 1, 30))
    return WordVectors(names, base[np.arange(len(names)) // 3] + 0.4 * draw.normal(size=(len(names), 30)))


@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
@pytest.mark.parametrize("count_unknown", [False, True])
@pytest.mark.parametrize("source", ["all words", EUCLIDEAN])
def test_word_pairs_agree_with_gensim(name: str, count_unknown: bool, source: str) -> None:
    path = FILES / name
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split("\t")[:2]]
    ours = vectors_for(words) if source == "all words" else WordVectors.load(FILES / EUCLIDEAN)
    found = ours.word_pairs(path, count_unknown=count_unknown)
    pearson, spearman, unknown = keyed(ours).evaluate_word_pairs(str(path), dummy4unknown=count_unknown)
    assert found.pearson == pytest.approx(float(pearson[0]), abs=1e-6)
    assert found.spearman == pytest.approx(float(spearman[0]), abs=1e-6)
    total = found.pairs if count_unknown else found.pairs + found.unknown
    assert 100 * found.unknown / total == pytest.approx(unknown)
    assert found.pairs > (300 if source == "all words" else 10)


@pytest.mark.parametrize("count_unknown", [False, True])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_analogies_agree_with_gensim(count_unknown: bool, ignore_case: bool, tmp_path: Path) -> None:
    lines = (FILES / "questions-words.txt").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(line for place, line in enumerate(lines) if line[0] == ":" or place % 30 == 0), "utf-8")
    words = [word for line in lines if line[0] != ":" for word in line.split()]
    ours = vectors_for([word for word in words if word != "Paris"])
    found = ours.analogies(path, among=800, ignore_case=ignore_case, count_unknown=count_unknown)
    accuracy, sections = keyed(ours).evaluate_word_analogies(
        str(path), restrict_vocab=800, case_insensitive=ignore_case, dummy4unknown=count_unknown
    )
    assert found.accuracy == pytest.approx(accuracy)
    for section, wanted in zip(found.sections, sections, strict=False):
        assert (section.name, list(section.correct)) == (wanted["section"], wanted["correct"])
        assert list(section.wrong) == wanted["incorrect"]
    assert 0 < found.accuracy < 1
    assert found.unknown > 0


def test_of_words_that_differ_by_case_the_first_counts(tmp_path: Path) -> None:
    lines = (FILES / "questions-words.txt").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(line for place, line in enumerate(lines) if line[0] == ":" or place % 40 == 0), "utf-8")
    plain = vectors_for([word for line in lines if line[0] != ":" for word in line.split()])
    draw = np.random.default_rng(6)
    words, vectors = list(plain.words), matrix(plain)
    for change in (str.upper, str.swapcase, str.title):  # near the word itself, so that they fill the nearest
        more = {change(word): row for row, word in enumerate(words[: len(plain)]) if change(word) not in words}
        vectors = np.concatenate([vectors, vectors[[*more.values()]] + draw.normal(0, 0.15, (len(more), 30))])
        words += more
    ours = WordVectors(words, vectors)
    found = ours.analogies(path)
    accuracy, sections = keyed(ours).evaluate_word_analogies(str(path))
    assert found.accuracy == pytest.approx(accuracy)
    assert [list(section.correct) for section in found.sections] == [each["correct"] for each in sections[:-1]]
    assert 0 < found.accuracy < 1


def test_all_questions_are_answered_as_gensim_answers_them_on_its_own_vectors() -> None:
    path, ours = FILES / "questions-words.txt", WordVectors.load(FILES / EUCLIDEAN)
    found = ours.analogies(path)
    accuracy, sections = theirs(FILES / EUCLIDEAN, "word2vec-binary").evaluate_word_analogies(str(path))
    assert found.accuracy == pytest.approx(accuracy)
    assert [len(each.correct) + len(each.wrong) for each in found.sections] == [
        len(each["correct"]) + len(each["incorrect"]) for each in sections[:-1]
    ]
    assert sum(len(each.correct) + len(each.wrong) for each in found.sections) > 50


def test_a_wrong_evaluation_set_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.txt"
    path.write_text("a b c d\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 1 stands before the first ': name'"):
        small().analogies(path)
    with pytest.raises(ConfigurationError, match="has 0 pairs of known words"):
        small().word_pairs(path)


def test_the_module_loads_nothing_heavy() -> None:
    code = "import sys, onevec.words; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "onevec" in loaded
    assert not {"gensim", "jieba", "scipy", "numba", "pyarrow"}.intersection(loaded)
