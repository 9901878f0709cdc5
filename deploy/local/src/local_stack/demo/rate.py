"""A count's speed: over the last few seconds, at its peak, and on average."""

from collections import deque

_WINDOW_SECONDS = 3.0


class Rate:
    """Samples of a growing count. Time is an argument, in seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._first: tuple[float, int] | None = None
        self.peak = 0.0

    def note(self, now: float, count: int) -> None:
        """Take a sample."""
        self._samples.append((now, count))
        self._first = self._first or (now, count)
        while now - self._samples[0][0] > _WINDOW_SECONDS:
            self._samples.popleft()
        self.peak = max(self.peak, self.now())

    def now(self) -> float:
        """Give the growth a second over the last samples."""
        return _speed(self._samples[0], self._samples[-1]) if self._samples else 0.0

    def overall(self) -> float:
        """Give the growth a second since the first sample."""
        return 0.0 if self._first is None else _speed(self._first, self._samples[-1])


def _speed(then: tuple[float, int], now: tuple[float, int]) -> float:
    return (now[1] - then[1]) / (now[0] - then[0]) if now[0] > then[0] else 0.0
