"""The seed's batching: the first event for a room opens its window; at the window's end all go out at once.

Owns the open batches, not the clock: times are arguments, in seconds. How long a window is depends on the room's kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from notifier.replay import Entry

Kind = Literal["venue", "station", "organization", "order"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def kind_of(room: str) -> str:
    """Say of what kind a room is, by its name."""
    kind, _, rest = room.partition(":")
    return "station" if kind == "venue" and ":" in rest else kind


@dataclass(frozen=True, slots=True)
class Windows:
    """How long the events of a room are collected, in seconds.

    With `leading`, an event for a room that sent nothing for a window goes out at once, and what follows it within
    the window is collected: a lone event is not held up, a busy room has as many batches as without.
    """

    usual: float
    by_kind: Mapping[str, float] = field(default_factory=dict)
    leading: bool = False

    def of(self, room: str) -> float:
        """Give a room's window."""
        return self.by_kind.get(kind_of(room), self.usual) if self.by_kind else self.usual


@dataclass(frozen=True, slots=True)
class Cap:
    """How much one message holds at most: no tablet has to parse megabytes at a time. One event always fits."""

    events: int = 200
    bytes: int = 128 * 1024

    def cut(self, entries: Sequence[Entry]) -> Iterator[list[Entry]]:
        """Cut events into parts that keep to the cap, in the same order."""
        if len(entries) <= self.events and sum([len(entry.value) for entry in entries]) <= self.bytes:
            if entries:  # as a rule: nothing to cut
                yield list(entries)
            return
        part: list[Entry] = []
        weight = 0
        for entry in entries:
            if part and (len(part) == self.events or weight + len(entry.value) > self.bytes):
                yield part
                part, weight = [], 0
            part.append(entry)
            weight += len(entry.value)
        if part:
            yield part


class Batches:
    """Open batches by room. Invariants: a later event never extends a window; order of arrival is kept."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._open: dict[str, list[Entry]] = {}
        self._quiet_until: dict[str, float] = {}  # where the leading edge is in use: when a room's window ends

    def add(self, room: str, entry: Entry, now: float) -> float | None:
        """Put an event into its room's batch. Gives the moment to take the batch when this event opened it."""
        batch = self._open.get(room)
        if batch is not None:
            batch.append(entry)
            return None
        self._open[room] = [entry]
        window = self._windows.of(room)
        if not self._windows.leading:
            return now + window
        due = max(now, self._quiet_until.get(room, now))
        self._quiet_until[room] = due + window
        return due

    def pending(self, room: str) -> Sequence[Entry]:
        """Give what waits for a room's window to end."""
        return self._open.get(room, ())

    def take(self, room: str) -> list[Entry]:
        """Close a room's batch and give it; the room's next event opens a new window."""
        return self._open.pop(room, [])

    def forget(self, room: str) -> None:
        """Drop all that is known of a room."""
        self._open.pop(room, None)
        self._quiet_until.pop(room, None)
