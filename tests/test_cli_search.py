"""`onevec search`, and the search for the nearest vectors below it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onevec.cli import main
from onevec.search import cosine, top_n, top_n_chunked

if TYPE_CHECKING:
    from collections.abc import Callable

    Search = Callable[..., tuple[int, str, str]]

LINES = ["猫在睡觉", "去机场怎么走", "the train to the airport", "stock prices fell", "a kitten sleeps"]


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Search:
    """Search a file of a few lines that the default model embedded."""
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("text,id\n" + "".join(f"{line},{len(line)}\n" for line in LINES), encoding="utf-8")
    assert main(["embed", "in.csv", "--out", "out.parquet"]) == 0
    capsys.readouterr()

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["search", "out.parquet", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_it_finds_by_meaning_in_two_languages(search: Search) -> None:
    def best(query: str) -> list[str]:
        found: list[dict[str, Any]] = json.loads(search(query, "--top", "2", "--json")[1])["found"]
        return sorted(hit["text"] for hit in found)

    assert best("怎么坐车去机场") == sorted(LINES[1:3])
    assert best("cats") == sorted([LINES[0], LINES[4]])


def test_a_hit_has_its_row_score_and_columns(search: Search) -> None:
    code, out, err = search(LINES[1], "--top", "1", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["query"] == LINES[1]
    assert said["found"] == [{"row": 1, "score": pytest.approx(1, abs=1e-5), "text": LINES[1], "id": "6"}]


def test_without_a_terminal_a_hit_is_one_whole_line(search: Search) -> None:
    code, out, _ = search(LINES[3])
    assert code == 0
    assert out.splitlines()[0] == f"1.000\tid={len(LINES[3])}\t{LINES[3]}"
    assert len(out.splitlines()) == len(LINES)


def test_another_model_is_refused(search: Search) -> None:
    code, out, err = search("cats", "--model", "fake:512")
    assert (code, out) == (1, "")
    assert "can't be compared" in err
    assert "The vectors of out.parquet were made by default" in err


def test_what_is_no_vector_file_is_refused(search: Search, capsys: pytest.CaptureFixture[str]) -> None:
    assert search("cats")[0] == 0
    assert main(["search", "in.csv", "cats"]) == 1
    assert "in.csv is not a Parquet file" in capsys.readouterr().err


def test_top_n_is_the_sorted_cosine() -> None:
    source = np.random.default_rng(7)
    query = source.normal(size=16).astype(np.float32)
    vectors = source.normal(size=(1000, 16)).astype(np.float32)
    exact = (vectors.astype(np.float64) @ query) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
    for n in (0, 1, 7, 1000, 5000):
        indices, scores = top_n(query, vectors, n)
        assert indices.tolist() == np.argsort(-exact)[:n].tolist()
        assert np.allclose(scores, exact[indices], atol=1e-6)


@pytest.mark.parametrize("size", [1, 3, 64, 1000])
def test_chunks_do_not_change_what_is_found(size: int) -> None:
    source = np.random.default_rng(8)
    query = source.normal(size=8).astype(np.float32)
    vectors = np.repeat(source.normal(size=(100, 8)).astype(np.float32), 3, axis=0)  # with equal scores
    chunks = (vectors[start : start + size] for start in range(0, len(vectors), size))
    indices, scores = top_n_chunked(query, chunks, 10)
    wanted, same = top_n(query, vectors, 10)
    assert indices.tolist() == wanted.tolist()
    assert np.allclose(scores, same, atol=1e-6)


def test_equal_scores_come_in_order_and_no_length_is_no_nan() -> None:
    vectors = np.array([[0, 0], [1, 0], [1, 0], [1, 0]], dtype=np.float32)
    assert top_n(np.array([2, 0], dtype=np.float32), vectors, 2)[0].tolist() == [1, 2]
    assert cosine(np.zeros(2, dtype=np.float32), vectors).tolist() == [0, 0, 0, 0]
    assert top_n(np.array([1, 0], dtype=np.float32), vectors[:0], 3)[0].tolist() == []
