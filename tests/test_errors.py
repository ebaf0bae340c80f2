"""The tree of errors: what inherits what, what a message says, and that all of it survives a pickle."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

import onevec
from onevec import errors
from onevec.errors import (
    Completed,
    ConfigurationError,
    EmbeddingError,
    MissingDependency,
    ProviderError,
    RateLimited,
)

KINDS: list[type[EmbeddingError]] = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EmbeddingError)
]


def drawn() -> dict[str, str]:
    """The tree in the module's docstring: class -> the class it hangs from."""
    above: list[tuple[int, str]] = []
    tree: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line)
        if found:
            depth = len(found[1])
            above = [(other, name) for other, name in above if other < depth]
            tree[found[2]] = above[-1][1] if above else ""
            above.append((depth, found[2]))
    return tree


def test_the_drawn_tree_is_the_tree() -> None:
    actual = {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS}
    assert drawn() == {**actual, "EmbeddingError": ""}
    assert EmbeddingError.__bases__ == (Exception,)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_public(kind: type[EmbeddingError]) -> None:
    assert getattr(onevec, kind.__name__) is kind
    assert kind.__name__ in errors.__all__
    assert kind("words").completed is None


def test_those_who_catch_the_built_in_errors_catch_ours() -> None:
    assert issubclass(ConfigurationError, ValueError)
    assert issubclass(MissingDependency, ImportError)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_survives_a_pickle(kind: type[EmbeddingError]) -> None:
    error = kind("it went wrong")
    error.completed = Completed([0, 2], np.ones((2, 3), dtype=np.float32))
    again: EmbeddingError = pickle.loads(pickle.dumps(error))  # noqa: S301  # made two lines above
    assert type(again) is kind
    assert str(again) == "it went wrong"
    assert again.completed is not None
    assert again.completed.indices == [0, 2]
    assert again.completed.vectors.tolist() == [[1.0] * 3] * 2


def test_what_a_provider_said_survives_a_pickle() -> None:
    error = RateLimited(
        "slower", provider="toy", status=429, code="slow", request_id="r-1", retryable=True, retry_after=1.5
    )
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # made above
    assert vars(again) == vars(error)
    assert str(again) == "toy: 429 slow: slower (request id r-1)"


def test_the_missing_package_survives_a_pickle() -> None:
    again = pickle.loads(pickle.dumps(MissingDependency("install it", name="torch")))  # noqa: S301
    assert again.name == "torch"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ProviderError(), ""),
        (ProviderError("no"), "no"),
        (ProviderError("no", provider="toy"), "toy: no"),
        (ProviderError("no", status=500), "500: no"),
        (ProviderError(provider="toy", status=500), "toy: 500"),
        (ProviderError("no", code="x"), "x: no"),
        (ProviderError(request_id="r"), " (request id r)"),
    ],
)
def test_a_message_has_what_is_known(error: ProviderError, text: str) -> None:
    assert str(error) == text
