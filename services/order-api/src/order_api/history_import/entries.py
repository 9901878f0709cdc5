"""From a file's lines to orders of the past, as the events that order-api takes. Pure: lines in, entries out.

An order's id in its own system names it, so that a file that is imported twice is imported once. A line that can't be
read is an entry too, with its fault: it stops no other.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

CSV_COLUMNS = ("OrderNumber", "OrderDate", "ItemName", "Quantity", "ProductPrice", "TotalProducts")
_ITEM_COLUMNS = ("ItemName", "ProductPrice", "Quantity")
_Row = tuple[int, dict[str, str]]
_DECIMALS = {"BHD": 3, "CLP": 0, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "TND": 3, "VND": 0}


@dataclass(frozen=True, slots=True)
class Target:
    """Where orders go, and what a file leaves unsaid."""

    venue_id: str
    source: str
    currency: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line, and with which field."""

    line: int
    detail: str
    field: str | None = None

    def __str__(self) -> str:
        """Give it as one line of a report."""
        return f"line {self.line}{f', {self.field}' if self.field else ''}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of the file: the line on which it begins, and its event, or what is wrong with it."""

    line: int
    event: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None


class _Wrong(Exception):
    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name, self.detail = name, detail


def read_ndjson(lines: Iterable[str], target: Target) -> Iterator[Entry]:
    """Read one order a line; empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            order = msgspec.json.decode(line)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            yield Entry(number, fault=Fault(number, f"is no JSON: {error}"))
            continue
        if not isinstance(order, dict):
            yield Entry(number, fault=Fault(number, "has to be a JSON object"))
            continue
        yield Entry(number, _event(order, target))


def read_csv(lines: Iterable[str], target: Target) -> Iterator[Entry]:
    """Read the takeaway format: one row an item. Raises ValueError on other columns.

    The rows of an order may stand far apart; it is whole once as many have come as TotalProducts says.
    """
    reader = csv.DictReader(lines)
    missing = [name for name in CSV_COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"the columns {', '.join(missing)} are missing; the format has {', '.join(CSV_COLUMNS)}")
    partial: dict[tuple[str, str], list[_Row]] = {}
    for row in reader:
        name = row["OrderNumber"], row["OrderDate"]
        rows = partial.setdefault(name, [])
        rows.append((reader.line_num, row))
        if len(rows) >= _size(row):
            yield _whole(partial.pop(name), target)
    for rows in partial.values():
        (line, first), there = rows[0], len(rows)
        detail = f"says {first['TotalProducts']} lines, and there are {there}"
        yield Entry(line, fault=Fault(line, detail, "TotalProducts"))


def _whole(rows: list[_Row], target: Target) -> Entry:
    line = rows[0][0]
    try:
        return Entry(line, _event(_order([row for _, row in rows], target), target))
    except _Wrong as wrong:
        return Entry(line, fault=Fault(line, wrong.detail, wrong.name))


def _order(rows: list[dict[str, str]], target: Target) -> dict[str, Any]:
    number, moment = rows[0]["OrderNumber"], _moment(rows[0], target.zone)
    if not _size(rows[0]):
        raise _Wrong("TotalProducts", f"{rows[0]['TotalProducts']} is no number of lines")
    rows = sorted(rows, key=lambda row: [str(row[name]) for name in _ITEM_COLUMNS])  # the file keeps no order of them
    return {
        "business_date": moment.date().isoformat(),
        "placed_at": moment.isoformat(),
        "channel": "web",
        "display_number": number[:32],
        "external_ref": {"source": target.source, "id": number},
        "status": "completed",
        "payment": "paid",
        "items": [_item(str(position), row, target.currency) for position, row in enumerate(rows, start=1)],
    }


def _item(line_id: str, row: Mapping[str, str], currency: str) -> dict[str, Any]:
    amount = _decimal(row, "ProductPrice").scaleb(_DECIMALS.get(currency, 2))
    if amount != amount.to_integral_value():
        raise _Wrong("ProductPrice", f"{row['ProductPrice']} is finer than {currency} goes")
    return {
        "line_id": line_id,
        "name": row["ItemName"],
        "quantity": row["Quantity"],
        "unit_price": {"amount": int(amount), "currency": currency},
    }


def _moment(row: Mapping[str, str], zone: ZoneInfo) -> datetime:
    try:
        return datetime.strptime(row["OrderDate"], "%d/%m/%Y %H:%M").replace(tzinfo=zone)
    except (TypeError, ValueError) as error:
        raise _Wrong("OrderDate", f"{row['OrderDate']} is no dd/mm/yyyy HH:MM") from error


def _decimal(row: Mapping[str, str], name: str) -> Decimal:
    try:
        value = Decimal(row[name])
    except (InvalidOperation, TypeError) as error:
        raise _Wrong(name, f"{row[name]} is no number") from error
    if not value.is_finite():
        raise _Wrong(name, f"{row[name]} is no amount")
    return value


def _size(row: Mapping[str, str]) -> int:
    """Give how many lines an order has; what is no number makes it whole at once, and then wrong."""
    size = row["TotalProducts"]
    return int(size) if size and size.isascii() and size.isdigit() else 0


def _event(order: dict[str, Any], target: Target) -> dict[str, Any]:
    """Name an order by its id in its own system; one without, by all that it says."""
    ref = order.get("external_ref")
    source, name = target.source, sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()
    if isinstance(ref, dict) and isinstance(ref.get("id"), str):
        name, source = ref["id"], ref["source"] if isinstance(ref.get("source"), str) else source
    return {
        "specversion": "1.0",
        "id": name,
        "source": f"/import/{source}",
        "type": "order.import.v1",
        "venueid": target.venue_id,
        "data": order,
    }
