"""Sber GigaChat: a token from another host, for an authorization key or for user and password."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from ..hosted import Limits, Reply, Request, Token, TokenExchange
from ..openai_wire import OpenAIWire
from ..params import SecretField, param, secret
from ..tls import tls_context
from ..transport import HttpTransport

__all__ = ["GigaChatEmbeddings"]


class GigaChatEmbeddings(OpenAIWire):
    """Embed texts with Sber GigaChat, whose certificates are signed by the Russian national authority."""

    base_url: str = param(default="https://api.giga.chat/v1", env="GIGACHAT_BASE_URL")
    auth_url: str = param(default="https://ngw.devices.sberbank.ru:9443/api/v2/oauth", env="GIGACHAT_AUTH_URL")
    """Where `credentials` are turned into a token."""
    credentials: SecretField = secret(env="GIGACHAT_CREDENTIALS", default=None)
    """The authorization key: base64 of client id and secret."""
    scope: str = param(default="GIGACHAT_API_PERS", env="GIGACHAT_SCOPE")
    """GIGACHAT_API_PERS, GIGACHAT_API_B2B or GIGACHAT_API_CORP."""
    access_token: SecretField = secret(env="GIGACHAT_ACCESS_TOKEN", default=None)
    """A token that was fetched before; it is used until it is refused."""
    user: str | None = param(default=None, env="GIGACHAT_USER")
    password: SecretField = secret(env="GIGACHAT_PASSWORD", default=None)
    model: str = "Embeddings"
    timeout: float | None = 600.0
    verify_ssl_certs: bool = param(default=True, env="GIGACHAT_VERIFY_SSL_CERTS")
    """False trusts any certificate."""
    ca_bundle_file: str | None = param(default=None, env="GIGACHAT_CA_BUNDLE_FILE")
    cert_file: str | None = param(default=None, env="GIGACHAT_CERT_FILE")
    key_file: str | None = param(default=None, env="GIGACHAT_KEY_FILE")
    key_file_password: SecretField = secret(env="GIGACHAT_KEY_FILE_PASSWORD", default=None)

    auth = TokenExchange("credentials", "password", ready="access_token")
    docs = "https://developers.sber.ru/docs/ru/gigachat/api/embeddings"
    limits = Limits(texts=90, bytes=1_000_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.transport is None and (self.ca_bundle_file or self.cert_file or not self.verify_ssl_certs):
            password = self.key_file_password.get_secret_value() if self.key_file_password else None
            files = (self.ca_bundle_file, self.cert_file, self.key_file)
            self.transport = HttpTransport(verify=tls_context(*files, password, verify=self.verify_ssl_certs))

    def token_request(self) -> Request:
        if not self.credentials:
            login = b64encode(f"{self.user or ''}:{self.password.get_secret_value()}".encode()).decode()
            return Request(method="POST", url=self.url("/token"), headers={"Authorization": f"Basic {login}"})
        head = {
            "Authorization": f"Basic {self.credentials.get_secret_value()}",
            "RqUID": str(UUID(int=int(self.outside().random() * 2**128), version=4)),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return Request(method="POST", url=self.auth_url, headers=head, body=urlencode({"scope": self.scope}).encode())

    def token(self, reply: Reply, now: datetime) -> Token:  # noqa: ARG002  # the reply has the whole time
        body = reply.json()
        value, expires = (body["tok"], body["exp"]) if "tok" in body else (body["access_token"], body["expires_at"])
        return Token(value, datetime.fromtimestamp(expires / 1000, UTC))

    def tokens(self, reply: Reply) -> int | None:
        return sum(row.get("usage", {}).get("prompt_tokens", 0) for row in reply.json()["data"]) or None
