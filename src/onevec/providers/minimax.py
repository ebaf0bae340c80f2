"""MiniMax: vectors in a bare list, errors inside HTTP 200."""

from __future__ import annotations

from ..errors import AuthenticationError, InputTooLong, InvalidRequest, RateLimited, ServiceUnavailable
from ..hosted import Array, Batch, Bearer, HostedEmbeddings, Reply, Request, Role, array
from ..params import SecretField, alias_of, param, secret

__all__ = ["MiniMaxEmbeddings"]


class MiniMaxEmbeddings(HostedEmbeddings):
    """Embed texts with MiniMax."""

    base_url: str = "https://api.minimax.chat"
    endpoint_url: str | None = None
    """The whole address, in place of `base_url`."""
    model: str = "embo-01"
    embed_type_db: str = "db"
    """How the request spells the role of documents."""
    embed_type_query: str = "query"
    """How the request spells the role of queries."""
    minimax_group_id: str = param(env="MINIMAX_GROUP_ID")
    """Id of the account's group, sent as `GroupId`."""
    minimax_api_key: SecretField = secret(env="MINIMAX_API_KEY")
    group_id: str = alias_of("minimax_group_id")
    api_key: SecretField = alias_of("minimax_api_key")

    auth = Bearer("minimax_api_key")
    docs = "https://platform.minimaxi.com/docs/api-reference/errorcode.md"
    whole_url = "endpoint_url"
    tokens_at = ("total_tokens",)
    error_codes = {
        "1000": ServiceUnavailable,
        "1001": ServiceUnavailable,
        "1002": RateLimited,
        "1004": AuthenticationError,
        "1008": RateLimited,
        "1013": ServiceUnavailable,
        "1039": InputTooLong,
        "2013": InvalidRequest,
    }
    permanent_codes = frozenset({"1008"})  # the balance is used up

    def request(self, batch: Batch) -> Request:
        kind = self.embed_type_query if batch.role is Role.QUERY else self.embed_type_db
        body = {"model": self.model, "type": kind, "texts": batch.texts}
        return Request.post(self.url("/v1/embeddings"), query={"GroupId": self.minimax_group_id}, json=body)

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        self.check(reply, code=body["base_resp"]["status_code"], message=body["base_resp"]["status_msg"])
        return array(body["vectors"])
