"""Oracle Cloud's Generative AI: signed requests, a mode of serving, plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..hosted import Batch, HostedEmbeddings, Limits, Request, Role
from ..params import alias_of, ignored, param
from ..signing.oci import OciSignature, oci_profile

__all__ = ["OCIGenAIEmbeddings"]

ROLES = {Role.QUERY: "SEARCH_QUERY", Role.CLASSIFICATION: "CLASSIFICATION", Role.CLUSTERING: "CLUSTERING"}


class OCIGenAIEmbeddings(HostedEmbeddings):
    """Embed texts with Oracle Cloud's Generative AI, with the key of a profile in ~/.oci/config."""

    base_url: str = ""
    """If none is given, the region of the profile names it."""
    service_endpoint: str = alias_of("base_url")
    auth_type: str = "API_KEY"
    """API_KEY or SECURITY_TOKEN, of the profile; INSTANCE_PRINCIPAL or RESOURCE_PRINCIPAL, of where it runs."""
    auth_profile: str = "DEFAULT"
    auth_file_location: str = "~/.oci/config"
    model_id: str = param()
    """Name of the model, or the OCID of a dedicated endpoint."""
    compartment_id: str | None = None
    """OCID of the compartment; the service wants one."""
    truncate: str = "END"
    """What the service does with a text that is too long: NONE (an error), START or END."""
    input_type: str | None = None
    """Sent as `inputType`, such as SEARCH_DOCUMENT; "role" spells the role of each call."""
    dimensions: int | None = None
    """Width of the vectors, for models that can shorten them."""
    output_dimensions: int | None = alias_of("dimensions")
    batch_size: int | None = 96
    model_kwargs: Mapping[str, Any] = param(default={})
    """More fields of the body."""
    client: Any = ignored("pass auth_type=, auth_profile= and auth_file_location=, or transport=")
    service_models: Any = ignored("the name of the model is sent as it is")

    auth = OciSignature()
    extra = "oci"
    docs = "https://docs.oracle.com/en-us/iaas/api/#/en/generative-ai-inference/20231130/EmbedTextResult/EmbedText"
    role_parameter = 'input_type="role"'
    rows_at = ("embeddings",)
    model_parameter = "model_id"
    limits = Limits(texts=96)
    tokens_at = ("usage", "totalTokens")

    def __post_init__(self) -> None:
        super().__post_init__()
        url = self.base_url
        if not url:
            region = oci_profile(self.auth_file_location, self.auth_profile).get("region")
            self.require(region, "pass service_endpoint, or a profile that names a region")
            url = f"https://inference.generativeai.{region}.oci.oraclecloud.com"
        self._own_url = url if url.rstrip("/").endswith(".oci.oraclecloud.com") else ""

    @property
    def own_url(self) -> str:
        return self._own_url

    def request(self, batch: Batch) -> Request:
        dedicated = self.model_id.startswith("ocid1.generativeaiendpoint")
        mode = {"servingType": "ON_DEMAND", "modelId": self.model_id}
        given = {
            "inputs": batch.texts,
            "servingMode": {"servingType": "DEDICATED", "endpointId": self.model_id} if dedicated else mode,
            "compartmentId": self.compartment_id,
            "truncate": self.truncate,
            "inputType": ROLES.get(batch.role, "SEARCH_DOCUMENT") if self.input_type == "role" else self.input_type,
            "outputDimensions": self.dimensions,
        }
        return Request.post(self.url("/20231130/actions/embedText"), json={**given, **self.model_kwargs})
