"""The payment axis: totals, and what was held, taken and given back against them. It never moves fulfilment.

Money is taken and given back whatever became of the order: what was taken for a cancelled one must be refundable.
Invariants: 0 <= refunded <= captured; nothing is taken or held beyond the stated total.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, assert_never

from order_api.commands import Authorize, Capture, Refund, StateTotals, ToPayment, VoidPayment
from order_api.decide.money import currency_refusal
from order_api.decide.verdict import Decision, Document, Refusal
from order_contracts.order import Payment

_TOTAL_PARTS = ("subtotal", "discount", "tax", "service", "tip")


@dataclass(frozen=True, slots=True)
class _Paid:
    """The sums of an order, in minor units."""

    authorized: int
    captured: int
    refunded: int

    @property
    def kept(self) -> int:
        return self.captured - self.refunded

    def status(self, total: int | None, before: Any) -> Payment:
        """Give the state that the sums stand for; `before` tells a voided order from one that was never paid."""
        if self.kept == 0:
            if self.authorized:
                return Payment.AUTHORIZED
            if self.refunded:
                return Payment.REFUNDED
            return Payment.VOIDED if before == Payment.VOIDED else Payment.UNPAID
        if total is not None and self.kept >= total:
            return Payment.PAID
        return Payment.PARTIALLY_REFUNDED if self.refunded else Payment.PARTIALLY_PAID


def decide_payment(order: Document, command: ToPayment) -> Decision | Refusal:
    """Decide a command on what is owed or paid."""
    paid = _paid(order)
    match command:
        case StateTotals():
            return _state_totals(order, command, paid)
        case Authorize(amount, currency, reason):
            refusal = _over(order, currency, paid.kept + paid.authorized + amount)
            after = replace(paid, authorized=paid.authorized + amount)
            return refusal or _decision(order, "payment_authorized", after, currency, reason)
        case Capture(amount, currency, reason):
            refusal = _over(order, currency, paid.kept + amount)
            after = replace(paid, authorized=max(0, paid.authorized - amount), captured=paid.captured + amount)
            return refusal or _decision(order, "payment_captured", after, currency, reason)
        case Refund(amount, currency, line_ids, reason):
            refusal = _over_refund(order, command, paid.kept)
            after = replace(paid, refunded=paid.refunded + amount)
            return refusal or _decision(order, "payment_refunded", after, currency, reason, line_ids)
        case VoidPayment(reason):
            if not paid.authorized:
                detail = "nothing is authorized; what was captured is given back by a refund"
                return Refusal("transition_not_allowed", detail, field="payment")
            after = replace(paid, authorized=0)
            return _decision(order, "payment_voided", after, order["payments"]["currency"], reason)
        case _:  # pragma: no cover  # mypy proves it
            assert_never(command)


def _paid(order: Document) -> _Paid:
    payments = order.get("payments") or {}
    return _Paid(*(payments.get(name, 0) for name in ("authorized", "captured", "refunded")))


def _total(order: Document) -> int | None:
    totals = order.get("totals")
    return None if totals is None else int(totals["total"]["amount"])


def _state_totals(order: Document, command: StateTotals, paid: _Paid) -> Decision | Refusal:
    totals = command.totals
    refusal = currency_refusal(order, (money.currency for money in totals.parts()), "totals")
    if refusal is not None:
        return refusal
    # a merge patch keeps what it does not name, so a part that is stated no more is removed by null
    change: dict[str, Any] = {"totals": {**dict.fromkeys(_TOTAL_PARTS), **totals.document()}}
    if "payments" in order:
        change["payment"] = paid.status(totals.total.amount, order.get("payment"))
    return Decision("totals_stated", change, ())


def _over(order: Document, currency: str, whole: int) -> Refusal | None:
    refusal = currency_refusal(order, [currency], "amount")
    if refusal is not None:
        return refusal
    total = _total(order)
    if total is None:
        detail = "the order has no stated total to pay against: state its totals first"
        return Refusal("totals_missing", detail, field="totals")
    if whole <= total:
        return None
    detail = f"that makes {whole} of a total of {total}: take less, or state new totals first, such as with the tip"
    return Refusal("overpaid", detail, field="amount")


def _over_refund(order: Document, command: Refund, kept: int) -> Refusal | None:
    missing = next((line_id for line_id in command.line_ids if line_id not in order["items"]), None)
    if missing is not None:
        return Refusal("item_not_found", f"the order has no line {missing}", field="line_ids")
    refusal = currency_refusal(order, [command.currency], "amount")
    if refusal is not None or command.amount <= kept:
        return refusal
    return Refusal("over_refunded", f"{kept} can be given back, not {command.amount}", field="amount")


def _decision(
    order: Document, name: str, paid: _Paid, currency: str, reason: str | None, refunded_lines: Iterable[str] = ()
) -> Decision:
    voided = name == "payment_voided"
    payment = paid.status(_total(order), Payment.VOIDED if voided else order.get("payment"))
    change: dict[str, Any] = {"payment": payment, "payments": {"currency": currency, **asdict(paid)}}
    marks = {line_id: {"refunded": True} for line_id in refunded_lines}
    return Decision(name, {**change, "items": marks} if marks else change, (), reason)
