"""Google's access tokens: from a credentials object, a key file, or what google-auth finds on this machine.

google-auth knows the kinds of credentials; its requests go through our transport.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from .. import errors
from ..auth import Auth
from ..optional import need
from ..wire import Call, Headers, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ..wire import Flow

__all__ = ["GoogleToken"]

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LOGIN_SECONDS = 120.0
"""For a request of google-auth that names no time-out."""


@dataclass(frozen=True, slots=True, repr=False)
class _Granted:
    token: str
    quota_project: str | None


class GoogleToken(Auth):
    """`Authorization: Bearer <token>`, renewed in time by google-auth.

    The class that uses it has the parameters `credentials` (an object of google-auth, or the path of a key file) and
    `project`, which is filled in if the credentials know it.
    """

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:
        """A token that is still good, and the project that pays for it."""
        if owner.credential_held is None:
            owner.credential_held = yield Call(lambda: _guarded(owner, lambda: _find(owner)))
        credentials, project = owner.credential_held
        owner.project = owner.project or project
        owner.require(owner.project, "it needs project: pass it or set GOOGLE_CLOUD_PROJECT")
        if not credentials.valid or (refused is not None and refused.token == credentials.token):
            yield Call(lambda: _guarded(owner, lambda: credentials.refresh(_http(owner))))
        return _Granted(credentials.token, getattr(credentials, "quota_project_id", None))

    def renewable(self, owner: Any) -> bool:
        """Whether the credentials can fetch another token; one that only holds a token can't."""
        credentials = owner.credential_held[0]
        return hasattr(credentials, "refresh") and getattr(credentials, "refresh_token", "") is not None

    def made_of(self, owner: Any) -> list[str]:
        """The token that is held."""
        held = owner.credential_held
        return [held[0].token] if held and held[0].token else []

    def sign(self, request: Request, credential: Any, owner: Any, now: datetime) -> Request:
        """The request with the token."""
        paid = {"X-Goog-User-Project": credential.quota_project} if credential.quota_project else {}
        return request.with_headers({"Authorization": f"Bearer {credential.token}", **paid})


def _find(owner: Any) -> tuple[Any, str | None]:
    """The credentials and the project that they know."""
    given = owner.credentials
    if given is not None and not isinstance(given, str):
        if getattr(given, "requires_scopes", False):
            given = given.with_scopes(SCOPES)
        return given, getattr(given, "project_id", None)
    google = need("google.auth", extra="google")
    if given is None:
        found: tuple[Any, str | None] = google.default(scopes=SCOPES, request=_http(owner))
        return found
    with warnings.catch_warnings():  # the function warns whoever loads a stranger's file
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded: tuple[Any, str | None] = google.load_credentials_from_file(given, scopes=SCOPES, request=_http(owner))
        return loaded


def _guarded(owner: Any, ask: Callable[[], Any]) -> Any:
    """What google-auth answers, with its errors as ours."""
    try:
        return ask()
    except Exception as error:
        kinds = need("google.auth.exceptions", extra="google")
        said = f"Google credentials: {error}"
        if isinstance(error, kinds.TransportError):
            raise errors.TransportError(said) from error
        if isinstance(error, kinds.RefreshError):
            raise errors.AuthenticationError(said, provider=owner.slug) from error
        if isinstance(error, kinds.GoogleAuthError):
            advice = (
                "pass credentials=, set GOOGLE_APPLICATION_CREDENTIALS, or run: gcloud auth application-default login"
            )
            raise errors.ConfigurationError(f"{type(owner).__name__}: {said} ({advice})") from error
        raise


def _http(owner: Any) -> Any:
    """Our transport, as google-auth wants to call it."""
    return _adapter()(owner)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    data: bytes


@cache
def _adapter() -> type[Any]:
    """A class below google-auth's own, made when google-auth is there."""
    kinds = need("google.auth.exceptions", extra="google")
    base: type[Any] = need("google.auth.transport", extra="google").Request

    class OverOurs(base):  # type: ignore[misc]  # google-auth is optional
        def __init__(self, owner: Any) -> None:
            self._send = owner.outside().send

        def __call__(
            self,
            url: str,
            method: str = "GET",
            body: bytes | str | None = None,
            headers: Mapping[str, str] | None = None,
            timeout: float | None = None,
            **_: Any,
        ) -> _Answer:
            whole = body.encode() if isinstance(body, str) else body or b""
            request = Request(method=method, url=url, headers=Headers(headers), body=whole)
            try:
                reply = self._send(request, timeout or LOGIN_SECONDS)
            except errors.TransportError as error:
                raise kinds.TransportError(str(error)) from error
            return _Answer(reply.status, reply.headers, reply.body)

    return OverOurs
