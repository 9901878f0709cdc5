"""The log that the read side is measured on: full-grown orders of 200 venues, thousands of them open at any moment.

Two events of an order are never near each other, as on a real evening, so a batch seldom holds two of one order:
whoever folds batches gains nothing from that. Seven events an order, at the pace of 200 restaurants' peak.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from order_contracts.channels import PARTITIONS, partition_of
from order_contracts.events import Event, timestamp
from order_contracts.ids import event_id_for, order_id_for
from order_contracts.wire import write_record
from projector.order_row import at_ms

VENUES = 200
FIRST_MS = 1_795_199_100_000
STEP_MS = 27  # between events: 37 a second
_FAR = 99_999_999_999_999
_MENU = [
    (f"Dish {number}", f"sku-{number}", 450 + 37 * number, ("oven", "grill", "bar", "cold")[number % 4])
    for number in range(40)
]


class Appended(NamedTuple):
    """A record as a consumer gives it."""

    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def evening(events: int, *, open_at_once: int = 5_000, seed: int = 5) -> Iterator[Appended]:
    """Give so many records, in log order."""
    random, ends = Random(seed), [0] * PARTITIONS
    numbers = iter(range(events))
    lives = [_Life(next(numbers), random) for _ in range(min(open_at_once, events))]
    for number in range(events):
        at = FIRST_MS + number * STEP_MS
        place = random.randrange(len(lives))
        event = lives[place].next(at)
        if lives[place].over:
            lives[place] = _Life(next(numbers), random)
        key, value, headers = write_record(event, stations=("oven", "bar"), not_after=_FAR, fingerprint="0" * 32)
        partition = partition_of(event.venue_id, PARTITIONS)
        raw = tuple((name, text.encode()) for name, text in headers.items())
        yield Appended(partition, ends[partition], at, key, value, raw)
        ends[partition] += 1


class _Life:
    """One order on its way: placed, accepted, started, two lines ready, ready, completed."""

    def __init__(self, number: int, random: Random) -> None:
        self.venue_id, self._parent, self._version = f"venue-{number % VENUES}", None, 0
        self.order_id = order_id_for(self.venue_id, "bench", str(number), "2026-11-20")
        self._number = number
        dishes = [random.choice(_MENU) for _ in range(3)]
        self._items = {str(n): _line(*dish) for n, dish in enumerate(dishes, 1)}
        self._total = sum(dish[2] for dish in dishes)
        self._promised_after = random.randrange(10, 40) * 60_000

    @property
    def over(self) -> bool:
        """Whether its last event is given."""
        return self._version == 7

    def next(self, at: int) -> Event:
        """Give its next event."""
        self._version += 1
        name, change = self._change(at)
        parent, self._parent = self._parent, event_id_for(self.order_id, str(self._version))
        moment = timestamp(at_ms(at))
        return Event(
            id=self._parent,
            type=f"order.{name}.v1",
            order_id=self.order_id,
            venue_id=self.venue_id,
            organization_id=f"org-{self._number % VENUES // 4}",
            version=self._version,
            parent=parent,
            time=moment,
            actor="bench-till",
            change={"version": self._version, "updated_at": moment, **change},
        )

    def _change(self, at: int) -> tuple[str, dict[str, Any]]:
        since = {"status_since": timestamp(at_ms(at))}
        match self._version:
            case 1:
                return "placed", {**self._document(at), "status": "placed", **since}
            case 2:
                promised = timestamp(at_ms(at + self._promised_after))
                return "accepted", {"status": "accepted", "promised_at": promised, **since}
            case 3:
                return "started", {"status": "preparing", "items": _states("preparing", "1", "2", "3"), **since}
            case 4 | 5:
                return "item_ready", {"items": _states("ready", str(self._version - 3))}
            case 6:
                return "ready", {"status": "ready", "items": _states("ready", "3"), **since}
        return "completed", {"status": "completed", "items": _states("served", "1", "2", "3"), **since}

    def _document(self, at: int) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "venue_id": self.venue_id,
            "organization_id": f"org-{self._number % VENUES // 4}",
            "payment": "unpaid",
            "channel": "qr",
            "display_number": f"A-{self._number % 1000}",
            "business_date": "2026-11-20",
            "placed_at": timestamp(at_ms(at)),
            "items": self._items,
            "totals": {"total": {"amount": self._total, "currency": "EUR"}, "mismatch": False},
        }


def _line(name: str, sku: str, price: int, station: str) -> dict[str, Any]:
    money = {"amount": price, "currency": "EUR"}
    terms = {"name": name, "sku": sku, "quantity": "1", "unit_price": money, "modifiers": []}
    return {**terms, "station": station, "state": "new"}


def _states(state: str, *lines: str) -> dict[str, Any]:
    return {line: {"state": state} for line in lines}
