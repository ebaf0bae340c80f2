"""Answers, intents, and prompts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tasks_data import Planted

import onevec
from onevec.errors import ConfigurationError
from onevec.tasks import IntentDetector, Passage, ResponseSelector, context, read_pairs

FAQ = Path(__file__).resolve().parent.parent / "examples" / "faq.csv"


@pytest.fixture(scope="module")
def faq() -> ResponseSelector:
    return ResponseSelector(read_pairs(FAQ), onevec.load(cache="memory:"))


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Until when is the shop open?", "9:00 to 17:00"),
        ("你们几点开门？", "9:00 to 17:00"),
        ("what does shipping cost", "5 euros"),
        ("how can I return a purchase", "30 天"),
        ("登录密码丢了怎么办", "forgotten"),
        ("可以刷卡吗？", "Yes: cards"),
    ],
)
def test_questions_find_their_answer_in_two_languages(faq: ResponseSelector, asked: str, answer: str) -> None:
    found = faq.reply(asked)
    assert answer in found.text
    assert found.known
    assert found.position is not None
    assert faq.pairs[found.position] == (found.question, found.text)


@pytest.mark.parametrize("asked", ["What is the capital of France?", "讲个笑话", "My cat is asleep."])
def test_what_nobody_knows_gets_the_fallback(faq: ResponseSelector, asked: str) -> None:
    found = faq.reply(asked)
    assert (found.text, found.known, found.question) == (faq.fallback, False, None)
    assert found.score < faq.threshold


def test_a_turn_that_says_little_is_understood_by_the_one_before(faq: ResponseSelector) -> None:
    assert not faq.reply("or in cash?").known
    talk = faq.conversation()
    assert "Yes: cards" in talk.say("Can I pay by card?").text
    assert "Yes: cards" in talk.say("or in cash?").text
    assert "forgotten" in talk.say("How do I reset my password?").text  # a whole question is not drawn back
    assert talk.history == ["Can I pay by card?", "or in cash?", "How do I reset my password?"]
    forgetful = ResponseSelector(faq.pairs, faq.model, turns=0)
    assert not forgetful.reply("or in cash?", ["Can I pay by card?"]).known


def test_the_score_with_a_turn_before_by_hand() -> None:
    known = Planted({"q": [1, 0], "now": [3, 4], "before now": [5, 0], "other now": [0, 1]})
    selector = ResponseSelector([("q", "a")], known, weight=0.25)
    assert selector.reply("now").score == pytest.approx(0.6)
    assert selector.reply("now", ["before"]).score == pytest.approx(0.75 * 0.6 + 0.25)
    assert selector.reply("now", ["other"]).score == pytest.approx(0.6)  # what was before takes nothing away


def test_several_candidates(faq: ResponseSelector) -> None:
    found = faq.candidates("Until when is the shop open?", n=2)
    assert [reply.question for reply in found] == ["When are you open?", "Are you open on Sundays?"]
    assert found[0].score > found[1].score >= faq.threshold


def test_intents_by_examples() -> None:
    wants = IntentDetector(
        {
            "weather": ["Will it rain tomorrow?", "今天天气怎么样", "how warm is it outside"],
            "music": ["play a song", "放首歌", "turn the music up"],
            "alarm": ["wake me at seven", "明早六点叫我", "set an alarm"],
        }
    )
    asked = ["is it snowing", "我想听音乐", "叫我起床", "明天会下雪吗"]
    assert [wants.detect(text).name for text in asked] == ["weather", "music", "alarm", "weather"]
    unknown = wants.detect("The treaty was signed in 1648.")
    assert unknown.name is None
    assert unknown.score < 0.2
    assert wants.ranking("play jazz")[0].name == "music"


def test_the_score_of_an_intent_is_the_mean_of_its_two_nearest() -> None:
    known = Planted({"a": [1, 0], "b": [0, 1], "c": [-1, 0], "d": [0, 1], "x": [0, -1], "t": [1, 0]})
    wants = IntentDetector({"one": ["a", "b", "c", "d"], "two": ["x"]}, known)
    assert [(each.name, each.score) for each in wants.ranking("t")] == [("one", pytest.approx(0.5)), ("two", 0)]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least one pair"):
        ResponseSelector([])
    with pytest.raises(ConfigurationError, match="weight must be from 0 to 1"):
        ResponseSelector([("a", "b")], weight=2)
    with pytest.raises(ConfigurationError, match="at least one intent, and an example of each"):
        IntentDetector({"a": []})


class Shelf:
    """An index of passages that finds all of them, in order."""

    def __init__(self, *passages: Passage) -> None:
        self.passages = passages

    def search(self, query: str, n: int, /) -> list[Passage]:
        assert query
        return list(self.passages[:n])


def passage(text: str, source: str = "", score: float = 0.5) -> Passage:
    return Passage(0, text, source, score, 0)


def test_a_prompt_has_passages_with_numbers_and_sources() -> None:
    found = context(
        "How {odd}?", Shelf(passage("One {x}.", "a.txt", 0.9), passage("Two.", "b.txt"), passage("One {x}. "))
    )
    assert [(each.number, each.source, each.score) for each in found.passages] == [(1, "a.txt", 0.9), (2, "b.txt", 0.5)]
    assert "[1] (a.txt)\nOne {x}.\n\n[2] (b.txt)\nTwo." in found.prompt
    assert found.prompt.endswith("Question: How {odd}?\nAnswer:")
    assert "(none)" in context("Why?", Shelf()).prompt


def test_the_prompt_keeps_to_its_tokens() -> None:
    shelf = Shelf(passage("long " * 100, "a"), passage("short", "b"), passage("also short", "c"))
    found = context(
        "Why?", shelf, max_tokens=40, template="{passages} {question}", count=lambda text: len(text.split())
    )
    assert [each.source for each in found.passages] == ["b", "c"]  # what does not fit is left out, what does is not
    assert (found.left_out, found.tokens) == (1, len(found.prompt.split()))
    assert found.tokens <= 40
    assert len(context("Why?", shelf, n=1).passages) == 1
    with pytest.raises(ConfigurationError, match="max_tokens is 3"):
        context("Why is that so?", shelf, max_tokens=3)
    with pytest.raises(ConfigurationError, match="template must hold"):
        context("Why?", shelf, template="{question}")


def test_a_prompt_from_an_index() -> None:
    search = pytest.importorskip("onevec.search")
    pytest.importorskip("pyarrow", reason="pip install 'onevec[search]'")
    index = search.VectorIndex()
    texts = ["The ferry leaves at nine.", "渡轮票价五元。", "Cats sleep all day."]
    index.add(texts, metadata=[{"source": name} for name in ("ferry.md", "票价.md", "cats.md")])
    found = context("What does the ferry cost?", index, 2)
    assert {each.source for each in found.passages} == {"ferry.md", "票价.md"}
    assert "渡轮票价五元。" in found.prompt
