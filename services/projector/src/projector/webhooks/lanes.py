"""An endpoint, and its place in each partition of the log. Pure: what an answer does to a place."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from projector.webhooks.answers import Answer
from projector.webhooks.schedule import given_up, wait_seconds

_LIVED_ON = timedelta(hours=97)
"""How long after an order began its events may still come; retention keeps at least that too."""
_WRITTEN_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Whom to send what. None as venues or types: all. `term` is the one in which it was taken."""

    id: str
    organization_id: str
    venues: frozenset[str] | None
    types: tuple[str, ...] | None
    url: str
    secret: str
    old_secret: str | None
    old_secret_until: datetime | None
    epoch: str
    term: int

    def secrets(self, now: datetime) -> list[str]:
        """Give those that sign now."""
        until = self.old_secret_until
        old = self.old_secret if until is not None and now < until else None
        return [self.secret] if old is None else [self.secret, old]


@dataclass(slots=True)
class Lane:
    """A place in a partition: `next` is the offset from which on nothing was sent yet.

    `reached` is a time before which nothing is left to be missed; `waits_since` the append time of the event that is to
    be sent next; `saved` says that Postgres knows all this, and `reached_saved` which `reached` it knows.
    """

    partition: int
    next: int
    reached: datetime
    failures: int = 0
    failing_since: datetime | None = None
    attempt_at: datetime | None = None
    error: str | None = None
    waits_since: datetime | None = None
    saved: bool = True
    reached_saved: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Say whether an attempt may be made."""
        return self.attempt_at is None or self.attempt_at <= now

    def passed(self, until: int, reached: datetime) -> None:
        """Go on to `until`, as far as the rows were at `reached`: nothing before it is for this endpoint.

        It is written down now and then only: what was passed over is soon passed over again.
        """
        self.next, self.reached, self.waits_since = max(self.next, until), reached, None
        if self.failures or self.reached_saved is None or reached - self.reached_saved > _WRITTEN_EVERY:
            self.saved = False
        self._unfailed()

    def delivered(self, offset: int, appended_at: datetime) -> None:
        """Go on behind an event that was taken."""
        self.next, self.reached, self.waits_since = offset + 1, max(self.reached, appended_at), None
        self.saved = False
        self._unfailed()

    def failed(self, answer: Answer, now: datetime, roll: float) -> bool:
        """Note a failure of the event at the head, and when to try again; False when it is given up."""
        self.failures += 1
        self.saved = False
        self.failing_since = self.failing_since or now
        self.error = answer.text
        self.attempt_at = now + timedelta(seconds=wait_seconds(self.failures, roll, answer.asked_seconds))
        return not given_up(self.failing_since, now)

    def _unfailed(self) -> None:
        self.failures, self.failing_since, self.attempt_at, self.error = 0, None, None, None

    def gap(self, kept_from: datetime | None, now: datetime) -> bool:
        """Say whether events that were not sent may have been dropped by age (operations/retention.py)."""
        return kept_from is not None and self.reached < min(kept_from + _LIVED_ON, now - _LIVED_ON)
