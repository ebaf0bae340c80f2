"""The first numbers of a table: their distributions by mean, spread and bounds."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from onevec.errors import ConfigurationError
from onevec.layer import (
    Constant,
    Embedding,
    GlorotUniform,
    HeNormal,
    Identity,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)

ROWS, WIDTH = 3000, 100
CUT = 0.8796256610342398
"""Standard deviation of a standard normal between -2 and 2."""


def table(initializer: Any, rows: int = ROWS, width: int = WIDTH, seed: int | None = 0) -> Any:
    return Embedding(rows, width, initializer, seed=seed).embeddings


@pytest.mark.parametrize(
    ("initializer", "deviation", "bound"),
    [
        ("uniform", 0.05 / sqrt(3), 0.05),
        ("RandomUniform", 0.05 / sqrt(3), 0.05),
        ("normal", 0.05, None),
        ("random_normal", 0.05, None),
        ("truncated_normal", 0.05 * CUT, 0.1),
        ("glorot_uniform", sqrt(2 / (ROWS + WIDTH)), sqrt(6 / (ROWS + WIDTH))),
        ("glorot_normal", sqrt(2 / (ROWS + WIDTH)), 2 * sqrt(2 / (ROWS + WIDTH)) / CUT),
        ("he_uniform", sqrt(2 / ROWS), sqrt(6 / ROWS)),
        ("he_normal", sqrt(2 / ROWS), 2 * sqrt(2 / ROWS) / CUT),
        ("lecun_uniform", sqrt(1 / ROWS), sqrt(3 / ROWS)),
        ("lecun_normal", sqrt(1 / ROWS), 2 * sqrt(1 / ROWS) / CUT),
        (VarianceScaling(3, "fan_out", "untruncated_normal"), sqrt(3 / WIDTH), None),
        (VarianceScaling(3, "fan_out"), sqrt(3 / WIDTH), 2 * sqrt(3 / WIDTH) / CUT),
    ],
)
def test_a_distribution(initializer: Any, deviation: float, bound: float | None) -> None:
    found = table(initializer)
    assert found.dtype == np.float32
    count = found.size
    assert abs(found.mean()) < 5 * deviation / sqrt(count)
    assert found.std() == pytest.approx(deviation, rel=0.01)
    largest = np.abs(found).max()
    if bound is None:
        assert largest > 4 * deviation
    else:
        assert 0.99 * bound < largest <= bound * (1 + 1e-6)


def test_mean_and_bounds_may_be_moved() -> None:
    assert table(RandomNormal(3, 0.5)).mean() == pytest.approx(3, abs=0.01)
    assert table(TruncatedNormal(3, 0.5)).min() == pytest.approx(2, abs=0.01)
    found = table(RandomUniform(1, 4))
    assert found.min() == pytest.approx(1, abs=0.01)
    assert found.max() == pytest.approx(4, abs=0.01)


def test_fixed_tables() -> None:
    assert table("zeros", 2, 3).tolist() == [[0] * 3] * 2
    assert table("ones", 2, 3).tolist() == [[1] * 3] * 2
    assert table(Constant(2.5), 2, 3).tolist() == [[2.5] * 3] * 2
    assert table("identity", 2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert table(Identity(2), 3, 2).tolist() == [[2, 0], [0, 2], [0, 0]]


@pytest.mark.parametrize(("rows", "width"), [(50, 20), (20, 50), (30, 30)])
def test_orthogonal_tables(rows: int, width: int) -> None:
    found = table(Orthogonal(2), rows, width)
    product = found.T @ found if rows >= width else found @ found.T
    assert np.abs(product - 4 * np.eye(min(rows, width))).max() < 1e-5


def test_no_direction_is_preferred_by_orthogonal_ones() -> None:
    corners = [table("orthogonal", 3, 3, seed)[0, 0] for seed in range(200)]
    assert abs(np.mean(corners)) < 0.2  # 0 in the mean, with a deviation of 0.04; the bare Q has one sign only


def test_a_seed_gives_the_same_table_and_none_another() -> None:
    assert np.array_equal(table("uniform", seed=1), table("uniform", seed=1))
    assert not np.array_equal(table("uniform", seed=1), table("uniform", seed=2))
    assert not np.array_equal(table("uniform", seed=None), table("uniform", seed=None))


def test_a_table_of_several_blocks_is_drawn_throughout() -> None:
    found = table("truncated_normal", 12000, 100)
    assert found.size > 1 << 20
    assert len(np.unique(found)) > found.size / 2
    assert found[-100:].std() == pytest.approx(0.05 * CUT, rel=0.02)


def test_a_function_of_the_shape() -> None:
    assert table(lambda shape: np.full(shape, shape[0]), 2, 3).tolist() == [[2] * 3] * 2
    kept = np.ones((2, 3), dtype=np.float32)
    own = Embedding(2, 3, lambda _: kept)
    own.embeddings[:] = 0
    assert kept.all()
    with pytest.raises(ConfigurationError, match=r"must give finite numbers \(2, 3\), it gave \(3, 2\)"):
        table(lambda shape: np.ones(shape[::-1]), 2, 3)
    with pytest.raises(ConfigurationError, match="finite"):
        table(lambda shape: np.full(shape, np.nan), 2, 3)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: VarianceScaling(0), "scale must be above 0"),
        (lambda: VarianceScaling(mode="fan"), "mode must be one of fan_in"),  # type: ignore[arg-type]
        (lambda: VarianceScaling(distribution="normal"), "distribution must be one of"),  # type: ignore[arg-type]
        (lambda: VarianceScaling("2"), "scale must be a number, not '2'"),  # type: ignore[arg-type]
        (lambda: RandomUniform("a"), "minval must be a number, not 'a'"),  # type: ignore[arg-type]
        (lambda: RandomNormal(0, float("nan")), "stddev must be a finite number, not nan"),
        (lambda: HeNormal(3), "positional argument"),  # type: ignore[call-arg]  # in Keras it would be the seed
    ],
)
def test_wrong_values_are_refused(made: Any, message: str) -> None:
    with pytest.raises((ConfigurationError, TypeError), match=message):
        made()


def test_none_is_the_initializer_that_keras_takes_then() -> None:
    assert Embedding(3, 2, None).embeddings_initializer == GlorotUniform()


@pytest.mark.parametrize("name", ["uniform", "normal", "ones", "he_normal", "identity", "orthogonal", Constant(2)])
def test_only_the_new_rows_are_drawn(name: Any) -> None:
    own = Embedding(1000, 4, name, seed=0)
    before = own.embeddings.copy()
    state = np.random.default_rng(0)
    own._source = state
    own.grow(1002)
    assert np.array_equal(own.embeddings[:1000], before)
    assert own.embeddings.shape == (1002, 4)
    if name in {"uniform", "normal"}:
        assert np.array_equal(own.embeddings[1000:], Embedding(2, 4, name, seed=0).embeddings)


def test_new_rows_have_the_fan_of_the_whole_table() -> None:
    own = Embedding(10, 1000, "he_normal", seed=0)
    own.grow(1000)
    assert own.embeddings[10:].std() == pytest.approx(sqrt(2 / 1000), rel=0.01)
    identity = Embedding(2, 4, "identity")
    identity.grow(6)
    assert np.array_equal(identity.embeddings, np.eye(6, 4))


def test_a_subclass_is_drawn_like_its_base() -> None:
    class Shifted(RandomNormal):
        def __call__(self, shape: tuple[int, int], source: np.random.Generator, start: int = 0) -> Any:
            return super().__call__(shape, source, start) + 5

    class Plain(RandomNormal):
        pass

    own = Embedding(300, 100, Shifted(), seed=0)
    own.grow(600)
    assert own.embeddings.mean() == pytest.approx(5, abs=0.01)
    assert np.array_equal(table(Plain()), table(RandomNormal()))
