"""The seed's batching: the first event for a room opens its window; at the window's end all go out at once.

Owns the open batches, not the clock: times are arguments, in seconds.
"""

from collections.abc import Sequence

from notifier.replay import Entry


class Batches:
    """Open batches by room. Invariants: a later event never extends a window; order of arrival is kept."""

    def __init__(self, window_seconds: float) -> None:
        self._window = window_seconds
        self._open: dict[str, list[Entry]] = {}

    def add(self, room: str, entry: Entry, now: float) -> float | None:
        """Put an event into its room's batch. Gives the moment to take the batch when this event opened it."""
        batch = self._open.get(room)
        if batch is not None:
            batch.append(entry)
            return None
        self._open[room] = [entry]
        return now + self._window

    def pending(self, room: str) -> Sequence[Entry]:
        """Give what waits for a room's window to end."""
        return self._open.get(room, ())

    def take(self, room: str) -> list[Entry]:
        """Close a room's batch and give it; the room's next event opens a new window."""
        return self._open.pop(room, [])
