"""Traces by OpenTelemetry, for all services alike: on by the standard OTEL_* variables, else none of it is imported.

What must not break: a collector that is slow, wrong or gone costs spans, never an order. Spans wait in a bounded queue,
a thread of its own sends them, and the end of a process waits for a moment only.
"""

import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from threading import Thread
from time import time_ns
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import SpanContext, SpanKind, Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_LAST_SECONDS = 2.0

Facts = Mapping[str, str | int]
"""Attributes of a span."""


class Tracing:
    """One process's tracer."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self.tracer: Tracer = provider.get_tracer("scanserve")

    def stop(self) -> None:
        """Send what is left, if that is quickly done."""
        last = Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_SECONDS)

    def note_batch(
        self, name: str, kind: "SpanKind", facts: Facts, began_ns: int, orders: Iterable[tuple[str, int, Facts]]
    ) -> None:
        """Note a batch that was done just now: a span that is linked with every order's, and one in each order's trace.

        `orders` are those that are traced: traceparent, when their way to here began (ms since 1970), and facts.
        """
        from opentelemetry.trace import Link  # noqa: PLC0415

        traced = [(context_of(traceparent), since * 1_000_000, of_order) for traceparent, since, of_order in orders]
        if not traced:
            return
        ended = time_ns()
        links = [Link(creation) for creation, _, _ in traced]
        batch = self.tracer.start_span(name, None, kind, facts, links, start_time=min(began_ns, ended))
        to_batch = [Link(batch.get_span_context())]
        for creation, since, of_order in traced:
            attributes = {**facts, **of_order}
            self.tracer.start_span(
                name, _under(creation), kind, attributes, to_batch, start_time=min(since, ended)
            ).end(ended)
        batch.end(ended)


def start_tracing(service: str, *, complain: Callable[[str], Any], follows: bool = False) -> Tracing | None:
    """Give the process's tracing; None unless a collector is named in the environment.

    `follows` is for readers of the log: whether an order is traced was decided at its POST.
    """
    name = next((name for name in _ENDPOINTS if os.environ.get(name)), None)
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    if name is None or off:
        return None
    if not os.environ[name].startswith(("http://", "https://")):
        complain(f"there are no traces: {name} must be like http://collector:4318, OTLP over HTTP")
        return None
    return Tracing(_provider(service, follows=follows))


def _provider(service: str, *, follows: bool) -> "TracerProvider":
    # Here, not above: 80 ms and 3 MB that a process without traces does not pay.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased  # noqa: PLC0415

    named = {"service.name": service, "service.instance.id": f"{socket.gethostname()}-{os.getpid()}"}
    provider = TracerProvider(
        sampler=ParentBased(ALWAYS_ON) if follows else None,  # None: as OTEL_TRACES_SAMPLER says
        resource=Resource.create(named).merge(OTELResourceDetector().detect()),
        shutdown_on_exit=False,  # that would wait for half a minute
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def context_of(traceparent: str) -> "SpanContext":
    """Give what a well-formed traceparent names."""
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415

    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def traceparent_of(context: "SpanContext") -> str:
    """Write a span's name as W3C Trace Context 1 has it, section 3.2."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _under(creation: "SpanContext") -> "Context":
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context  # noqa: PLC0415

    return set_span_in_context(NonRecordingSpan(creation))


def name_trace(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the trace that a log line belongs to, where there is one: a processor of structlog's."""
    if "opentelemetry.sdk" in sys.modules:
        from opentelemetry.trace import get_current_span  # noqa: PLC0415

        context = get_current_span().get_span_context()
        if context.is_valid:
            line.setdefault("trace_id", f"{context.trace_id:032x}")
    return line


def traced(traceparent: str | None) -> dict[str, str]:
    """Give the same of a record, for a log line about it."""
    return {} if traceparent is None else {"trace_id": traceparent.split("-")[1]}
