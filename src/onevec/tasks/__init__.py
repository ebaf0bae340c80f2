"""What vectors are for: sort texts, compare them, find translations and answers, gather passages for a prompt."""

from __future__ import annotations

from .classify import SENTIMENT, Label, TextClassifier
from .dialogue import Conversation, Intent, IntentDetector, Reply, ResponseSelector
from .pairs import read_judged, read_pairs
from .passages import Context, Passage, Searchable, context
from .similarity import Pair, Sts, Threshold, evaluate_sts, learn_threshold, pairwise, paraphrases
from .translate import Bitext, Translation, TranslationMemory, WordTranslator, align, csls, margin, mine_bitext

__all__ = [
    "SENTIMENT",
    "Bitext",
    "Context",
    "Conversation",
    "Intent",
    "IntentDetector",
    "Label",
    "Pair",
    "Passage",
    "Reply",
    "ResponseSelector",
    "Searchable",
    "Sts",
    "TextClassifier",
    "Threshold",
    "Translation",
    "TranslationMemory",
    "WordTranslator",
    "align",
    "context",
    "csls",
    "evaluate_sts",
    "learn_threshold",
    "margin",
    "mine_bitext",
    "pairwise",
    "paraphrases",
    "read_judged",
    "read_pairs",
]
