"""Where MLflow's classes send, and that no credential goes where it does not belong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from onevec import ConfigurationError, DatabricksEmbeddings, MlflowEmbeddings
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

if TYPE_CHECKING:
    from pathlib import Path

    from onevec.wire import Reply

HOST = "https://dbc-1.example.test"
ROWS = json_reply({"data": [{"index": 0, "embedding": [1.0, 2.0]}], "usage": {"total_tokens": 1}})
PROFILES = f"""\
[DEFAULT]
host = {HOST}
token = dapi-default
[machine]
host = {HOST}
client_id = id-1
client_secret = secret-1
"""


@pytest.fixture(autouse=True)
def _no_login_but_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "databrickscfg"))
    (tmp_path / "databrickscfg").write_text(PROFILES)


def asked(host: str = HOST, reply: Reply = ROWS, path: str = "/serving-endpoints/e/invocations") -> Exchange:
    return Exchange(Request.post(host + path, json={"input": ["a"]}), reply)


def logins(transport: ReplayTransport) -> list[str | None]:
    return [request.headers.get("Authorization") for request in transport.sent]


def test_the_profile_that_is_used_if_none_is_named() -> None:
    transport = ReplayTransport([asked()])
    assert DatabricksEmbeddings(endpoint="e", transport=transport).embed_query("a") == [1.0, 2.0]
    assert logins(transport) == ["Bearer dapi-default"]


def test_the_environment_goes_before_a_profile_that_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-env")
    transport = ReplayTransport([asked()])
    DatabricksEmbeddings(endpoint="e", transport=transport).embed_query("a")
    assert logins(transport) == ["Bearer dapi-env"]


def test_a_service_principal_gets_a_token_once_and_again_when_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile that is named goes before the token in the environment."""
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-env")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic aWQtMTpzZWNyZXQtMQ=="}
    body = b"grant_type=client_credentials&scope=all-apis"
    ask = Request(method="POST", url=f"{HOST}/oidc/v1/token", headers=form, body=body)
    tokens = [json_reply({"access_token": name, "expires_in": 3600}) for name in ("t-1", "t-2")]
    refusal = json_reply({"error_code": "403", "message": "expired"}, status=401)
    transport = ReplayTransport([*(Exchange(ask, token) for token in tokens), asked(), asked(reply=refusal), asked()])
    model = DatabricksEmbeddings(endpoint="e", target_uri="databricks://machine", transport=transport)
    assert [model.embed_query("a") for _ in range(2)] == [[1.0, 2.0]] * 2
    sent = [login for login in logins(transport) if login and login.startswith("Bearer")]
    assert sent == ["Bearer t-1", "Bearer t-1", "Bearer t-2"]
    transport.assert_done()


def test_no_credential_goes_to_the_other_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi-env")
    transport = ReplayTransport([asked("http://gateway.test", path="/endpoints/e/invocations")])
    MlflowEmbeddings(endpoint="e", target_uri="http://gateway.test", transport=transport).embed_query("a")
    assert logins(transport) == [None]
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "of mlflow")
    transport = ReplayTransport([asked()])
    MlflowEmbeddings(endpoint="e", target_uri="databricks", transport=transport).embed_query("a")
    assert logins(transport) == ["Bearer dapi-default"]


def test_the_path_of_mlflow_3() -> None:
    transport = ReplayTransport([asked("http://gateway.test", path="/gateway/a%2Fb/mlflow/invocations")])
    path = "/gateway/{endpoint}/mlflow/invocations"
    model = MlflowEmbeddings(endpoint="a/b", path=path, target_uri="http://gateway.test", transport=transport)
    assert model.embed_query("a") == [1.0, 2.0]


@pytest.mark.parametrize(
    ("init", "part"),
    [
        ({"target_uri": "databricks://nobody"}, "no profile 'nobody'"),
        ({"target_uri": "grpc://x"}, "http"),
        ({"target_uri": "gateway.test:5000"}, "http"),
    ],
)
def test_a_target_that_is_none_is_refused(init: dict[str, Any], part: str) -> None:
    with pytest.raises(ConfigurationError, match=part):
        MlflowEmbeddings(endpoint="e", **init)
