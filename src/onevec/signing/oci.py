"""Oracle Cloud's request signature: RSA-SHA256 over the request line, some headers and the hash of the body.

Source: https://docs.oracle.com/en-us/iaas/Content/API/Concepts/signingrequests.htm
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from configparser import ConfigParser, Error
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..auth import Auth
from ..errors import ConfigurationError
from ..optional import need
from ..wire import Call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..wire import Flow, Request

__all__ = ["OciSignature", "oci_profile"]

KINDS = ("API_KEY", "SECURITY_TOKEN", "INSTANCE_PRINCIPAL", "RESOURCE_PRINCIPAL")
SIGNED = ("date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256")


@dataclass(frozen=True, slots=True, repr=False)
class OciKey:
    """What signs a request: a private key, and the name that the service knows it by."""

    name: str
    private: Any


class OciSignature(Auth):
    """`Authorization: Signature ...`, with the key of a profile, or of the machine or function that it runs on.

    The class that uses it has the parameters `auth_type`, `auth_profile` and `auth_file_location`.
    """

    def check(self, owner: Any) -> None:
        """Refuse a kind of credential that does not exist."""
        if _kind(owner) not in KINDS:
            message = f"{type(owner).__name__}: auth_type must be one of {', '.join(KINDS)}, not {owner.auth_type!r}"
            raise ConfigurationError(message)

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """The key; it is read anew after a refusal, since the tokens of all kinds but API_KEY expire."""
        if owner.credential_held is None or refused is not None:
            owner.credential_held = yield Call(lambda: _key(owner))
        return owner.credential_held

    def renewable(self, owner: Any) -> bool:
        """Whether the credential is a token, which others renew."""
        return _kind(owner) != "API_KEY"

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with its date, the hash of its body and its signature."""
        hashes = need("cryptography.hazmat.primitives.hashes", extra="oci")
        padding = need("cryptography.hazmat.primitives.asymmetric.padding", extra="oci")
        digest = b64encode(hashlib.sha256(request.body).digest()).decode()
        dated = request.with_headers({"Date": format_datetime(now, usegmt=True), "X-Content-SHA256": digest})
        headers = {name.lower(): value for name, value in dated.headers.items()}
        target = request.url.partition(request.host)[2]
        headers |= {"host": request.host, "content-length": str(len(request.body))}
        headers["(request-target)"] = f"{request.method.lower()} {target}"
        text = "\n".join(f"{name}: {headers[name]}" for name in SIGNED)
        proof = b64encode(credential.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
        named = f'algorithm="rsa-sha256",headers="{" ".join(SIGNED)}",keyId="{credential.name}"'
        return dated.with_headers({"Authorization": f'Signature {named},signature="{proof}",version="1"'})


def _kind(owner: Any) -> str:
    """The kind of credential; LangChain's documentation writes PRINCIPLE."""
    return str(owner.auth_type).upper().replace("PRINCIPLE", "PRINCIPAL")


def oci_profile(path: str, name: str) -> Mapping[str, str]:
    """A section of the configuration file.

    Raises:
        ConfigurationError: the file or the section is missing, or can't be read.
    """
    file = ConfigParser(interpolation=None)
    try:
        if not file.read(Path(path).expanduser(), encoding="utf-8"):
            message = f"auth_file_location: {path} does not exist"
            raise ConfigurationError(message)
        return file[name]
    except (Error, KeyError, UnicodeDecodeError) as error:
        message = f"{path} has no profile {name!r} that can be read: {error}"
        raise ConfigurationError(message) from None


def _key(owner: Any) -> OciKey:
    """The key of the profile, of the machine, or of the function."""
    kind = _kind(owner)
    if kind.endswith("PRINCIPAL"):
        return _of_principal(kind)
    profile = oci_profile(owner.auth_file_location, owner.auth_profile)
    try:
        if kind == "SECURITY_TOKEN":
            name = f"ST${Path(profile['security_token_file']).expanduser().read_text(encoding='utf-8').strip()}"
        else:
            name = f"{profile['tenancy']}/{profile['user']}/{profile['fingerprint']}"
        pem = Path(profile["key_file"]).expanduser().read_bytes()
        return OciKey(name, _private(pem, profile.get("pass_phrase")))
    except (KeyError, OSError, ValueError, TypeError) as error:  # the last two: a key that can't be read
        message = f"profile {owner.auth_profile!r} of {owner.auth_file_location}: {error}"
        raise ConfigurationError(message) from None


def _private(pem: bytes, phrase: str | None) -> Any:
    serialization = need("cryptography.hazmat.primitives.serialization", extra="oci")
    return serialization.load_pem_private_key(pem, phrase.encode() if phrase else None)


def _of_principal(kind: str) -> OciKey:
    """The token that Oracle's SDK gets from the machine (INSTANCE) or the function (RESOURCE)."""
    sdk = need("oci", extra="oci-principal")
    signers = sdk.auth.signers
    try:
        instance = kind == "INSTANCE_PRINCIPAL"
        found = (
            signers.InstancePrincipalsSecurityTokenSigner if instance else signers.get_resource_principals_signer
        )()
    except (OSError, ValueError, sdk.exceptions.ClientError, sdk.exceptions.ServiceError) as error:
        message = f"auth_type {kind}: {error}"
        raise ConfigurationError(message) from error
    return OciKey(found.api_key, found.private_key)
