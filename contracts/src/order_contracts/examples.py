"""Golden examples: records of two orders' lives, byte for byte. Committed ones are decoded forever, never changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from order_contracts.events import Event
from order_contracts.ids import event_id_for, order_id_for
from order_contracts.wire import TRACEPARENT, write_record

VENUE, ORGANIZATION = "osteria-nord", "nord-group"
_FIRST_MS = 1_795_199_100_000
_FINGERPRINT = "0" * 32
_TRACED = {12: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
_PIZZA: dict[str, Any] = {
    "name": "Margherita",
    "quantity": "2",
    "unit_price": {"amount": 950, "currency": "EUR"},
    "modifiers": [{"name": "basil", "action": "remove", "quantity": "1"}],
    "station": "oven",
    "state": "new",
}
_SOUP: dict[str, Any] = {
    "name": "Minestrone",
    "quantity": "1",
    "unit_price": {"amount": 600, "currency": "EUR"},
    "modifiers": [],
    "station": "oven",
    "course": 1,
    "state": "held",
}
_Change = tuple[str, str, dict[str, Any]]
"""An event's name, its time on the day, and its change without version and times."""


@dataclass(frozen=True, slots=True)
class _Life:
    """One order's events. `first` is how many examples come before it."""

    till: str
    first: int
    placing: str
    clock: str
    document: dict[str, Any]
    later: tuple[_Change, ...]

    def events(self) -> list[Event]:
        order_id = order_id_for(VENUE, "pos-1", self.till, "2026-11-20")
        placed_at = f"2026-11-20T{self.clock}.000Z"
        events = [self._event(order_id, self.placing, None, placed_at, _document(order_id, placed_at, self))]
        status = self.placing
        for name, clock, change in self.later:
            time = f"2026-11-20T{clock}.000Z"
            last = events[-1]
            moved = {"status_since": time} if change["status"] != status else {}
            status = change["status"]
            stamped = {"version": last.version + 1, "updated_at": time, **moved, **change}
            events.append(self._event(order_id, name, last, time, stamped))
        return events

    def _event(self, order_id: str, name: str, last: Event | None, time: str, change: dict[str, Any]) -> Event:
        version = 1 if last is None else last.version + 1
        return Event(
            id=event_id_for(order_id, f"example-{version}"),
            type=f"order.{name}.v1",
            order_id=order_id,
            venue_id=VENUE,
            organization_id=ORGANIZATION,
            version=version,
            parent=None if last is None else last.id,
            time=time,
            actor="pos-1",
            change=change,
        )


def _document(order_id: str, placed_at: str, life: _Life) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "venue_id": VENUE,
        "organization_id": ORGANIZATION,
        "version": 1,
        "status": life.placing,
        "status_since": placed_at,
        "payment": "unpaid",
        **life.document,
        "external_ref": {"source": "pos-1", "id": life.till},
        "business_date": "2026-11-20",
        "placed_at": placed_at,
        "updated_at": placed_at,
        "allergens": ["peanut"],
        "items": {"1": _PIZZA},
        "totals": {"total": {"amount": 1900, "currency": "EUR"}, "mismatch": False},
    }


_DINNER = _Life(
    till="till-3-0042",
    first=0,
    placing="placed",
    clock="18:25:00",
    document={
        "channel": "qr",
        "dining_option": "dine_in",
        "table": {"label": "12", "area": "terrace"},
        "display_number": "A-42",
    },
    later=(
        ("accepted", "18:25:10", {"status": "accepted", "promised_at": "2026-11-20T18:45:00.000Z"}),
        ("started", "18:26:00", {"status": "preparing", "items": {"1": {"state": "preparing"}}}),
        ("item_ready", "18:35:30", {"status": "ready", "items": {"1": {"state": "ready"}}}),
        ("completed", "18:40:00", {"status": "completed"}),
    ),
)
_PARTY = _Life(
    till="till-3-0043",
    first=5,
    placing="scheduled",
    clock="15:00:00",
    document={"channel": "phone", "display_number": "A-43", "scheduled_for": "2026-11-20T20:00:00.000Z"},
    later=(
        (
            "payment_captured",
            "15:01:00",
            {
                "status": "scheduled",
                "payment": "paid",
                "payments": {"currency": "EUR", "authorized": 0, "captured": 1900, "refunded": 0},
            },
        ),
        (
            "released",
            "19:30:00",
            {"status": "placed", "placed_at": "2026-11-20T19:30:00.000Z"},
        ),
        ("items_added", "19:31:00", {"status": "placed", "items": {"2": _SOUP}}),
        (
            "item_voided",
            "19:32:00",
            {"status": "placed", "items": {"2": {"state": "voided", "void_reason": "out of stock"}}},
        ),
        (
            "payment_refunded",
            "19:33:00",
            {
                "status": "placed",
                "payment": "partially_refunded",
                "payments": {"currency": "EUR", "authorized": 0, "captured": 1900, "refunded": 950},
                "items": {"1": {"refunded": True}},
            },
        ),
        ("accepted", "19:34:00", {"status": "accepted"}),
    ),
)


def golden_records() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each example's file name and content: a record as JSON, its value as the text that it is."""
    for life in (_DINNER, _PARTY):
        for event in life.events():
            number = life.first + event.version
            moment = _FIRST_MS + number * 1000
            key, value, headers = write_record(
                event, stations=("oven",), not_after=moment + 30_000, fingerprint=_FINGERPRINT
            )
            if number in _TRACED:
                headers[TRACEPARENT] = _TRACED[number]
            record = {"key": key.decode(), "appended_at": moment, "headers": headers, "value": value.decode()}
            yield f"{number}-{event.type}.json", record
