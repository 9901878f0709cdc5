"""Golden examples: records of one order's life, byte for byte. Committed ones are decoded forever, never changed."""

from collections.abc import Iterator
from typing import Any

from order_contracts.events import Event
from order_contracts.ids import event_id_for, order_id_for
from order_contracts.wire import write_record

VENUE, ORGANIZATION = "osteria-nord", "nord-group"
_ORDER = order_id_for(VENUE, "pos-1", "till-3-0042", "2026-11-20")
_FIRST_MS = 1_795_199_100_000
_FINGERPRINT = "0" * 32
_LATER: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("accepted", "18:25:10", {"status": "accepted", "promised_at": "2026-11-20T18:45:00.000Z"}),
    ("started", "18:26:00", {"status": "preparing", "items": {"1": {"state": "preparing"}}}),
    ("item_ready", "18:35:30", {"status": "ready", "items": {"1": {"state": "ready"}}}),
    ("completed", "18:40:00", {"status": "completed"}),
)


def _placed() -> Event:
    placed_at = "2026-11-20T18:25:00.000Z"
    document: dict[str, Any] = {
        "order_id": _ORDER,
        "venue_id": VENUE,
        "organization_id": ORGANIZATION,
        "version": 1,
        "status": "placed",
        "status_since": placed_at,
        "payment": "unpaid",
        "channel": "qr",
        "dining_option": "dine_in",
        "table": {"label": "12", "area": "terrace"},
        "display_number": "A-42",
        "external_ref": {"source": "pos-1", "id": "till-3-0042"},
        "business_date": "2026-11-20",
        "placed_at": placed_at,
        "updated_at": placed_at,
        "allergens": ["peanut"],
        "items": {
            "1": {
                "name": "Margherita",
                "quantity": "2",
                "unit_price": {"amount": 950, "currency": "EUR"},
                "modifiers": [{"name": "basil", "action": "remove", "quantity": "1"}],
                "station": "oven",
                "state": "new",
            }
        },
        "totals": {"total": {"amount": 1900, "currency": "EUR"}, "mismatch": False},
    }
    return _event("placed", 1, None, placed_at, document)


def _event(name: str, version: int, parent: str | None, time: str, change: dict[str, Any]) -> Event:
    return Event(
        id=event_id_for(_ORDER, f"example-{version}"),
        type=f"order.{name}.v1",
        order_id=_ORDER,
        venue_id=VENUE,
        organization_id=ORGANIZATION,
        version=version,
        parent=parent,
        time=time,
        actor="pos-1",
        change=change,
    )


def golden_records() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each example's file name and content: a record as JSON, its value as the text that it is."""
    events = [_placed()]
    for name, clock, change in _LATER:
        time = f"2026-11-20T{clock}.000Z"
        last = events[-1]
        stamped = {"version": last.version + 1, "updated_at": time, "status_since": time, **change}
        events.append(_event(name, last.version + 1, last.id, time, stamped))
    for event in events:
        moment = _FIRST_MS + event.version * 1000
        key, value, headers = write_record(
            event, stations=("oven",), not_after=moment + 30_000, fingerprint=_FINGERPRINT
        )
        record = {"key": key.decode(), "appended_at": moment, "headers": headers, "value": value.decode()}
        yield f"{event.version}-{event.type}.json", record
