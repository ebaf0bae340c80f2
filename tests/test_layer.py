"""The layer: rows out, gradients in, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec.errors import ConfigurationError
from onevec.layer import L1, L1L2, L2, SGD, Adagrad, Adam, Embedding, MaxNorm, MinMaxNorm, SparseGradient, UnitNorm
from onevec.layer import gather as gathering
from onevec.layer.gradient import sum_by_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TABLE = np.arange(12, dtype=np.float32).reshape(6, 2)


def layer(**given: Any) -> Embedding:
    return Embedding(6, 2, weights=TABLE, **given)


@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (2, 0, 3), (2, 1, 3, 2)])
@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.int64, np.uint64])
def test_ids_of_any_shape_give_their_rows(shape: tuple[int, ...], dtype: type) -> None:
    ids: NDArray[Any] = np.random.default_rng(0).integers(0, 6, shape).astype(dtype)
    found = layer()(ids)
    assert found.shape == (*shape, 2)
    assert found.dtype == np.float32
    assert np.array_equal(found, TABLE[ids])


def test_lists_are_taken_and_the_result_is_a_copy() -> None:
    own = layer()
    assert own([]).shape == (0, 2)
    found = own([[1], [5]])
    found[:] = -1
    assert np.array_equal(own.embeddings, TABLE)


def test_ids_in_any_layout_of_memory() -> None:
    ids = np.array([[1, 2, 3], [4, 5, 0]])
    assert np.array_equal(layer()(ids.T), TABLE[ids.T])
    assert np.array_equal(layer()(ids[:, ::2]), TABLE[ids[:, ::2]])


def test_out_is_written_and_returned() -> None:
    out = np.empty((2, 2), dtype=np.float32)
    assert layer()([3, 0], out=out) is out
    assert out.tolist() == [[6, 7], [0, 1]]
    with pytest.raises(ConfigurationError, match=r"float32 array \(2, 2\), not float64 \(2, 2\)"):
        layer()([3, 0], out=np.empty((2, 2)))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="C-contiguous"):
        layer()([3, 0], out=np.empty((4, 2), dtype=np.float32)[::2])
    out.flags.writeable = False
    with pytest.raises(ConfigurationError, match="writable"):
        layer()([3, 0], out=out)
    with pytest.raises(TypeError, match="out must be an array of numpy, not list"):
        layer()([3, 0], out=[[0, 0], [0, 0]])  # type: ignore[arg-type]


@pytest.fixture
def three_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "WORTH", 100)
    monkeypatch.setattr(gathering, "PIECE", 64)
    monkeypatch.setattr(gathering._threads, "cores", 3)
    monkeypatch.setattr(gathering._threads, "found", None)


@pytest.mark.usefixtures("three_threads")
def test_many_rows_are_copied_by_several_threads() -> None:
    for count in (150, 1001, 1024):
        ids = np.random.default_rng(0).integers(0, 6, count)
        assert np.array_equal(layer()(ids), TABLE[ids])


@pytest.mark.usefixtures("three_threads")
def test_threads_that_are_busy_keep_no_lookup_waiting() -> None:
    free, ids = Event(), np.arange(1200) % 6
    busy = [gathering._threads.pool().submit(free.wait, 60) for _ in range(2)]
    found = layer()(ids)
    assert not any(each.done() for each in busy)
    free.set()
    assert np.array_equal(found, TABLE[ids])


LATE = """
import threading, time
import numpy as np
from onevec.layer import Embedding, gather
gather._threads.cores = 2
layer, ids = Embedding(5000, 64), np.arange(40_000) % 5000
def work():
    threading.main_thread().join()
    time.sleep(0.3)  # until the interpreter takes no more work for its pools
    print(np.array_equal(layer(ids), layer.embeddings[ids]))
