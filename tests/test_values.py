"""Values: what goes in comes out, in every form, and nothing else ever does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevec import ConfigurationError
from onevec.values import FORMATS, Damaged, decode, encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINARY = [name for name in FORMATS if name != "json"]
float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
vectors = st.lists(float32, min_size=1, max_size=70).map(lambda numbers: np.array(numbers, dtype=np.float32))
names = st.sampled_from(FORMATS)


def value_of(name: str, key: str, row: NDArray[np.float32]) -> bytes:
    return encoder(name)([key], row[None, :])[0]


def packed(name: str) -> str:
    pytest.importorskip("zstandard")
    return f"{name}+zstd"


@given(vectors, st.sampled_from(["float32", "json"]))
def test_exact_forms_give_back_every_bit(row: NDArray[np.float32], name: str) -> None:
    assert decode("k", value_of(name, "k", row)).tobytes() == row.tobytes()


@given(vectors)
def test_float16_gives_the_nearest_or_all(row: NDArray[np.float32]) -> None:
    found = decode("k", value_of("float16", "k", row))
    with np.errstate(over="ignore"):
        small = row.astype(np.float16)
    assert np.array_equal(found, small if np.isfinite(small).all() else row)


@given(vectors)
def test_int8_is_off_by_half_a_step(row: NDArray[np.float32]) -> None:
    found = decode("k", value_of("int8", "k", row)).astype(np.float64)
    top = float(np.abs(row).max())
    assert np.abs(found - row).max() <= top / 127 * 0.501


@given(st.lists(st.integers(-127, 127), min_size=1, max_size=70))
def test_int8_keeps_whole_numbers(numbers: list[int]) -> None:
    row = np.array(numbers, dtype=np.float32)
    assert np.array_equal(decode("k", value_of("int8", "k", row)), row)


@given(vectors)
def test_bits_keep_the_signs_and_the_mean_size(row: NDArray[np.float32]) -> None:
    found = decode("k", value_of("bits", "k", row))
    assert np.array_equal(found >= 0, row >= 0) or float(np.abs(row).mean()) == 0
    assert np.allclose(np.abs(found), np.abs(row).mean(dtype=np.float64), rtol=1e-6)


@given(vectors, names)
def test_a_value_read_and_written_again_stays_the_same_vector(row: NDArray[np.float32], name: str) -> None:
    once = decode("k", value_of(name, "k", row))
    assert decode("k", value_of("float32", "k", once)).tobytes() == once.tobytes()


@pytest.mark.parametrize("name", BINARY)
def test_zstd_changes_the_size_only(name: str) -> None:
    row = np.linspace(0, 1, 512).round(1).astype(np.float32)
    plain, small = value_of(name, "k", row), value_of(packed(name), "k", row)
    assert len(small) < len(plain)
    assert np.array_equal(decode("k", small), decode("k", plain))


def test_sizes() -> None:
    row = np.random.default_rng(0).standard_normal(1536).astype(np.float32)
    assert {name: len(value_of(name, "k", row)) for name in BINARY} == {
        "float32": 16 + 6144,
        "float16": 16 + 3072,
        "int8": 16 + 1536,
        "bits": 16 + 192,
    }


# Every value that was ever written has to be read for ever: add to this table, never change it.
GOLDEN = {
    "float32": "31760101030000000000803fda6731f50000003f000080be0000803f",
    "float16": "31760102030000000000803f3e0893ae003800b4003c",
    "int8": "31760103030000000402013cb1c1234140e07f",
    "bits": "31760104030000005555153f2e18b9eba0",
}
READ = {"int8": [64 / 127, -32 / 127, 1.0], "bits": [7 / 12, -7 / 12, 7 / 12]}


@pytest.mark.parametrize("name", GOLDEN)
def test_values_of_version_1(name: str) -> None:
    row = np.array([0.5, -0.25, 1.0], dtype=np.float32)
    assert value_of(name, "schlüssel", row).hex() == GOLDEN[name]
    found = decode("schlüssel", bytes.fromhex(GOLDEN[name]))
    assert np.allclose(found, READ.get(name, row), rtol=1e-6)


@pytest.mark.parametrize("name", BINARY)
def test_every_flipped_bit_is_seen(name: str) -> None:
    value = value_of(name, "k", np.array([0.5, -0.25, 3.0, 0.1], dtype=np.float32))
    for place in range(8 * len(value)):
        damaged = bytearray(value)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(Damaged):
            decode("k", damaged)


@pytest.mark.parametrize("name", BINARY)
def test_every_cut_is_seen(name: str) -> None:
    value = value_of(name, "k", np.array([0.5, -0.25, 3.0, 0.1], dtype=np.float32))
    for end in range(len(value)):
        with pytest.raises(Damaged):
            decode("k", value[:end])
    with pytest.raises(Damaged):
        decode("k", value + b"\0")


@pytest.mark.parametrize("name", BINARY)
def test_a_sound_value_under_another_key_is_damaged(name: str) -> None:
    with pytest.raises(Damaged):
        decode("other", value_of(name, "k", np.ones(4, dtype=np.float32)))


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"1v" + rest))
def test_other_bytes_are_damaged(value: bytes) -> None:
    try:
        row = decode("k", value)
    except Damaged:
        return
    assert value.lstrip()[:1] == b"["  # JSON by chance
    assert np.isfinite(row).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [((4, 7), "3 numbers"), ((2, 2), "version 2"), ((3, 9), "form 9"), ((3, 129), "zstd|frame|magic")],
)
def test_a_sound_checksum_over_nonsense_is_damaged(change: tuple[int, int], said: str) -> None:
    """The checksum alone does not help if another program, or a newer version, wrote the value."""
    if change == (3, 129):
        pytest.importorskip("zstandard")
    value = bytearray.fromhex(GOLDEN["float32"])
    value[change[0]] = change[1]
    check = crc32(value[16:], crc32(b"k", crc32(value[:12]))).to_bytes(4, "little")
    with pytest.raises(Damaged, match=said):
        decode("k", bytes(value[:12]) + check + bytes(value[16:]))


@pytest.mark.parametrize(
    "value",
    [
        *(b"[]", b"null", b"{}", b"3", b"[NaN, 1.0]", b"[Infinity]", b'["0.5"]', b"[[0.5]]", b"[1.0, null]", b"[true]"),
        *(b"[0.5, -0.2", b"", b"\xff\xfe", b"[1.7976931348623157e+308]", b"[0.5] [0.5]", "[0.5]", None, 3, [], [[0.5]]),
        *(["0.5"], [float("nan")], {0: 0.5}),
    ],
    ids=repr,
)
def test_what_is_no_vector_is_damaged(value: Any) -> None:
    with pytest.raises(Damaged):
        decode("k", value)


@pytest.mark.parametrize("numbers", [[0.5, -0.25, 1], [1e-07, 1e16, -0.0, 5e-324], [0.1, 0.30000000000000004]])
def test_langchains_json_is_read(numbers: list[float]) -> None:
    assert decode("k", json.dumps(numbers).encode()).tolist() == np.array(numbers, dtype=np.float32).tolist()


def test_json_has_the_shortest_decimals_and_langchains_spaces() -> None:
    row = np.array([0.5, -0.25, 0.125, 1.0, 0.1, 123456.7, -0.0], dtype=np.float32)
    assert value_of("json", "k", row) == b"[0.5, -0.25, 0.125, 1.0, 0.1, 123456.7, -0.0]"


@given(vectors)
def test_any_json_reader_reads_our_json(row: NDArray[np.float32]) -> None:
    assert np.array(json.loads(value_of("json", "k", row)), dtype=np.float32).tobytes() == row.tobytes()


@pytest.mark.parametrize("name", ["float64", "", "json+zstd", "float32+gzip", "zstd"])
def test_an_unknown_format_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="'float16'"):
        encoder(name)
