"""A screen without a picture: follows one room on whichever replica answers, and keeps what it was sent.

For tests, demos and integrations that want each step in their own hands; `follow_venue` is the whole of it in one call.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from order_contracts.channels import DRAINING, FEED_STATUS, NOTICE, RESYNC, SIGNED_OUT
from scanserve_client.feed import Event, Feed
from scanserve_client.socketio_wire import SocketIoWire
from scanserve_client.sse_wire import SseWire
from scanserve_client.wire import Answer, Transport, Wire

Snapshot = Callable[[], Awaitable[dict[str, Any]]]
_SECONDS = 10.0


@dataclass
class RoomListener:
    """Follows `room` from `position` (from now on when None). `snapshot` gives `{position, orders}` for a resync."""

    token: str
    room: str
    position: str | None = None
    snapshot: Snapshot | None = None
    transport: Transport = "socketio"
    on_applied: Callable[[Event], None] | None = None  # told each event as it is applied
    feed: Feed = field(default_factory=Feed)
    batches: list[tuple[list[Event], dict[str, Any]]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # those applied, in order
    resyncs: int = 0
    feed_status: list[dict[str, Any]] = field(default_factory=list)
    draining: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    signed_out: list[str] = field(default_factory=list)
    disconnects: list[str] = field(default_factory=list)
    connections: int = 0
    following: asyncio.Event = field(default_factory=asyncio.Event)  # set while it is in its room
    stirred: asyncio.Event = field(default_factory=asyncio.Event)  # set when its follower has something to do

    def __post_init__(self) -> None:
        """Begin at the given position."""
        self.feed.position, self.feed.every_version = self.position, ":station:" not in self.room
        self.wire: Wire = wire_of(self.transport, self)
        self.cut = False  # something is missing: only a snapshot helps
        self._gone = asyncio.Event()

    @property
    def orders(self) -> dict[str, dict[str, Any]]:
        """The orders, folded."""
        return self.feed.orders

    @property
    def gaps(self) -> list[str]:
        """What was found to be missing."""
        return self.feed.gaps

    @property
    def duplicates(self) -> int:
        """How many events came that were held already."""
        return self.feed.duplicates

    async def connect(self, url: str) -> None:
        """Connect once. Raises ConnectionRefused with the notifier's words."""
        self._gone.clear()
        await self.wire.connect(url, self.token)
        self.connections += 1

    async def subscribe(self, within: float = _SECONDS) -> Answer:
        """Enter the room at the held position; give the answer. After `{resync}`, use a snapshot if there is one."""
        answer = await self.wire.subscribe(self.room, self.position, within)
        if answer.get("resync") and self.snapshot is not None:
            await self.resync()
            answer = await self.wire.subscribe(self.room, self.position, within)
        if "position" in answer:
            self.following.set()
        return answer

    async def resync(self) -> None:
        """Begin anew from a snapshot."""
        if self.snapshot is None:
            raise LookupError("there is nowhere to take a snapshot from")
        self.begin(await self.snapshot())
        self.resyncs += 1

    def begin(self, snapshot: dict[str, Any]) -> None:
        """Take a snapshot that was fetched already."""
        self.feed.begin(snapshot)
        self.position = self.feed.position
        self.cut = False

    async def call(self, name: str, body: Any, within: float = _SECONDS) -> Any:
        """Send anything over Socket.IO, and give the answer."""
        if not isinstance(self.wire, SocketIoWire):
            raise TypeError("an event stream takes no questions")
        return await self.wire.call(name, body, within)

    async def drop(self) -> None:
        """Disconnect, keeping everything that was received."""
        await self.wire.close()

    @property
    def gone(self) -> bool:
        """Whether the connection has ended."""
        return self._gone.is_set()

    async def wait_gone(self, within: float | None = None) -> None:
        """Wait until the connection has ended, whoever ended it."""
        await asyncio.wait_for(self._gone.wait(), within)

    def on_answer(self, answer: Answer) -> None:
        """Take the answer to subscribe."""
        if "position" in answer:
            self.feed.joined(answer["position"])
            self.position = self.feed.position

    def on_batch(self, events: list[Event], meta: dict[str, Any]) -> None:
        """Take a batch."""
        gaps = len(self.gaps)
        self.batches.append((events, meta))
        for event in self.feed.take(events, meta):
            self.events.append(event)
            if self.on_applied is not None:
                self.on_applied(event)
        self.position = self.feed.position
        self.cut = self.cut or len(self.gaps) > gaps
        self.stirred.set()

    def on_message(self, name: str, body: Any) -> None:
        """Take anything else."""
        match name:
            case str() if name == RESYNC:
                self.cut = True
            case str() if name == FEED_STATUS:
                self.feed_status.append(body)
            case str() if name == DRAINING:
                self.draining.append(body)
            case str() if name == NOTICE:
                self.notices.append(body)
            case str() if name == SIGNED_OUT:
                self.signed_out.append(body["reason"])
        self.stirred.set()

    def on_gone(self, reason: str) -> None:
        """Take note that the connection has ended."""
        self.disconnects.append(reason)
        self.following.clear()
        self._gone.set()
        self.stirred.set()


def wire_of(transport: Transport, listener: RoomListener) -> Wire:
    """Make the wire of a transport."""
    if transport == "sse":
        return SseWire(listener)
    return SocketIoWire(listener, ("polling",) if transport == "polling" else ("websocket",))