threading.Thread(target=work).start()
"""


def test_a_thread_that_outlives_the_program_still_looks_up() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([[0, 1], [2, 6]], r"ids\[1, 1\] is 6, but ids must be in \[0, 6\)"),
        ([3, -1], r"ids\[1\] is -1"),
        (7, r"ids\[\] is 7"),
        (np.array([2**63], dtype=np.uint64), r"ids\[0\] is 9223372036854775808"),
        ([1, 2**64], r"ids\[1\] is 18446744073709551616"),
    ],
)
def test_a_wrong_id_is_refused_by_its_place(ids: Any, message: str) -> None:
    own = layer(mask_zero=True)
    for call in (own, own.compute_mask, lambda ids: own.backward(ids, np.zeros((*np.shape(ids), 2)))):
        with pytest.raises(ConfigurationError, match=message):
            call(ids)
    for change in (own.freeze, own.unfreeze):
        with pytest.raises(ConfigurationError, match=message.replace("ids", "rows")):
            change(ids)


def test_ids_of_several_lengths_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="one length in each dimension: pad them with 0"):
        layer()([[1], [2, 3]])


@pytest.mark.parametrize("ids", [[1.0], ["a"], [True], None, np.zeros(0)])
def test_what_is_no_integer_is_refused(ids: Any) -> None:
    with pytest.raises(TypeError, match="ids must be integers"):
        layer()(ids)


def test_the_mask_is_false_at_padding() -> None:
    assert layer().compute_mask([0, 1]) is None
    mask = layer(mask_zero=True).compute_mask([[0, 1], [2, 0]])
    assert mask is not None
    assert mask.tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"input_dim": 0}, ConfigurationError, "input_dim must be at least 1"),
        ({"output_dim": 2.5}, TypeError, "output_dim must be a whole number"),
        ({"input_dim": True}, TypeError, "input_dim must be a whole number"),
        ({"embeddings_initializer": "he_norml"}, ConfigurationError, "did you mean 'he_normal'"),
        ({"embeddings_initializer": 3}, TypeError, "embeddings_initializer must be a name"),
        ({"embeddings_regularizer": "l3"}, ConfigurationError, "embeddings_regularizer 'l3'"),
        ({"embeddings_regularizer": np.sum}, ConfigurationError, r"a method gradient\(table\)"),
        ({"embeddings_constraint": "unitnrm"}, ConfigurationError, "did you mean 'unit_norm'"),
        ({"seed": -1}, ConfigurationError, "seed must be at least 0, not -1"),
        ({"seed": 1.5}, TypeError, "seed must be a whole number"),
        ({"weights": [[1, 2], [3]]}, ConfigurationError, "weights must be numbers, in rows of one length"),
        ({"weights": np.full((6, 2), 1e40)}, ConfigurationError, "weights must be finite"),
        ({"embeddings_constraint": {"config": {}}}, ConfigurationError, "embeddings_constraint 'None' is not known"),
        ({"weights": np.zeros((2, 6))}, ConfigurationError, r"weights must have the shape \(6, 2\), not \(2, 6\)"),
    ],
)
def test_wrong_arguments_are_refused(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Embedding(**{"input_dim": 6, "output_dim": 2, **given})


def test_weights_are_copied_and_may_be_in_a_list() -> None:
    mine = TABLE.astype(np.float64)
    for weights in (mine, [mine], mine.tolist()):
        own = Embedding(6, 2, weights=weights)
        own.embeddings[0] = 9
        assert mine[0, 0] == 0
        assert np.array_equal(own.embeddings[1:], TABLE[1:])


@given(st.lists(st.integers(0, 40), max_size=200), st.integers(1, 5))
def test_equal_ids_are_summed(ids: list[int], width: int) -> None:
    values = np.random.default_rng(len(ids)).integers(-9, 9, (len(ids), width)).astype(np.float32)
    rows, sums = sum_by_row(np.array(ids, dtype=np.int64), values)
    expected = np.zeros((41, width), dtype=np.float32)
    np.add.at(expected, ids, values)
    assert rows.tolist() == sorted(set(ids))
    assert np.array_equal(sums, expected[rows])


def numeric_gradient(loss: Callable[[NDArray[np.float64]], float], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """By central differences, in double precision."""
    found = np.zeros_like(table)
    for place in np.ndindex(*table.shape):
        high, low = table.copy(), table.copy()
        high[place] += 1e-5
        low[place] -= 1e-5
        found[place] = (loss(high) - loss(low)) / 2e-5
    return found


@pytest.mark.parametrize("regularizer", [None, "l1", "l2", L1(0.3), L2(0.2), L1L2(0.1, 0.4)])
def test_the_gradient_is_the_slope_of_the_loss(regularizer: Any) -> None:
    own = Embedding(7, 3, "normal", regularizer, seed=3)
    ids = np.array([[1, 2, 2], [6, 2, 0]])
    upstream = np.random.default_rng(0).normal(size=(2, 3, 3))

    def loss(table: NDArray[np.float64]) -> float:
        penalty = own.embeddings_regularizer(table) if own.embeddings_regularizer else 0.0
        return float((np.sin(table[ids]) * upstream).sum()) + penalty

    gradient = own.backward(ids, upstream * np.cos(own(ids)))
    assert np.abs(gradient.dense() - numeric_gradient(loss, own.embeddings.astype(np.float64))).max() < 1e-6
    assert len(gradient.rows) == (4 if regularizer is None else 7)


def test_the_losses_are_the_penalty() -> None:
    assert layer().losses == []
    assert layer(embeddings_regularizer="l1_l2").embeddings_regularizer == L1L2(0.01, 0.01)
    for name in ("L1L2", "l1l2", L1L2, {"class_name": "L1L2", "config": {"l1": 0.0}}):
        assert layer(embeddings_regularizer=name).embeddings_regularizer == L1L2(0, 0)
    assert layer(embeddings_regularizer=L1L2(0.5, 0.25)).losses == [0.5 * 66 + 0.25 * 506]


def test_gradients_of_two_batches_are_added() -> None:
    own = layer()
    one, two = own.backward([1, 2], [[1, 1], [2, 2]]), own.backward([2, 5], [[4, 0], [8, 8]])
    both = one + two
    assert both.rows.tolist() == [1, 2, 5]
    assert np.array_equal(both.dense(), one.dense() + two.dense())
    assert repr(both) == "SparseGradient(3 of 6 rows, 2 wide)"
    total: Any = sum([one, two])
    assert np.array_equal(total.dense(), both.dense())
    own.grow(9)
    assert (two + own.backward([8], [[1, 1]])).rows.tolist() == [2, 5, 8]
    with pytest.raises(ConfigurationError, match="two tables"):
        _ = one + Embedding(6, 3).backward([1], [[1, 1, 1]])


def test_a_gradient_of_ones_own_is_put_in_order() -> None:
    found = SparseGradient([5, 1, 5], [[1, 2], [3, 4], [5, 6]], 6)
    assert found.rows.tolist() == [1, 5]
    assert found.values.tolist() == [[3, 4], [6, 8]]
    with pytest.raises(ConfigurationError, match=r"rows\[1\] is 6"):
        SparseGradient([1, 6], [[1, 2], [3, 4]], 6)
    with pytest.raises(ConfigurationError, match=r"values \(n, width\), not \(2,\) and \(1, 2\)"):
        SparseGradient([1, 2], [[1, 2]], 6)


def test_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"grad must have the shape \(2, 2\), not \(2, 3\)"):
        layer().backward([0, 1], np.zeros((2, 3)))


OPTIMIZERS = [
    pytest.param(SGD, id="sgd"),
    pytest.param(partial(SGD, momentum=0.9), id="momentum"),
    pytest.param(partial(SGD, momentum=0.9, nesterov=True), id="nesterov"),
    pytest.param(partial(SGD, momentum=0.9, lazy=True), id="lazy"),
    pytest.param(Adagrad, id="adagrad"),
    pytest.param(Adam, id="adam"),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_frozen_rows_stay_and_others_learn(optimizer: Any) -> None:
    own = layer()
    learning = optimizer(own)
    learning.step(own.backward([1, 2, 3], np.ones((3, 2))))
    before = own.embeddings.copy()
    own.freeze([1, 4])
    gradient = own.backward([0, 1, 4], np.ones((3, 2)))
    assert gradient.rows.tolist() == [0]
    learning.step(gradient)
    learning.step(SparseGradient(np.arange(6), np.ones((6, 2), dtype=np.float32), 6))  # made before rows were frozen
    assert np.array_equal(own.embeddings[[1, 4]], before[[1, 4]])
    assert (own.embeddings[[0, 2, 3, 5]] != before[[0, 2, 3, 5]]).all()
    own.unfreeze([4])
    assert own.frozen.tolist() == [1]
    own.freeze()
    assert len(own.frozen) == 6
    own.unfreeze()
    assert len(own.frozen) == 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_layer_that_grows_learns_like_one_that_was_large(optimizer: Any) -> None:
    large = Embedding(9, 2, weights=np.concatenate([TABLE, np.ones((3, 2))]))
    small = layer()
    learning_large, learning_small = optimizer(large), optimizer(small)
    for _ in range(3):
        for own, learning in ((large, learning_large), (small, learning_small)):
            learning.step(own.backward([1, 5, 1], [[1, 2], [3, 4], [5, 6]]))
    pending = small.backward([0], [[1, 1]])
    small.grow(9, np.ones((3, 2)))
    assert small.input_dim == 9
    learning_small.step(pending)  # of the table before it grew
    learning_large.step(large.backward([0], [[1, 1]]))
    for own, learning in ((large, learning_large), (small, learning_small)):
        learning.step(own.backward([8, 5], [[1, 2], [3, 4]]))
    assert np.array_equal(large.embeddings, small.embeddings)


def test_new_rows_come_from_the_initializer() -> None:
    own = Embedding(4, 3, "ones", seed=0)
    own.embeddings[:] = 7
    own.grow(6)
    assert own.embeddings.tolist() == [[7] * 3] * 4 + [[1] * 3] * 2
    table = own.embeddings
    own.grow(6)
    own.grow(6, np.zeros((0, 3)))
    assert own.embeddings is table
    with pytest.raises(ConfigurationError, match="can grow from 6, not shrink to 5"):
        own.grow(5)
    with pytest.raises(ConfigurationError, match=r"weights must have the shape \(1, 3\)"):
        own.grow(7, np.zeros((2, 3)))


def test_an_optimizer_refuses_what_is_no_layer_or_no_gradient() -> None:
    with pytest.raises(TypeError, match=r"Adam: layer must be the Embedding that learns, not 0\.01"):
        Adam(0.01)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"takes a gradient of layer\.backward\(ids, grad\), not ndarray"):
        Adam(layer()).step(np.ones((6, 2)))  # type: ignore[arg-type]


def test_an_optimizer_refuses_the_gradient_of_another_layer() -> None:
    with pytest.raises(ConfigurationError, match="is not of Embedding"):
        Adam(layer()).step(Embedding(7, 2).backward([1], [[1, 1]]))


@pytest.mark.parametrize(
    ("optimizer", "given", "message"),
    [
        (SGD, {"learning_rate": -1}, "learning_rate must be a number of at least 0"),
        (SGD, {"nesterov": True}, "nesterov needs a momentum"),
        (Adagrad, {"epsilon": float("nan")}, "epsilon"),
        (Adam, {"beta_2": 1.0}, "must be below 1"),
        (Adam, {"learning_rate": "0.1"}, "learning_rate must be a number, not '0.1'"),
    ],
)
def test_wrong_rates_are_refused(optimizer: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigurationError, TypeError), match=message):
        optimizer(layer(), **given)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_without_rows_changes_nothing_new(optimizer: Any) -> None:
    own = layer()
    optimizer(own).step(own.backward(np.zeros((0, 3), dtype=int), np.zeros((0, 3, 2))))
    assert np.array_equal(own.embeddings, TABLE)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_finds_the_least_loss(optimizer: Any) -> None:
    own = Embedding(5, 2, seed=0)
    goal = np.random.default_rng(0).normal(size=(5, 2)) / 10
    learning = optimizer(own)
    learning.learning_rate = 0.05
    ids = np.arange(5)
    for _ in range(300):
        learning.step(own.backward(ids, own(ids) - goal))
    assert np.abs(own.embeddings - goal).max() < 1e-3


@pytest.mark.parametrize(
    ("constraint", "axis"), [(MaxNorm(1, axis=1), 1), (UnitNorm(axis=1), 1), (MinMaxNorm(0.5, 1, axis=1), 1)]
)
def test_vectors_keep_their_length(constraint: Any, axis: int) -> None:
    own = layer(embeddings_constraint=constraint)
    learning = SGD(own, 0.1)
    for ids in ([1, 2], [2, 3]):
        learning.step(own.backward(ids, np.ones((2, 2))))
        assert np.linalg.norm(own.embeddings, axis=axis).max() < 1 + 1e-6


def test_only_changed_rows_are_constrained_again() -> None:
    own = layer(embeddings_constraint="non_neg")
    learning = SGD(own, 100)
    learning.step(own.backward([1], [[1, -1]]))
    assert own.embeddings[1].tolist() == [0, 103]
    own.embeddings[5] = -1
    learning.step(own.backward([2], [[1, 1]]))
    assert own.embeddings[[2, 5]].tolist() == [[0, 0], [-1, -1]]


@pytest.mark.parametrize("constraint", ["unit_norm", UnitNorm, lambda table: table / np.linalg.norm(table, axis=0)])
def test_columns_are_constrained_as_a_whole(constraint: Any) -> None:
    own = layer(embeddings_constraint=constraint)
    own.freeze([0])
    learning = SGD(own, 0.1)
    for _ in range(2):
        learning.step(own.backward([1], [[1, 2]]))
    assert own.embeddings[0].tolist() == [0, 1]
    assert np.linalg.norm(own.embeddings[:, 0]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("constraint", ["max_norm", "unit_norm", MinMaxNorm(0.5, 1.0, 0.5)])
def test_frozen_rows_do_not_press_the_others_down(constraint: Any) -> None:
    table = np.random.default_rng(0).normal(size=(100, 4))
    own = Embedding(100, 4, embeddings_constraint=constraint, weights=table)
    own.freeze(np.arange(50))
    free = Embedding(50, 4, embeddings_constraint=constraint, weights=table[50:])
    for _ in range(20):
        SGD(own, 0.1).step(own.backward([60], np.ones((1, 4))))
        SGD(free, 0.1).step(free.backward([10], np.ones((1, 4))))
    assert np.array_equal(own.embeddings[50:], free.embeddings)
    assert np.array_equal(own.embeddings[:50], table[:50].astype(np.float32))


def test_rows_that_learn_again_are_constrained_again() -> None:
    own = layer(embeddings_constraint=UnitNorm(axis=1))
    own.freeze([5])
    learning = SGD(own, 0.1)
    learning.step(own.backward([1], [[1, 1]]))
    own.unfreeze()
    learning.step(own.backward([1], [[1, 1]]))
    assert np.linalg.norm(own.embeddings[5]) == pytest.approx(1)


def test_a_layer_that_is_all_frozen_is_not_constrained() -> None:
    own = layer(embeddings_constraint="unit_norm")
    own.freeze()
    SGD(own).step(own.backward([1], [[1, 1]]))
    assert np.array_equal(own.embeddings, TABLE)


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (lambda table: None, r"must return a table \(6, 2\), but it returned None"),  # noqa: ARG005
        (lambda table: table.mean(axis=0), r"must return a table \(6, 2\), but it returned one \(2,\)"),
        (lambda table: "table", "must be numbers"),  # noqa: ARG005
    ],
)
def test_a_constraint_that_returns_no_table_is_refused(constraint: Any, message: str) -> None:
    own = layer(embeddings_constraint=constraint)
    with pytest.raises(ConfigurationError, match=message):
        SGD(own, 0.0).step(own.backward([1], [[1, 1]]))
    assert np.array_equal(own.embeddings, TABLE)


def test_the_axis_of_a_constraint_is_checked() -> None:
    assert UnitNorm(axis=[0, 1]) == UnitNorm(axis=(0, 1))  # type: ignore[arg-type]
    assert np.linalg.norm(UnitNorm(axis=(0, 1))(TABLE)) == pytest.approx(1)
    for axis in (2, "1", (), (0, 2)):
        with pytest.raises(ConfigurationError, match="MaxNorm: axis must be 0"):
            MaxNorm(1, axis=axis)  # type: ignore[arg-type]
