"""Amazon Bedrock: one address, and a format of its own for each family of models (Titan, Cohere, Nova)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..errors import RateLimited, ServiceUnavailable
from ..hosted import Array, Batch, Bearer, FirstGiven, HostedEmbeddings, Limits, Reply, Request, Role, array
from ..params import SecretField, alias_of, ignored, param, secret
from ..signing.sigv4 import SigV4, aws_region

__all__ = ["BedrockEmbeddings"]


class Titan:
    """Amazon Titan: one text a request."""

    limits = Limits(texts=1)
    dimensions = "dimensions"

    def body(self, texts: list[str], _role: Role, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "inputText": texts[0]}

    def rows(self, body: Any) -> Any:
        return [body["embedding"]]


class Cohere:
    """Cohere Embed 3 and 4: with a role; the rows are a list, or in an object by type."""

    limits = Limits(texts=96)
    dimensions = "output_dimension"
    roles = {Role.QUERY: "search_query", Role.CLASSIFICATION: "classification", Role.CLUSTERING: "clustering"}

    def body(self, texts: list[str], role: Role, options: dict[str, Any]) -> dict[str, Any]:
        return {"input_type": self.roles.get(role, "search_document"), **options, "texts": texts}

    def rows(self, body: Any) -> Any:
        found = body["embeddings"]
        return next(iter(found.values())) if hasattr(found, "values") else found


class Nova:
    """Amazon Nova: one text a request, its parameters in an object."""

    limits = Limits(texts=1)
    dimensions = "embeddingDimension"
    roles = {Role.CLASSIFICATION: "CLASSIFICATION", Role.CLUSTERING: "CLUSTERING"}

    def body(self, texts: list[str], role: Role, options: dict[str, Any]) -> dict[str, Any]:
        text = {"truncationMode": "END", "value": texts[0]}
        single = {"embeddingPurpose": self.roles.get(role, "GENERIC_INDEX"), **options, "text": text}
        return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": single}

    def rows(self, body: Any) -> Any:
        return [row["embedding"] for row in body["embeddings"]]


FAMILIES: dict[str, Titan | Cohere | Nova] = {"amazon": Titan(), "cohere": Cohere(), "nova": Nova()}


class BedrockEmbeddings(HostedEmbeddings):
    """Embed texts with a model of Amazon Bedrock."""

    model_id: str = "amazon.titan-embed-text-v1"
    """Id or ARN of the model; its vendor's name in it decides on the format."""
    provider: str | None = None
    """amazon, cohere or nova, for an id that does not name the vendor."""
    region_name: str | None = param(default=None, env="AWS_DEFAULT_REGION")
    """Region; if none is given, that of the profile."""
    credentials_profile_name: str | None = param(default=None, env="AWS_PROFILE")
    """Profile in AWS's files."""
    aws_access_key_id: SecretField = secret(env="AWS_ACCESS_KEY_ID", default=None)
    aws_secret_access_key: SecretField = secret(env="AWS_SECRET_ACCESS_KEY", default=None)
    aws_session_token: SecretField = secret(env="AWS_SESSION_TOKEN", default=None)
    bedrock_api_key: SecretField = secret(env="AWS_BEARER_TOKEN_BEDROCK", default=None)
    """A key of Bedrock itself; it goes before those of AWS."""
    base_url: str = param(default="", env=("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"))
    """An address in place of the region's."""
    endpoint_url: str = alias_of("base_url")
    dimensions: int | None = None
    """Width of the vectors, for models that can shorten them."""
    model_kwargs: dict[str, Any] = param(default={})
    """More fields of the body."""
    normalize: bool = False
    """Whether to divide every vector by its length here."""
    client: Any = ignored("pass transport= for the network and a profile or keys for the credential")

    model_parameter = "model_id"
    auth = FirstGiven(Bearer("bedrock_api_key"), SigV4("bedrock"))
    extra = "aws"
    docs = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html"
    code_header = "x-amzn-errortype"
    error_codes = {"ServiceQuotaExceededException": RateLimited, "ModelErrorException": ServiceUnavailable}
    permanent_codes = frozenset({"ServiceQuotaExceededException"})
    stale_codes = frozenset({"ExpiredTokenException", "UnrecognizedClientException"})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.region_name = self.region_name or aws_region(self.credentials_profile_name)
        self.require(self.region_name, "it needs region_name: pass it or set AWS_DEFAULT_REGION")
        self.require(self.provider in {*FAMILIES, None}, f"provider must be one of {', '.join(FAMILIES)}")
        self.dimensions = self.dimensions or self.model_kwargs.get(self.family.dimensions)

    @property
    def family(self) -> Titan | Cohere | Nova:
        names = self.model_id.rpartition("/")[2].split(".")  # the vendor may stand behind a region, as in us.cohere
        vendor = self.provider or next((name for name in names[:2] if name in FAMILIES), "amazon")
        return FAMILIES["nova" if vendor == "amazon" and "nova" in self.model_id else vendor]

    @property
    def own_url(self) -> str:
        return f"https://bedrock-runtime.{self.region_name}.amazonaws.com"

    @property
    def unit(self) -> bool:
        return self.normalize

    def normalised(self, known: bool | None) -> bool | None:
        return True if self.normalize else self.model_kwargs.get("normalize", known)

    def provider_limits(self) -> Limits:
        return self.family.limits

    def request(self, batch: Batch) -> Request:
        options = {**self.model_kwargs, **({self.family.dimensions: self.dimensions} if self.dimensions else {})}
        body = self.family.body([text.replace("\n", " ") for text in batch.texts], batch.role, options)
        path = f"/model/{quote(self.model_id, safe='')}/invoke"
        return Request.post(self.url(path), json=body, headers={"Accept": "application/json"})

    def vectors(self, reply: Reply) -> Array:
        return array(self.family.rows(reply.json()))

    def tokens(self, reply: Reply) -> int | None:
        count = reply.headers.get("x-amzn-bedrock-input-token-count") or reply.json().get("inputTextTokenCount")
        return int(count) if count else None
