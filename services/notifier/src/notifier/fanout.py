"""Who gets which events, and when: rings, batches and room positions together. Pure: no clock, no sockets.

What must not break: a screen that joined at a position gets each event of its room from there on exactly once and in
log order, or is told to resync. A room's position says up to where its members have been served; it covers every
partition that the room's events can come from: one for a venue, all of them for an organization, since its next
venue may be in any.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from notifier.batch import Batches
from notifier.replay import Entry, Ring
from order_contracts.channels import Room, partition_of, rooms_of
from order_contracts.positions import Position
from order_contracts.wire import Envelope

_PART = 200  # events of a replay in one message: no tablet has to parse megabytes at a time


@dataclass(frozen=True, slots=True)
class Batch:
    """Events for a room, with its position before and after them."""

    room: str
    prev: str
    to: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Joined:
    """What a screen is to be sent first, and the position that it then holds."""

    missed: list[Batch]
    position: str


@dataclass(frozen=True, slots=True)
class Resync:
    """The events between the screen's position and now are not all held here; `reason` is for the operator."""

    reason: str


class Fanout:
    """The rooms that somebody follows. Invariant: an event goes to the ring always, to a batch only if followed."""

    def __init__(self, *, epoch: str, rings: Mapping[int, Ring], batches: Batches, replay_limit: int) -> None:
        self._epoch = epoch
        self._rings = rings
        self._batches = batches
        self._replay_limit = replay_limit
        self._served: dict[str, dict[int, int]] = {}  # followed room → next offsets by partition

    def __len__(self) -> int:
        """Give how many rooms are followed."""
        return len(self._served)

    def append(self, partition: int, offset: int, accepted: Envelope, now: float) -> list[tuple[str, float]]:
        """Take in an accepted event. Gives the rooms whose window it opened, each with the moment to flush it."""
        venue, organization = f"venue:{accepted.venue_id}", f"organization:{accepted.organization_id}"
        keys, stations = (venue, organization), accepted.stations
        entry = Entry(partition, offset, accepted.appended_at, keys, stations, accepted.value)
        self._rings[partition].append(entry)
        rooms = rooms_of(accepted.venue_id, accepted.organization_id, accepted.order_id, stations)
        return [
            (room, due)
            for room in rooms
            if room in self._served and (due := self._batches.add(room, entry, now)) is not None
        ]

    def join(self, room: Room, position: Position | None) -> Joined | Resync:
        """Follow a room from a position, or from now on.

        What is pending comes with the pending batch: a joiner gets the events below it, and nobody gets one twice.
        A position ahead of this replica is no fault (the snapshot came from a faster reader): its events come once
        more and the version rule drops them; waiting here instead would let a slow replica turn screens away.
        """
        name = str(room)
        now = self._boundary(room, self._batches.pending(name))
        if position is None:
            position = Position(self._epoch, now)
        elif (reason := self._refusal(room, position)) is not None:
            return Resync(reason)
        missed = self._missed(room, position.next, now)
        if len(missed) > self._replay_limit:
            return Resync("more events were missed than a replay sends")
        self._served.setdefault(name, dict(now))
        held = {partition: max(position.next[partition], offset) for partition, offset in now.items()}
        since = {partition: position.next[partition] for partition in now}
        return Joined(self._replay(name, since, missed), self._text(held))

    def flush(self, room: str) -> Batch | None:
        """Close a room's window and give its batch; None when nothing waits or nobody follows any more."""
        entries = self._batches.take(room)
        served = self._served.get(room)
        if not entries or served is None:
            return None
        return self._batch(room, served, entries)

    def leave(self, room: str) -> None:
        """Forget a room that nobody follows any more, with what waited for it: the ring has it."""
        self._batches.take(room)
        self._served.pop(room, None)

    def idle_rooms(self) -> list[str]:
        """Name the followed rooms for which nothing is pending: those that may be left between two events."""
        return [room for room in self._served if not self._batches.pending(room)]

    def _partitions(self, room: Room) -> Iterable[int]:
        return (partition_of(room.id, len(self._rings)),) if room.kind == "venue" else self._rings

    def _boundary(self, room: Room, pending: Iterable[Entry]) -> dict[int, int]:
        """Give what has been served of a room: all that was read, save what is pending."""
        boundary = {partition: self._rings[partition].next for partition in self._partitions(room)}
        for entry in pending:
            boundary[entry.partition] = min(boundary[entry.partition], entry.offset)
        return boundary

    def _refusal(self, room: Room, position: Position) -> str | None:
        if position.epoch != self._epoch:
            return "the position is of another epoch"
        key = f"{room.kind}:{room.id}"
        for partition in self._partitions(room):
            if partition not in position.next:
                return "the position does not cover the room's partitions"
            if position.next[partition] < self._rings[partition].floor(key):
                return "the position is older than what is held"
        return None

    def _missed(self, room: Room, since: Mapping[int, int], now: Mapping[int, int]) -> list[Entry]:
        key = f"{room.kind}:{room.id}"
        return [
            entry
            for partition, before in now.items()
            for entry in self._rings[partition].since(key, since[partition], before)
            if room.station is None or room.station in entry.stations
        ]

    def _replay(self, room: str, at: dict[int, int], missed: list[Entry]) -> list[Batch]:
        """Cut missed events into batches that follow each other from position `at` on."""
        return [self._batch(room, at, missed[first : first + _PART]) for first in range(0, len(missed), _PART)]

    def _batch(self, room: str, at: dict[int, int], entries: list[Entry]) -> Batch:
        prev = self._text(at)
        for entry in entries:
            at[entry.partition] = entry.offset + 1
        return Batch(room, prev, self._text(at), entries)

    def _text(self, offsets: Mapping[int, int]) -> str:
        return str(Position(self._epoch, offsets))
