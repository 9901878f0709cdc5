"""A whole order's body, and what may stand in the place of any of its values: right, odd, and wrong."""

import json
from collections.abc import Iterator
from typing import Any

EUR = {"amount": 950, "currency": "EUR"}
FULL: dict[str, Any] = {
    "business_date": "2026-11-20",
    "channel": "qr",
    "dining_option": "dine_in",
    "table": {"label": "7", "area": "terrace"},
    "display_number": "A-42",
    "external_ref": {"source": "till-3", "id": "0042", "version": 7},
    "placed_at": "2026-11-20T18:45:00.5+01:00",
    "scheduled_for": None,
    "promised_at": "2026-11-20T18:45:00Z",
    "guest": {"name": "Zoë"},
    "notes": "🍕",
    "allergens": ["peanut", "gluten"],
    "items": [
        {
            "line_id": "a",
            "name": "Margherita",
            "sku": "m",
            "quantity": "2",
            "unit_price": EUR,
            "station": "oven",
            "course": 1,
            "seat": 2,
            "notes": None,
            "image_url": "https://a.b/c.png",
            "state": "held",
            "modifiers": [{"name": "basil", "action": "remove", "quantity": "1", "unit_price": EUR}, {"name": "salt"}],
        },
        {"name": "Cola", "quantity": "0.25", "unit_price": EUR},
        {"name": "Water", "quantity": "1", "unit_price": EUR, "line_id": "1"},
    ],
    "totals": dict.fromkeys(("subtotal", "discount", "tax", "service", "tip", "total"), EUR),
}
GONE: Any = object()
TEXTS = [
    "x",
    "",
    "é🍕",
    "a\x00b",
    "\ud800",
    "null",
    "\\u0000",
    "a" * 32,
    "a" * 33,
    "a" * 500,
    "🍕" * 501,
    " ",
    "b\n",
    True,
]
NAMES = ["a", "1", "2", "A.b-c_d", "", "-a", "a" * 64, "a" * 65, "oven\n", "ö"]
WORDS = ["pos", "new", "held", "a" * 32, "a" * 33, "", "Pos", "pos\n", "1a"]
QUANTITIES = ["2", "0.25", "0.0", "0", "00.1", "1.123456", "1e3", "1234567.12345", "12345678", "1\n", "٣", "-1", 1.0]
WHOLES = [0, -1, 1, 99, 100, 999, 1000, 2**53 - 1, 2**53, -(2**53), 2**64, 9.5, 950.0, 1e300, "950"]
CURRENCIES = ["USD", "eur", "EURO", "EUR\n", 978]
DAYS = ["2026-11-20", "2026-1-2", "2026-11-20T00:00:00Z", "2026-11-20T10:00:00Z", "20261120", "0001-01-01"]
MOMENTS = [
    *("2026-11-20 18:45:00.5z", "2026-11-20T18:45:00.1234567Z", "2026-11-20T18:45:00.999999999Z", "2026-11-20T18:45Z"),
    *("2026-11-20T18:45:00+05:30", "2026-11-20T18:45:00-00:00", "2026-11-20T18:45:60Z", "2026-11-20T18:45:00"),
    *("2026-11-20T18:45:00+0100", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "1795000000"),
]
ADDRESSES = ["https://a.b:80/x", "http://a.b/c", "https://a.b/c\n", "https://ä.b/c", "https://a.b/" + "c" * 489]
ODD = [
    *TEXTS,
    *NAMES,
    *WORDS,
    *QUANTITIES,
    *WHOLES,
    *CURRENCIES,
    *DAYS,
    *MOMENTS,
    *ADDRESSES,
    None,
    False,
    [],
    {},
    GONE,
]


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Name every place in a body."""
    for name, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield (*path, name)
        yield from places(value, (*path, name))


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Put a value somewhere, or take away what is there; nothing where there is no such place any more."""
    if not path:
        return value
    if isinstance(body, dict):
        new = {**body, path[0]: changed(body.get(path[0]), path[1:], value)}
        return {name: part for name, part in new.items() if part is not GONE}
    if isinstance(body, list):
        parts = [changed(part, path[1:], value) if place == path[0] else part for place, part in enumerate(body)]
        return [part for part in parts if part is not GONE]
    return body


def written(body: Any, *, escaped: bool) -> bytes:
    """Give JSON, with what is no ASCII as it is or escaped; lone surrogates too."""
    return json.dumps(body, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
