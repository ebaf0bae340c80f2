"""Pickles and copies: keys travel as names of variables; transports, locks, counts and models are made anew."""

from __future__ import annotations

import copy
import json
import os
import pickle
import platform
import subprocess
import sys
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import orjson
import pytest

pytest.importorskip("trustme")
from faults import good_exchanges, skipping_what_is_not_installed
from servers_proxy import Internet
from toys import World

import onevec
from onevec import ConfigurationError, DefaultEmbeddings, DeterministicFakeEmbedding, OpenAIEmbeddings, Secret, Usage
from onevec.testing import json_reply

if TYPE_CHECKING:
    from faults import Good

    from onevec.wire import Reply, Request

KEY = "sk-made-up"
CHILD = """
import json, pickle, sys
model = pickle.load(sys.stdin.buffer)
print(json.dumps(model.embed_documents(["Hi there!", "你好"])))
"""


def answer(request: Request) -> Reply:
    texts: list[str] = orjson.loads(request.body)["input"]
    rows = [{"index": place, "embedding": [float(len(text)), 1.0]} for place, text in enumerate(texts)]
    return json_reply({"data": rows, "usage": {"total_tokens": 3}})


@pytest.fixture
def from_env(monkeypatch: pytest.MonkeyPatch) -> OpenAIEmbeddings:
    """A model whose key came from a variable."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return OpenAIEmbeddings(transport=World(answer))


def loaded(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301  # made here


def through_a_process(model: Any, **variables: str) -> Any:
    """What a fresh process, with these variables, makes of a pickle."""
    kept = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=pickle.dumps(model),
        capture_output=True,
        env={**kept, **variables},
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr.decode()


def test_a_key_travels_as_the_name_of_its_variable(from_env: OpenAIEmbeddings) -> None:
    data = pickle.dumps(from_env)
    assert KEY.encode() not in data
    assert b"OPENAI_API_KEY" in data
    assert loaded(data).openai_api_key == KEY


def test_another_process_reads_its_own_variable(from_env: OpenAIEmbeddings) -> None:
    world = World(answer)
    with Internet(world) as server:
        model = from_env.copy(update={"base_url": f"{server.url}/v1"})
        vectors = through_a_process(model, OPENAI_API_KEY="sk-of-the-child")
    assert vectors == [[9.0, 1.0], [2.0, 1.0]]
    assert [request.headers["Authorization"] for request in world.sent] == ["Bearer sk-of-the-child"]


def test_a_process_without_the_variable_says_so(from_env: OpenAIEmbeddings) -> None:
    said = through_a_process(from_env)
    assert "ConfigurationError: the environment variable OPENAI_API_KEY is not set" in said


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_key_that_was_an_argument_is_not_pickled(protocol: int) -> None:
    model = OpenAIEmbeddings(api_key=KEY)
    with pytest.raises(ConfigurationError, match=r"Secret\.from_env\('NAME'\).*with onevec\.reveal_secrets\(\)"):
        pickle.dumps(model, protocol)
    with onevec.reveal_secrets():
        data = pickle.dumps(model, protocol)
    assert loaded(data).openai_api_key == KEY
    with pytest.raises(ConfigurationError):
        pickle.dumps(model, protocol)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("default_headers", {"Authorization": "Bearer sk-open"}),
        ("base_url", "https://me:sk-open@host/v1"),
        ("base_url", "https://host/v1?api_key=sk-open"),
        ("openai_proxy", "http://me:sk-open@proxy:8080"),
    ],
)
def test_a_credential_in_the_clear_is_not_pickled(name: str, value: Any, from_env: OpenAIEmbeddings) -> None:
    model = from_env.copy(update={name: value})
    with pytest.raises(ConfigurationError, match=f"OpenAIEmbeddings: {name} holds a credential, so it is not pickled"):
        pickle.dumps(model)
    with onevec.reveal_secrets():
        assert getattr(loaded(pickle.dumps(model)), name) == value
    assert "sk-open" not in repr(model)


@pytest.mark.usefixtures("from_env")
@pytest.mark.parametrize(("name", "variable"), [("base_url", "OPENAI_API_BASE"), ("openai_proxy", "OPENAI_PROXY")])
def test_a_login_in_an_address_travels_as_the_name_of_its_variable(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "http://me:sk-open@host:8080"
    monkeypatch.setenv(variable, value)
    data = pickle.dumps(OpenAIEmbeddings())
    assert b"sk-open" not in data
    assert getattr(loaded(data), name) == value
    monkeypatch.delenv(variable)
    with pytest.raises(ConfigurationError, match=f"the environment variable {variable} is not set"):
        loaded(data)


@pytest.mark.usefixtures("from_env")
@pytest.mark.parametrize(
    "model",
    [
        lambda: onevec.OllamaEmbeddings(client_kwargs={"headers": {"X-Api-Key": "sk-open"}}),
        lambda: onevec.HuggingFaceInferenceAPIEmbeddings(
            api_key=Secret.from_env("OPENAI_API_KEY"), additional_headers={"X-Token": "sk-open"}
        ),
        lambda: onevec.VertexAIEmbeddings(project="p", credentials=object()),
    ],
    ids=["ollama", "huggingface", "vertexai"],
)
def test_a_credential_in_a_parameter_of_the_class_is_not_pickled(model: Any) -> None:
    with pytest.raises(ConfigurationError, match="holds a credential, so it is not pickled"):
        pickle.dumps(model())


def test_what_is_no_credential_is_pickled(from_env: OpenAIEmbeddings) -> None:
    headers = {"X-Team": "search"}
    assert loaded(pickle.dumps(from_env.copy(update={"default_headers": headers}))).default_headers == headers


def test_a_named_variable_may_be_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_KEY", KEY)
    model = OpenAIEmbeddings(api_key=Secret.from_env("TEAM_KEY"))
    assert KEY.encode() not in pickle.dumps(model)
    assert loaded(pickle.dumps(model)).openai_api_key == KEY


def test_a_key_that_was_set_later_is_not_pickled(from_env: OpenAIEmbeddings) -> None:
    from_env.openai_api_key = "sk-other"
    with pytest.raises(ConfigurationError, match="reveal_secrets"):
        pickle.dumps(from_env)


def test_a_function_that_hands_out_keys_travels_as_itself() -> None:
    model = OpenAIEmbeddings(api_key=platform.python_version, transport=World(answer))
    model.embed_query("asks for the key")
    data = pickle.dumps(model)
    assert platform.python_version().encode() not in data
    assert loaded(data).openai_api_key.source is platform.python_version


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, methodcaller("copy"), methodcaller("model_copy")],
    ids=["copy.copy", "deepcopy", "copy", "model_copy"],
)
def test_a_copy_keeps_everything_but_counts_for_itself(again: Any, from_env: OpenAIEmbeddings) -> None:
    from_env.embed(["Hi there!"])
    model = again(from_env)
    assert model.transport is from_env.transport
    assert model.usage == Usage()
    assert model.embed_documents(["Hi there!"]) == from_env.embed_documents(["Hi there!"])
    assert (model.usage.requests, from_env.usage.requests) == (1, 2)
    assert KEY.encode() not in pickle.dumps(model)


def test_a_copy_of_a_key_that_was_an_argument_needs_no_pickle() -> None:
    model = copy.deepcopy({"deep": [OpenAIEmbeddings(api_key=KEY)]})["deep"][0]
    assert model.openai_api_key == KEY
    assert KEY not in repr(model)


def test_a_changed_copy(from_env: OpenAIEmbeddings) -> None:
    changed = from_env.copy(update={"model": "text-embedding-3-small", "chunk_size": 7})
    assert (changed.model, changed.batch_size) == ("text-embedding-3-small", 7)
    assert (from_env.model, from_env.batch_size) == ("text-embedding-ada-002", 1000)
    with pytest.raises(ConfigurationError, match="did you mean 'dimensions'"):
        from_env.copy(update={"dimension": 7})


def test_what_belongs_to_a_process_stays_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = OpenAIEmbeddings(
        transport=World(answer), on_progress=lambda _done, _all: None, requests_per_minute=600, batch_size=1
    )
    model.embed(["Hi there!", "你好"])
    again = loaded(pickle.dumps(model))
    assert (again.transport, again.on_progress, again.usage) == (None, None, Usage())
    assert (again.requests_per_minute, again.batch_size) == (600, 1)


@pytest.mark.parametrize("good", [pytest.param(good, id=good.name) for good in good_exchanges()])
def test_every_hosted_class(good: Good, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
    case = good.case.placed(tmp_path_factory.mktemp("home"))
    for name, value in case.data["env"].items():
        monkeypatch.setenv(name, value)
    with skipping_what_is_not_installed():
        model = case.make(getattr(onevec, good.name), case.transport())
    with onevec.reveal_secrets():
        again = loaded(pickle.dumps(model))
    assert type(again) is type(model)
    assert repr(again) == repr(model)
    for name in model._params.keys() - {"transport"}:
        assert getattr(again, name) == getattr(model, name), name


def test_a_loaded_model_is_left_behind() -> None:
    model = DefaultEmbeddings(batch_size=7)
    vectors = model.embed_documents(["Hi there!", "你好"])
    data = pickle.dumps(model)
    assert len(data) < 1000
    assert loaded(data).batch_size == 7
    assert through_a_process(model) == [pytest.approx(row, abs=1e-6) for row in vectors]


def test_a_model_without_a_key() -> None:
    model = DeterministicFakeEmbedding(size=4)
    assert through_a_process(model) == model.embed_documents(["Hi there!", "你好"])
    assert copy.deepcopy(model).embed_query("a") == model.embed_query("a")
