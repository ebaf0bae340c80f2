"""`onevec task`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from onevec.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = Callable[..., tuple[int, str, str]]

FAQ = str(Path(__file__).resolve().parent.parent / "examples" / "faq.csv")


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Task:
    """Run a verb of `onevec task` in a folder of its own; `said` is its standard input."""
    pytest.importorskip("typer", reason="pip install 'onevec[cli]'")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, said: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said.encode()), encoding="utf-8"))
        code = main(["task", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def parsed(found: tuple[int, str, str]) -> Any:
    code, out, err = found
    assert (code, err) == (0, "")
    return json.loads(out)


def test_learn_and_classify(task: Task) -> None:
    pytest.importorskip("sklearn", reason="pip install 'onevec[tasks]'")
    animals, money = (
        ["a cat", "猫", "a dog", "小狗", "a horse"],
        ["share prices", "股票", "a bank loan", "贷款", "taxes"],
    )
    rows = [
        f"{text},{label}" for pair in zip(animals, money, strict=True) for text, label in zip(pair, "am", strict=True)
    ]
    Path("in.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    assert task("train", "in.csv", "--out", "a.npz") == (
        0,
        "10 texts, 2 classes; 1.000 of those held out were right: a.npz\n",
        "",
    )
    found = parsed(
        task("classify", "--with", "a.npz", "一匹白马", "-", "--json", said="the stock market\n\nincome tax\n")
    )
    assert [(row["label"], row["text"]) for row in found] == [
        ("a", "一匹白马"),
        ("m", "the stock market"),
        ("m", "income tax"),
    ]
    code, out, _ = task("classify", "--label", "sport=a football match", "--label", "trade=share prices", "股市大跌")
    assert (code, out.split("\t")[0], out.split("\t")[2]) == (0, "trade", "股市大跌\n")


def test_classify_wants_one_source_of_classes(task: Task) -> None:
    for arguments, wanted, message in (
        ((), 2, "give either --with FILE, or --label NAME=TEXT"),
        (("--with", "a.npz", "--label", "a=b"), 2, "give either --with FILE, or --label NAME=TEXT"),
        (("--label", "sport"), 2, "--label must be NAME=TEXT, not 'sport'"),
        (("--with", "absent.npz"), 1, "absent.npz: No such file"),
    ):
        code, out, err = task("classify", "text", *arguments)
        assert (code, out) == (wanted, "")
        assert message in err


def test_the_mood_of_texts(task: Task) -> None:
    found = parsed(task("sentiment", "太好看了，推荐", "terrible, a waste of money", "--json"))
    assert [row["label"] for row in found] == ["positive", "negative"]


def test_paraphrases_of_a_file(task: Task) -> None:
    Path("q.txt").write_text("How do I reset my password?\nNice weather\n怎么重置密码？\n", encoding="utf-8")
    found = parsed(task("pairs", "q.txt", "--threshold", "0.6", "--json"))
    assert [(row["first"], row["second"]) for row in found] == [("How do I reset my password?", "怎么重置密码？")]
    assert task("pairs", "q.txt", "--threshold", "0.99") == (0, "", "")


def test_only_a_line_end_parts_two_texts(task: Task) -> None:
    texts = ["a\u2028b", "c\x0cd\x85e", "f\x1cg"]
    Path("q.txt").write_bytes("\r\n".join(texts).encode())
    found = parsed(task("pairs", "q.txt", "--threshold", "-1", "--json"))
    assert {text for row in found for text in (row["first"], row["second"])} == {*texts}
    said = parsed(task("sentiment", "-", "--json", said="\n".join(texts)))
    assert [row["text"] for row in said] == texts


def test_what_is_not_utf_8_is_named_with_its_line(task: Task) -> None:
    Path("q.txt").write_bytes("good\n你好\n".encode("gb18030"))
    Path("q.csv").write_bytes("text,label\n你好,a\n".encode("gb18030"))
    for arguments, file in (
        (("pairs", "q.txt"), "q.txt"),
        (("intent", "q.csv", "x"), "q.csv"),
        (("sts", "q.csv"), "q.csv"),
    ):
        code, _, err = task(*arguments)
        assert code == 1
        assert f"{file}, line 2: not UTF-8" in err


def test_a_first_row_that_may_be_no_names_is_told(task: Task) -> None:
    Path("in.csv").write_text("will it rain,weather\nplay a song,music\nsunshine,weather\n", encoding="utf-8")
    said = "in.csv: the first row was taken for the names of the columns, not for an example: 'will it rain', 'weather'"
    for verb in ("intent", "translate"):
        code, _, err = task(verb, "in.csv", "放首歌")
        assert (code, err) == (0, f"onevec: {said}\n")
    Path("in.csv").write_text("Text,什么\nplay a song,music\nsunshine,weather\n", encoding="utf-8")
    assert task("intent", "in.csv", "放首歌")[2] == ""
    for verb in ("intent", "translate", "chat", "train"):
        assert "first row of a .csv file names" in " ".join(task(verb, "--help")[1].split())


def test_a_file_knows_the_model_that_it_was_learned_with(task: Task) -> None:
    Path("in.csv").write_text("text,label\na,x\nb,x\nc,y\nd,y\n", encoding="utf-8")
    assert task("train", "in.csv", "--out", "a.npz", "--method", "centroids", "--model", "fake:8")[0] == 0
    assert parsed(task("classify", "--with", "a.npz", "a", "--json"))[0]["label"] in ("x", "y")
    code, _, err = task("classify", "--with", "a.npz", "a", "--model", "fake:5")
    assert code == 1
    assert "a.npz was learned with fake:8" in err
    assert task("train", "in.csv", "--out", "a.npz", "--method", "forest")[0] == 2


def test_judgements_without_names(task: Task) -> None:
    Path("sts.csv").write_text("a cat,猫,5\na cat,一辆汽车,1\n\nhello,你好,4.5\n", encoding="utf-8")
    assert parsed(task("sts", "sts.csv", "--json"))["pairs"] == 3
    Path("sts.csv").write_text("one,two,three\na cat,猫,5\na cat,一辆汽车,1\nhello,你好,4.5\n", encoding="utf-8")
    code, _, err = task("sts", "sts.csv")
    assert code == 0
    assert "not for an example: 'one', 'two', 'three'" in err


def test_a_model_is_evaluated(task: Task) -> None:
    Path("sts.csv").write_text("a,b,score\na cat,猫,5\na cat,一辆汽车,1\nhello,你好,4.5\n", encoding="utf-8")
    found = parsed(task("sts", "sts.csv", "--json"))
    assert found["pairs"] == 3
    assert found["pearson"] > 0.8


@pytest.mark.parametrize("row", ["x,y", "hello,hi,much"])
def test_a_judgement_that_is_none(task: Task, row: str) -> None:
    Path("sts.csv").write_text(f"a,b,score\na cat,猫,5\n{row}\n", encoding="utf-8")
    code, _, said = task("sts", "sts.csv")
    assert code == 1
    assert f"sts.csv needs a text, another text and a number in each row, not {row.split(',')}" in said


def test_lines_that_translate_each_other(task: Task) -> None:
    Path("en.txt").write_text("the cat sleeps\nshare prices fell today\nit is raining\n", encoding="utf-8")
    Path("zh.txt").write_text("今天股价下跌\n猫在睡觉\n", encoding="utf-8")
    code, out, _ = task("bitext", "en.txt", "zh.txt")
    assert code == 0
    assert {tuple(line.split("\t")[1:]) for line in out.splitlines()} == {
        ("the cat sleeps", "猫在睡觉"),
        ("share prices fell today", "今天股价下跌"),
    }


def test_the_nearest_known_translation(task: Task) -> None:
    Path("a.po").write_text(
        'msgid "Save the file"\nmsgstr "保存文件"\n\nmsgid "Delete"\nmsgstr "删除"\n', encoding="utf-8"
    )
    code, out, _ = task("translate", "a.po", "store this document", "--top", "1")
    assert (code, out.split("\t")[1:]) == (0, ["保存文件", "Save the file\n"])
    assert task("translate", "a.po", "whales", "--threshold", "0.9") == (0, "", "")


def test_what_a_text_wants(task: Task) -> None:
    Path("intents.csv").write_text("text,intent\nplay a song,music\nwill it rain,weather\n", encoding="utf-8")
    assert parsed(task("intent", "intents.csv", "放首歌", "--json"))[0]["intent"] == "music"
    assert parsed(task("intent", "intents.csv", "放首歌", "--threshold", "1", "--json"))[0]["intent"] is None


def test_a_chat_remembers_and_ends(task: Task) -> None:
    code, out, err = task(
        "chat", FAQ, "--fallback", "???", said="可以刷卡吗？\nor in cash?\ntell me a joke\n\nnot read\n"
    )
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 3)
    assert lines[0].startswith("Yes: cards")
    assert lines[1].startswith("Yes: cards")  # by what was asked before
    assert lines[2].startswith("???")
    alone = parsed(task("chat", FAQ, "--json", said="or in cash?\n"))
    assert (alone["asked"], alone["position"]) == ("or in cash?", None)


def test_a_prompt_from_a_file_and_from_an_index(task: Task) -> None:
    texts = ["The ferry leaves at nine.", "渡轮票价五元。", "Cats sleep all day."]
    Path("in.txt").write_text("\n".join(texts), encoding="utf-8")
    assert main(["embed", "in.txt", "--out", "in.parquet"]) == 0
    code, out, _ = task("context", "in.parquet", "When does the ferry leave?", "--top", "1")
    assert code == 0
    assert "[1] (in.txt)\nThe ferry leaves at nine.\n\nQuestion: When does the ferry leave?" in out
    pytest.importorskip("usearch", reason="pip install 'onevec[search]'")
    from onevec.search import VectorIndex

    index = VectorIndex()
    index.add(texts, metadata=[{"title": name} for name in ("times", "prices", "cats")])
    index.save("index")
    found = parsed(task("context", "index", "渡轮多少钱", "--top", "2", "--json"))
    assert {each["source"] for each in found["passages"]} == {"times", "prices"}
    assert found["tokens"] < 100
    code, _, err = task("context", "in.parquet", "When?", "--model", "fake:512")
    assert code == 1
    assert "embed both with one model" in err
