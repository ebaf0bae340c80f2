"""The layer beside torch and Keras on the same table and ids: outputs, gradients, steps, distributions."""

from __future__ import annotations

import os
from typing import Any

import minilm
import numpy as np
import pytest

from onevec import layer
from onevec.errors import ConfigurationError
from onevec.layer import (
    L1,
    L1L2,
    L2,
    SGD,
    Adagrad,
    Adam,
    Embedding,
    HeNormal,
    MaxNorm,
    MinMaxNorm,
    NonNeg,
    RandomNormal,
    RandomUniform,
    UnitNorm,
    VarianceScaling,
)

pytestmark = minilm.needs("torch", "keras")
os.environ.setdefault("KERAS_BACKEND", "torch")
ROWS, WIDTH = 50, 8
CLOSE = 1e-6


def draw() -> np.random.Generator:
    return np.random.default_rng(0)


def table() -> Any:
    return draw().normal(size=(ROWS, WIDTH)).astype(np.float32)


def batches(count: int = 1) -> list[tuple[Any, Any]]:
    """Ids, some of them several times, and gradients of what they give."""
    source = draw()
    return [
        (source.integers(0, ROWS, (4, 6)) // 2 * 2, source.normal(size=(4, 6, WIDTH)).astype(np.float32))
        for _ in range(count)
    ]


def test_outputs_and_gradients_are_those_of_torch() -> None:
    import torch

    theirs = torch.nn.Embedding(ROWS, WIDTH, _weight=torch.from_numpy(table()), sparse=True)
    ours = Embedding(ROWS, WIDTH, weights=table())
    ids, grad = batches()[0]
    out = theirs(torch.from_numpy(ids))
    assert np.array_equal(ours(ids), out.detach().numpy())
    out.backward(torch.from_numpy(grad))
    assert theirs.weight.grad is not None
    assert np.abs(ours.backward(ids, grad).dense() - theirs.weight.grad.to_dense().numpy()).max() < CLOSE


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("SGD", lambda own: SGD(own, 0.1), {"lr": 0.1}),
        ("SGD", lambda own: SGD(own, 0.03, 0.9), {"lr": 0.03, "momentum": 0.9}),
        ("SGD", lambda own: SGD(own, 0.03, 0.9, nesterov=True), {"lr": 0.03, "momentum": 0.9, "nesterov": True}),
        ("Adagrad", lambda own: Adagrad(own, 0.1), {"lr": 0.1}),
        (
            "Adagrad",
            lambda own: Adagrad(own, 0.1, 0.2, 1e-3, learning_rate_decay=0.01),
            {"lr": 0.1, "initial_accumulator_value": 0.2, "eps": 1e-3, "lr_decay": 0.01},
        ),
        ("SparseAdam", Adam, {}),
        ("SparseAdam", lambda own: Adam(own, 0.1, 0.8, 0.95, 1e-3), {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}),
    ],
    ids=["sgd", "momentum", "nesterov", "adagrad", "adagrad with all", "adam", "adam with all"],
)
def test_every_step_is_that_of_torch(name: str, ours: Any, theirs: dict[str, Any]) -> None:
    import torch

    torch.sparse.check_sparse_tensor_invariants.disable()  # it warns if nobody has decided
    module = torch.nn.Embedding(ROWS, WIDTH, _weight=torch.from_numpy(table()), sparse=True)
    optimizer = getattr(torch.optim, name)(module.parameters(), **theirs)
    own = Embedding(ROWS, WIDTH, weights=table())
    learning = ours(own)
    for ids, grad in batches(40):
        optimizer.zero_grad()
        module(torch.from_numpy(ids)).backward(torch.from_numpy(grad))
        optimizer.step()
        learning.step(own.backward(ids, grad))
        np.testing.assert_allclose(own.embeddings, module.weight.detach().numpy(), rtol=CLOSE, atol=5 * CLOSE)
    assert np.abs(own.embeddings - table()).max() > 0.01


def keras_layer(**given: Any) -> Any:
    import keras

    return keras.layers.Embedding(ROWS, WIDTH, weights=[table()], **given)


def numbers(layer: Any) -> Any:
    """The table of a layer of Keras; its own get_weights() makes numpy warn."""
    return layer.embeddings.value.detach().numpy()


def test_outputs_and_masks_are_those_of_keras() -> None:
    ours = Embedding(ROWS, WIDTH, weights=[table()], mask_zero=True)
    theirs = keras_layer(mask_zero=True)
    for ids in (np.array([[0, 3], [49, 0]]), np.array([1, 2, 3]), np.zeros((2, 3, 4), dtype=int)):
        assert np.array_equal(ours(ids), theirs(ids).detach().numpy())
        assert (np.asarray(ours.compute_mask(ids)) == np.asarray(theirs.compute_mask(ids))).all()


