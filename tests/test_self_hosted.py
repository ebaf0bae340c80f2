"""Functions of users that run in a process of their own."""

from __future__ import annotations

import os
import pickle
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import remote

import onevec
from onevec import ConfigurationError, DefaultEmbeddings, SelfHostedEmbeddings
from onevec.errors import BadResponse, MissingDependency, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = ["Hi there!", "第一行\n第二行", "😀", ""]


def model(load: Callable[..., Any] = remote.Lengths, **given: Any) -> SelfHostedEmbeddings:
    return SelfHostedEmbeddings(hardware="process", model_load_fn=load, allow_dangerous_deserialization=True, **given)


def test_the_pipeline_runs_in_another_process_and_is_made_once() -> None:
    found = model()
    assert found.embed_documents(TEXTS) == [[9.0, 1.0], [7.0, 1.0], [1.0, 1.0], [0.0, 1.0]]
    assert found.embed_query("abc") == [3.0, 1.0]
    there, loads = found.loaded().place.run(remote.facts)
    assert there != os.getpid()
    assert loads == 1
    assert model().loaded() is found.loaded()


def test_a_real_model_gives_the_vectors_that_it_gives_here() -> None:
    found = model(DefaultEmbeddings, inference_fn=DefaultEmbeddings.embed_documents)
    expected = np.array(DefaultEmbeddings().embed_documents([text.replace("\n", " ") for text in TEXTS]))
    with ThreadPoolExecutor(4) as pool:
        rows = [*pool.map(found.embed_query, TEXTS)]
    assert np.abs(np.array(rows) - expected).max() < 1e-6
    long = found.embed(["word " * 2000, "你好"]).vectors
    assert np.isfinite(long).all()
    assert found.embed([]).vectors.shape == (0, 0)


def test_arguments_of_both_functions_arrive() -> None:
    found = model(load_fn_kwargs={"constant": 5}, inference_fn=remote.scaled, inference_kwargs={"by": 2})
    assert found.embed_documents(["ab"]) == [[4.0, 10.0]]


def test_a_process_that_ends_is_started_again() -> None:
    found = model(load_fn_kwargs={"constant": 3})
    there, _ = found.loaded().place.run(remote.facts)
    os.kill(there, signal.SIGKILL)
    with pytest.raises(TransportError, match="the next call starts it again"):
        found.embed(["a"])
    assert found.embed_documents(["a"]) == [[1.0, 3.0]]


def test_an_error_there_is_an_error_here() -> None:
    with pytest.raises(RuntimeError, match="no weights"):
        model(remote.broken).embed(["a"])
    with pytest.raises(ZeroDivisionError):
        model(inference_fn=remote.failing).embed(["a"])
    with pytest.raises(BadResponse, match="average them in an inference_fn"):
        model(inference_fn=remote.tokens).embed(["a", "b"])


def test_functions_have_to_be_importable() -> None:
    with pytest.raises(ConfigurationError, match="can be pickled"):
        model(lambda: None).embed(["a"])


def test_only_those_who_trust_both_ends_and_name_a_place_get_a_model() -> None:
    with pytest.raises(ConfigurationError, match="allow_dangerous_deserialization=True"):
        SelfHostedEmbeddings(hardware="process", model_load_fn=remote.Lengths)
    with pytest.raises(ConfigurationError, match="there is no 'gpu'"):
        model().copy(update={"hardware": "gpu"}).embed(["a"])
    with pytest.raises(ConfigurationError, match="hardware"):
        SelfHostedEmbeddings(model_load_fn=remote.Lengths, allow_dangerous_deserialization=True)


@pytest.mark.parametrize(("hardware", "package"), [("ray", "ray"), (object(), "runhouse")], ids=["ray", "runhouse"])
def test_a_missing_package_is_named(hardware: Any, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(MissingDependency, match=rf"pip install 'onevec\[{package}\]'"):
        model().copy(update={"hardware": hardware}).embed(["a"])


def test_nobody_knows_what_a_function_computes() -> None:
    one, other = model(), model()
    assert one.space == one.space != other.space
    with pytest.raises(ConfigurationError, match="has no recipe"):
        one.recipe()


def test_a_pickle_carries_the_functions_by_name() -> None:
    again: SelfHostedEmbeddings = pickle.loads(pickle.dumps(model()))  # noqa: S301  # made here
    assert again.embed_query("abc") == [3.0, 1.0]
    assert isinstance(again, onevec.Embeddings)
