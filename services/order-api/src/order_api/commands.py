"""What callers ask of an order, as data."""

from dataclasses import dataclass

from order_api.bodies import PlaceOrder
from order_api.historic import HistoricOrder


@dataclass(frozen=True, slots=True)
class Place:
    """Place a new order."""

    order_id: str
    venue_id: str
    organization_id: str
    body: PlaceOrder


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """Take in an order of the past, in its final state."""

    order_id: str
    venue_id: str
    organization_id: str
    body: HistoricOrder


@dataclass(frozen=True, slots=True)
class Sync:
    """Note that a POS stated the order anew, and that nothing is to be changed."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Take a placed order."""

    promised_at: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Turn a placed order down."""

    reason: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start to prepare: all new lines, or one."""

    line_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MakeReady:
    """Bump: all live lines, or one."""

    line_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """Hand the order over."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Call an open order off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Recall:
    """Take a ready or completed order back to preparing."""

    line_ids: tuple[str, ...] | None = None
    reason: str | None = None


Command = Place | ImportOrder | Sync | Accept | Reject | Start | MakeReady | Complete | Cancel | Recall
