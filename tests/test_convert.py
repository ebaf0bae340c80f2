"""Arguments and texts of variables become the declared type, or an error that completes "the parameter ..."."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec.convert import converter


@pytest.mark.parametrize(
    ("annotation", "value", "result"),
    [
        ("str", "4", "4"),
        ("str | None", "", ""),
        ("str", Path("模型", "m3e"), str(Path("模型", "m3e"))),
        ("int", 4, 4),
        ("int", "7", 7),
        ("int", " 4 ", 4),
        ("int", 5.0, 5),
        ("int | None", "-4", -4),
        ("None | int", "4", 4),
        ("int", np.int64(4), 4),
        ("float", 4, 4.0),
        ("float", "0.5", 0.5),
        ("float", np.float32(0.5), 0.5),
        ("float | None", "1e3", 1000.0),
        ("float", Fraction(1, 2), 0.5),
        ("bool", True, True),
        ("bool", "yes", True),
        ("bool", " FALSE ", False),
        ("bool", 0, False),
        ("bool | None", "on", True),
    ],
)
def test_a_value_gets_the_declared_type(annotation: str, value: Any, result: Any) -> None:
    found = converter(annotation)(value)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        ("str", 4, "must be a str, not int"),
        ("str", None, "must be a str, not NoneType"),
        ("int", True, "must be an int, not True"),
        ("int", "4.5", "must be an int, not '4.5'"),
        ("int", 4.5, "must be an int, not 4.5"),
        ("int", float("inf"), "must be an int, not inf"),
        ("int", float("nan"), "must be an int, not nan"),
        ("int", [4], r"must be an int, not \[4\]"),
        ("float", True, "must be a number, not True"),
        ("float", "many", "must be a number, not 'many'"),
        ("float", 1j, "must be a number, not 1j"),
        ("bool", "maybe", "must be true or false, not 'maybe'"),
        ("bool", 2, "must be true or false, not 2"),
    ],
)
def test_another_value_is_refused(annotation: str, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}$"):
        converter(annotation)(value)


@pytest.mark.parametrize("annotation", ["Any", "Mapping[str, str] | None", "str | int", "LongText", "list[str]"])
def test_other_types_pass_as_they_are(annotation: str) -> None:
    value = object()
    assert converter(annotation)(value) is value


@given(st.integers())
def test_an_int_and_its_text_are_the_same(value: int) -> None:
    assert converter("int")(str(value)) == converter("int | None")(value) == value


@given(st.floats(allow_nan=False))
def test_a_float_and_its_text_are_the_same(value: float) -> None:
    assert converter("float")(repr(value)) == converter("float")(value) == value
