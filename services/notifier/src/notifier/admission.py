"""How many new connections a second are let in, as the event loop shows what it can take. Without a clock.

Thousands of screens come back at once when a replica or a network dies. Each costs a few tenths of a millisecond;
let in all together, they hold up everybody who is connected already.
"""

from math import ceil

_LATE_SECONDS = 0.03
_LEAST = 20.0  # a second: even a loop that others keep busy lets the storm drain
_MOST_WAIT = 30


class Admission:
    """A bucket of admissions, filled at a rate that falls while the loop is late and rises while it is not."""

    def __init__(self, most: float, now: float) -> None:
        self._most = self._rate = max(most, _LEAST)
        self._tokens, self._promised, self._filled_at = self._burst(), 0.0, now

    @property
    def rate(self) -> float:
        """Admissions a second, as of now."""
        return self._rate

    def observe(self, late: float) -> None:
        """Take note of how late the loop came to something, in seconds."""
        self._rate = max(_LEAST, self._rate * 0.7) if late > _LATE_SECONDS else min(self._most, self._rate * 1.05)

    def ask(self, now: float) -> int | None:
        """Let one in (None), or say in how many seconds to come back: the more were sent away, the later."""
        passed, self._filled_at = max(0.0, now - self._filled_at), now
        self._tokens = min(self._burst(), self._tokens + passed * self._rate)
        self._promised = max(0.0, self._promised - passed * self._rate)
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        self._promised += 1
        return min(_MOST_WAIT, ceil(self._promised / self._rate))

    def _burst(self) -> float:
        return max(1.0, self._rate / 10)
