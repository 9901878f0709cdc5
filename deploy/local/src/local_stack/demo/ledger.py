"""What the evening promised and what became of it: the answers given, checked against log, rows and screens.

Pure: documents in, faults out. A request is acknowledged, refused, or unknown, and then sent again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from order_contracts.order import OPEN_STATUSES

Document = Mapping[str, Any]


@dataclass(slots=True)
class Ledger:
    """Every answer that a caller got, and when requests were sent (seconds on one monotonic clock)."""

    acknowledged: dict[tuple[str, int], Document] = field(default_factory=dict)
    sent_at: dict[str, float] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    answer_seconds: list[float] = field(default_factory=list)
    screen_seconds: list[float] = field(default_factory=list)

    def acknowledge(self, order: Document) -> None:
        """Note an order as a 200 or 201 gave it."""
        self.acknowledged[order["order_id"], order["version"]] = order
        self.answers["acknowledged"] += 1

    def placed(self) -> set[str]:
        """Give the ids of all orders that were acknowledged."""
        return {order_id for order_id, _ in self.acknowledged}


@dataclass(slots=True)
class Truth:
    """What the log says: every version of every order, as folded from its accepted records."""

    versions: dict[str, list[Document]] = field(default_factory=dict)
    event_ids: Counter[str] = field(default_factory=Counter)

    def current(self) -> dict[str, Document]:
        """Give each order's last state."""
        return {order_id: versions[-1] for order_id, versions in self.versions.items()}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a screen ended with: its orders, and what it met on the way."""

    name: str
    venue_id: str
    orders: Mapping[str, Document]
    resynced: bool
    gaps: Sequence[str]


def faults(ledger: Ledger, truth: Truth, rows: Mapping[str, Document], seen: Iterable[Seen]) -> list[str]:
    """List all that is off, each in a sentence; empty when everything that was promised holds."""
    current = truth.current()
    return [
        *_promises(ledger, truth),
        *(f"event {event} was accepted {count} times" for event, count in truth.event_ids.items() if count > 1),
        *_differences("in Postgres", current, rows),
        *(fault for screen in seen for fault in _screen(screen, current)),
    ]


def _promises(ledger: Ledger, truth: Truth) -> Iterable[str]:
    for (order_id, version), promised in ledger.acknowledged.items():
        versions = truth.versions.get(order_id, [])
        if len(versions) < version:
            yield f"order {order_id} was acknowledged at version {version} and is not in the log"
        elif versions[version - 1] != promised:
            yield f"order {order_id} version {version} is in the log in another state than was acknowledged"
    for order_id in truth.versions.keys() - ledger.placed():
        yield f"order {order_id} is in the log, and nobody was told"


def _differences(where: str, expected: Mapping[str, Document], found: Mapping[str, Document]) -> Iterable[str]:
    for order_id in expected.keys() | found.keys():
        if order_id not in found:
            yield f"order {order_id} is missing {where}"
        elif order_id not in expected:
            yield f"order {order_id} is {where} and not in the log"
        elif found[order_id] != expected[order_id]:
            versions = f"version {found[order_id].get('version')} for {expected[order_id]['version']}"
            yield f"order {order_id} is in another state {where}: {versions}"


def _screen(screen: Seen, current: Mapping[str, Document]) -> Iterable[str]:
    """Compare a screen with its venue's orders; after a resync, with those that are open or that it saw close."""
    expected = {order_id: order for order_id, order in current.items() if order["venue_id"] == screen.venue_id}
    if screen.resynced:
        expected = {
            order_id: order
            for order_id, order in expected.items()
            if order["status"] in OPEN_STATUSES or order_id in screen.orders
        }
    yield from _differences(f"on screen {screen.name}", expected, screen.orders)
    yield from (f"screen {screen.name} missed something: {gap}" for gap in screen.gaps)
