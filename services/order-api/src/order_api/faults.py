"""The outermost layer: what nobody foresaw, in whichever layer, is answered as a problem, and logged."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from order_api.problems import internal


class Faults:
    """ASGI middleware. The fault is raised again after its answer: uvicorn logs it with its traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if not begun:  # FastAPI answers its own
                await internal().response()(scope, receive, send)
            raise
