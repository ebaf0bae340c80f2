"""Spans of OpenTelemetry, and logging: what a program that watches its calls gets to see, and that no key is in it."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("opentelemetry.sdk")
pytest.importorskip("trustme")
from faults import FAULTS, good_exchanges, outcome
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import error_attributes, gen_ai_attributes, server_attributes
from servers_proxy import Internet, Wire, trusting
from toys import KEY, MODES, Toy, World, embed, good

from onevec import BadResponse, RateLimited
from onevec.testing import json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faults import Good
    from opentelemetry.sdk.trace import ReadableSpan

    from onevec.wire import Reply, Request

GOOD = [pytest.param(good, id=good.name) for good in good_exchanges()]
CONVENTIONS = {
    value
    for module in (gen_ai_attributes, server_attributes, error_attributes)
    for value in vars(module).values()
    if isinstance(value, str)
}
PROVIDERS = {
    "AzureOpenAIEmbeddings": gen_ai_attributes.GenAiProviderNameValues.AZURE_AI_OPENAI.value,
    "BedrockEmbeddings": gen_ai_attributes.GenAiProviderNameValues.AWS_BEDROCK.value,
    "CohereEmbeddings": gen_ai_attributes.GenAiProviderNameValues.COHERE.value,
    "GooglePalmEmbeddings": gen_ai_attributes.GenAiProviderNameValues.GCP_GEMINI.value,
    "OpenAIEmbeddings": gen_ai_attributes.GenAiProviderNameValues.OPENAI.value,
    "VertexAIEmbeddings": gen_ai_attributes.GenAiProviderNameValues.GCP_VERTEX_AI.value,
}


@pytest.fixture(scope="module")
def exporter() -> Iterator[InMemorySpanExporter]:
    """What the program's tracer gets; a process has one for its whole life."""
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(provider)
    yield memory
    provider.shutdown()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    exporter.clear()


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


@pytest.mark.parametrize("mode", MODES)
def test_a_call_is_a_span(mode: str, spans: InMemorySpanExporter) -> None:
    model = Toy(api_key=KEY, transport=World(), batch_size=2, base_url="https://toy.example:8443/v1", dimensions=3)
    embed(model, ["a", "b", "c", "a"], mode)
    span = only(spans)
    assert (span.name, span.kind) == ("embeddings toy-1", trace.SpanKind.CLIENT)
    assert span.status.status_code is trace.StatusCode.UNSET
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "toys",
        "gen_ai.request.model": "toy-1",
        "gen_ai.embeddings.dimension.count": 3,
        "gen_ai.usage.input_tokens": 6,
        "server.address": "toy.example",
        "server.port": 8443,
        "onevec.texts": 4,
        "onevec.requests": 2,
    }


@pytest.mark.parametrize("good", GOOD)
def test_attributes_have_the_names_of_the_conventions(good: Good, spans: InMemorySpanExporter, tmp_path: Path) -> None:
    replay = good.case.transport()
    outcome(good.case.placed(tmp_path), replay, "sync")
    attributes = dict(only(spans).attributes or {})
    assert {name for name in attributes if not name.startswith("onevec.")} <= CONVENTIONS
    assert attributes["server.address"] == urlsplit(replay.sent[-1].url).hostname
    assert attributes["gen_ai.provider.name"] == PROVIDERS.get(good.case.contract, attributes["gen_ai.provider.name"])


@pytest.mark.parametrize("mode", MODES)
def test_a_failure_is_named(mode: str, spans: InMemorySpanExporter) -> None:
    model = Toy(api_key=KEY, transport=World(lambda _request: json_reply({"rows": []})))
    with pytest.raises(BadResponse):
        embed(model, ["a"], mode)
    span = only(spans)
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "BadResponse"
    assert [event.name for event in span.events] == ["exception"]


@pytest.mark.parametrize("mode", MODES)
def test_the_call_of_a_program_is_the_parent_and_requests_happen_inside(mode: str, spans: InMemorySpanExporter) -> None:
    inside: list[trace.Span] = []

    def answer(request: Request) -> Reply:
        inside.append(trace.get_current_span())  # asked in the threads and tasks that send
        return good(request)

    with trace.get_tracer("program").start_as_current_span("handle a request") as parent:
        embed(Toy(api_key=KEY, transport=World(answer), batch_size=1), ["a", "b", "c", "d"], mode)
    ours, _ = spans.get_finished_spans()
    assert ours.parent == parent.get_span_context()
    assert [span.get_span_context() for span in inside] == [ours.context] * 4


async def test_a_cancelled_call_ends_its_span(spans: InMemorySpanExporter) -> None:
    class Silent(World):
        async def hold(self, request: Request) -> None:  # noqa: ARG002  # it never answers
            await asyncio.Event().wait()

    call = asyncio.create_task(Toy(api_key=KEY, transport=Silent()).aembed(["a"]))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert only(spans).end_time


@pytest.mark.parametrize("good", GOOD)
def test_no_key_is_in_a_span(good: Good, spans: InMemorySpanExporter, tmp_path: Path) -> None:
    """The vendor repeats every key in the message of its refusal."""
    case = FAULTS["echo"].case(good).placed(tmp_path)
    assert isinstance(outcome(case, case.transport(), "sync"), RateLimited)
    told = only(spans).to_json()
    assert "RateLimited" in told
    assert [secret for secret in good.secrets if secret in told] == []


def test_a_program_that_does_not_trace_does_not_load_opentelemetry() -> None:
    code = (
        "import sys, onevec\n"
        "[getattr(onevec, name) for name in onevec.__all__]\n"
        "from onevec.testing import Exchange, ReplayTransport, json_reply\n"
        "from onevec.wire import Request\n"
        "ask = Request.post('https://api.openai.com/v1/embeddings',"
        " json={'input': ['a'], 'model': 'm', 'encoding_format': 'base64'})\n"
        "world = ReplayTransport([Exchange(ask, json_reply({'data': [{'index': 0, 'embedding': [1.0]}]}))])\n"
        "print(onevec.OpenAIEmbeddings(model='m', api_key='k', transport=world).embed_query('a'))\n"
        "print(*[name for name in sys.modules if 'opentelemetry' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["[1.0]", "", ""]


def test_a_further_try_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    refusal = json_reply({"error": {"message": f"slow down, {KEY}"}}, 429, {"Retry-After": "1"})
    with caplog.at_level("DEBUG", "onevec"):
        embed(Toy(api_key=KEY, transport=World.of([refusal])), ["a"], "sync")
    (record,) = (record for record in caplog.records if record.name.startswith("onevec."))
    assert (record.name, record.levelno) == ("onevec.exchange", logging.INFO)
    assert record.getMessage() == "toys: toys: 429: slow down, ****; try 2 of 6 in 1.00 s"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("good", GOOD)
def test_no_key_is_logged_by_us_or_by_the_http_library(
    good: Good, mode: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    case = good.case.placed(tmp_path)
    replay = case.transport()
    with Internet(replay) as internet, caplog.at_level("DEBUG"):
        wire: Any = Wire(replay, proxy=internet.url, verify=trusting())
        outcome(case, wire, mode)
        wire.close()
    assert "httpx2" in {record.name for record in caplog.records}
    told = json.dumps([[record.name, record.getMessage()] for record in caplog.records], ensure_ascii=False)
    assert [secret for secret in good.secrets if secret in told] == []
