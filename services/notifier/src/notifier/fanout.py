"""Who gets which events, and when: rings, batches and room positions together. Pure: no clock, no sockets.

What must not break: a screen that joined at a position gets each event of its room from there on exactly once and in
log order, or is told to resync. A room's position says up to where its members have been served; it covers every
partition that the room's events can come from: one for a venue, all of them for an organization, since its next
venue may be in any. An order's room is its venue's, seen through a filter: diners get the reduced events only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from notifier.batch import Batches, Cap
from notifier.replay import Entry, Ring
from order_contracts.channels import Room, home_rooms, partition_of, standing_rooms
from order_contracts.guest_texts import GUEST_ERASED, GuestTexts
from order_contracts.positions import Position, position_text
from order_contracts.progress import progress_value
from order_contracts.wire import Envelope


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


@dataclass(slots=True)
class _Served:
    """Up to where a room has been served: next offsets by partition, and the position that this is."""

    offsets: dict[int, int]
    position: str


class Fanout:
    """The rooms that somebody follows. Invariant: an event goes to the ring always, to a batch only if followed."""

    def __init__(
        self,
        *,
        epoch: str,
        rings: Mapping[int, Ring],
        batches: Batches,
        replay_limit: int,
        cap: Cap = Cap(),  # noqa: B008  # frozen
        guests: GuestTexts | None = None,
    ) -> None:
        self._guests = guests or GuestTexts(lambda: None)
        self._epoch, self._rings, self._batches = epoch, rings, batches
        self._replay_limit, self._cap = replay_limit, cap
        self._served: dict[str, _Served] = {}  # by followed room

    def __len__(self) -> int:
        """Give how many rooms are followed."""
        return len(self._served)

    def append(self, partition: int, offset: int, accepted: Envelope, now: float) -> list[tuple[str, float]]:
        """Take in an accepted event. Gives the rooms whose window it opened, each with the moment to flush it."""
        venue_id, organization_id, stations = accepted.venue_id, accepted.organization_id, accepted.stations
        keys, order_id = home_rooms(venue_id, organization_id), accepted.order_id
        value = self._guests.opened(accepted.value)
        entry = Entry(partition, offset, accepted.appended_at, keys, stations, order_id, value, accepted.traceparent)
        if accepted.type == GUEST_ERASED:
            self._rings[partition].erase(order_id)
        self._rings[partition].append(entry)
        opened = [
            (room, due)
            for room in (standing_rooms(venue_id, organization_id, stations) if stations else keys)
            if room in self._served and (due := self._batches.add(room, entry, now)) is not None
        ]
        room = f"order:{order_id}"
        shown = _for_diners(entry) if room in self._served else None
        if shown is not None and (due := self._batches.add(room, shown, now)) is not None:
            opened.append((room, due))
        return opened

    def join(self, room: Room, position: Position | None, *, venue_id: str | None = None) -> Joined | Resync:
        """Follow a room from a position, or from now on. `venue_id` is an order's, as its link says.

        What is pending comes with the pending batch: a joiner gets the events below it, and nobody gets one twice.
        A position ahead of this replica is no fault (the snapshot came from a faster reader): its events come once
        more and the version rule drops them; waiting here instead would let a slow replica turn screens away.
        """
        name, home = str(room), _home_of(room, venue_id)
        now = self._boundary(home, self._batches.pending(name))
        if position is None:
            position = Position(self._epoch, now)
        elif (reason := self._refusal(home, position)) is not None:
            return Resync(reason)
        missed = self._missed(room, home, position.next, now)
        if len(missed) > self._replay_limit:
            return Resync("more events were missed than a replay sends")
        if name not in self._served:
            self._served[name] = self._at(dict(now))
        held = {partition: max(position.next[partition], offset) for partition, offset in now.items()}
        since = {partition: position.next[partition] for partition in now}
        return Joined(self._batched(name, self._at(since), missed), position_text(self._epoch, held))

    def flush(self, room: str) -> list[Batch]:
        """Close a room's window and give its batch, in parts if it is large; none when nobody follows any more."""
        entries = self._batches.take(room)
        served = self._served.get(room)
        return [] if served is None else self._batched(room, served, entries)

    def leave(self, room: str) -> None:
        """Forget a room that nobody follows any more, with what waited for it: the ring has it."""
        self._batches.forget(room)
        self._served.pop(room, None)

    def idle_rooms(self) -> list[str]:
        """Name the followed rooms for which nothing is pending: those that may be left between two events."""
        return [room for room in self._served if not self._batches.pending(room)]

    def _partitions(self, home: Room) -> Iterable[int]:
        return (partition_of(home.id, len(self._rings)),) if home.kind == "venue" else self._rings

    def _boundary(self, home: Room, pending: Iterable[Entry]) -> dict[int, int]:
        """Give what has been served of a room: all that was read, save what is pending."""
        boundary = {partition: self._rings[partition].next for partition in self._partitions(home)}
        for entry in pending:
            boundary[entry.partition] = min(boundary[entry.partition], entry.offset)
        return boundary

    def _refusal(self, home: Room, position: Position) -> str | None:
        if position.epoch != self._epoch:
            return "the position is of another epoch"
        for partition in self._partitions(home):
            if partition not in position.next:
                return "the position does not cover the room's partitions"
            if position.next[partition] < self._rings[partition].floor(str(home)):
                return "the position is older than what is held"
        return None

    def _missed(self, room: Room, home: Room, since: Mapping[int, int], now: Mapping[int, int]) -> list[Entry]:
        found = (
            entry
            for partition, before in now.items()
            for entry in self._rings[partition].since(str(home), since[partition], before)
        )
        if room.kind == "order":
            shown = (_for_diners(entry) for entry in found if entry.order_id == room.id)
            return [entry for entry in shown if entry is not None]
        return [entry for entry in found if room.station is None or room.station in entry.stations]

    def _batched(self, room: str, at: _Served, entries: list[Entry]) -> list[Batch]:
        """Cut events into batches that follow each other from position `at` on, and move it."""
        return [self._batch(room, at, part) for part in self._cap.cut(entries)]

    def _batch(self, room: str, at: _Served, entries: list[Entry]) -> Batch:
        prev, offsets = at.position, at.offsets
        for entry in entries:
            offsets[entry.partition] = entry.offset + 1
        at.position = position_text(self._epoch, offsets)
        return Batch(room, prev, at.position, entries)

    def _at(self, offsets: dict[int, int]) -> _Served:
        return _Served(offsets, position_text(self._epoch, offsets))


def _home_of(room: Room, venue_id: str | None) -> Room:
    """Give the room under which the rings hold a room's events: its venue's or organization's."""
    if room.kind == "order":
        if venue_id is None:
            raise ValueError("an order's room is found by its venue")
        return Room("venue", venue_id)
    return Room(room.kind, room.id)


def _for_diners(entry: Entry) -> Entry | None:
    value = progress_value(entry.value)
    return None if value is None else replace(entry, value=value)
