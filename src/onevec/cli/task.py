"""`onevec task`: sort texts, compare them, find translations and answers, gather passages for a prompt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..embeddings import Role
from ..load import load
from ..search import top_n_chunked
from ..tasks import (
    SENTIMENT,
    IntentDetector,
    ResponseSelector,
    TextClassifier,
    TranslationMemory,
    evaluate_sts,
    mine_bitext,
    paraphrases,
)
from ..tasks import context as gather
from ..tasks.classify import METHODS
from ..tasks.dialogue import FALLBACK
from . import console
from .columns import TEXT
from .options import DEBUG, JSON, MODEL, one_of
from .taskfiles import judged_of, lines, pairs_of, texts_of
from .vectorfile import VectorFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..embeddings import Embeddings
    from ..tasks.classify import Label

__all__ = ["VERBS"]

NAMES = "The first row of a .csv file names the columns, and is passed over."
Model = Annotated[str | None, MODEL]
Json = Annotated[bool, JSON]
Debug = Annotated[bool, DEBUG]
Texts = Annotated[list[str], typer.Argument(metavar="TEXT...", help='Texts, or "-" for one a line of standard input.')]
Lines = Annotated[str, typer.Argument(metavar="FILE", help='One text a line, in UTF-8; "-" for standard input.')]
Pairs = Annotated[
    str, typer.Argument(metavar="FILE", help=f"A .csv or .jsonl file with two columns, or a .po file. {NAMES}")
]
Top = Annotated[int, typer.Option(min=1, metavar="N", help="How many to show.")]
HELD_OUT = 5
"""Every fifth example tests what was learned from the others."""


def train(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help=f"A .csv or .jsonl file: a text and its label a row. {NAMES}")
    ],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Where to write what was learned.")],
    *,
    method: Annotated[str, typer.Option(metavar="NAME", help=f"One of {', '.join(METHODS)}.")] = "auto",
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Learn classes from labelled texts, and tell how many of a fifth that was held out it gets right."""
    with console.failures(debug=debug):
        one_of("--method", method, METHODS)
        pairs = pairs_of(file)
        labels: list[Label] = [label for _, label in pairs]
        texts, loaded = [text for text, _ in pairs], _remembering(model)
        tried = [place % HELD_OUT == HELD_OUT - 1 for place in range(len(texts))]
        learned = TextClassifier(loaded, method=method).fit(*_where(texts, labels, tried, wanted=False))
        accuracy = learned.score(*_where(texts, labels, tried, wanted=True)) if any(tried) else None
        whole = TextClassifier(loaded, method=method).fit(texts, labels)
        whole.model_name = model or "default"
        whole.save(out)
        if json:
            console.json({"texts": len(texts), "classes": learned.classes, "accuracy": accuracy, "file": out})
        else:
            shown = "" if accuracy is None else f"; {accuracy:.3f} of those held out were right"
            console.line(f"{len(texts):,} texts, {len(learned.classes)} classes{shown}: {out}")


