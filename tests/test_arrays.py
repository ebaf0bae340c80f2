"""Numbers in replies, however they are written, become one float32 array, or an error that says what is wrong."""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from onevec.arrays import array, check_array, in_order, packed, unit_length

single = st.floats(width=32, allow_nan=False, allow_infinity=False)
matrices = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=single)


@given(matrices)
def test_base64_and_numbers_give_the_same_bits(vectors: Any) -> None:
    as_text = orjson.loads(orjson.dumps([base64.b64encode(row.astype("<f4").tobytes()).decode() for row in vectors]))
    as_numbers = orjson.loads(orjson.dumps(vectors.tolist()))
    assert array(as_text).tobytes() == vectors.tobytes()
    assert array(as_numbers).tobytes() == vectors.tobytes()


@given(matrices)
def test_an_array_is_whole_and_can_be_written_to(vectors: Any) -> None:
    for found in (
        array([base64.b64encode(row.tobytes()).decode() for row in vectors]),
        array(vectors.tolist()),
        packed([row.astype("<f4").tobytes() for row in vectors]),
    ):
        assert found.dtype == np.float32
        assert found.flags.c_contiguous
        assert found.flags.writeable


@given(st.lists(st.lists(st.integers(-128, 127), min_size=3, max_size=3), min_size=1, max_size=5))
def test_packed_bytes_are_numbers(rows: list[list[int]]) -> None:
    assert packed([struct.pack("<3b", *row) for row in rows], "i1").tolist() == rows
    assert packed([struct.pack("<3h", *row) for row in rows], "<i2").tolist() == rows


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([[1.0], [1.0, 2.0]], ValueError),
        (["AAAAPw==", "AAAAPwAAAAA="], ValueError),
        (["AAAA"], ValueError),
        (["not base64!"], ValueError),
        (["猫"], ValueError),
        ([["sk-x"]], ValueError),
        ([[{}]], TypeError),
        ({"a": 1}, ValueError),
        ({1: 1}, TypeError),
        (5, TypeError),
        (None, TypeError),
        ([[10**400]], OverflowError),
    ],
    ids=repr,
)
def test_another_form_is_refused(rows: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_array(array(rows), 1, None)


@pytest.mark.parametrize(
    ("rows", "count", "width", "told"),
    [
        ([], 1, None, r"shape \(0,\)"),
        ([1.0, 2.0], 2, None, r"shape \(2,\)"),
        ([[]], 1, None, r"shape \(1, 0\)"),
        ([[[1.0]]], 1, None, r"shape \(1, 1, 1\)"),
        ([[1.0], [2.0]], 3, None, "2 vectors came for 3 texts"),
        ([[1.0], [2.0]], 1, None, "2 vectors came for 1 texts"),
        ([[1.0, 2.0]], 1, 3, "vectors of 2 dimensions came, 3 were expected"),
        ([[1.0], [float("nan")]], 2, None, "vector 1 of the reply holds NaN or infinity"),
        ([[1.0], [2.0], [None]], 3, None, "vector 2 of the reply"),
        ([[1e39]], 1, None, "vector 0 of the reply"),
        ([["-inf"]], 1, None, "vector 0 of the reply"),
        (["AADAfw=="], 1, None, "vector 0 of the reply"),
    ],
    ids=repr,
)
def test_a_check_says_what_is_wrong(rows: Any, count: int, width: int | None, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check_array(array(rows), count, width)


@given(matrices)
def test_good_vectors_pass(vectors: Any) -> None:
    check_array(vectors, *vectors.shape)
    check_array(vectors, len(vectors), None)


@given(st.permutations(range(7)))
def test_rows_come_back_in_their_order(places: list[int]) -> None:
    rows = [{"index": place, "value": place * 2} for place in places]
    assert [row["value"] for row in in_order(rows)] == [0, 2, 4, 6, 8, 10, 12]
    assert [row["value"] for row in in_order([{"at": row["index"], **row} for row in rows], "at")] == [*range(0, 14, 2)]


def test_rows_without_a_place_stay() -> None:
    rows = [{"v": 2}, {"v": 1}]
    assert in_order(rows) == rows
    assert in_order([]) == []


@pytest.mark.parametrize("places", [[0, 0], [1, 2], [0, 2], [-1, 0], [0, None], ["0", "1"], ["x", 0]], ids=repr)
def test_places_that_make_no_order_are_refused(places: list[Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        in_order([{"index": place} for place in places])


@given(matrices)
def test_a_vector_is_brought_to_length_one(vectors: Any) -> None:
    vectors = np.where(np.abs(vectors) < 1e-15, 0, np.clip(vectors, -1e15, 1e15)).astype(np.float32)
    lengths = np.linalg.norm(unit_length(vectors).astype(float), axis=1)
    assert np.allclose(lengths, np.where(vectors.any(axis=1), 1, 0), atol=1e-5)
