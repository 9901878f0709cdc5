"""Whether the feed still hears from the log. Pure: times are arguments, in seconds since 1970."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """What screens are told: `since` is the last sign of life when stale, the moment it came back when not."""

    stale: bool
    since: float


class Pulse:
    """Turns signs of life into changes of state, each told once."""

    def __init__(self, *, stale_after: float, now: float) -> None:
        self._stale_after = stale_after
        self.status = FeedStatus(stale=False, since=now)

    def observe(self, *, heard_at: float, now: float) -> FeedStatus | None:
        """Take note of the last sign of life; gives the new status when it has changed."""
        stale = now - heard_at > self._stale_after
        if stale == self.status.stale:
            return None
        self.status = FeedStatus(stale, since=heard_at if stale else now)
        return self.status
