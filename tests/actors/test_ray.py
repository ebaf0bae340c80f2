"""A model goes to an actor of Ray, in another process; `nox -s ray` brings what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import onevec

ray = pytest.importorskip("ray")

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own warnings

TEXTS = ["Hi there!", "你好", "Hi there!"]


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


class Embedder:
    """An actor that is given its model."""

    def __init__(self, model: onevec.Embeddings) -> None:
        self.model = model

    def embed(self, texts: list[str]) -> list[list[float]]:
        return self.model.embed_documents(texts)

    def secret_is(self, plain: str) -> bool:
        secret: Any = self.model
        return bool(secret.openai_api_key == plain)


def actor(model: onevec.Embeddings, **options: Any) -> Any:
    return ray.remote(Embedder).options(num_cpus=1, **options).remote(model)


@pytest.mark.parametrize(
    "model", [onevec.DefaultEmbeddings(), onevec.DeterministicFakeEmbedding(size=8)], ids=["default", "fake"]
)
def test_an_actor_gives_the_vectors_of_its_maker(model: onevec.Embeddings) -> None:
    expected = model.embed_documents(TEXTS)  # so that a local model is loaded before it is sent
    assert ray.get(actor(model).embed.remote(TEXTS)) == [pytest.approx(row, abs=1e-6) for row in expected]


def test_a_key_travels_as_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-driver")
    model = onevec.OpenAIEmbeddings()
    theirs = actor(model, runtime_env={"env_vars": {"OPENAI_API_KEY": "sk-of-the-worker"}})
    assert ray.get(theirs.secret_is.remote("sk-of-the-worker"))


def test_a_key_that_was_an_argument_does_not_leave_the_process() -> None:
    with pytest.raises(onevec.ConfigurationError, match="reveal_secrets"):
        actor(onevec.OpenAIEmbeddings(api_key="sk-made-up"))


def test_a_key_that_is_revealed_goes_along() -> None:
    with onevec.reveal_secrets():
        theirs = actor(onevec.OpenAIEmbeddings(api_key="sk-made-up"))
    assert ray.get(theirs.secret_is.remote("sk-made-up"))
