"""What vectors are for, with the embedded default model: no key, no network; docs/tasks.md shows what this prints.

`python examples/tasks.py` needs `pip install 'onevec[search,tasks]'`.
"""

from __future__ import annotations

from pathlib import Path

from onevec import search
from onevec.tasks import (
    SENTIMENT,
    IntentDetector,
    ResponseSelector,
    TextClassifier,
    TranslationMemory,
    context,
    learn_threshold,
    mine_bitext,
    pairwise,
    paraphrases,
    read_pairs,
)

FAQ = Path(__file__).resolve().parent / "faq.csv"
NEWS = {
    "sport": ["The team won the final.", "她打破了百米纪录。", "a goal in the last minute"],
    "business": ["Shares fell after the report.", "央行下调了利率。", "the company hires again"],
    "science": ["A telescope found a new planet.", "科学家发现了新的抗体。", "the experiment confirmed the theory"],
}
QUESTIONS = [
    "How do I reset my password?",
    "Where is the nearest station?",
    "I forgot my password, what can I do?",
    "怎么重置密码？",
    "最近的车站在哪里？",
]


def classes() -> None:
    """Nine examples, and none."""
    print("# classification")
    texts = [text for some in NEWS.values() for text in some]
    labels = [name for name, some in NEWS.items() for _ in some]
    news = TextClassifier().fit(texts, labels)
    asked = ["火箭把卫星送入了轨道", "两队在加时赛打平", "prices rose by three percent"]
    for text, row in zip(asked, news.predict_proba(asked), strict=True):
        print(f"{news.classes[row.argmax()]:9} {row.max():.2f}  {text}")
    mood = TextClassifier.zero_shot(SENTIMENT)
    asked = ["这本书太精彩了，一口气读完", "印刷很差，还缺页", "A wonderful story.", "It broke after two days."]
    for text, label in zip(asked, mood.predict(asked), strict=True):
        print(f"{label:9} {text}")


def similarities() -> None:
    """Pairs, paraphrases, and a threshold learned from five labels."""
    print("# similarity")
    first = ["How old are you?", "猫在睡觉", "the red car", "the red car", "买两张票"]
    second = ["你几岁了？", "a cat is asleep", "一辆红色的汽车", "the price of oil", "天气很好"]
    scores = pairwise(first, second)
    print(*(f"{score:.2f}" for score in scores))
    found = learn_threshold(scores, [True, True, True, False, False])
    print(f"the same from {found.value:.2f} on, f1 {found.f1:.2f}")
    for pair in paraphrases(QUESTIONS, threshold=0.6):
        print(f"{pair.score:.2f}  {QUESTIONS[pair.first]} = {QUESTIONS[pair.second]}")


def translations() -> None:
    """Lines of two files, and a memory."""
    print("# translation")
    english = ["The ferry leaves at nine.", "Dogs are not allowed.", "We are closed on Sundays.", "Mind the step."]
    chinese = ["禁止带狗入内。", "小心台阶。", "渡轮九点开船。"]
    for pair in mine_bitext(english, chinese):
        print(f"{pair.score:.2f}  {english[pair.source]} = {chinese[pair.target]}")
    memory = TranslationMemory([("Enter a number.", "输入一个数字。"), ("Wrong password", "密码错误")])
    print(memory.translate("The password is not correct")[0])


def answers() -> None:
    """A conversation with the answers of faq.csv, and intents."""
    print("# dialogue")
    talk = ResponseSelector(read_pairs(FAQ)).conversation()
    for asked in ("你们几点开门？", "Can I pay by card?", "or in cash?", "我要退货", "Tell me a joke."):
        reply = talk.say(asked)
        print(f"{asked} -> {reply.text} ({reply.score:.2f})")
    wants = IntentDetector({"weather": ["Will it rain?", "今天天气怎么样"], "music": ["play a song", "放首歌"]})
    for text in ("明天会下雪吗", "play some jazz", "The treaty was signed in 1648."):
        print(f"{wants.detect(text).name}: {text}")


def prompts() -> None:
    """Passages for a question, ready for a language model."""
    print("# context")
    index = search.VectorIndex()
    index.add(
        ["The ferry to the island leaves at 9:00 and 15:00.", "渡轮票价：成人五元，儿童免费。", "Cats sleep all day."],
        metadata=[{"source": "timetable.md"}, {"source": "票价.md"}, {"source": "cats.md"}],
    )
    print(context("How much does the ferry cost?", index, n=2, max_tokens=200).prompt)


if __name__ == "__main__":
    for part in (classes, similarities, translations, answers, prompts):
        part()
