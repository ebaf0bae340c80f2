"""`onevec doctor`: whether a model can be reached, and what its server really does."""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..errors import ProviderError
from ..hosted import HostedEmbeddings
from ..load import load
from ..load import providers as all_providers
from ..openai_wire import OpenAIWire
from ..params import Secret, parameters_of
from ..probe import Profile, first_model, probe
from ..profiles import save as save_profile
from ..wire import drive
from . import console
from .options import DEBUG, JSON

if TYPE_CHECKING:
    from ..embeddings import Embeddings

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES = """
onevec doctor
onevec doctor mistralai
onevec doctor http://localhost:8000/v1 --save
onevec doctor https://gateway.example/v1 --name bge-m3 --key-variable GATEWAY_KEY --json
"""
MEANING = {
    "model": "model",
    "dimensions": "dimensions",
    "normalised": "every vector has length 1",
    "order": "order of the rows",
    "roles": "roles with vectors of their own",
    "base64": "encoding_format: base64",
    "shortening": "dimensions: half of them",
    "input_type": "input_type: query",
    "batch_size": "texts a request",
    "text_words": "words of a text that count",
    "longer_text": "a longer text is",
    "requests": "requests this took",
}
SECONDS = 60.0


def doctor(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL|URL]", help="A model as --model takes it, or a server's address.")
    ] = None,
    *,
    name: Annotated[str, typer.Option("--name", help="With a URL: the model; else the first that it lists.")] = "",
    key_variable: Annotated[
        str, typer.Option("--key-variable", metavar="VARIABLE", help="With a URL: the variable that holds its key.")
    ] = "",
    save: Annotated[bool, typer.Option("--save", help="Keep what was found; the classes then heed it.")] = False,
    json: Annotated[bool, JSON] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Tell whether a model can be reached, and what its server really does.

    Without an argument it lists the hosted classes whose key is set. A server of OpenAI's format that is not the
    vendor's own is also asked how many texts it takes at once and how much of a long text it reads, which takes up to
    50,000 tokens.
    """
    with console.failures(debug=debug):
        if model is None:
            _keys(json=json)
            return
        is_url = model.startswith(("http://", "https://"))
        found = _server(model, name, key_variable) if is_url else load(model)
        if save and (not isinstance(found, OpenAIWire) or found.vendors_own):
            message = "--save is for servers of OpenAI's format that are not the vendor's own"
            raise typer.BadParameter(message)
        profile = _profile(found)
        _show(profile, json=json)
        if save and isinstance(found, OpenAIWire):
            console.remark(f"kept in {save_profile(found.address, found.wire_model, profile.learned)}")


def _keys(*, json: bool) -> None:
    """The hosted classes that have all that they need, and the variables that are set."""
    rows: list[tuple[str, list[str]]] = []
    for entry in all_providers():
        if entry.kind == "provider" and any(os.environ.get(variable) for variable in entry.variables):
            kind = getattr(import_module(entry.module), entry.name)
            secret = {variable for spec, _ in parameters_of(kind) if spec.secret for variable in spec.env}
            present = [variable for variable in entry.variables if variable in secret and os.environ.get(variable)]
            rows += [(entry.name, present)] if present else []
    if json:
        console.json([{"class": name, "variables": variables} for name, variables in rows])
        return
    console.rows(["class", "key"], [[name, " ".join(variables)] for name, variables in rows])
    if not rows:
        console.remark("no key of a hosted class is set; the default model needs none (`onevec providers` lists all)")


def _server(url: str, name: str, key_variable: str) -> OpenAIWire:
    """A class that asks a server of OpenAI's format; its models are below the address or below /v1."""
    from ..providers.openai import OpenAIEmbeddings

    key = Secret.from_env(key_variable) if key_variable else Secret("none")  # never a key that is for another server
    problem: ProviderError | None = None
    for address in dict.fromkeys((url.rstrip("/"), url.rstrip("/").removesuffix("/v1") + "/v1")):
        owner = OpenAIEmbeddings(base_url=address, api_key=key, model=name or "unknown", max_retries=1, timeout=SECONDS)
        try:
            first = drive(first_model(owner), owner.outside(), SECONDS)
        except ProviderError as error:
            problem = problem or error
            continue
        return owner.copy(update={"model": name or first})
    if name:
        return OpenAIEmbeddings(base_url=url, api_key=key, model=name, max_retries=1, timeout=SECONDS)
    message = f"{url} lists no models ({problem}): pass --name of the model"
    raise typer.BadParameter(message)


def _profile(found: Embeddings) -> Profile:
    """Ask a server; a model that runs here is only tried."""
    if isinstance(found, HostedEmbeddings):
        deep = isinstance(found, OpenAIWire) and not found.vendors_own
        owner = found.copy(update={"max_retries": 1})
        return drive(probe(owner, deep=deep), owner.outside(), found.timeout or SECONDS)
    done = found.embed(["a cat", "一只猫"])
    lengths = np.linalg.norm(done.vectors, axis=1)
    return Profile(
        model=str(done.space),
        dimensions=done.vectors.shape[1],
        normalised=bool(np.allclose(lengths, 1, atol=1e-3)),
        order="kept",
    )


def _show(profile: Profile, *, json: bool) -> None:
    if json:
        console.json({**asdict(profile), "learned": asdict(profile.learned)})
        return
    facts: dict[str, Any] = {**asdict(profile), "roles": ", ".join(profile.roles) or "none"}
    cells = [[MEANING[name], _told(value)] for name, value in facts.items() if value is not None]
    console.rows(["", ""], cells)


def _told(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
