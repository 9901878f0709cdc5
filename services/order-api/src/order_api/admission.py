"""Who comes in: a false, revoked or too busy token is answered before the body of its request is read."""

from starlette.types import ASGIApp, Receive, Scope, Send

from order_api.identity import Identity
from order_api.problems import Problem

_GUARDED = "/v1/"  # a scraper may send a token of another kind to /metrics


class Admission:
    """ASGI middleware. A request without a token passes: its route decides whether it needs one.

    One that the fast lane has admitted before it passed it on is not charged again.
    """

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app, self._identity = app, identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = scope.setdefault("state", {})
        if scope["type"] == "http" and scope["path"].startswith(_GUARDED) and not self._identity.admitted(state):
            try:
                await self._identity.admit(scope["headers"], state)
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)
