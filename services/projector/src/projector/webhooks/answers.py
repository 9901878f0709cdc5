"""What a receiver's answer means. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus

_MOST_SAID = 200
_ASKS_TO_WAIT = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class Outcome(Enum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """An attempt's outcome, how it is told to people, and for how many seconds the receiver asks not to be asked."""

    outcome: Outcome
    text: str
    asked_seconds: float | None = None


def answer_of(status: int, retry_after: str | None, body: bytes, now: datetime) -> Answer:
    """Judge an answer. Only 2xx is one that takes the event; a redirect is not followed, so it is a failure too."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Answer(Outcome.DELIVERED, f"answered {status}")
    said = "".join(c for c in body.decode(errors="replace") if c.isprintable())[:_MOST_SAID].strip()
    text = f"answered {status}: {said}" if said else f"answered {status}"
    if status == HTTPStatus.GONE:
        return Answer(Outcome.GONE, text)
    return Answer(Outcome.FAILED, text, _seconds(retry_after, now) if status in _ASKS_TO_WAIT else None)


def unanswered(text: str) -> Answer:
    """Give the outcome of an attempt that got no answer."""
    return Answer(Outcome.FAILED, text)


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """Read a Retry-After: seconds or a date. None for anything else."""
    if retry_after is None:
        return None
    if retry_after.isdecimal() and retry_after.isascii():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
