"""Layers and optimizers as files: what comes back, what is refused, and tables of other programs."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("safetensors", reason="pip install 'onevec[layer]'")

from safetensors import numpy as library

from onevec.errors import ConfigurationError
from onevec.layer import L1L2, L2, SGD, Adagrad, Adam, Embedding, MaxNorm, RandomUniform, UnitNorm

if TYPE_CHECKING:
    from pathlib import Path

TABLE = np.arange(12, dtype=np.float32).reshape(6, 2)
OPTIMIZERS = [
    pytest.param(SGD, id="sgd"),
    pytest.param(partial(SGD, momentum=0.9), id="momentum"),
    pytest.param(partial(SGD, momentum=0.9, nesterov=True), id="nesterov"),
    pytest.param(partial(SGD, momentum=0.9, lazy=True), id="lazy"),
    pytest.param(Adagrad, id="adagrad"),
    pytest.param(Adam, id="adam"),
]


def layer(**given: Any) -> Embedding:
    return Embedding(6, 2, weights=TABLE, **given)


def test_a_file_keeps_the_layer(tmp_path: Path) -> None:
    own = layer(
        embeddings_initializer="he_normal",
        embeddings_regularizer=L1L2(0.5, 0.25),
        embeddings_constraint=MaxNorm(3, axis=1),
        mask_zero=True,
    )
    own.freeze([2])
    own.save(tmp_path / "a.safetensors")
    found = Embedding.load(tmp_path / "a.safetensors")
    assert np.array_equal(found.embeddings, TABLE)
    for name in ("embeddings_initializer", "embeddings_regularizer", "embeddings_constraint", "mask_zero"):
        assert getattr(found, name) == getattr(own, name)
    assert found.frozen.tolist() == [2]
    SGD(found).step(found.backward([1], [[1, 1]]))
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_files_of_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    library.save_file({"weight": TABLE.astype(np.float16), "other": np.zeros((2, 2))}, path)
    assert np.array_equal(Embedding.load(path).embeddings, TABLE)
    library.save_file({"model.table": TABLE, "scale": np.zeros(2)}, path)
    assert np.array_equal(Embedding.load(path).embeddings, TABLE)
    library.save_file({"a": TABLE, "b": TABLE}, path)
    with pytest.raises(ConfigurationError, match="one table of floats; it has a, b"):
        Embedding.load(path)
    path.write_bytes(b"not a file of tensors")
    with pytest.raises(ConfigurationError, match="no safetensors file"):
        Embedding.load(path)
    with pytest.raises(ConfigurationError, match="there is no file"):
        Embedding.load(tmp_path / "b.safetensors")


def test_what_a_file_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"embeddings_initializer .* can't be written to a file"):
        Embedding(2, 2, np.ones).save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_from_a_file_as_if_it_had_not_stopped(optimizer: Any, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    batches = [(draw.integers(0, 6, 4), draw.normal(size=(4, 2))) for _ in range(6)]
    straight = layer()
    whole = optimizer(straight)
    for ids, grad in batches:
        whole.step(straight.backward(ids, grad))
    first = layer()
    begun = optimizer(first)
    for ids, grad in batches[:3]:
        begun.step(first.backward(ids, grad))
    first.save(tmp_path / "layer.safetensors")
    begun.save(tmp_path / "optimizer.safetensors")
    again = Embedding.load(tmp_path / "layer.safetensors")
    resumed = type(begun).load(tmp_path / "optimizer.safetensors", again)
    assert resumed.steps == 3
    for ids, grad in batches[3:]:
        resumed.step(again.backward(ids, grad))
    assert np.array_equal(again.embeddings, straight.embeddings)


def test_the_file_of_an_optimizer_holds_used_rows_only(tmp_path: Path) -> None:
    own = layer()
    adam = Adam(own, beta_1=0.8)
    adam.step(own.backward([4, 1], np.ones((2, 2))))
    own.grow(9)
    adam.save(tmp_path / "adam.safetensors")
    tensors = library.load_file(tmp_path / "adam.safetensors")
    assert {name: array.shape for name, array in tensors.items()} == {"rows": (2,), "mean": (2, 2), "square": (2, 2)}
    found = Adam.load(tmp_path / "adam.safetensors", own)
    assert (found.beta_1, found.steps, found.used().tolist()) == (0.8, 1, [1, 4])


def test_the_file_of_an_optimizer_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path, own = tmp_path / "adam.safetensors", layer()
    adam = Adam(own)
    adam.step(own.backward([4], np.ones((1, 2))))
    adam.save(path)
    with pytest.raises(ConfigurationError, match=r"SGD: .* holds Adam"):
        SGD.load(path, own)
    for other in (Embedding(4, 2), Embedding(6, 3)):
        with pytest.raises(ConfigurationError, match=r"not of Embedding\(., .\): load the layer it was saved with"):
            Adam.load(path, other)
    own.save(path)
    with pytest.raises(ConfigurationError, match="holds no optimizer"):
        Adam.load(path, own)


float32: Any = np.float32


def test_numbers_of_numpy_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    own = layer(
        mask_zero=np.True_, embeddings_regularizer=L2(float32(0.5)), embeddings_constraint=UnitNorm(axis=(0, 1))
    )
    own.save(path)
    found = Embedding.load(path)
    assert (found.mask_zero, found.embeddings_regularizer) == (True, L2(0.5))
    assert found.embeddings_constraint == UnitNorm(axis=(0, 1))
    SGD(found).step(found.backward([1], [[1, 1]]))
    adam = Adam(own, float32(0.5))
    adam.save(path)
    assert Adam.load(path, own).learning_rate == 0.5


def test_the_values_of_a_named_initializer_in_older_files_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    config = {"scale": 2.0, "mode": "fan_in", "distribution": "truncated_normal"}
    settings = {"embeddings_initializer": {"class_name": "HeNormal", "config": config}}
    about = {"format": "onevec.layer", "settings": json.dumps(settings)}
    library.save_file({"embeddings": TABLE}, path, about)
    assert repr(Embedding.load(path).embeddings_initializer).startswith("HeNormal(scale=2.0")


def test_a_table_of_other_programs_grows_by_uniform_numbers(tmp_path: Path) -> None:
    library.save_file({"weight": TABLE}, tmp_path / "a.safetensors")
    found = Embedding.load(tmp_path / "a.safetensors")
    assert found.embeddings_initializer == RandomUniform()
    found.grow(8)
    assert found.embeddings[6:].all()


def write_bfloat16(path: Path, **tensors: np.ndarray[Any, Any]) -> None:
    """A file in which arrays of float32 are bfloat16, and all others as they are."""
    about: dict[str, Any] = {}
    parts: list[bytes] = []
    for name, array in tensors.items():
        half = array.dtype == np.float32
        part = (array.view(np.uint32) >> 16).astype("<u2").tobytes() if half else array.tobytes()
        start = sum(map(len, parts))
        kind = "BF16" if half else "F8_E4M3"
        about[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [start, start + len(part)]}
        parts.append(part)
    header = json.dumps(about).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"".join(parts))


def test_bfloat16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_bfloat16(path, other=TABLE[:4] * 2, **{"model.embed_tokens.weight": TABLE}, eight=np.zeros((2, 2), np.uint8))
    found = Embedding.load(path, name="model.embed_tokens.weight")
    assert np.array_equal(found.embeddings, TABLE)  # small whole numbers need no more bits
    SGD(found).step(found.backward([1], [[1, 1]]))
    assert np.array_equal(Embedding.load(path, "other").embeddings, TABLE[:4] * 2)
    with pytest.raises(ConfigurationError, match="one table of floats; it has eight, model"):
        Embedding.load(path)
    for name in ("eight", "none"):
        with pytest.raises(ConfigurationError, match=rf"a table of floats \(F16, F32, F64, BF16\) named '{name}'"):
            Embedding.load(path, name)


def test_only_the_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_bfloat16(path, weight=TABLE, eight=np.zeros((2, 2), np.uint8))  # which numpy can't read
    assert np.array_equal(Embedding.load(path).embeddings, TABLE)


def test_the_file_of_an_optimizer_is_no_table(tmp_path: Path) -> None:
    own = layer()
    learning = SGD(own, momentum=0.9)
    learning.step(own.backward([4], [[1, 1]]))
    learning.save(tmp_path / "a.safetensors")
    with pytest.raises(ConfigurationError, match=r"no table, but what SGD knows: SGD\.load\(path, layer\) reads it"):
        Embedding.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("settings", "frozen"),
    [
        (None, None),
        ("{", None),
        ("[]", None),
        ('{"embeddings_initializer": "uniform"}', None),
        ('{"embeddings_initializer": {"class_name": "HeNormal", "config": {"zzz": 1}}}', None),
        ('{"embeddings_initializer": {"class_name": "Strange", "config": {}}}', None),
        ("{}", np.array([99])),
        ("{}", np.array([-1])),
        ("{}", np.array([1.0])),
    ],
)
def test_the_damaged_file_of_a_layer_is_refused(settings: str | None, frozen: Any, tmp_path: Path) -> None:
    about = {"format": "onevec.layer"} | ({} if settings is None else {"settings": settings})
    tensors = {"embeddings": TABLE} | ({} if frozen is None else {"frozen": frozen})
    library.save_file(tensors, tmp_path / "a.safetensors", about)
    with pytest.raises(ConfigurationError):
        Embedding.load(tmp_path / "a.safetensors")


GOOD = {"class_name": "Adam", "config": {}, "steps": 1}


@pytest.mark.parametrize(
    ("about", "rows"),
    [
        (None, [1]),
        ({"class_name": "Adam"}, [1]),
        ({**GOOD, "config": {"zzz": 1}}, [1]),
        ({**GOOD, "config": {"beta_1": "a"}}, [1]),
        ({**GOOD, "steps": -1}, [1]),
        ({**GOOD, "steps": "many"}, [1]),
        (GOOD, [-1]),
        (GOOD, [6]),
        (GOOD, [1.0]),
        (GOOD, [[1]]),
        (GOOD, None),
    ],
)
def test_the_damaged_file_of_an_optimizer_is_refused(about: Any, rows: Any, tmp_path: Path) -> None:
    metadata = {"format": "onevec.layer.optimizer"} | ({} if about is None else {"settings": json.dumps(about)})
    tensors = {"mean": np.zeros((1, 2), np.float32), "square": np.zeros((1, 2), np.float32)}
    tensors |= {} if rows is None else {"rows": np.array(rows)}
    library.save_file(tensors, tmp_path / "a.safetensors", metadata)
    with pytest.raises(ConfigurationError):
        Adam.load(tmp_path / "a.safetensors", layer())
