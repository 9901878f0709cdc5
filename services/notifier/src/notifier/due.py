"""Which rooms' windows have ended, in the order in which they end. Without a clock: times are arguments, in seconds."""

from heapq import heappop, heappush


class Due:
    """Rooms by the moment to flush them. Invariant: each comes out once for each time it was put in."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        self._count = 0  # equal moments come out as they were put in

    def put(self, moment: float, room: str) -> None:
        """Have a room flushed at a moment."""
        self._count += 1
        heappush(self._heap, (moment, self._count, room))

    def next(self) -> float | None:
        """Give the earliest moment; None when there is none."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> str | None:
        """Take the room that is due the longest; None when none is due yet."""
        return heappop(self._heap)[2] if self._heap and self._heap[0][0] <= now else None
