"""How long a polling client may wait before it asks again. Pure: the venue's own rate decides, within bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LOOKED_AT = 8
"""So many of a venue's latest events tell its rate: few enough to follow the evening's rush within minutes."""


@dataclass(frozen=True, slots=True)
class PollBounds:
    """The shortest and the longest wait that is ever asked for, in milliseconds."""

    least_ms: int
    most_ms: int


def poll_after_ms(now: datetime, latest: Sequence[datetime], bounds: PollBounds) -> int:
    """Give the mean gap between a venue's latest events, the silence since then included: about one event a poll.

    Never shorter as the silence goes on, never longer for one more event now; `most_ms` where nothing ever happened.
    """
    if not latest:
        return bounds.most_ms
    gap = (now - min(latest)) / len(latest)
    return max(bounds.least_ms, min(bounds.most_ms, gap // timedelta(milliseconds=1)))
