"""When a delivery that failed is tried again, and when no more. Pure: time and chance are arguments."""

from datetime import datetime, timedelta

_FIRST_SECONDS = 5.0
_MOST_SECONDS = 300.0  # all later events wait behind this one: a receiver that is back is noticed within five minutes
_MOST_ASKED_SECONDS = 3600.0  # nobody can send us away for longer with a Retry-After
GIVES_UP_AFTER = timedelta(hours=72)  # a long weekend: somebody has been at work before it is over


def wait_seconds(failures: int, roll: float, asked: float | None) -> float:
    """Say how long to wait after so many failures in a row.

    `roll` is a random number from 0 to 1: those who failed together do not come back together. `asked` are the seconds
    of a Retry-After.
    """
    doubled = _FIRST_SECONDS * 2.0 ** min(failures - 1, 10)
    own = min(doubled, _MOST_SECONDS) * (1 + roll) / 2
    return max(own, min(asked or 0.0, _MOST_ASKED_SECONDS))


def given_up(failing_since: datetime, now: datetime) -> bool:
    """Say whether a delivery that has failed since then is given up."""
    return now - failing_since >= GIVES_UP_AFTER
