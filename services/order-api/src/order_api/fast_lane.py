"""The hot routes as one bare ASGI app above all layers: placing an order, and every change to one.

Routing, dependency solving, middlewares and response objects cost more than deciding, appending and learning together.
The rules, the bodies' models and the errors are the very same objects; what this lane does not know, or finds wrong
with a change, it passes on as it came, and the layers below answer. Invariant: a request is charged once.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus

from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from order_api import bodies, hot_change, new_order, problems
from order_api.answering import answer
from order_api.identity import Identity
from order_api.intake import replay
from order_api.limits import is_usual
from order_api.metrics import Metrics
from order_api.naming import ask_to_place, raw_headers_of
from order_api.new_order import NewOrder
from order_api.order_desk import OrderDesk
from order_api.problems import Problem
from order_api.proposing import Request
from order_contracts.ids import NAME_PATTERN

_ORDERS = re.compile(f"/v1/venues/({NAME_PATTERN[1:-1]})/orders(?:/([^/]+)(/.+))?", re.ASCII)  # without its anchors
_MAX_KEY = 255
_Headers = Mapping[bytes, bytes]


class FastLane:
    """ASGI app: takes what it knows, passes on the rest. `most_bytes` bounds a body."""

    def __init__(self, app: ASGIApp, *, desk: OrderDesk, identity: Identity, metrics: Metrics, most_bytes: int) -> None:
        self._app, self._desk, self._identity, self._most = app, desk, identity, most_bytes
        self._requests, self._done = (
            metrics.requests,
            {
                status: metrics.requests.labels("POST", str(status.value))
                for status in (HTTPStatus.OK, HTTPStatus.CREATED)
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        match = _ORDERS.fullmatch(scope["path"])
        if match is None:
            return await self._app(scope, receive, send)
        headers = dict(scope["headers"])
        if not is_usual(scope, headers, most_bytes=self._most):
            return await self._app(scope, receive, send)
        try:
            await self._identity.admit(scope["headers"], scope["state"])
            message = await receive()
            request = self._request(scope, match, headers, message)
            if request is None:
                return await self._app(scope, replay(message, receive), send)
            done = await self._desk.carry_out(request)
        except Problem as problem:
            self._requests.labels("POST", str(problem.status.value)).inc()
            return await problem.response()(scope, receive, send)
        status = HTTPStatus.CREATED if match[2] is None else HTTPStatus.OK
        self._done[status].inc()
        told = raw_headers_of(done)
        if match[2] is None:
            told.append((b"location", f"/v1/venues/{match[1]}/orders/{done.order_id}".encode()))
        return await answer(scope, send, status, told, done.order)

    def _request(self, scope: Scope, match: re.Match[str], headers: _Headers, message: Message) -> Request | None:
        """Read what is asked; None for what is left to the layers below. Raises Problem."""
        body = message.get("body", b"")
        if message["type"] != "http.request" or message.get("more_body", False):
            return None
        if match[2] is None:
            if not hot_change.said_as_json(headers.get(b"content-type")):
                return None
            return self._placement(scope, match[1], headers.get(b"idempotency-key"), body)
        change = hot_change.read(match[2], match[3], headers, body)
        if change is None:
            return None
        return change.asked_by(self._identity.allowed(scope["state"], "orders:write", match[1]), match[1])

    def _placement(self, scope: Scope, venue_id: str, key: bytes | None, body: bytes) -> Request:
        claims = self._identity.allowed(scope["state"], "orders:write", venue_id)
        if key is None or not 0 < len(key) <= _MAX_KEY:
            raise problems.of_errors([_fault_of(key)])
        return ask_to_place(claims, venue_id, key.decode("latin-1"), new_order.read(body) or _checked(body))


def _checked(body: bytes) -> NewOrder:
    """Read what is rarer, or wrong."""
    try:
        return bodies.PlaceOrder.model_validate_json(body).order()
    except ValidationError as error:
        raise problems.of_errors([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]) from error


def _fault_of(key: bytes | None) -> dict[str, object]:
    """Word a key's fault as the framework words it."""
    if key is None:
        return {"type": "missing", "loc": ("header", "Idempotency-Key"), "msg": "Field required"}
    message = f"it must have 1 to {_MAX_KEY} characters"
    return {"type": "string_length", "loc": ("header", "Idempotency-Key"), "msg": message}
