"""A span of OpenTelemetry around every call, by the semantic conventions for generative AI; nothing without it.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .plan import Batch
from .recipes import PROBE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .call import HostedCall
    from .embeddings import Embedded

__all__ = ["span"]

PROVIDERS = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google_palm": "gcp.gemini",
    "vertexai": "gcp.vertex_ai",
}
"""What the conventions call a provider, where that is not our own name for it."""


@contextmanager
def span(call: HostedCall) -> Generator[Callable[[Embedded], Embedded]]:
    """Trace a call; the function that it gives takes the result, for the tokens.

    A program that traces has imported opentelemetry, so it is looked up, never imported.
    """
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        yield lambda result: result
        return
    with trace.get_tracer("onevec").start_as_current_span(
        f"embeddings {call.owner.wire_model}".strip(), kind=trace.SpanKind.CLIENT, attributes=_attributes(call)
    ) as current:

        def done(result: Embedded) -> Embedded:
            if result.usage.tokens is not None:
                current.set_attribute("gen_ai.usage.input_tokens", result.usage.tokens)
            return result

        try:
            yield done
        except Exception as error:
            current.set_attribute("error.type", type(error).__qualname__)
            raise


def _attributes(call: HostedCall) -> dict[str, Any]:
    owner = call.owner
    address = urlsplit(owner.request(Batch([PROBE], call.role)).url if call.plan.batches else "")
    known = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": PROVIDERS.get(owner.slug, owner.slug),
        "gen_ai.request.model": owner.wire_model or None,
        "gen_ai.embeddings.dimension.count": owner.space.dimensions,
        "server.address": address.hostname,
        "server.port": address.port,
        "onevec.texts": call.plan.total,
        "onevec.requests": len(call.plan.batches),
    }
    return {name: value for name, value in known.items() if value is not None}
