"""Whether the projector does its work: the truth that /livez tells. Time comes in as an argument.

Alive: within the last T seconds positions advanced, or all was caught up with the log's true end, or Postgres refused
and is being tried again (a restart would cure nothing). Not alive: records wait and nobody moves, or the log's end
cannot be learned for so long; aiokafka is known to fall silent without an error, and a restart cures that.
"""

import time
from collections.abc import Callable


class Progress:
    """The last sign of life."""

    def __init__(self, *, stalled_after_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stalled_after = stalled_after_seconds
        self._clock = clock
        self._last_sign = clock()
        self.lag_records: int | None = None

    def advanced(self) -> None:
        """Note that a batch was committed."""
        self._last_sign = self._clock()

    def waiting(self) -> None:
        """Note that Postgres refused, and that the next try is scheduled."""
        self._last_sign = self._clock()

    def observed(self, lag_records: int) -> None:
        """Note how many records stand between the positions and the log's end."""
        self.lag_records = lag_records
        if lag_records == 0:
            self._last_sign = self._clock()

    def stalled(self) -> str | None:
        """Say what is wrong, None when nothing is."""
        silence = self._clock() - self._last_sign
        if silence <= self._stalled_after:
            return None
        waiting = "an unknown number of" if self.lag_records is None else str(self.lag_records)
        return f"no progress for {silence:.0f} s, {waiting} records waiting"
