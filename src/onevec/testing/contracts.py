"""Contract files: what a class sends and what it must return, as data.

One JSON file a class. Add a provider by writing its file from the vendor's documentation; `replay` and `areplay` then
run the class through every case, blocking and async.

    class        name of the class
    base_url     what the paths of the requests are appended to
    init         the constructor's parameters: name, aliases, env, default, type, required, secret, meaning
    service      status (live, retired, self-hosted, library), the vendor's pages, the successor
    deviation    what holds for all cases, see below
    ignored      headers and query parameters that are not compared, such as a random request id
    tolerance    how far a number of a vector may be off; 1e-6 if absent
    exchanges    cases that return vectors
    errors       cases that end in an error, or that survive one

A case:

    name         unique in the file
    captured     false if it comes from documents and was not seen on the wire
    init, env    the constructor's arguments; the environment, which holds nothing else. As an argument {"callable": x}
                 stands for a function that returns x, {"object": {...}} for an object with these attributes, and
                 `"tokenizer": "codepoints"` for a tokenizer with one token a character
    factory      the class method to construct with, if it is not the constructor
    files        files by path, each a text or {body_base64}; the contract's own `files` are there too. `{tmp}` and
                 `{home}` stand for an empty folder, in every value of the case, and `{rsa_key}` for a file with a key
    call         {method, args, kwargs}, or a list of them; without it the class is only constructed. `embed` counts as
                 returning its vectors
    http         [{request, response, times, optional}]: what is sent and answered, in any order; equal requests are
                 answered in the order of the list
    library_calls  what a local library is called with, in place of http; run by the tests of the engines
    clock        the time, which then stands still
    base_url     in place of the file's
    expect       {"returns": value of the last call}, {"shape": [n, d]} where the numbers are random, or
                 {"error": class name}. An exchange may write `returns` in place of it
    deviation    why the case differs from what the vendor's or LangChain's own class does; for readers

A request has method, path (or `url`, if it leaves base_url), query, headers (only these are compared), and json, form,
body_text or body_base64. A response has status, headers, and json, body_text or body_base64; or `fault`, the name of
the TransportError that is raised in its place.
"""

from __future__ import annotations

import base64
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch
from urllib.parse import urlencode

import numpy as np
import orjson

from .. import errors
from ..embeddings import Embedded
from ..optional import need
from ..wire import Reply, Request
from .replay import START, Exchange, ReplayTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from ..transport import Transport

__all__ = ["Case", "areplay", "contract_cases", "replay"]

_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
"""Variables that a process needs; no class reads them."""
_FLOAT32 = 2.0**-23
"""How far a float32 may be from the number it stands for, relative to it."""


