"""From judged records to rooms: keeps the rings and batches fed, arms a timer a window, sends what it holds."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from notifier.broadcast import Broadcast, batch_text
from notifier.fanout import Batch, Fanout
from notifier.metrics import Metrics
from notifier.replay import Ring
from notifier.streams import Streams
from order_contracts.events import timestamp
from order_contracts.wire import Envelope


class Delivery:
    """The feed's sink. Invariant: every open batch has exactly one timer, armed when its first event arrived."""

    def __init__(
        self,
        *,
        fanout: Fanout,
        rings: dict[int, Ring],
        broadcast: Broadcast,
        streams: Streams,
        metrics: Metrics,
        now: Callable[[], datetime],
    ) -> None:
        self._fanout, self._rings, self._broadcast, self._metrics = fanout, rings, broadcast, metrics
        self._streams, self._now = streams, now
        self._organizations: dict[str, str] = {}

    def accepted(self, partition: int, offset: int, event: Envelope) -> None:
        """Take in an accepted event."""
        self._organizations[event.venue_id] = event.organization_id
        loop = asyncio.get_running_loop()
        for room, due in self._fanout.append(partition, offset, event, loop.time()):
            loop.call_at(due, self._flush, room)

    def passed_over(self, partition: int, offset: int, *, settled: bool) -> None:
        """Take note of a record that is not shown."""
        if settled:
            self._rings[partition].pass_over(offset)
        else:
            self._rings[partition].pass_unsettled(offset)

    def organization_of(self, venue_id: str) -> str | None:
        """Say whose venue this is, as far as the log's last minutes tell."""
        return self._organizations.get(venue_id)

    def leave_empty_rooms(self) -> None:
        """Stop batching for rooms that nobody is in. Those with an open batch wait for their timer."""
        for room in self._fanout.idle_rooms():
            if not self._has_members(room):
                self._fanout.leave(room)
        self._metrics.rooms.set(len(self._fanout))
        self._metrics.ring_bytes.set(sum(ring.bytes for ring in self._rings.values()))

    def encode(self, batch: Batch) -> str:
        """Give the packet of a batch."""
        values = [entry.value for entry in batch.entries]
        server_time = timestamp(self._now())
        return batch_text(values, room=batch.room, prev=batch.prev, to=batch.to, server_time=server_time)

    def _flush(self, room: str) -> None:
        batches = self._fanout.flush(room)
        if batches and not self._has_members(room):
            self._fanout.leave(room)
            return
        for batch in batches:
            self._send(batch)

    def _send(self, batch: Batch) -> None:
        text = self.encode(batch)
        reached = self._broadcast.to_room(batch.room, text) + self._streams.to_room(batch)
        self._metrics.deliveries.inc(reached)
        self._metrics.batches.inc()
        self._metrics.batch_bytes.observe(len(text))

    def _has_members(self, room: str) -> bool:
        return self._broadcast.has_members(room) or self._streams.has_members(room)
