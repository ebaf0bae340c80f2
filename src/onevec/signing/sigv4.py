"""AWS Signature Version 4: HMAC-SHA256 over the whole request; the keys come from AWS's credential chain.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import os
from configparser import ConfigParser, Error
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from ..auth import Auth, read_secret
from ..errors import ConfigurationError
from ..optional import need
from ..wire import Call

if TYPE_CHECKING:
    from datetime import datetime

    from ..secret import Secret
    from ..wire import Flow, Request

__all__ = ["AwsKeys", "SigV4", "aws_region"]


@dataclass(frozen=True, slots=True, repr=False)
class AwsKeys:
    """What signs a request; `token` goes with keys that expire."""

    access: str
    secret: str
    token: str | None = None


class SigV4(Auth):
    """`Authorization: AWS4-HMAC-SHA256 ...`.

    The class that uses it has the parameters `region_name`, `credentials_profile_name`, `aws_access_key_id`,
    `aws_secret_access_key` and `aws_session_token`. Without keys, botocore's chain finds them: profiles, SSO, roles,
    containers, the metadata service.

    Args:
        service: name of the service in the signature.
    """

    def __init__(self, service: str) -> None:
        self.service = service

    def check(self, owner: Any) -> None:
        """Refuse half a pair of keys; without any, the chain is asked when a request is made."""
        if bool(owner.aws_access_key_id) != bool(owner.aws_secret_access_key):
            message = (
                f"{type(owner).__name__}: aws_access_key_id (AWS_ACCESS_KEY_ID) and aws_secret_access_key "
                "(AWS_SECRET_ACCESS_KEY) go together: one of them is missing"
            )
            raise ConfigurationError(message)

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """The keys that were given, or those of the chain, which renews them in time."""
        if not _chained(owner):
            access = yield from read_secret(owner.aws_access_key_id)
            secret = yield from read_secret(owner.aws_secret_access_key)
            token = yield from read_secret(_token(owner))
            return AwsKeys(access or "", secret or "", token)
        if owner.credential_held is None or refused is not None:
            owner.credential_held = yield Call(lambda: _chain(owner.credentials_profile_name))
        if owner.credential_held is None:
            message = (
                f"{type(owner).__name__}: no AWS credentials were found: pass aws_access_key_id and "
                "aws_secret_access_key, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with "
                "credentials_profile_name (AWS_PROFILE)"
            )
            raise ConfigurationError(message)
        found = yield Call(owner.credential_held.get_frozen_credentials)
        return AwsKeys(found.access_key, found.secret_key, found.token)

    def renewable(self, owner: Any) -> bool:
        """Whether the keys are those of the chain."""
        return _chained(owner)

    def made_of(self, owner: Any) -> list[str]:
        """The token of the chain's keys, read without renewing it."""
        token = getattr(owner.credential_held, "_token", None)
        return [token] if token else []

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with its date and signature; every header that it has is signed."""
        keys: AwsKeys = credential
        token = {"X-Amz-Security-Token": keys.token} if keys.token else {}
        dated = request.with_headers({"X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}", **token})
        scope = f"{now:%Y%m%d}/{owner.region_name}/{self.service}/aws4_request"
        headers = {name.lower(): " ".join(value.split()) for name, value in dated.headers.items()}
        headers = dict(sorted({**headers, "host": request.host}.items()))
        names = ";".join(headers)
        whole = hashlib.sha256(_canonical(dated, headers, names).encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{whole}"
        key = reduce(_hmac, scope.split("/"), b"AWS4" + keys.secret.encode())
        proof = f"Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={_hmac(key, text).hex()}"
        return dated.with_headers({"Authorization": f"AWS4-HMAC-SHA256 {proof}"})


def _canonical(request: Request, headers: dict[str, str], names: str) -> str:
    """The request in the form that is signed; the path as it is sent is encoded once more."""
    pairs = sorted(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    query = urlencode(pairs, quote_via=quote, safe="-_.~")
    lines = [f"{name}:{value}" for name, value in headers.items()]
    body = hashlib.sha256(request.body).hexdigest()
    return "\n".join([request.method, quote(request.path, safe="/-_.~"), query, *lines, "", names, body])


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _chained(owner: Any) -> bool:
    """Whether the chain is asked: there are no keys, or they are the environment's and a profile was named."""
    keys = owner.aws_access_key_id
    profile = owner.credentials_profile_name
    named = profile is not None and profile != os.environ.get("AWS_PROFILE")
    return keys is None or (named and keys.variable is not None)


def _token(owner: Any) -> Secret | None:
    """The session token that belongs to the keys: one of the environment does not go with keys that were passed."""
    token: Secret | None = owner.aws_session_token
    return None if token and token.variable and not owner.aws_access_key_id.variable else token


def aws_region(profile: str | None) -> str | None:
    """The region that AWS's configuration file has for a profile."""
    path = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    name = profile or "default"
    file = ConfigParser(interpolation=None)
    try:
        file.read(path, encoding="utf-8")
    except Error as error:
        message = f"{path} can't be read: {error}"
        raise ConfigurationError(message) from None
    return file.get(name if name == "default" else f"profile {name}", "region", fallback=None)


def _chain(profile: str | None) -> Any:
    """The credentials that AWS's chain finds, which renew themselves; None if there are none."""
    session = need("botocore.session", extra="aws").Session(profile=profile)
    try:
        return session.get_credentials()
    except need("botocore.exceptions", extra="aws").BotoCoreError as error:
        message = f"AWS credentials: {error}"
        raise ConfigurationError(message) from error
