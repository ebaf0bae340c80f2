"""Small models in the formats of the real ones, for classes whose own weights can't come with a test."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH = 64
SENTENCES = [
    "the cat sat on the mat",
    "hello world",
    "first line second line",
    "你好 世界",
    "今天天气很好",
    "ça va bien",
    "it's",
    '"so"',
]


def word_table() -> NDArray[np.float32]:
    """One vector for each word of MiniLM's vocabulary: a part of its own table."""
    from onevec.engines.graph import read

    table: NDArray[np.float32] = read(minilm.original())["embeddings.word_embeddings.weight"]
    return np.ascontiguousarray(table[:, :WIDTH])


def static_folder(folder: Path, **options: Any) -> Path:
    """A model of Model2Vec, saved by its library; options are those of StaticModel()."""
    library, tokenizers = import_module("model2vec"), import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(minilm.original() / "tokenizer.json"))
    library.StaticModel(options.pop("vectors", word_table()), tokenizer, **options).save_pretrained(folder)
    return folder


def laser_folder(folder: Path, layers: int = 5) -> Path:
    """A checkpoint of LASER with random weights from a seed, and pieces learned from a few sentences."""
    torch, sentencepiece = import_module("torch"), import_module("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=80,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "laser2.spm").write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    names = [pieces.id_to_piece(number) for number in range(3, len(pieces))]
    dictionary = {name: place + 4 for place, name in enumerate(names)}
    sizes = {"embed_dim": 16, "hidden_size": 8, "num_layers": layers, "bidirectional": True}
    params = {"num_embeddings": len(dictionary) + 4, "padding_idx": 1, "left_pad": True, "padding_value": 0.0, **sizes}
    with torch.random.fork_rng():
        torch.manual_seed(7)
        lstm = torch.nn.LSTM(16, 8, layers, bidirectional=True)
        table = torch.randn(len(dictionary) + 4, 16)
    weights = {"embed_tokens.weight": table, **{f"lstm.{name}": values for name, values in lstm.state_dict().items()}}
    torch.save({"params": params, "model": weights, "dictionary": dictionary}, folder / "laser2.pt")
    return folder
