"""Asking for money to be held, taken or given back, and what is owed."""

from dataclasses import dataclass

from order_api.bodies import NewTotals


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


ToPayment = StateTotals | Authorize | Capture | Refund | VoidPayment
