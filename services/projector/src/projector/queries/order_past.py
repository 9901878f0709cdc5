"""An order as it was: its accepted events folded up to a version or a moment. Pure; the fold is the contracts' own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from order_contracts.fold import merge_patch

_VERSION = re.compile(r"v?([1-9][0-9]{0,17})", re.ASCII)
_REMEDY = "name a version, such as 3, or a moment with its time zone, such as 2026-11-24T19:05:00Z"
# began_at leads to the one partition that holds all of an order's events.
TRAIL = """
SELECT version, appended_at, event FROM order_events
WHERE order_id = $1 AND venue_id = $2 AND began_at = (SELECT created_at FROM orders WHERE order_id = $1)
ORDER BY version
"""


class NoSuchPast(Exception):
    """The order was not there yet, or has not come so far."""


@dataclass(frozen=True, slots=True)
class Step:
    """One accepted event: the order's version after it, its append time, and the event as it stands in the log."""

    version: int
    appended_at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class At:
    """How far to fold: one of the two is set."""

    version: int | None = None
    moment: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> "At":
        """Read `?at=`. Raises ValueError with a remedy. A moment's `+` may arrive as a space: URLs write it so."""
        named = _VERSION.fullmatch(text)
        if named is not None:
            return cls(version=int(named[1]))
        try:
            moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else "")
        except ValueError as error:
            raise ValueError(_REMEDY) from error
        if moment.tzinfo is None:
            raise ValueError(f"the moment has no time zone: {_REMEDY}")
        return cls(moment=moment)

    def holds(self, step: Step) -> bool:
        """Say whether a step had been taken by then."""
        if self.version is not None:
            return step.version <= self.version
        return self.moment is not None and step.appended_at <= self.moment


def order_at(steps: Sequence[Step], at: At) -> tuple[int, bytes]:
    """Fold an order's whole trail up to `at`: its version then, and its document. Raises NoSuchPast."""
    taken = [step for step in steps if at.holds(step)]
    if not taken or (at.version is not None and taken[-1].version != at.version):
        raise NoSuchPast
    return taken[-1].version, msgspec.json.encode(_fold(step.event for step in taken))


def _fold(events: Iterable[str]) -> Any:
    document: Any = {}
    for event in events:
        document = merge_patch(document, msgspec.json.decode(event)["change"])
    return document
