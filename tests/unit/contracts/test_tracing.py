"""Traces: off and unloaded unless told otherwise, and batches that lead back to every order in them."""

import subprocess
import sys
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, use_span

from order_contracts.tracing import Tracing, context_of, name_trace, start_tracing, traced, traceparent_of


def traceparent() -> str:
    return f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"


@pytest.fixture
def collected() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(collected: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(collected))
    return Tracing(provider)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_traces_are_off_unless_a_collector_is_named(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert start_tracing("x", complain=pytest.fail) is None


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_an_address_that_is_none_is_complained_of_and_does_without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "collector:4317")
    said: list[str] = []
    assert start_tracing("x", complain=said.append) is None
    assert said == [f"there are no traces: {name} must be like http://collector:4318, OTLP over HTTP"]


def test_services_without_traces_load_nothing_for_them() -> None:
    roots = "order_api.app, projector.app, projector.serving, projector.webhook_sending, notifier.app"
    wanted = f"import sys, {roots}; print([m for m in sys.modules if m in %r])"
    heavy = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp", "google.protobuf")
    done = subprocess.run([sys.executable, "-c", wanted % (heavy,)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
def test_what_a_traceparent_names_is_written_alike(trace_id: int, span_id: int, flags: int) -> None:
    text = f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}"
    assert traceparent_of(context_of(text)) == text
    assert traced(text) == {"trace_id": f"{trace_id:032x}"}


def test_a_batch_is_linked_with_each_order_and_each_order_has_a_span_of_its_own_trace(
    tracing: Tracing, collected: InMemorySpanExporter
) -> None:
    parents = [traceparent() for _ in range(3)]
    orders = [(parent, 1_000 + number, {"order": number}) for number, parent in enumerate(parents)]
    tracing.note_batch("emit", SpanKind.PRODUCER, {"room": "venue:v"}, 5_000_000, orders)
    spans = collected.get_finished_spans()
    (batch,) = [span for span in spans if span.parent is None]
    own = [span for span in spans if span.parent is not None]
    assert [traceparent_of(link.context) for link in batch.links] == parents
    assert [traceparent_of(span.parent) for span in own if span.parent] == parents
    assert [span.attributes for span in own] == [{"room": "venue:v", "order": number} for number in range(3)]
    assert [[link.context for link in span.links] for span in own] == [[batch.context]] * 3
    assert [span.start_time for span in own] == [1_000_000_000, 1_001_000_000, 1_002_000_000]
    assert (batch.start_time, {span.end_time for span in own}) == (5_000_000, {batch.end_time})


def test_a_clock_that_is_ahead_makes_no_span_that_ends_before_it_began(
    tracing: Tracing, collected: InMemorySpanExporter
) -> None:
    tracing.note_batch("emit", SpanKind.PRODUCER, {}, 2**62, [(traceparent(), 2**42, {})])
    assert all(_length(span) == 0 for span in collected.get_finished_spans())


def _length(span: ReadableSpan) -> int:
    return (span.end_time or 0) - (span.start_time or 0)


def test_a_batch_without_traced_orders_leaves_no_span(tracing: Tracing, collected: InMemorySpanExporter) -> None:
    tracing.note_batch("emit", SpanKind.PRODUCER, {}, 0, [])
    assert collected.get_finished_spans() == ()


def test_a_log_line_names_the_trace_that_it_belongs_to(tracing: Tracing) -> None:
    assert name_trace(None, "info", {"event": "x"}) == {"event": "x"}
    span = tracing.tracer.start_span("request")
    with use_span(span):
        line = name_trace(None, "info", {"event": "x"})
    assert line == {"event": "x", "trace_id": f"{span.get_span_context().trace_id:032x}"}
