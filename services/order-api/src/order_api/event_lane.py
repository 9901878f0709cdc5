"""`POST /v1/events` as a bare ASGI app above all layers, as `fast_lane` is for orders; the taking is the very same.

Invariant: a request is charged once. What is unusual about a request's form, the layers below answer.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from order_api.answering import answer
from order_api.cloudevents.taking import EventTaking
from order_api.identity import Identity
from order_api.intake import whole_body
from order_api.limits import is_usual
from order_api.metrics import Metrics
from order_api.problems import Problem


class EventLane:
    """ASGI app: takes events, passes on the rest. `most_bytes` bounds a body."""

    def __init__(
        self, app: ASGIApp, *, events: EventTaking, identity: Identity, metrics: Metrics, most_bytes: int
    ) -> None:
        self._app, self._events, self._identity = app, events, identity
        self._metrics, self._most = metrics, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != "/v1/events":
            return await self._app(scope, receive, send)
        headers = dict(scope["headers"])
        if not is_usual(scope, headers, most_bytes=self._most):
            return await self._app(scope, receive, send)
        try:
            await self._identity.admit(scope["headers"], scope["state"])
            body = await whole_body(receive, most_bytes=self._most)
            if body is None:
                return None  # hung up on: that was no request
            names = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
            taken = await self._events.take(scope["state"], names, body)
        except Problem as problem:
            self._count(problem.status.value)
            return await problem.response()(scope, receive, send)
        self._count(taken.status.value)
        told = [(name.lower().encode(), text.encode()) for name, text in taken.headers.items()]
        return await answer(scope, send, taken.status, told, taken.content)

    def _count(self, status: int) -> None:
        self._metrics.requests.labels("POST", str(status)).inc()
