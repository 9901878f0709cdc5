"""A POS that sends its whole order each time: the body of a snapshot, and what it states. Pure."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from order_api.bodies import EXAMPLE_DAY, Body, Day, Moment, NewGuest, NewItem, NewMoney, NewTable, NewTotals
from order_api.new_order import MAX_LINES
from order_api.pos.stated import Stated
from order_contracts.order import Name, Status, Text

_STATUS = {
    "received": None,
    "accepted": Status.ACCEPTED,
    "in_preparation": Status.PREPARING,
    "ready_for_pickup": Status.READY,
    "closed": Status.COMPLETED,
    "voided": Status.CANCELLED,
}


_EUROS: dict[str, Any] = {"amount": 950, "currency": "EUR"}
_EXAMPLE: dict[str, Any] = {
    "source": "toast",
    "id": "c0ffee",
    "modified_at": f"{EXAMPLE_DAY}T18:30:00.250Z",
    "opened_at": f"{EXAMPLE_DAY}T18:25:00Z",
    "business_date": EXAMPLE_DAY,
    "state": "in_preparation",
    "lines": [{"line_id": "a", "name": "Margherita", "quantity": "1", "unit_price": _EUROS}],
    "totals": {"total": _EUROS},
    "paid": _EUROS,
}


class SnapshotLine(NewItem):
    """A line as the POS has it; the POS's own id of it keeps it the same line from one snapshot to the next."""

    line_id: Name
    voided: bool = Field(default=False, strict=True)


class Snapshot(Body):
    """One order, whole, as the POS has it at `modified_at`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    source: Name = Field(description="the POS, such as toast")
    id: Text
    modified_at: Moment
    opened_at: Moment
    business_date: Day
    state: str = Field(default="received", max_length=32, description=f"{', '.join(_STATUS)}; others move nothing")
    reason: Text | None = None
    dining_option: str | None = Field(default=None, pattern="^[a-z][a-z0-9_]{0,31}$")
    table: NewTable | None = None
    display_number: str | None = Field(default=None, min_length=1, max_length=32)
    promised_at: Moment | None = None
    scheduled_for: Moment | None = Field(
        default=None, description="for later: no kitchen sees it before its time comes"
    )
    guest: NewGuest | None = None
    notes: Text | None = None
    allergens: list[Text] = Field(default_factory=list, max_length=50)
    lines: Annotated[list[SnapshotLine], Field(max_length=MAX_LINES)]
    totals: NewTotals | None = None
    paid: NewMoney | None = None
    refunded: NewMoney | None = None


def read_snapshot(snapshot: Snapshot) -> Stated:
    """Say what a snapshot states. An order all of whose lines are voided is called off."""
    live = [line for line in snapshot.lines if not line.voided]
    kept = {"business_date", "dining_option", "table", "display_number", "promised_at", "guest", "notes", "allergens"}
    placement: dict[str, Any] = {
        **snapshot.model_dump(mode="json", include=kept, exclude_none=True),
        "channel": "pos",
        "external_ref": {"source": snapshot.source, "id": snapshot.id},
        "placed_at": snapshot.opened_at.isoformat(),
        "items": [line.model_dump(mode="json", exclude_none=True, exclude={"voided"}) for line in live],
    }
    if snapshot.totals is not None:
        placement["totals"] = snapshot.totals.model_dump(mode="json", exclude_none=True)
    return Stated(
        source=snapshot.source,
        id=snapshot.id,
        version=int(snapshot.modified_at.timestamp() * 1000),
        placement=placement,
        status=_STATUS.get(snapshot.state) if live else Status.CANCELLED,
        scheduled_for=snapshot.scheduled_for,
        reason=snapshot.reason,
        captured=snapshot.paid.amount if snapshot.paid else 0,
        refunded=snapshot.refunded.amount if snapshot.refunded else 0,
    )
