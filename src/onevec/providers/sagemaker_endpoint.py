"""Amazon SageMaker: an endpoint of yours; a handler knows the format of the container behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import orjson

from ..errors import InvalidRequest, ServiceUnavailable
from ..hosted import Array, Batch, HostedEmbeddings, Reply, Request, array
from ..params import SecretField, ignored, param, secret
from ..signing.sigv4 import SigV4, aws_region

__all__ = ["SagemakerEndpointEmbeddings"]


class JsonHandler:
    """Texts as one field of a JSON object; the vectors are a field of the answer, or all of it."""

    content_type = accepts = "application/json"

    def __init__(self, texts: str, vectors: str | None = None) -> None:
        self.texts, self.vectors = texts, vectors

    def transform_input(self, prompts: list[str], model_kwargs: Mapping[str, Any]) -> bytes:
        return orjson.dumps({self.texts: prompts, **model_kwargs})

    def transform_output(self, output: Any) -> Any:
        body = json.load(output)
        return body if self.vectors is None else body[self.vectors]


HANDLERS = {"jumpstart": JsonHandler("text_inputs", "embedding"), "tei": JsonHandler("inputs")}


class SagemakerEndpointEmbeddings(HostedEmbeddings):
    """Embed texts with a model that you deployed on Amazon SageMaker."""

    endpoint_name: str = param()
    content_handler: Any = param(shown=False)
    """"jumpstart", "tei" (Hugging Face's container), or an object with `content_type`, `accepts`,
    `transform_input(texts, model_kwargs) -> bytes` and `transform_output(file) -> vectors`."""
    region_name: str | None = param(default=None, env=("AWS_REGION", "AWS_DEFAULT_REGION"))
    """Region; if none is given, that of the profile."""
    credentials_profile_name: str | None = param(default=None, env="AWS_PROFILE")
    aws_access_key_id: SecretField = secret(env="AWS_ACCESS_KEY_ID", default=None)
    aws_secret_access_key: SecretField = secret(env="AWS_SECRET_ACCESS_KEY", default=None)
    aws_session_token: SecretField = secret(env="AWS_SESSION_TOKEN", default=None)
    model_kwargs: Mapping[str, Any] = param(default={})
    """Given to the handler."""
    endpoint_kwargs: Mapping[str, str] = param(default={})
    """Options of InvokeEndpoint, such as TargetVariant; they go out as headers."""
    batch_size: int | None = 64
    client: Any = ignored("pass transport= for the network and a profile or keys for the credential")

    model_parameter = "endpoint_name"
    auth = SigV4("sagemaker")
    extra = "aws"
    docs = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html"
    tokens_at = ()
    code_at = ("ErrorCode",)
    code_header = "x-amzn-errortype"
    error_codes = {"CLIENT_ERROR_FROM_MODEL": InvalidRequest, "INTERNAL_FAILURE_FROM_MODEL": ServiceUnavailable}
    stale_codes = frozenset({"ExpiredTokenException", "UnrecognizedClientException"})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.region_name = self.region_name or aws_region(self.credentials_profile_name)
        self.require(self.region_name, "pass region_name or set AWS_REGION")
        handler = HANDLERS.get(self.content_handler) if isinstance(self.content_handler, str) else self.content_handler
        self.require(handler, f"content_handler must be one of {', '.join(HANDLERS)}, or an object")
        self._handler: Any = handler

    @property
    def own_url(self) -> str:
        return f"https://runtime.sagemaker.{self.region_name}.amazonaws.com"

    def request(self, batch: Batch) -> Request:
        handler = self._handler
        names = {name: re.sub("(?<=[a-z])(?=[A-Z])", "-", name).removesuffix("-Name") for name in self.endpoint_kwargs}
        options = {f"X-Amzn-SageMaker-{names[name]}": value for name, value in self.endpoint_kwargs.items()}
        body = handler.transform_input([text.replace("\n", " ") for text in batch.texts], dict(self.model_kwargs))
        head = {"Content-Type": handler.content_type, "Accept": handler.accepts, **options}
        url = self.url(f"/endpoints/{self.endpoint_name}/invocations")
        return Request(method="POST", url=url, headers=head, body=body)

    def vectors(self, reply: Reply) -> Array:
        return array(self._handler.transform_output(BytesIO(reply.body)))