class CodePoints:
    """A tokenizer for tests: every character is a token."""

    def encode(self, text: str) -> list[int]:
        """The code points."""
        return [ord(character) for character in text]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of code points."""
        return "".join(chr(token) for token in tokens)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case of a contract.

    Attributes:
        contract: name of the class.
        name: name of the case.
        data: the case as the file has it, with `expect` filled in.
        base_url: what the paths of its requests are appended to.
        ignored: lower-case names of headers and query parameters that are not compared.
        tolerance: how far a number of a vector may be off.
    """

    contract: str
    name: str
    data: Mapping[str, Any] = field(repr=False)
    base_url: str = ""
    ignored: frozenset[str] = frozenset()
    tolerance: float = 1e-6

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        """The calls, in order."""
        call = self.data.get("call", [])
        return [call] if "method" in call else call

    def exchanges(self) -> list[Exchange]:
        """The requests and replies."""
        return [
            Exchange(
                self._request(item["request"]), _reply(item["response"]), item.get("optional", False), self.ignored
            )
            for item in self.data.get("http", [])
            for _ in range(item.get("times", 1))
        ]

    def transport(self) -> ReplayTransport:
        """A transport that plays the case."""
        clock = self.data.get("clock")
        now = datetime.fromisoformat(clock) if clock else START
        return ReplayTransport(self.exchanges(), now=now, frozen=clock is not None)

    def make(self, kind: Callable[..., Any], transport: Transport) -> Any:
        """An instance as the case wants it; a class without a network gets no transport."""
        init = {name: _argument(name, value) for name, value in self.data.get("init", {}).items()}
        if "transport" in getattr(kind, "_params", ()):
            init["transport"] = transport
        factory = self.data.get("factory")
        return getattr(kind, factory)(**init) if factory else kind(**init)

    def placed(self, folder: Path) -> Case:
        """The case with its files written to `folder`."""
        text = json.dumps(self.data)
        for name in ("{tmp}", "{home}"):
            text = text.replace(name, folder.as_posix())
        data = json.loads(text)
        for path, content in data.get("files", {}).items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(_file(content))
        environment = {"HOME": str(folder), "USERPROFILE": str(folder), **data.get("env", {})}
        return replace(self, data={**data, "env": environment})

    @contextmanager
    def verdict(self) -> Generator[list[Any]]:
        """Set the environment, collect results, and judge the last of them, or the error."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        wanted = self.data["expect"].get("error")
        results: list[Any] = []
        with patch.dict(os.environ, {**kept, **self.data.get("env", {})}, clear=True):
            try:
                yield results
            except Exception as error:
                if type(error).__name__ != wanted:
                    raise
                return
        if wanted:
            message = f"expected {wanted}, but it returned {results[-1:]}"
            raise AssertionError(message)
        if results:
            self._compare(results[-1])

    def _compare(self, result: Any) -> None:
        """Check a result: Python lists of Python floats, of the right shape and value."""
        if isinstance(result, Embedded):
            result = result.vectors.tolist()
        rows = result if result and isinstance(result[0], list) else [result]
        if not all(type(number) is float for row in rows for number in row):
            message = f"expected lists of Python floats, not {result!r}"
            raise AssertionError(message)
        expect = self.data["expect"]
        if "shape" in expect:
            np.testing.assert_equal(list(np.shape(result)), expect["shape"])
        else:
            np.testing.assert_allclose(result, expect["returns"], rtol=_FLOAT32, atol=self.tolerance)

    def _request(self, data: Mapping[str, Any]) -> Request:
        url = data.get("url") or self.base_url.rstrip("/") + data["path"]
        body = urlencode(data["form"]).encode() if "form" in data else _body(data)
        request = Request(method=data["method"], url=url, headers=data.get("headers", {}), body=body)
        return request.with_query(**data.get("query", {}))


def contract_cases(path: str | Path) -> Iterator[Case]:
    """The cases of a contract file, those of `exchanges` first.

    Example:
        >>> for case in contract_cases("tests/contracts/FakeEmbeddings.json"):
        ...     replay(case, FakeEmbeddings)  # doctest: +SKIP
    """
    contract = json.loads(Path(path).read_text(encoding="utf-8"))
    for data in [*contract["exchanges"], *contract["errors"]]:
        expect = data.get("expect", {"returns": data.get("returns")})
        yield Case(
            contract=contract["class"],
            name=data["name"],
            data={**data, "expect": expect, "files": {**contract.get("files", {}), **data.get("files", {})}},
            base_url=data.get("base_url", contract.get("base_url")) or "",
            ignored=frozenset(name.lower() for name in contract.get("ignored", ())),
            tolerance=contract.get("tolerance", 1e-6),
        )


def replay(case: Case, kind: Callable[..., Any]) -> None:
    """Run a class through a case with blocking calls.

    Raises:
        AssertionError: it sent or returned something else.
    """
    transport = case.transport()
    with case.verdict() as results:
        model = case.make(kind, transport)
        results += [getattr(model, _blocking(call))(*call["args"], **call.get("kwargs", {})) for call in case.calls]
    transport.assert_done()


async def areplay(case: Case, kind: Callable[..., Any]) -> None:
    """Run a class through a case with the async twins of the calls.

    Raises:
        AssertionError: it sent or returned something else.
    """
    transport = case.transport()
    with case.verdict() as results:
        model = case.make(kind, transport)
        results += [
            await getattr(model, f"a{_blocking(call)}")(*call["args"], **call.get("kwargs", {})) for call in case.calls
        ]
    transport.assert_done()


def _blocking(call: Mapping[str, Any]) -> str:
    """The blocking twin of the called method."""
    name: str = call["method"]
    return name[1:] if name.startswith("aembed") else name


def _argument(name: str, value: Any) -> Any:
    """A constructor's argument; what JSON can't hold is written as an object of one key."""
    if name == "tokenizer" and value == "codepoints":
        return CodePoints()
    if isinstance(value, dict):
        stands_for = cast("dict[str, Any]", value)
        if stands_for.keys() == {"callable"}:
            return lambda: stands_for["callable"]
        if stands_for.keys() == {"object"}:
            return SimpleNamespace(**stands_for["object"])
        return stands_for
    return value


def _file(content: str | Mapping[str, Any]) -> bytes:
    return (
        _rsa_key() if content == "{rsa_key}" else _body({"body_text": content} if isinstance(content, str) else content)
    )


@cache
def _rsa_key() -> bytes:
    """A private key as PEM; made here, because a key in a file is reported as a leak."""
    rsa = need("cryptography.hazmat.primitives.asymmetric.rsa", extra="oci")
    form = need("cryptography.hazmat.primitives.serialization", extra="oci")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem: bytes = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return pem


def _body(data: Mapping[str, Any]) -> bytes:
    if "json" in data:
        return orjson.dumps(data["json"])
    if "body_base64" in data:
        return base64.b64decode(data["body_base64"])
    text: str = data.get("body_text", "")
    return text.encode()


def _reply(data: Mapping[str, Any]) -> Reply | errors.TransportError:
    if "fault" in data:
        fault: type[errors.TransportError] = getattr(errors, data["fault"])
        return fault(f"{data['fault']} by contract")
    kind = {"Content-Type": "application/json"} if "json" in data else {}
    return Reply(status=data["status"], headers={**kind, **data.get("headers", {})}, body=_body(data))
