"""The event streams' addresses: the same rooms, positions and rules as over Socket.IO, for clients that can't use it.

On Starlette's own streaming response. sse-starlette does not fit: it patches uvicorn's signals, which our drain has
taken over, runs three more tasks a connection, and frames each client's copy anew.
"""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from notifier.bearer import Bearer
from notifier.entrance import Entrance, Refused
from notifier.problems import Problem, answering, not_allowed, unavailable
from notifier.streams import Stream, Streams
from notifier.watchers import Watchers
from order_contracts.channels import JOINED, RESYNC, Room
from order_contracts.claims import Claims
from order_contracts.positions import Position

_HEADERS = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # a proxy that buffers holds every batch back
}


class EventStreams:
    """Opens streams, and sees to it that each is forgotten once it has ended, however that was."""

    def __init__(
        self,
        *,
        entrance: Entrance,
        bearer: Bearer,
        streams: Streams,
        watchers: Watchers,
        unready: Callable[[], str | None],
        admit: Callable[[], int | None],
        heartbeat_seconds: float,
    ) -> None:
        self._entrance, self._bearer, self._streams, self._watchers = entrance, bearer, streams, watchers
        self._unready, self._admit, self._heartbeat_seconds = unready, admit, heartbeat_seconds

    def routes(self) -> list[Route]:
        """Give the routes."""

        async def venue(request: Request) -> Response:
            station = request.query_params.get("station")
            return await self._open(request, f"venue:{_id(request)}" + (f":station:{station}" if station else ""))

        async def organization(request: Request) -> Response:
            return await self._open(request, f"organization:{_id(request)}")

        async def order(request: Request) -> Response:
            return await self._open(request, f"order:{_id(request)}")

        return [
            Route("/v1/venues/{id}/events", answering(venue)),
            Route("/v1/organizations/{id}/events", answering(organization)),
            Route("/v1/orders/{id}/events", answering(order)),
        ]

    async def _open(self, request: Request, room_name: str) -> Response:
        if (why := self._unready()) is not None:
            raise unavailable(f"this replica takes no streams: {why}")
        if (wait := self._admit()) is not None:
            raise unavailable(f"too many come at once: try again in {wait} s", seconds=wait)
        room, position = _room(room_name), _position(request)
        claims = await self._bearer.claims(request, in_address=True)
        return self._begin(room, position, claims)

    def _begin(self, room: Room, position: Position | None, claims: Claims) -> Response:
        stream = Stream(str(room), claims, self._streams)
        try:
            answer = self._entrance.enter(stream, room, position)
        except Refused as refused:
            raise not_allowed(self._entrance.refused(refused)["error"]) from refused
        if "position" in answer:
            stream.tell(JOINED, {"room": str(room), **answer}, event_id=answer["position"])
        else:
            stream.tell(RESYNC, {"room": str(room)})
            stream.end()
        self._watchers.add(stream)
        return _Streaming(stream, self._heartbeat_seconds, self._forget)

    def _forget(self, stream: Stream) -> None:
        stream.end()
        stream.leave(stream.room)
        self._watchers.remove(stream.id)


class _Streaming(StreamingResponse):
    """A response that ends with its stream. A generator that was never begun runs no `finally`: this does."""

    def __init__(self, stream: Stream, heartbeat_seconds: float, forget: Callable[[Stream], None]) -> None:
        super().__init__(stream.frames(heartbeat_seconds), media_type="text/event-stream", headers=_HEADERS)
        self._stream, self._forget = stream, forget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream until its end."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._forget(self._stream)


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _room(name: str) -> Room:
    try:
        return Room.parse(name)
    except ValueError as wrong:
        raise Problem(HTTPStatus.BAD_REQUEST, "room_invalid", str(wrong)) from wrong


def _position(request: Request) -> Position | None:
    """Read where to go on. What the client was sent last counts more than what its address began with."""
    field, text = "Last-Event-ID", request.headers.get("last-event-id")
    if text is None:
        field, text = "position", request.query_params.get("position")
    try:
        return Position.parse(text) if text else None
    except ValueError as wrong:
        raise Problem(HTTPStatus.BAD_REQUEST, "position_invalid", str(wrong), field=field) from wrong