@pytest.mark.parametrize(
    "name_and_ours",
    [("L1", L1(0.3)), ("L2", L2(0.2)), ("L1L2", L1L2(0.1, 0.4)), ("l1", "l1"), ("l2", "l2")],
    ids=lambda pair: pair[0],
)
def test_loss_and_gradient_with_a_regularizer_are_those_of_keras(name_and_ours: tuple[str, Any]) -> None:
    import keras
    import torch

    name, ours = name_and_ours
    made = name if isinstance(ours, str) else getattr(keras.regularizers, name)(**vars(ours))
    theirs = keras_layer(embeddings_regularizer=made)
    own = Embedding(ROWS, WIDTH, embeddings_regularizer=ours, weights=table())
    ids, grad = batches()[0]
    penalty = sum(theirs.losses)
    ((theirs(ids) * torch.from_numpy(grad)).sum() + penalty).backward()
    assert own.losses[0] == pytest.approx(penalty.item(), rel=1e-5)
    assert np.abs(own.backward(ids, grad).dense() - theirs.embeddings.value.grad.numpy()).max() < CLOSE


@pytest.mark.parametrize(
    "constraint",
    [MaxNorm(), MaxNorm(1.5, 1), NonNeg(), UnitNorm(), UnitNorm(1), MinMaxNorm(0.5, 1.5), MinMaxNorm(1, 2, 0.3, 1)],
    ids=repr,
)
def test_constraints_are_those_of_keras(constraint: Any) -> None:
    import keras

    theirs = getattr(keras.constraints, type(constraint).__name__)(**vars(constraint))
    assert np.abs(constraint(table()) - theirs(table()).numpy()).max() < CLOSE


def test_a_step_with_a_constraint_is_that_of_keras() -> None:
    import keras
    import torch

    theirs = keras_layer(embeddings_constraint=keras.constraints.MaxNorm(1.5, 1))
    own = Embedding(ROWS, WIDTH, embeddings_constraint=MaxNorm(1.5, 1), weights=table())
    theirs_learning, learning = keras.optimizers.SGD(0.1), SGD(own, 0.1)
    for ids, grad in batches(3):
        gradient = own.backward(ids, grad)
        theirs_learning.apply([torch.from_numpy(gradient.dense())], [theirs.embeddings])
        learning.step(gradient)
    assert np.abs(own.embeddings - numbers(theirs)).max() < 5 * CLOSE


