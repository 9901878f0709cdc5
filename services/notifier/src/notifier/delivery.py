"""From judged records to rooms: keeps the rings and batches fed, and sends each room its batch when its window ends.

Windows that began together end together. Due rooms are served in slices, with whatever has come from the network in
between: a thousand rooms in one go would keep pongs, joins and the log waiting.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from math import inf
from time import perf_counter

from notifier.broadcast import Broadcast, batch_text
from notifier.due import Due
from notifier.fanout import Batch, Fanout
from notifier.metrics import Metrics
from notifier.replay import Ring
from notifier.streams import Streams
from order_contracts.events import timestamp
from order_contracts.wire import Envelope

_SLICE_SECONDS = 0.0015
_TIMER_SECONDS = 0.001  # uvloop's timers count whole milliseconds: one that came a little early would spin until due


class Delivery:
    """The feed's sink. Invariant: every open batch is due once, and there is a timer no later than the earliest."""

    def __init__(
        self,
        *,
        fanout: Fanout,
        rings: dict[int, Ring],
        broadcast: Broadcast,
        streams: Streams,
        metrics: Metrics,
        now: Callable[[], datetime],
        note: Callable[[Batch, int], None] | None = None,
    ) -> None:
        self._fanout, self._rings, self._broadcast, self._metrics = fanout, rings, broadcast, metrics
        self._streams, self._now, self._note = streams, now, note
        self._organizations: dict[str, str] = {}
        self._due = Due()
        self._timer: asyncio.Handle | None = None
        self._armed_for = inf

    def accepted(self, partition: int, offset: int, event: Envelope) -> None:
        """Take in an accepted event."""
        self._organizations[event.venue_id] = event.organization_id
        opened = self._fanout.append(partition, offset, event, asyncio.get_running_loop().time())
        if opened:
            for room, due in opened:
                self._due.put(due, room)
            self._arm()

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
        return _text(batch, timestamp(self._now()))

    def _arm(self) -> None:
        moment = self._due.next()
        if moment is not None and moment < self._armed_for:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._armed_for = asyncio.get_running_loop().call_at(moment, self._flush_due), moment

    def _flush_due(self) -> None:
        loop, ends = asyncio.get_running_loop(), perf_counter() + _SLICE_SECONDS
        server_time = timestamp(self._now())
        while (room := self._due.take(loop.time() + _TIMER_SECONDS)) is not None:
            self._flush(room, server_time)
            if perf_counter() >= ends:
                self._timer = loop.call_soon(self._flush_due)  # comes behind what has arrived meanwhile
                return
        self._armed_for = inf
        self._arm()

    def _flush(self, room: str, server_time: str) -> None:
        batches = self._fanout.flush(room)
        if batches and not self._has_members(room):
            self._fanout.leave(room)
            return
        for batch in batches:
            self._send(batch, server_time)

    def _send(self, batch: Batch, server_time: str) -> None:
        text = _text(batch, server_time)
        reached = self._broadcast.to_room(batch.room, text) + self._streams.to_room(batch)
        self._metrics.traffic.sent(len(text), reached)
        if self._note is not None:
            self._note(batch, reached)

    def _has_members(self, room: str) -> bool:
        return self._broadcast.has_members(room) or self._streams.has_members(room)


def _text(batch: Batch, server_time: str) -> str:
    values = [entry.value for entry in batch.entries]
    return batch_text(values, room=batch.room, prev=batch.prev, to=batch.to, server_time=server_time)
