"""The shapes of reports, for the OpenAPI document. Money and quantities are decimal texts: no sum outgrows a text."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Amount = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="minor units, such as cents, as text")]
Number = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="a decimal, as text")]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Step(_Row):
    hour: AwareDatetime | None = Field(default=None, description="with bucket=hour: its beginning, UTC")
    day: date | None = Field(default=None, description="with bucket=day")
    venue_id: str | None = Field(default=None, description="with by_venue")


class SalesRow(_Step):
    """Orders that count, and their money; `cancelled` ones are in no other column."""

    currency: str
    orders: int
    cancelled: int
    gross: Amount
    discount: Amount
    tax: Amount
    service: Amount
    tip: Amount
    refunded: Amount


class ItemRow(_Step):
    """One item; `sku` is empty where it has none."""

    sku: str
    name: str
    currency: str
    lines: int
    quantity: Number
    revenue: Amount
    refunded_quantity: Number


class TimesRow(_Step):
    """Stays in a status, or in the kitchen for lines; percentiles are the upper ends of buckets, 6 % off at most."""

    stage: str
    station: str
    stays: int
    mean_seconds: Number
    p50_seconds: int
    p90_seconds: int
    p99_seconds: int


class LateRow(_Step):
    """Orders made with a promised time and after it; with bucket=none, each late order."""

    promised: int | None = None
    late: int | None = None
    order_id: str | None = None
    display_number: str | None = None
    channel: str | None = None
    status: str | None = None
    placed_at: AwareDatetime | None = None
    promised_at: AwareDatetime | None = None
    ready_at: AwareDatetime | None = None
    late_seconds: int | None = None


class RefundsRow(_Step):
    """Money given back; with bucket=none, each time that it was."""

    currency: str
    amount: Amount
    refunds: int | None = None
    refunded_at: AwareDatetime | None = None
    order_id: str | None = None
    reason: str | None = None


class _Body(_Row):
    as_of: AwareDatetime = Field(description="all that was projected until then is in it")


class SalesBody(_Body):
    """Sales."""

    rows: list[SalesRow]


class ItemsBody(_Body):
    """Items."""

    rows: list[ItemRow]


class TimesBody(_Body):
    """Times."""

    rows: list[TimesRow]


class LateBody(_Body):
    """Late orders."""

    rows: list[LateRow]


class RefundsBody(_Body):
    """Refunds."""

    rows: list[RefundsRow]


_AS_OF = "2026-11-24T22:00:00.000Z"
_DAY = "2026-11-24"
BODIES: dict[str, type[BaseModel]] = {
    "sales": SalesBody,
    "items": ItemsBody,
    "times": TimesBody,
    "late-orders": LateBody,
    "refunds": RefundsBody,
}
EXAMPLES: dict[str, dict[str, object]] = {
    "sales": {
        "as_of": _AS_OF,
        "rows": [
            {
                "day": _DAY,
                "currency": "EUR",
                "orders": 117,
                "cancelled": 3,
                "gross": "412350",
                "discount": "0",
                "tax": "37486",
                "service": "0",
                "tip": "5200",
                "refunded": "1900",
            }
        ],
    },
    "items": {
        "as_of": _AS_OF,
        "rows": [
            {
                "sku": "pizza-01",
                "name": "Margherita",
                "currency": "EUR",
                "lines": 61,
                "quantity": "74",
                "revenue": "70300",
                "refunded_quantity": "2",
            }
        ],
    },
    "times": {
        "as_of": _AS_OF,
        "rows": [
            {
                "stage": "kitchen",
                "station": "oven",
                "stays": 61,
                "mean_seconds": "412.5",
                "p50_seconds": 384,
                "p90_seconds": 704,
                "p99_seconds": 928,
            }
        ],
    },
    "late-orders": {"as_of": _AS_OF, "rows": [{"day": _DAY, "promised": 80, "late": 6}]},
    "refunds": {"as_of": _AS_OF, "rows": [{"day": _DAY, "currency": "EUR", "amount": "1900", "refunds": 2}]},
}
