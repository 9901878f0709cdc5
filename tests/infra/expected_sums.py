"""What sales, times and refunds must come to, told from whole histories: every order from its first event on.

Shares no code with the projector: decimals where that has whole numbers, histories where that has rows before.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from order_contracts.events import Event
from order_contracts.fold import merge_patch

Rows = dict[tuple[Any, ...], tuple[Any, ...]]
_START = datetime(1970, 1, 1, tzinfo=UTC)
_KITCHEN = ("accepted", "preparing", "ready")


@dataclass
class Sums:
    """The tables of sums, by key; refunds by order and version."""

    sales: Rows = field(default_factory=dict)
    items: Rows = field(default_factory=dict)
    stages: Rows = field(default_factory=dict)
    refunds: Rows = field(default_factory=dict)
    late: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Moment:
    """An order after one event."""

    event: Event
    at: datetime
    document: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.document["status"])

    @property
    def lines(self) -> Mapping[str, Any]:
        return self.document.get("items") or {}


def expected_sums(histories: Iterable[Sequence[tuple[Event, int]]]) -> Sums:
    """Fold histories: each an order's accepted events with their append times (ms since 1970)."""
    sums = Sums()
    for history in histories:
        moments: list[_Moment] = []
        for event, appended_at in history:
            document = merge_patch(moments[-1].document if moments else {}, event.change)
            moments.append(_Moment(event, _START + timedelta(milliseconds=appended_at), document))
        _add_refunds(sums.refunds, moments)
        last = moments[-1]
        if last.status in ("cancelled", "rejected", "failed"):
            _add(sums.sales, (*_where(moments), _currency(last)), (0, 1, *[0] * 8))
        elif last.status != "scheduled":
            _add_order(sums, moments)
    return sums


def _add_order(sums: Sums, moments: Sequence[_Moment]) -> None:
    last, where = moments[-1], _where(moments)
    totals = last.document.get("totals") or {}
    parts = [(totals.get(part) or {}).get("amount", 0) for part in ("discount", "tax", "service", "tip")]
    sold = [(item, _revenue(item)) for item in last.lines.values() if _sells(item)]
    gross = totals["total"]["amount"] if "total" in totals else sum(revenue for _, revenue in sold)
    refunded = (last.document.get("payments") or {}).get("refunded", 0)
    made, promised = _made_at(moments), last.document.get("promised_at")
    late = made is not None and promised is not None and made > datetime.fromisoformat(promised)
    if late:
        sums.late.add(last.event.order_id)
    counted = int(made is not None and promised is not None), int(late)
    _add(sums.sales, (*where, _currency(last)), (1, 0, gross, *parts, refunded, *counted))
    for item, revenue in sold:
        quantity = Decimal(item["quantity"])
        item_key = (*where, item["unit_price"]["currency"], item.get("sku") or "", item["name"])
        _add(sums.items, item_key, (1, quantity, revenue, quantity if item.get("refunded") else Decimal(0)))
    for stage, station, spent in _stays(moments):
        _add(sums.stages, (*where, stage, station, *_bucket(spent)), (1, spent // timedelta(milliseconds=1)))


def _add(rows: Rows, key: tuple[Any, ...], sums: tuple[Any, ...]) -> None:
    rows[key] = tuple(a + b for a, b in zip(rows.get(key, (0,) * len(sums)), sums, strict=True))


def _where(moments: Sequence[_Moment]) -> tuple[str, str, datetime, date]:
    document, event = moments[-1].document, moments[0].event
    stated = document.get("placed_at")
    placed = datetime.fromisoformat(stated) if stated else moments[0].at
    day = document.get("business_date")
    hour = placed.replace(minute=0, second=0, microsecond=0)
    return event.venue_id, event.organization_id, hour, date.fromisoformat(day) if day else placed.date()


def _currency(last: _Moment) -> str:
    total = (last.document.get("totals") or {}).get("total")
    prices = [item["unit_price"] for item in last.lines.values() if "unit_price" in item]
    return str([*([total] if total else []), *prices, {"currency": "XXX"}][0]["currency"])


def _sells(item: Mapping[str, Any]) -> bool:
    return item.get("state") != "voided" and all(name in item for name in ("name", "quantity", "unit_price"))


def _revenue(item: Mapping[str, Any]) -> int:
    extras = sum(
        Decimal(one["quantity"]) * one["unit_price"]["amount"]
        for one in item.get("modifiers", ())
        if "unit_price" in one
    )
    exact = Decimal(item["quantity"]) * (item["unit_price"]["amount"] + extras)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _made_at(moments: Sequence[_Moment]) -> datetime | None:
    made = ("ready", "completed")
    if moments[-1].status not in made:
        return None
    changes = [later.at for earlier, later in pairwise(moments) if earlier.status not in made and later.status in made]
    return changes[-1] if changes else None


def _stays(moments: Sequence[_Moment]) -> Iterable[tuple[str, str, timedelta]]:
    spent: Counter[str] = Counter()
    since = moments[0].at
    for earlier, later in pairwise(moments):
        if later.status != earlier.status:
            spent[earlier.status] += max(0, (later.at - since) // timedelta(milliseconds=1))
            since = later.at
    yield from ((status, "", timedelta(milliseconds=number)) for status, number in spent.items())
    for line_id, item in moments[-1].lines.items():
        worked = _worked(moments, line_id)
        if worked is not None and item.get("state") in ("ready", "served"):
            yield "kitchen", item.get("station") or "", worked


def _worked(moments: Sequence[_Moment], line_id: str) -> timedelta | None:
    """How long the kitchen had a line to make, in all; None where it never had, or still has."""
    begun, total = None, None
    for moment in moments:
        busy = moment.status in _KITCHEN and moment.lines.get(line_id, {}).get("state") in ("new", "preparing")
        if busy and begun is None:
            begun = moment.at
        elif not busy and begun is not None:
            total, begun = (total or timedelta()) + max(timedelta(), moment.at - begun), None
    return total if begun is None else None


def _bucket(spent: timedelta) -> tuple[int, int]:
    """Sixteen buckets to each power of two, of a second at least."""
    seconds = spent // timedelta(seconds=1)
    width = 1
    while width * 32 <= seconds:
        width *= 2
    return seconds // width * width, seconds // width * width + width


def _add_refunds(rows: Rows, moments: Sequence[_Moment]) -> None:
    held = 0
    for moment in moments:
        payments = moment.document.get("payments") or {}
        if payments.get("refunded", 0) != held:
            amount, held = payments.get("refunded", 0) - held, payments.get("refunded", 0)
            rows[moment.event.order_id, moment.event.version] = (moment.at, payments["currency"], amount)
