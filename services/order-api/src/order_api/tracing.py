"""Spans of requests and of their appends, from the caller's `traceparent` into the record's headers.

Put around the app and the appender where traces are on, and nowhere else: off, they cost nothing. What must not break:
nothing of a trace changes an answer, whatever a header holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from re import Pattern

from fastapi.routing import iter_route_contexts
from opentelemetry.context import Context, attach
from opentelemetry.trace import Span, SpanKind, StatusCode, get_current_span, set_span_in_context, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from order_api.appender import Appends
from order_api.lane import Appending, Record
from order_contracts.tracing import Tracing, traceparent_of
from order_contracts.wire import TRACEPARENT

_CONTEXT = TraceContextTextMapPropagator()
_OF_CONTEXT = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_NOBODYS = frozenset({"/livez", "/readyz", "/metrics"})
_SERVER_FAULT = 500


def traced_requests(app: ASGIApp, tracing: Tracing | None, routes: Sequence[BaseRoute]) -> ASGIApp:
    """Put a span around each request; give the app as it is where traces are off."""
    return app if tracing is None else _Requests(app, tracing, routes)


def traced_appends(appends: Appends, tracing: Tracing | None, topic: str) -> Appends:
    """Put a span around each append of a traced request, and its name into the record's headers."""
    return appends if tracing is None else _Appends(appends, tracing, topic)


class _Requests:
    """ASGI middleware, above all others: FastAPI's own spans begin below the fast lane."""

    def __init__(self, app: ASGIApp, tracing: Tracing, routes: Sequence[BaseRoute]) -> None:
        self._app, self._tracer, self._routes = app, tracing.tracer, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in _NOBODYS:
            return await self._app(scope, receive, send)
        context = _continued(scope["headers"])
        span = self._tracer.start_span(scope["method"], context, SpanKind.SERVER)
        attach(set_span_in_context(span, context))  # for good: uvicorn logs a fault after us, and its task ends with it
        if span.is_recording():
            return await self._noted(span, scope, receive, send)
        return await self._app(scope, receive, send)

    async def _noted(self, span: Span, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        span.set_attributes({"http.request.method": method, "url.path": path, "url.scheme": scope["scheme"]})

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= _SERVER_FAULT:
                    span.set_status(StatusCode.ERROR)
            await send(message)

        route = self._route(path)
        if route is not None:
            span.set_attribute("http.route", route)
            span.update_name(f"{method} {route}")
        with use_span(span, end_on_exit=True):
            await self._app({**scope, "extensions": {}}, receive, noting)  # no answer past `noting`

    @cached_property
    def _templates(self) -> list[tuple[Pattern[str], str]]:
        """All routes, asked for once they are all there; asking each of them anew takes FastAPI a millisecond."""
        paths = dict.fromkeys(route.path for route in iter_route_contexts(self._routes) if route.path)
        return [(compile_path(path)[0], path) for path in paths]

    def _route(self, path: str) -> str | None:
        return next((template for pattern, template in self._templates if pattern.match(path)), None)


def _continued(headers: Iterable[tuple[bytes, bytes]]) -> Context:
    """Give the caller's context; an empty one where it says none, or two: then neither is to be believed."""
    said: dict[str, str] = {}
    for raw, value in headers:
        name = _OF_CONTEXT.get(raw)
        if name is not None:
            if name in said:
                return Context()
            said[name] = value.decode("latin-1")
    return _CONTEXT.extract(said, Context()) if said else Context()


class _Appends:
    """Appends as those below it."""

    def __init__(self, appends: Appends, tracing: Tracing, topic: str) -> None:
        self._appends, self._tracer, self._topic = appends, tracing.tracer, topic

    def append(self, record: Record, by: Appending) -> None:
        """Hand a record over."""
        if not get_current_span().is_recording():
            return self._appends.append(record, by)
        span = self._tracer.start_span(f"send {self._topic}", kind=SpanKind.PRODUCER)
        headers = {name: value.decode() for name, value in record.headers}
        span.set_attributes(
            {
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.operation.name": "send",
                "messaging.destination.name": self._topic,
                "messaging.destination.partition.id": str(record.partition),
                "cloudevents.event_id": headers["ce_id"],
                "cloudevents.event_type": headers["ce_type"],
                "cloudevents.event_subject": headers["ce_subject"],
                "cloudevents.event_source": headers["ce_source"],
            }
        )
        parent = traceparent_of(span.get_span_context()).encode()
        named = Record(record.partition, record.key, record.value, [*record.headers, (TRACEPARENT, parent)])
        return self._appends.append(named, _Noted(by, span))


@dataclass(frozen=True, slots=True)
class _Noted:
    """Who hands a record over, and the span that ends with the broker's word on it."""

    by: Appending
    span: Span

    @property
    def over(self) -> bool:
        """Whether nobody waits any more; it is not asked again once it was so."""
        over = self.by.over
        if over:
            _failed(self.span, TimeoutError("nobody waited any more"))
        return over

    def appended(self, offset: int, appended_at: int | None) -> None:
        """Hear where the record stands."""
        self.span.set_attribute("messaging.kafka.offset", offset)
        self.span.end()
        self.by.appended(offset, appended_at)

    def failed(self, error: Exception) -> None:
        """Hear that it may stand or not."""
        _failed(self.span, error)
        self.by.failed(error)


def _failed(span: Span, error: BaseException) -> None:
    span.record_exception(error)
    span.set_status(StatusCode.ERROR)
    span.end()
