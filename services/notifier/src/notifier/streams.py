"""Event streams: connections over server-sent events, each with a bounded outbox.

What must not break: a stream that reads too slowly is told to resync and ended; it is never sent a feed with a hole.
What is said goes out in the order in which it was said: all of it through the one outbox.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from notifier.fanout import Batch
from order_contracts.channels import BATCH, RESYNC, SIGNED_OUT
from order_contracts.claims import Claims
from order_contracts.events import timestamp

_HEARTBEAT = b":\n\n"
_encoder = msgspec.json.Encoder()


def frame(name: str, data: bytes, *, event_id: str | None = None, retry_ms: int | None = None) -> bytes:
    """Give an event as the WHATWG HTML standard, section 9.2, writes it. `data` is JSON.

    A line break in JSON is white space between its parts: inside a text it is escaped. Here it would end the data.
    """
    lines = [b"event: " + name.encode(), b"data: " + data.replace(b"\r", b" ").replace(b"\n", b" ")]
    if event_id is not None:
        lines.insert(0, b"id: " + event_id.encode())
    if retry_ms is not None:
        lines.insert(0, b"retry: %d" % retry_ms)
    return b"\n".join(lines) + b"\n\n"


def batch_frame(batch: Batch, server_time: str) -> bytes:
    """Give a batch. Its id is the position after it; the events are the log's bytes, neither decoded nor encoded."""
    meta = _encoder.encode({"room": batch.room, "prev": batch.prev, "to": batch.to, "server_time": server_time})
    data = b"".join((b'{"events":[', b",".join(entry.value for entry in batch.entries), b"],", meta[1:]))
    return frame(BATCH, data, event_id=batch.to)


class Streams:
    """The rooms of the streams: each stream is in one."""

    def __init__(self, *, most_bytes: int, now: Callable[[], datetime]) -> None:
        self._rooms: dict[str, set[Stream]] = {}
        self.most_bytes, self._now = most_bytes, now

    def has_members(self, room: str) -> bool:
        """Whether any stream is in a room."""
        return room in self._rooms

    def to_room(self, batch: Batch) -> int:
        """Send a batch to all streams of its room, encoded once. Gives to how many."""
        members = self._rooms.get(batch.room)
        if not members:
            return 0
        encoded = self.encode(batch)
        for stream in members:
            stream.put(encoded)
        return len(members)

    def tell_all(self, name: str, body: dict[str, Any]) -> None:
        """Send an event to every stream."""
        encoded = frame(name, _encoder.encode(body))
        for members in self._rooms.values():
            for stream in members:
                stream.put(encoded)

    def encode(self, batch: Batch) -> bytes:
        """Give a batch as it goes out now."""
        return batch_frame(batch, timestamp(self._now()))

    def enter(self, room: str, stream: "Stream") -> None:
        """Put a stream into a room."""
        self._rooms.setdefault(room, set()).add(stream)

    def leave(self, room: str, stream: "Stream") -> None:
        """Take a stream out, if it is in."""
        members = self._rooms.get(room, set())
        members.discard(stream)
        if not members:
            self._rooms.pop(room, None)


class Stream:
    """One stream's outbox. Invariant: `_weight` is the bytes in it, at most `most_bytes`."""

    transport = "sse"

    def __init__(self, room: str, claims: Claims, streams: Streams) -> None:
        self.id, self.room, self.claims = f"sse-{uuid4().hex}", room, claims
        self._streams, self._entered = streams, False
        self._outbox: deque[bytes] = deque()
        self._weight = 0
        self._ended = False
        self._stirred = asyncio.Event()

    def rooms(self) -> Collection[str]:
        """Name the room that it is in."""
        return [self.room] if self._entered else []

    def deliver(self, batch: Batch) -> None:
        """Send it a batch of its own."""
        self.put(self._streams.encode(batch))

    def enter(self, room: str) -> None:
        """Put it into its room."""
        self._entered = True
        self._streams.enter(room, self)

    def leave(self, room: str) -> None:
        """Take it out of its room."""
        self._entered = False
        self._streams.leave(room, self)

    def tell(self, name: str, body: dict[str, Any], *, event_id: str | None = None) -> None:
        """Send it an event."""
        self.put(frame(name, _encoder.encode(body), event_id=event_id, retry_ms=body.get("retry_after_ms")))

    async def send_away(self, reason: str) -> None:
        """Say that it is signed out, and end it; its client is refused when it comes back by itself."""
        self.tell(SIGNED_OUT, {"reason": reason})
        self.end()

    async def hang_up(self) -> None:
        """End it behind what it has been told; its client comes back by itself."""
        self.end()

    def put(self, encoded: bytes) -> None:
        """Put bytes into the outbox; over its bound they all give way to a resync, which ends the stream."""
        if self._ended:
            return
        if self._weight + len(encoded) > self._streams.most_bytes and self._outbox:
            self._outbox.clear()
            self._outbox.append(frame(RESYNC, _encoder.encode({"room": self.room})))
            self.end()
            return
        self._outbox.append(encoded)
        self._weight += len(encoded)
        self._stirred.set()

    def end(self) -> None:
        """Let it end once its outbox is empty."""
        self._ended = True
        self._stirred.set()

    async def frames(self, heartbeat_seconds: float) -> AsyncIterator[bytes]:
        """Give what is to be sent, a comment where there was nothing for long, until the end."""
        while True:
            if self._outbox:
                ready = b"".join(self._outbox)
                self._outbox.clear()
                self._weight = 0
                yield ready
            elif self._ended:
                return
            else:
                self._stirred.clear()
                try:
                    async with asyncio.timeout(heartbeat_seconds):
                        await self._stirred.wait()
                except TimeoutError:
                    yield _HEARTBEAT
