"""The hot route without the framework: `POST /v1/venues/{venue_id}/orders`, as routes.py declares it.

Routing, dependency solving and response objects cost more than deciding, appending and learning together. The rules,
the body's model and the errors are the very same objects; what this lane does not know it leaves to the framework.
"""

import re

import msgspec
from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from order_api import bodies, problems
from order_api.identity import Identity
from order_api.naming import ask_to_place, headers_of
from order_api.order_desk import Answer, OrderDesk
from order_api.problems import Problem
from order_contracts.ids import NAME_PATTERN

_PLACE = re.compile(f"/v1/venues/({NAME_PATTERN[1:-1]})/orders", re.ASCII)  # without its anchors
_MAX_KEY = 255


class FastLane:
    """ASGI middleware: takes what it knows, passes on the rest."""

    def __init__(self, app: ASGIApp, *, desk: OrderDesk, identity: Identity) -> None:
        self._app, self._desk, self._identity = app, desk, identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        match = _PLACE.fullmatch(scope["path"])
        if match is None:
            return await self._app(scope, receive, send)
        try:
            answer = await self._place(Request(scope, receive), match[1])
        except Problem as problem:
            return await problem.response()(scope, receive, send)
        body = msgspec.json.encode(answer.order)
        await send({"type": "http.response.start", "status": 201, "headers": _headers(match[1], answer, body)})
        await send({"type": "http.response.body", "body": body})
        return None

    async def _place(self, request: Request, venue_id: str) -> Answer:
        claims = self._identity.of(request, "orders:write", venue_id)
        key = request.headers.get("idempotency-key")
        if key is None or not 0 < len(key) <= _MAX_KEY:
            raise problems.of_errors([_fault_of(key)])
        try:
            order = bodies.PlaceOrder.model_validate_json(await request.body())
        except ValidationError as error:
            raise problems.of_errors([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]) from error
        return await self._desk.carry_out(ask_to_place(claims, venue_id, key, order))


def _headers(venue_id: str, answer: Answer, body: bytes) -> list[tuple[bytes, bytes]]:
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "location": f"/v1/venues/{venue_id}/orders/{answer.order['order_id']}",
        **headers_of(answer),
    }
    return [(name.lower().encode(), text.encode()) for name, text in headers.items()]


def _fault_of(key: str | None) -> dict[str, object]:
    """Word a key's fault as the framework words it."""
    if key is None:
        return {"type": "missing", "loc": ("header", "Idempotency-Key"), "msg": "Field required"}
    message = f"it must have 1 to {_MAX_KEY} characters"
    return {"type": "string_length", "loc": ("header", "Idempotency-Key"), "msg": message}
