"""The shapes of answers, for the OpenAPI document: the answers themselves are joined from what Postgres gives."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from order_contracts.order import Order

_AT = "2026-11-24T19:05:00.250Z"


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class OrdersBody(_Body):
    """A page of orders."""

    orders: list[Order]
    next: str | None = Field(description="`cursor` of the next page; null at the end")


class SnapshotBody(_Body):
    """Open orders, oldest first."""

    position: str = Field(description="where this is true; opaque", examples=["1f0a3c9e.7-42"])
    server_time: AwareDatetime
    orders: list[Order]


class ChangesBody(_Body):
    """Orders as they are now that changed since the position asked about, closed ones too."""

    position: str = Field(description="`since` of the next question; opaque", examples=["1f0a3c9e.7-45"])
    server_time: AwareDatetime
    orders: list[Order]


class BoardEntry(_Body):
    """One status. Ages are of the orders in it, counted from when they came into it."""

    status: str
    orders: int = Field(ge=0)
    oldest_since: AwareDatetime | None = None
    oldest_age_seconds: int | None = Field(default=None, ge=0)
    median_age_seconds: int | None = Field(default=None, ge=0)


class BoardBody(_Body):
    """A venue's open orders by status, in the order of an order's life."""

    server_time: AwareDatetime
    statuses: list[BoardEntry]


class CountsBody(_Body):
    """Orders by status, all that there ever were."""

    counts: dict[str, int]


class OutlineBody(_Body):
    """An open order in outline; the organization's room brings what changes about it."""

    order_id: str
    venue_id: str
    organization_id: str
    version: int = Field(ge=1)
    status: str
    status_since: AwareDatetime
    placed_at: AwareDatetime
    promised_at: AwareDatetime | None = None
    channel: str
    display_number: str | None = None
    priority: int | None = None


class OutlinesBody(_Body):
    """An organization's open orders, oldest first; fold the events from `position` on onto them."""

    position: str
    server_time: AwareDatetime
    orders: list[OutlineBody]


class EventBody(_Body):
    """An accepted event as it stands in the log; `change` is a JSON Merge Patch (RFC 7396) to the document."""

    id: str
    type: str
    order_id: str
    venue_id: str
    organization_id: str
    version: int
    parent: str | None = None
    time: datetime
    actor: str
    reason: str | None = None
    change: dict[str, Any]


class HistoryEntry(_Body):
    """One step of an order."""

    version: int = Field(ge=1)
    appended_at: AwareDatetime = Field(description="by the log's clock; `?at=` goes by it")
    event: EventBody


class HistoryBody(_Body):
    """An order's accepted events, oldest first."""

    events: list[HistoryEntry]


class VenueCounts(_Body):
    """One venue of an organization."""

    venue_id: str
    counts: dict[str, int]


class VenuesBody(_Body):
    """The venues that an organization has had orders at."""

    venues: list[VenueCounts]


ORDER_EXAMPLE: dict[str, Any] = {
    "order_id": "6f5d1c1e-6a5b-5d0c-9a37-0f5f3f0b7a11",
    "venue_id": "osteria-nord",
    "organization_id": "nord-group",
    "version": 3,
    "status": "preparing",
    "status_since": _AT,
    "payment": "unpaid",
    "channel": "qr",
    "display_number": "A-42",
    "business_date": "2026-11-24",
    "placed_at": "2026-11-24T19:01:10.000Z",
    "updated_at": _AT,
    "items": {
        "1": {
            "name": "Margherita",
            "quantity": "2",
            "unit_price": {"amount": 950, "currency": "EUR"},
            "state": "preparing",
        }
    },
}
_POSITION = "1f0a3c9e.7-42"
EXAMPLES: dict[type[BaseModel], dict[str, Any]] = {
    Order: ORDER_EXAMPLE,
    OrdersBody: {"orders": [ORDER_EXAMPLE], "next": "MTc5NTUxOTUwMDI1MCA2ZjVkMWMxZQ"},
    SnapshotBody: {"position": _POSITION, "server_time": _AT, "orders": [ORDER_EXAMPLE]},
    OutlinesBody: {
        "position": "1f0a3c9e.0-17.1-8.7-42",
        "server_time": _AT,
        "orders": [{name: ORDER_EXAMPLE[name] for name in OutlineBody.model_fields if name in ORDER_EXAMPLE}],
    },
    ChangesBody: {"position": "1f0a3c9e.7-45", "server_time": _AT, "orders": [ORDER_EXAMPLE]},
    BoardBody: {
        "server_time": _AT,
        "statuses": [
            {
                "status": "placed",
                "orders": 2,
                "oldest_since": "2026-11-24T19:01:10.000Z",
                "oldest_age_seconds": 230,
                "median_age_seconds": 75,
            },
            {"status": "accepted", "orders": 0},
        ],
    },
    CountsBody: {"counts": {"placed": 2, "completed": 117}},
    VenuesBody: {"venues": [{"venue_id": "osteria-nord", "counts": {"placed": 2, "completed": 117}}]},
    HistoryBody: {
        "events": [
            {
                "version": 1,
                "appended_at": "2026-11-24T19:01:10.003Z",
                "event": {
                    "id": "b1b7a1f0-1f6e-5c39-9a7e-0a3c9e1f0a3c",
                    "type": "order.placed.v1",
                    "order_id": "6f5d1c1e-6a5b-5d0c-9a37-0f5f3f0b7a11",
                    "venue_id": "osteria-nord",
                    "organization_id": "nord-group",
                    "version": 1,
                    "time": "2026-11-24T19:01:10.000Z",
                    "actor": "pos-1",
                    "change": {"status": "placed"},
                },
            }
        ],
    },
}
