"""SagemakerEndpointEmbeddings beside boto3, and with a handler of the user's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorder import Recorder

from onevec import BadResponse, ConfigurationError, InvalidRequest, SagemakerEndpointEmbeddings, ServiceUnavailable
from onevec.testing import Exchange, ReplayTransport, json_reply
from onevec.wire import Request

KEYS: dict[str, Any] = {
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "region_name": "us-west-2",
}
UNMEANT = {"user-agent", "accept-encoding", "connection", "content-length", "amz-sdk-invocation-id", "amz-sdk-request"}
URL = "https://runtime.sagemaker.us-west-2.amazonaws.com/endpoints/e/invocations"


class Lines:
    """LangChain's default form: text/plain."""

    content_type = accepts = "text/plain"

    def transform_input(self, prompts: list[str], model_kwargs: dict[str, Any]) -> bytes:
        return "\n".join([*prompts, *map(str, model_kwargs.values())]).encode()

    def transform_output(self, output: Any) -> list[list[float]]:
        rows: list[list[float]] = json.loads(output.read())["vectors"]
        return rows


def signed_names(request: Request) -> str:
    return request.headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0]


def test_our_request_equals_boto3s() -> None:
    boto3 = pytest.importorskip("boto3")
    options = {"CustomAttributes": "trace=abc", "TargetVariant": "blue", "InferenceComponentName": "comp-1"}
    options |= {"TargetModel": "m.tar.gz", "TargetContainerHostname": "h", "InferenceId": "i", "SessionId": "s"}
    with Recorder(lambda _: [[1.0, 2.0]]) as recorder:
        theirs = boto3.client("sagemaker-runtime", endpoint_url=recorder.url, **KEYS)
        kinds = {"ContentType": "application/json", "Accept": "application/json"}
        theirs.invoke_endpoint(EndpointName="e", Body=b'{"inputs":["a"]}', **kinds, **options)
        theirs.close()
        ours = SagemakerEndpointEmbeddings(
            endpoint_name="e", content_handler="tei", endpoint_kwargs=options, base_url=recorder.url, **KEYS
        )
        assert ours.embed_query("a") == [1.0, 2.0]
    first, second = recorder.sent
    assert (first.url, first.body) == (second.url, second.body)
    heads = [{name.lower(): value for name, value in request.headers.items()} for request in (first, second)]
    for head in heads:
        for name in (*UNMEANT, "x-amz-date", "authorization"):
            head.pop(name, None)
    assert heads[0] == heads[1]
    assert signed_names(first) == signed_names(second)


def test_a_handler_of_the_users_own() -> None:
    texts = {"Content-Type": "text/plain", "Accept": "text/plain"}
    ask = Request(method="POST", url=URL, headers=texts, body=b"a b\nc\n7")
    transport = ReplayTransport([Exchange(ask, json_reply({"vectors": [[1.0, 2.0], [3.0, 4.0]]}))])
    model = SagemakerEndpointEmbeddings(
        endpoint_name="e", content_handler=Lines(), model_kwargs={"seed": 7}, transport=transport, **KEYS
    )
    assert model.embed_documents(["a\nb", "c"]) == [[1.0, 2.0], [3.0, 4.0]]
    transport.assert_done()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (json_reply({"ErrorCode": "CLIENT_ERROR_FROM_MODEL", "Message": "bad"}, status=424), InvalidRequest),
        (json_reply({"ErrorCode": "INTERNAL_FAILURE_FROM_MODEL", "Message": "down"}, status=424), ServiceUnavailable),
        (json_reply({"other": []}), BadResponse),
    ],
)
def test_a_fault_of_the_model_is_told_from_one_of_the_request(reply: Any, kind: type[Exception]) -> None:
    ask = Request.post(URL, json={"inputs": ["a"]})
    model = SagemakerEndpointEmbeddings(
        endpoint_name="e",
        content_handler="tei",
        max_retries=0,
        transport=ReplayTransport([Exchange(ask, reply)]),
        **KEYS,
    )
    with pytest.raises(kind):
        model.embed_query("a")


def test_an_unknown_handler_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="jumpstart, tei"):
        SagemakerEndpointEmbeddings(endpoint_name="e", content_handler="text", **KEYS)