@pytest.mark.parametrize(
    "name",
    [
        *("uniform", "random_uniform", "normal", "random_normal", "truncated_normal", "zeros", "ones"),
        *("identity", "orthogonal", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform"),
        *("lecun_normal", "variance_scaling", "RandomUniform", "HeNormal"),
    ],
)
def test_names_and_distributions_are_those_of_keras(name: str) -> None:
    compare(name, __import__("keras").initializers.get(name))


@pytest.mark.parametrize(
    "initializer",
    [
        *(RandomUniform(-1, 2), RandomNormal(1, 2), HeNormal(), VarianceScaling(2, "fan_out", "uniform")),
        VarianceScaling(2, "fan_avg", "untruncated_normal"),
    ],
    ids=repr,
)
def test_objects_are_those_of_keras(initializer: Any) -> None:
    import keras

    given = {} if isinstance(initializer, HeNormal) else vars(initializer)
    compare(initializer, getattr(keras.initializers, type(initializer).__name__)(**given))


def compare(ours: Any, theirs: Any) -> None:
    """Moments and quantiles of 120,000 numbers; of the rarest ones only roughly."""
    shape = (1200, 100)
    found, expected = Embedding(*shape, ours, seed=0).embeddings, theirs(shape).numpy()
    spread = float(expected.std()) or 1.0
    parts = [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999]
    apart = np.abs(np.quantile(found, parts) - np.quantile(expected, parts)) / spread
    assert abs(float(found.mean() - expected.mean())) < 0.02 * spread
    assert abs(float(found.std()) - float(expected.std())) < 0.02 * spread
    assert (apart < [0.15, 0.03, 0.02, 0.02, 0.02, 0.03, 0.15]).all()


def test_torch_shares_the_memory() -> None:
    import torch

    ours = Embedding(ROWS, WIDTH, weights=table())
    ours.freeze([3])
    module = ours.to_torch()
    assert (module.padding_idx, module.sparse, module.weight.requires_grad) == (3, True, True)
    assert module.weight.data_ptr() == ours.embeddings.ctypes.data
    optimizer = torch.optim.SparseAdam(module.parameters(), lr=0.1)
    module(torch.tensor([1, 2, 3])).sum().backward()
    optimizer.step()
    assert (ours.embeddings[[1, 2]] != table()[[1, 2]]).all()
    assert np.array_equal(ours.embeddings[3], table()[3])
    back = Embedding.from_torch(module)
    assert back.embeddings.ctypes.data == ours.embeddings.ctypes.data
    assert back.frozen.tolist() == [3]
    SGD(back, 1.0).step(back.backward([1], np.ones((1, WIDTH))))
    assert np.array_equal(module.weight[1].detach().numpy(), ours.embeddings[1])


def test_torch_in_other_forms_is_copied() -> None:
    import torch

    half = torch.nn.Embedding(ROWS, WIDTH, dtype=torch.float16)
    ours = Embedding.from_torch(half)
    assert np.array_equal(ours.embeddings, half.weight.detach().float().numpy())
    ours.freeze([1, 2])
    with pytest.raises(ConfigurationError, match="2 rows are frozen"):
        ours.to_torch()
    for given in ({"max_norm": 1.0}, {"scale_grad_by_freq": True}):
        with pytest.raises(ConfigurationError, match="no counterpart"):
            Embedding.from_torch(torch.nn.Embedding(ROWS, WIDTH, **given))


def test_tensors_of_torch_are_taken_too() -> None:
    import torch

    module = torch.nn.Embedding(ROWS, WIDTH, _weight=torch.from_numpy(table()))
    for weights in (module.weight, [module.weight], module.weight.double()):  # which learn
        assert np.array_equal(Embedding(ROWS, WIDTH, weights=weights)(torch.tensor([[1, 2]])), table()[[[1, 2]]])
    ours = Embedding(ROWS, WIDTH)
    assert ours.backward([1], torch.ones(1, WIDTH, requires_grad=True)).dense().sum() == WIDTH
    half: Any = torch.ones(ROWS, WIDTH, dtype=torch.bfloat16)
    assert Embedding(ROWS, WIDTH, weights=half).embeddings.all()


def test_a_table_that_torch_does_not_train_is_frozen() -> None:
    import torch

    ours = Embedding.from_torch(torch.nn.Embedding.from_pretrained(torch.from_numpy(table()), freeze=True))
    assert len(ours.frozen) == ROWS
    module = ours.to_torch()
    assert not module.weight.requires_grad
    assert len(Embedding.from_torch(module).frozen) == ROWS


def test_new_rows_are_drawn_as_torch_does() -> None:
    import torch

    ours = Embedding.from_torch(torch.nn.Embedding(10, 100))
    ours.grow(110)
    assert ours.embeddings[10:].std() == pytest.approx(1, rel=0.05)
    with pytest.raises(TypeError, match=r"give a torch\.nn\.Embedding, not Linear"):
        Embedding.from_torch(torch.nn.Linear(2, 3))


def rows_of(layer: Any) -> Any:
    return layer(np.arange(ROWS)).detach().numpy()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own way to numpy
@pytest.mark.parametrize("mode", ["int8", "int4", "lora"])
def test_a_table_that_keras_puts_together_is_read_by_its_rows(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from onevec.layer import interop

    monkeypatch.setattr(interop, "BLOCK", 7)
    theirs = keras_layer()
    if mode == "lora":
        theirs.enable_lora(2)
        theirs.lora_embeddings_b.assign(np.ones((2, WIDTH)))
    else:
        theirs.quantize(mode)
    ours = Embedding.from_keras(theirs)
    assert np.array_equal(ours.embeddings, rows_of(theirs))
    assert (ours.embeddings != table()).any()
    ours.grow(ROWS + 1)
    assert ours.embeddings[ROWS].any()


def test_a_table_that_keras_does_not_train_is_frozen() -> None:
    theirs = keras_layer()
    theirs.trainable = False
    ours = Embedding.from_keras(theirs)
    assert len(ours.frozen) == ROWS
    back = ours.to_keras()
    assert not back.trainable
    assert np.array_equal(rows_of(back), table())
    ours.unfreeze()
    assert ours.to_keras().trainable


@pytest.mark.parametrize("name", ["HeNormal", "Identity", "RandomUniform", "VarianceScaling", "Constant", "Orthogonal"])
def test_initializers_go_to_keras_and_back(name: str) -> None:
    import keras

    given = {"Constant": {"value": 0.5}, "Identity": {"gain": 2.0}}.get(name, {})
    theirs = keras_layer(embeddings_initializer=getattr(keras.initializers, name)(**given))
    ours = Embedding.from_keras(theirs)
    assert ours.embeddings_initializer == Embedding(3, 2, getattr(layer, name)(**given)).embeddings_initializer
    back = ours.to_keras()
    assert type(back.embeddings_initializer) is type(theirs.embeddings_initializer)
    assert np.array_equal(rows_of(back), table())


def test_an_initializer_that_is_not_known_is_uniform() -> None:
    theirs = keras_layer(embeddings_initializer=np.ones)
    assert Embedding.from_keras(theirs).embeddings_initializer == RandomUniform()
    assert type(Embedding(3, 2, np.ones).to_keras().embeddings_initializer).__name__ == "RandomUniform"


def test_objects_and_configs_of_keras_are_taken() -> None:
    import keras

    ours = Embedding(3, 2, keras.initializers.HeNormal(seed=1), keras.regularizers.L2(0.5), keras.constraints.NonNeg())
    assert (ours.embeddings_initializer, ours.embeddings_regularizer) == (HeNormal(), L2(0.5))
    assert ours.embeddings_constraint == NonNeg()
    config = keras.saving.serialize_keras_object(keras.constraints.UnitNorm(axis=[1]))
    assert Embedding(3, 2, embeddings_constraint=config).embeddings_constraint == UnitNorm(axis=(1,))
    assert Embedding(3, 2, embeddings_constraint=keras.constraints.MaxNorm).embeddings_constraint == MaxNorm()
    with pytest.raises(ConfigurationError, match="has no input_axes here"):
        Embedding(3, 2, {"class_name": "HeNormal", "config": {"input_axes": [1]}})
    for name in ("L1L2", "l1l2"):
        theirs = keras.regularizers.get(name)
        assert vars(Embedding(3, 2, embeddings_regularizer=name).embeddings_regularizer) == theirs.get_config()


def test_variables_of_keras_are_taken() -> None:
    import keras

    weights = keras.Variable(table())
    ours = Embedding(ROWS, WIDTH, weights=[weights])
    assert np.array_equal(ours.embeddings, table())
    assert ours(keras.Variable([1, 2], dtype="int32", trainable=False)).shape == (2, WIDTH)
    with pytest.raises(TypeError, match=r"give a keras\.layers\.Embedding, not Dense"):
        Embedding.from_keras(keras.layers.Dense(2))


def test_keras_shares_the_memory() -> None:
    ours = Embedding(
        ROWS,
        WIDTH,
        embeddings_regularizer=L1L2(0.1, 0.2),
        embeddings_constraint=MinMaxNorm(0.1, 2.0, 0.5, 1),
        mask_zero=True,
        weights=table(),
    )
    theirs = ours.to_keras()
    ours.embeddings[7] = 5
    assert (theirs(np.array([7])).detach().numpy() == 5).all()
    assert np.array_equal(numbers(theirs), ours.embeddings)
    back = Embedding.from_keras(theirs)
    assert back.embeddings.ctypes.data == ours.embeddings.ctypes.data
    assert (back.mask_zero, back.embeddings_regularizer) == (True, L1L2(0.1, 0.2))
    assert back.embeddings_constraint == MinMaxNorm(0.1, 2.0, 0.5, 1)


def test_a_model_of_keras_trains_the_shared_table() -> None:
    import keras

    ours = Embedding(ROWS, WIDTH, weights=table())
    model = keras.Sequential([ours.to_keras(), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(np.array([[1, 2], [3, 4]]), np.array([[1.0], [2.0]]), epochs=1, verbose=0)
    assert (ours.embeddings[[1, 2, 3, 4]] != table()[[1, 2, 3, 4]]).any(axis=1).all()


def test_what_keras_does_not_know_is_refused() -> None:
    import keras

    ours = Embedding(ROWS, WIDTH)
    ours.freeze([1])
    with pytest.raises(ConfigurationError, match="Keras knows no frozen rows"):
        ours.to_keras()
    with pytest.raises(ConfigurationError, match="call its build"):
        Embedding.from_keras(keras.layers.Embedding(3, 2))
    other = keras_layer(embeddings_regularizer=keras.regularizers.OrthogonalRegularizer())
    with pytest.raises(ConfigurationError, match="'OrthogonalRegularizer' is not known here"):
        Embedding.from_keras(other)
    with pytest.raises(ConfigurationError, match="can't be written"):
        Embedding(ROWS, WIDTH, embeddings_constraint=np.abs).to_keras()
