"""An OpenTelemetry collector as far as a test needs one: real HTTP, real protobuf, and it can fall silent or vanish."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WrittenSpan

from local_stack.ports import HOST, unused_port


@dataclass(frozen=True)
class Span:
    """A span as it came in; ids in hex, times in ns."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    links: tuple[tuple[str, str], ...]
    attributes: Mapping[str, Any]
    start: int
    end: int
    failed: bool

    @property
    def context(self) -> tuple[str, str]:
        """What a link to it names."""
        return self.trace_id, self.span_id


class SpanCollector:
    """What has come in. `silent` makes it take requests and answer none, until it is closed."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.requests = 0
        self.silent = Event()
        self._closed = Event()
        self._server = ThreadingHTTPServer((HOST, unused_port()), self._answering())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens: OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://{HOST}:{self._server.server_port}"

    def close(self) -> None:
        """Be gone: from here on connections are refused."""
        if not self._closed.is_set():
            self._closed.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def named(self, service: str, **attributes: Any) -> list[Span]:
        """Give a service's spans with these attributes (_ for .)."""
        wanted = {name.replace("__", "."): value for name, value in attributes.items()}.items()
        return [span for span in list(self.spans) if span.service == service and wanted <= span.attributes.items()]

    def _take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_span(service, written) for written in scope.spans]

    def _answering(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                collector.requests += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                if collector.silent.is_set():
                    collector._closed.wait()
                    self.close_connection = True
                    return
                assert (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
                collector._take(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                return

        return Answering


@contextmanager
def span_collector() -> Iterator[SpanCollector]:
    """Run one."""
    collector = SpanCollector()
    try:
        yield collector
    finally:
        collector.close()


def _span(service: str, written: WrittenSpan) -> Span:
    return Span(
        service=service,
        name=written.name,
        kind=WrittenSpan.SpanKind.Name(written.kind).removeprefix("SPAN_KIND_"),
        trace_id=written.trace_id.hex(),
        span_id=written.span_id.hex(),
        parent=written.parent_span_id.hex(),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in written.links),
        attributes=_attributes(written.attributes),
        start=written.start_time_unix_nano,
        end=written.end_time_unix_nano,
        failed=written.status.code == 2,
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    def plain(pair: KeyValue) -> Any:
        return getattr(pair.value, str(pair.value.WhichOneof("value")))

    return {pair.key: plain(pair) for pair in pairs}
