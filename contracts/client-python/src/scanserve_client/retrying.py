"""When to send again, and after how long. Pure: chance and time are arguments.

Exponential backoff with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
callers that failed together do not come back together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retrying:
    """How patient a client is. All in seconds; `give_up_after` counts from the first sending of a request."""

    first_pause: float = 0.1
    longest_pause: float = 5.0
    give_up_after: float = 60.0

    def worth(self, status: int) -> bool:
        """Say whether a response of this status may be another one next time: the request itself is not at fault."""
        return status in _WORTH_ANOTHER_TRY

    def pause(self, attempt: int, chance: float, retry_after: float | None = None) -> float:
        """Give the pause after attempt 0, 1, …; `chance` is uniform in [0, 1). A server's Retry-After is kept to."""
        ceiling = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt, 30))
        return max(retry_after or 0.0, chance * ceiling)


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Read a response's Retry-After; `headers` finds it in any case. None for a date: our own jitter will do."""
    try:
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
