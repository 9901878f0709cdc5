"""A screen without a picture: follows one room over real Socket.IO and keeps what it was sent.

It holds itself to what any screen must do: versions decide what is applied, `prev` proves that nothing is missing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import httpx
import socketio

from order_contracts.channels import BATCH, DRAINING, FEED_STATUS, RESYNC, SUBSCRIBE
from order_contracts.fold import merge_patch
from order_contracts.positions import Position

Snapshot = Callable[[], Awaitable[dict[str, Any]]]
_AGAIN_SECONDS = 0.2


class ConnectionRefused(Exception):
    """The notifier did not let the screen in; the text is what it said."""


@dataclass
class RoomListener:
    """Follows `room` from `position` (from now on when None). `snapshot` gives `{position, orders}` for a resync."""

    token: str
    room: str
    position: str | None = None
    snapshot: Snapshot | None = None
    transports: Sequence[str] = ("websocket",)
    batches: list[tuple[list[dict[str, Any]], dict[str, Any]]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)  # those applied, in order
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)  # folded
    duplicates: int = 0
    gaps: list[str] = field(default_factory=list)
    resyncs: int = 0
    feed_status: list[dict[str, Any]] = field(default_factory=list)
    draining: list[dict[str, Any]] = field(default_factory=list)
    disconnects: list[str] = field(default_factory=list)
    connections: int = 0
    following: asyncio.Event = field(default_factory=asyncio.Event)  # set while it is in its room
    on_applied: Callable[[dict[str, Any]], None] | None = None  # told each event as it is applied

    async def connect(self, url: str) -> None:
        """Connect once. Raises ConnectionRefused with the notifier's words."""
        refusals: list[Any] = []
        self._gone = asyncio.Event()
        self._client = client = socketio.AsyncClient(reconnection=False)
        client.on("connect_error", refusals.append)
        client.on("disconnect", self._on_disconnect)
        client.on(BATCH, self._on_batch)
        client.on(RESYNC, lambda _: self._missed("the notifier told to resync"))
        client.on(FEED_STATUS, self.feed_status.append)
        client.on(DRAINING, self.draining.append)
        try:
            await client.connect(url, auth={"token": self.token}, transports=list(self.transports))
            self.connections += 1
        except socketio.exceptions.ConnectionError as error:
            await client.disconnect()
            said = refusals[0] if refusals else str(error)
            raise ConnectionRefused(said["message"] if isinstance(said, dict) else str(said)) from error

    async def subscribe(self, within: float = 10.0) -> dict[str, Any]:
        """Enter the room at the held position; give the answer. After `{resync}`, use a snapshot if there is one."""
        answer = await self._ask(within)
        if answer.get("resync") and self.snapshot is not None:
            await self.resync()
            answer = await self._ask(within)
        if "position" in answer:
            self.following.set()
        return answer

    async def resync(self) -> None:
        """Begin anew from a snapshot."""
        if self.snapshot is None:
            raise LookupError("there is nowhere to take a snapshot from")
        taken = await self.snapshot()
        self.resyncs += 1
        self.position = taken["position"]
        self.orders = {order["order_id"]: order for order in taken["orders"]}

    async def call(self, name: str, body: Any, within: float = 10.0) -> Any:
        """Send anything, and give the answer."""
        return await self._client.call(name, body, timeout=within)

    async def drop(self) -> None:
        """Disconnect, keeping everything that was received."""
        await self._client.disconnect()

    async def wait_gone(self, within: float) -> None:
        """Wait until the connection has ended, whoever ended it."""
        await asyncio.wait_for(self._gone.wait(), within)

    async def follow(self, urls: Sequence[str]) -> None:
        """Stay in the room until cancelled, on whichever replica answers, as a screen does through a bad evening."""
        try:
            for url in cycle(urls):
                with suppress(ConnectionRefused, TimeoutError, socketio.exceptions.SocketIOError, httpx.HTTPError):
                    await self.connect(url)
                    await self.subscribe()
                    await self._gone.wait()
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            await self.drop()

    async def _ask(self, within: float) -> dict[str, Any]:
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def on_answer(answer: dict[str, Any]) -> None:  # here, not after the await: live batches may follow at once
            self.position = answer.get("position", self.position)
            if not answered.done():
                answered.set_result(answer)

        wish = {"room": self.room, **({} if self.position is None else {"position": self.position})}
        await self._client.emit(SUBSCRIBE, wish, callback=on_answer)
        return await asyncio.wait_for(answered, within)

    def _on_disconnect(self, reason: str) -> None:
        self.disconnects.append(reason)
        self.following.clear()
        self._gone.set()

    def _on_batch(self, events: list[dict[str, Any]], meta: dict[str, Any]) -> None:
        self.batches.append((events, meta))
        if self.position is not None and is_beyond(meta["prev"], self.position):
            self._missed(f"the batch follows {meta['prev']}, held was {self.position}")
        for event in events:
            self._apply(event)
        self.position = meta["to"] if self.position is None else furthest(self.position, meta["to"])

    def _apply(self, event: dict[str, Any]) -> None:
        held = self.orders.get(event["order_id"])
        version = 0 if held is None else held["version"]
        if held is not None and event["version"] <= version:
            self.duplicates += 1
            return
        if held is not None and event["version"] != version + 1:
            self._missed(f"order {event['order_id']} jumps from version {version} to {event['version']}")
        document = merge_patch(held or {}, event["change"])
        self.orders[event["order_id"]] = {**document, "version": event["version"]}
        self.events.append(event)
        if self.on_applied is not None:
            self.on_applied(event)

    def _missed(self, what: str) -> None:
        self.gaps.append(what)


def is_beyond(position: str, held: str) -> bool:
    """Whether `position` lies beyond `held` in any partition: whoever holds `held` has missed something."""
    theirs, ours = Position.parse(position), Position.parse(held)
    return theirs.epoch != ours.epoch or any(
        offset > ours.next.get(partition, -1) for partition, offset in theirs.next.items()
    )


def furthest(held: str, reached: str) -> str:
    """Give the position that covers both: a pending batch may end below the position that a snapshot was taken at."""
    ours, theirs = Position.parse(held), Position.parse(reached)
    covered = {**ours.next, **theirs.next}
    return str(Position(ours.epoch, {p: max(o, ours.next.get(p, 0)) for p, o in covered.items()}))