def classify(
    texts: Texts,
    *,
    learned: Annotated[str | None, typer.Option("--with", metavar="FILE", help="What `train` wrote.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="NAME=TEXT", help="A class by its description; several.")
    ] = None,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell the class of each text, by what was learned or by descriptions of the classes."""
    with console.failures(debug=debug):
        if (learned is None) == (not label):
            raise typer.BadParameter("give either --with FILE, or --label NAME=TEXT for each class")
        known = TextClassifier.load(learned, model) if learned else TextClassifier.zero_shot(_described(label), model)
        _show_classes(known, list(texts_of(texts)), json=json)


def sentiment(texts: Texts, *, model: Model = None, json: Json = False, debug: Debug = False) -> None:
    """Tell whether each text is positive or negative, without examples; `train` on texts of your own is better."""
    with console.failures(debug=debug):
        _show_classes(TextClassifier.zero_shot(SENTIMENT, model), list(texts_of(texts)), json=json)


def pairs(
    file: Lines,
    *,
    threshold: Annotated[float, typer.Option(metavar="COSINE", help="The lowest score.")] = 0.8,
    top: Top = 20,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find the texts of a file that say about the same."""
    with console.failures(debug=debug):
        texts = lines(file)
        found = paraphrases(texts, model, threshold=threshold, limit=top)
        rows = [{"score": each.score, "first": texts[each.first], "second": texts[each.second]} for each in found]
        _show(rows, json=json)


def sts(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE.csv", help="Columns: a text, another, how alike they are. The first row may name them."
        ),
    ],
    *,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell how well a model's similarities go along with those that people gave."""
    with console.failures(debug=debug):
        left, right, judged = judged_of(file)
        found = evaluate_sts(left, right, judged, model)
        if json:
            console.json(found._asdict())
        else:
            console.line(f"spearman {found.spearman:.4f}  pearson {found.pearson:.4f}  pairs {found.pairs:,}")


def bitext(
    source: Lines,
    target: Lines,
    *,
    threshold: Annotated[float, typer.Option(metavar="MARGIN", help="The lowest margin that counts.")] = 1.05,
    top: Top = 1_000_000,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find the lines of two files in different languages that translate each other."""
    with console.failures(debug=debug):
        left, right = lines(source), lines(target)
        found = mine_bitext(left, right, model, threshold=threshold)[:top]
        _show(
            [{"margin": each.score, "source": left[each.source], "target": right[each.target]} for each in found],
            json=json,
        )


def translate(
    file: Pairs,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to translate.")],
    *,
    top: Top = 3,
    threshold: Annotated[float, typer.Option(metavar="COSINE", help="The lowest score.")] = -1.0,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the nearest known translations of a text; nothing is generated."""
    with console.failures(debug=debug):
        found = TranslationMemory(pairs_of(file), model).translate(text, top, threshold=threshold)
        _show([{"score": each.score, "target": each.target, "source": each.source} for each in found], json=json)


def intent(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help=f"A .csv or .jsonl file: an example and its intent a row. {NAMES}")
    ],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was said.")],
    *,
    threshold: Annotated[float, typer.Option(metavar="SCORE", help="The lowest score of an intent.")] = 0.35,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell what a text wants, by examples of each intent."""
    with console.failures(debug=debug):
        examples: dict[str, list[str]] = {}
        for example, name in pairs_of(file):
            examples.setdefault(name, []).append(example)
        found = IntentDetector(examples, model, threshold=threshold).detect(text)
        _show([{"score": found.score, "intent": found.name}], json=json)


def chat(
    file: Pairs,
    *,
    threshold: Annotated[float, typer.Option(metavar="SCORE", help="The lowest score of an answer.")] = 0.45,
    fallback: Annotated[str, typer.Option(metavar="TEXT", help="What to say if nothing is known.")] = FALLBACK,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Talk with the answers of a file: a question a line, Ctrl-D or an empty line ends it."""
    with console.failures(debug=debug):
        talk = ResponseSelector(pairs_of(file), model, threshold=threshold, fallback=fallback).conversation()
        asked = sys.stdin.isatty()
        while True:
            if asked:
                sys.stderr.write("> ")
                sys.stderr.flush()
            line = sys.stdin.readline().strip()
            if not line:
                return
            reply = talk.say(line)
            if json:
                console.json({"asked": line, **reply._asdict()})
            else:
                console.line(f"{reply.text}  ({reply.score:.2f}{f', {reply.question}' if reply.question else ''})")
            sys.stdout.flush()


def context(
    index: Annotated[
        str, typer.Argument(metavar="INDEX", help="A folder of `onevec index`, or a file of `onevec embed`.")
    ],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What is asked.")],
    *,
    top: Top = 5,
    max_tokens: Annotated[int, typer.Option(min=1, metavar="N", help="Tokens of the whole prompt.")] = 2000,
    model: Model = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Print a prompt for a language model: the passages that answer a question best, with their sources."""
    with console.failures(debug=debug):
        if Path(index).is_dir():
            from ..search import VectorIndex

            found = gather(question, VectorIndex.open(index, model), top, max_tokens)
        else:
            with VectorFile.open(Path(index)) as file:
                found = gather(question, _File(file, load(model or file.header.model)), top, max_tokens)
        if json:
            console.json({**found._asdict(), "passages": [passage._asdict() for passage in found.passages]})
        else:
            console.line(found.prompt)


class _Row(NamedTuple):
    """A row of a vector file, as `onevec.tasks.context` reads it."""

    text: str
    score: float
    metadata: dict[str, Any]
    id: str


class _File:
    """A vector file that can be asked."""

    def __init__(self, file: VectorFile, model: Embeddings) -> None:
        file.header.space.check(model.space)
        self.file, self.model = file, model

    def search(self, query: str, n: int, /) -> list[_Row]:
        """The rows nearest to a query."""
        numbers, scores = top_n_chunked(self.model.embed([query], Role.QUERY).vectors[0], self.file.vectors(), n)
        rows = zip(numbers.tolist(), scores.tolist(), self.file.rows(numbers.tolist()), strict=True)
        return [_Row(row[TEXT], score, row, f"row {number}") for number, score, row in rows]


def _show(rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        console.json(rows)
    elif rows:
        cells = [[f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()] for row in rows]
        console.rows(list(rows[0]), cells)


def _show_classes(known: TextClassifier, texts: list[str], *, json: bool) -> None:
    sure = known.predict_proba(texts)
    places = sure.argmax(axis=1).tolist()
    found = zip(texts, places, sure.tolist(), strict=True)
    _show([{"label": known.classes[at], "sure": row[at], "text": text} for text, at, row in found], json=json)


def _described(given: list[str] | None) -> dict[Label, str | list[str]]:
    found: dict[Label, list[str]] = {}
    for each in given or []:
        name, equals, text = each.partition("=")
        if not equals:
            message = f"--label must be NAME=TEXT, not {each!r}"
            raise typer.BadParameter(message)
        found.setdefault(name.strip(), []).append(text.strip())
    return {**found}


def _where(texts: list[str], labels: list[Label], tried: list[bool], *, wanted: bool) -> tuple[list[str], list[Label]]:
    places = [place for place, each in enumerate(tried) if each is wanted]
    return [texts[place] for place in places], [labels[place] for place in places]


def _remembering(model: str | None) -> Embeddings:
    """A model that computes no text twice."""
    return load(model, cache="memory:")


CLASSIFY = """
onevec task classify --with mood.npz 太好看了
onevec task classify --label sport="a football match" --label trade="prices of shares" 股市大跌
"""
VERBS: tuple[tuple[str, Callable[..., None], str, str], ...] = (
    ("train", train, "onevec task train reviews.csv --out mood.npz", "Learn classes from labelled texts."),
    (
        "classify",
        classify,
        CLASSIFY,
        "The class of each text.",
    ),
    (
        "sentiment",
        sentiment,
        "onevec task sentiment 太好看了 - < reviews.txt",
        "Positive or negative, without examples.",
    ),
    ("pairs", pairs, "onevec task pairs questions.txt --threshold 0.8", "Texts that say about the same."),
    ("sts", sts, "onevec task sts pairs.csv --model openai:text-embedding-3-small", "Evaluate a model's similarities."),
    ("bitext", bitext, "onevec task bitext english.txt chinese.txt", "Lines that translate each other."),
    ("translate", translate, 'onevec task translate django.po "wrong password"', "Known translations of a text."),
    ("intent", intent, 'onevec task intent intents.csv "will it rain?"', "What a text wants."),
    ("chat", chat, "onevec task chat faq.csv", "Talk with known answers."),
    ("context", context, 'onevec task context ./index "how do I get a refund?"', "A prompt with passages."),
)
