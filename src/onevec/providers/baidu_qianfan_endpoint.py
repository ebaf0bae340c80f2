"""Baidu Qianfan: the v2 API with a key of its own kind, the older API with a token or a signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ..errors import AuthenticationError, InvalidRequest, RateLimited, ServiceUnavailable
from ..hosted import Array, Batch, Bearer, FirstGiven, HostedEmbeddings, Limits, Reply, Request, Token, TokenExchange
from ..params import SecretField, alias_of, ignored, param, secret
from ..signing.bce import BceSignature

__all__ = ["QianfanEmbeddingsEndpoint"]

PATH = "/rpc/2.0/ai_custom/v1/wenxinworkshop/embeddings/"
OLDER = {"embedding-v1": "embedding-v1", "bge-large-zh": "bge_large_zh", "bge-large-en": "bge_large_en"}
OLDER["tao-8k"] = "tao_8k"
GIVEN = {"access_token": "access_token", "access_key": "qianfan_access_key", "secret_key": "qianfan_secret_key"}


class BaiduWire(HostedEmbeddings):
    """What Baidu's classes share: their parameters, how a token is fetched, error codes, and the reply."""

    access_token: SecretField = secret(default=None)
    """A token that was fetched before; it is used until it is refused."""
    batch_size: int | None = 16
    chunk_size: int | None = alias_of("batch_size")

    key_pair: ClassVar[tuple[str, str]]
    """Names of the parameters that a token is fetched with."""
    limits = Limits(texts=16)
    error_codes = {
        **dict.fromkeys(("1", "2", "336000", "336100"), ServiceUnavailable),
        **dict.fromkeys(("4", "17", "18", "19", "336501", "336502"), RateLimited),
        **dict.fromkeys(("6", "110", "111"), AuthenticationError),
        **dict.fromkeys(("336001", "336002", "336003"), InvalidRequest),
    }
    permanent_codes = frozenset({"17", "19"})  # the quota of the day, or all of it, is used up
    stale_codes = frozenset({"110", "111"})

    def token_request(self) -> Request:
        keys = [getattr(self, name).get_secret_value() for name in self.key_pair]
        query = {"grant_type": "client_credentials", "client_id": keys[0], "client_secret": keys[1]}
        head = {"Content-Type": "application/json", "Accept": "application/json"}
        return Request(method="POST", url=self.url("/oauth/2.0/token"), headers=head).with_query(**query)

    def token(self, reply: Reply, now: datetime) -> Token:
        body = reply.json()
        return Token(body["access_token"], now + timedelta(seconds=body["expires_in"]))

    def vectors(self, reply: Reply) -> Array:
        body = reply.json()
        self.check(reply, code=body.get("error_code"), message=body.get("error_msg"))
        return super().vectors(reply)


class NewerKey(Bearer):
    """A key of the v2 API: it begins with bce-v3/, and no second half belongs to it."""

    def given(self, owner: Any) -> bool:
        return bool(owner.newer_form)


class QianfanEmbeddingsEndpoint(BaiduWire):
    """Embed texts with Baidu Qianfan: by its v2 API if the key begins with bce-v3/, else by the older one."""

    base_url: str = param(default="", env="QIANFAN_BASE_URL")
    qianfan_ak: SecretField = secret(env="QIANFAN_AK", default=None)
    api_key: SecretField = alias_of("qianfan_ak")
    qianfan_sk: SecretField = secret(env="QIANFAN_SK", default=None)
    """With `qianfan_ak`, fetches a token of the older API."""
    secret_key: SecretField = alias_of("qianfan_sk")
    access_token: SecretField = secret(env="QIANFAN_ACCESS_TOKEN", default=None)
    qianfan_access_key: SecretField = secret(env="QIANFAN_ACCESS_KEY", default=None)
    """With `qianfan_secret_key`, signs the requests of the older API."""
    qianfan_secret_key: SecretField = secret(env="QIANFAN_SECRET_KEY", default=None)
    init_kwargs: Mapping[str, Any] = param(default={}, shown=False)
    """Credentials as the vendor's SDK calls them: access_token, access_key, secret_key."""
    model: str = "embedding-v1"
    endpoint: str = ""
    """A service of your own in the older API; it goes before `model`."""
    model_kwargs: Mapping[str, Any] = param(default={})
    """More fields of the body, such as user_id."""
    client: Any = ignored("pass transport=")

    auth = FirstGiven(
        NewerKey("qianfan_ak"),
        TokenExchange("qianfan_ak", "qianfan_sk", ready="access_token", query="access_token"),
        BceSignature("qianfan_access_key", "qianfan_secret_key"),
    )
    key_pair = ("qianfan_ak", "qianfan_sk")
    docs = "https://cloud.baidu.com/doc/qianfan-api/s/Fm7u3ropn"

    def __post_init__(self) -> None:
        for name, value in self.init_kwargs.items():
            self.require(name in GIVEN, f"init_kwargs takes {', '.join(GIVEN)}, not {name}")
            setattr(self, GIVEN[name], value)
        self.init_kwargs = {}  # they are secrets now
        super().__post_init__()
        paired = self.newer_form or bool(self.qianfan_ak) == bool(self.qianfan_sk)
        self.require(paired, "a key without bce-v3/ needs qianfan_ak (QIANFAN_AK) and qianfan_sk (QIANFAN_SK)")
        known = self.newer_form or self.endpoint or self.wire_model in OLDER
        self.require(known, f"the older API has {', '.join(OLDER)}; for others pass a key with bce-v3/, or endpoint=")

    @property
    def newer_form(self) -> bool:
        key = self.qianfan_ak
        return bool(key) and (key.get_secret_value().startswith("bce-v3/") if key.known else not self.qianfan_sk)

    @property
    def own_url(self) -> str:
        return "https://qianfan.baidubce.com" if self.newer_form else "https://aip.baidubce.com"

    @property
    def wire_model(self) -> str:
        return self.endpoint or (self.model.lower() if self.model.lower() in OLDER else self.model)

    def request(self, batch: Batch) -> Request:
        body = {**self.model_kwargs, "input": batch.texts}
        if self.newer_form:
            return Request.post(self.url("/v2/embeddings"), json={"model": self.wire_model, **body})
        return Request.post(self.url(PATH + (self.endpoint or OLDER[self.wire_model])), json=body)
