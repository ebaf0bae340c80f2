"""Titan Takeoff, a server of one's own: readers are started, each group of them serves one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exchange import exchange
from ..hosted import Auth, Batch, Flow, HostedEmbeddings, Request
from ..params import ignored, param

__all__ = ["TitanTakeoffEmbed"]


class Readers(Auth):
    """No credential, but readers that have to be started before the first call."""

    def fetch(self, owner: Any, refused: Any = None) -> Flow[Any]:  # noqa: ARG002  # nothing can be refused
        group = owner.group  # a call for no group ends here
        for model in owner.models if owner.credential_held is None else ():
            yield from _start(owner, model)
        owner.credential_held = group


def _start(owner: Any, model: Mapping[str, Any]) -> Flow[Any]:
    ask = Request.post(f"{owner.base_url.rstrip('/')}:{owner.mgmt_port}/reader", json=model)
    return (yield from exchange(owner, lambda _: ask, lambda reply: owner.read(reply, reply.json)))


class TitanTakeoffEmbed(HostedEmbeddings):
    """Embed texts with a Titan Takeoff server; `consumer_group` is an option of every call, too."""

    base_url: str = "http://localhost"
    """Scheme and host, without the port."""
    port: int = 3000
    mgmt_port: int = 3001
    """Port at which readers are started."""
    models: Sequence[Mapping[str, Any]] = param(default=())
    """Readers to start before the first call: {"model_name": ..., "device": ..., "consumer_group": ...}."""
    consumer_group: str | None = None
    """The readers to ask; that of `models`, if they are of one group."""
    client: Any = ignored("pass transport=")
    embed_consumer_groups: Any = ignored("pass consumer_group=")

    auth = Readers()
    docs = "https://docs.titanml.co/docs/0.13.x/Docs/interfacing/embed/"
    status = "self-hosted"
    model_parameter = "consumer_group"
    rows_at = ("result",)
    tokens_at = ()

    @property
    def address(self) -> str:
        return f"{self.base_url.rstrip('/')}:{self.port}"

    @property
    def group(self) -> str:
        """The group of readers that is asked."""
        groups = {str(model.get("consumer_group", "primary")) for model in self.models}
        self.require(self.consumer_group or len(groups) == 1, "pass consumer_group=, to the class or to the call")
        return self.consumer_group or groups.pop()

    def request(self, batch: Batch) -> Request:
        return Request.post(self.url("/embed"), json={"text": batch.texts, "consumer_group": self.group})
