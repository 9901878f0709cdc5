"""What becomes of an order after it was placed: six changes, as a load client sends them, one by one or in batches."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from order_contracts.ids import order_id_for

_SOON = (datetime.now(UTC) + timedelta(minutes=20)).isoformat(timespec="seconds")
_CHANGES: tuple[tuple[str, str, dict[str, Any], dict[str, Any] | None], ...] = (
    ("accept", "order.accept.v1", {}, {"promised_at": _SOON}),
    ("start", "order.start.v1", {}, None),
    ("items/pizza/ready", "order.ready_item.v1", {"lineid": "pizza"}, None),
    ("items/cola/ready", "order.ready_item.v1", {"lineid": "cola"}, None),
    ("items/pizza/serve", "order.serve_item.v1", {"lineid": "pizza"}, {"reason": "table 4"}),
    ("complete", "order.complete.v1", {}, None),
)


def event(name: str, kind: str, venue_id: str, data: dict[str, Any] | None, **attributes: str) -> dict[str, Any]:
    """Give an event as the load client sends it."""
    named = {"specversion": "1.0", "id": name, "source": "/bench", "type": kind, "venueid": venue_id, **attributes}
    return named if data is None else {**named, "data": data}


class Orders:
    """So many orders, to be placed in batches first; each has its changes once all have had the one before."""

    def __init__(self, number: int, first: int, body: dict[str, Any], venues: list[str]) -> None:
        self._names = [f"{first}-{order}" for order in range(number)]
        self._body, self._venues = body, venues

    def placed(self, batch: int) -> list[list[str]]:
        """Give the batches that place them."""
        return list(
            _batches([event(name, "order.place.v1", venue, self._body) for name, venue, _ in self._all()], batch)
        )

    def changed(self, batch: int) -> list[list[str]]:
        """Give paths and bodies of all changes; of batches where `batch` is not 0."""
        if batch:
            events = [
                event(f"{name}-{kind}-{more}", kind, venue, data, subject=order_id, **more)
                for _, kind, more, data in _CHANGES
                for name, venue, order_id in self._all()
            ]
            return list(_batches(events, batch))
        return [
            [f"/v1/venues/{venue}/orders/{order_id}/{verb}", "" if data is None else json.dumps(data)]
            for verb, _, _, data in _CHANGES
            for _, venue, order_id in self._all()
        ]

    def _all(self) -> Iterator[tuple[str, str, str]]:
        date = self._body["business_date"]
        for number, name in enumerate(self._names):
            venue = self._venues[number % len(self._venues)]
            yield name, venue, order_id_for(venue, "/bench", name, date)


def _batches(events: list[dict[str, Any]], size: int) -> Iterable[list[str]]:
    for start in range(0, len(events), size):
        yield ["/v1/events", json.dumps(events[start : start + size])]
