"""What callers ask of an order, as data; grouped by the axis that they move."""

from dataclasses import dataclass
from typing import Any

from order_api.bodies import NewItem, NewTotals, PlaceOrder
from order_api.historic import HistoricOrder


@dataclass(frozen=True, slots=True)
class Place:
    """Place a new order, now or for later."""

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
class Release:
    """Let a scheduled order go to the venue."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """Take a placed order."""

    promised_at: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Turn a placed order down."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Say that an order never reached the kitchen: the POS behind it did not take it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Call an open order off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Hand the order over."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Start to prepare: all new lines, or one."""

    line_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MakeReady:
    """Bump: all lines that were fired, one line, or one station's lines."""

    line_id: str | None = None
    reason: str | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """Take a ready or completed order back to preparing: all its lines, some, one, or one station's."""

    line_ids: tuple[str, ...] | None = None
    reason: str | None = None
    line_id: str | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class AddItems:
    """Add lines."""

    items: tuple[NewItem, ...]


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """Give a line that is not made yet another quantity, other notes or modifiers; `changes` is a merge patch."""

    line_id: str
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HoldItem:
    """Keep a new line back from the kitchen."""

    line_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FireItem:
    """Let a held line go to the kitchen."""

    line_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ServeItem:
    """Bring a ready line to the guests."""

    line_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class VoidItem:
    """Strike a line."""

    line_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class MoveTable:
    """Seat the guests elsewhere. `table` replaces the one before whole."""

    label: str
    area: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeNotes:
    """Change the order's notes or allergens; `changes` is a merge patch."""

    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Say how soon the kitchen should turn to it."""

    priority: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Promise another time."""

    promised_at: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StateTotals:
    """State the totals anew."""

    totals: NewTotals


@dataclass(frozen=True, slots=True)
class Authorize:
    """Hold an amount on a means of payment."""

    amount: int
    currency: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """Take an amount, of what is held first."""

    amount: int
    currency: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Give an amount back, for some lines where they are named."""

    amount: int
    currency: str
    line_ids: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class VoidPayment:
    """Let go of what is held and was not taken."""

    reason: str | None = None


ToFulfil = Release | Accept | Reject | Fail | Cancel | Complete | Start | MakeReady | Recall
ToItems = AddItems | ChangeItem | HoldItem | FireItem | ServeItem | VoidItem
ToPayment = StateTotals | Authorize | Capture | Refund | VoidPayment
ToDetails = MoveTable | ChangeNotes | SetPriority | Delay
Change = ToFulfil | ToItems | ToPayment | ToDetails
Command = Place | ImportOrder | Sync | Change
