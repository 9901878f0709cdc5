"""`python -m order_api.transitions [--check]`: write docs/transitions.md, or say that it has drifted.

The table is asked of `decide` itself, on sample orders, so it can say nothing that the rules don't.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from order_api import commands as c
from order_api.bodies import NewItem, NewTotals, PlaceOrder
from order_api.decide import Decision, decide
from order_contracts.fold import merge_patch

_PAGE = Path(__file__).parents[4] / "docs" / "transitions.md"
_NOW = datetime(2026, 11, 20, 18, 25, tzinfo=UTC)
_PRICE = {"amount": 1000, "currency": "EUR"}
_LINE = {"name": "Margherita", "quantity": "1", "unit_price": _PRICE, "station": "oven"}
_BODY: dict[str, Any] = {
    "business_date": "2026-11-20",
    "items": [{**_LINE, "line_id": "a"}, {**_LINE, "line_id": "b", "station": "bar"}],
    "totals": {"total": {"amount": 2000, "currency": "EUR"}},
}
_TEXT = """# Transitions

Written by `make contracts` from the rules themselves (`order_api.decide`); `make check` says when it has drifted.
`-` is a refusal, `·` changes no state. The three axes are apart: paid is not cooked.

## The order's status
By what is asked of it, for an order of two lines: `a` at the station `oven`, `b` at `bar`.

{status}

## A line's state
By what is asked of line `a`, while line `b` is being prepared. The order's status follows: preparing once a line was
started, ready when every live line is made, cancelled when none is live.

{items}

## Payment
By what is asked of an order with a total of 2000, whatever its status: nothing here moves fulfilment.

{payment}
"""


def _placed(**changes: Any) -> c.Place:
    return c.Place("o", "v", "g", PlaceOrder.model_validate({**_BODY, **changes}).order())


def _fold(asked: Iterable[c.Command]) -> dict[str, Any]:
    order: dict[str, Any] | None = None
    for command in asked:
        decision = decide(order, command, _NOW)
        assert isinstance(decision, Decision), decision  # noqa: S101  # the samples below are allowed
        order = merge_patch(order, decision.change)
    assert order is not None  # noqa: S101
    return order


_PLACED = (_placed(),)
_ACCEPTED = (*_PLACED, c.Accept())
_PREPARING = (*_ACCEPTED, c.Start())
_READY = (*_PREPARING, c.MakeReady())
_BY_STATUS: dict[str, tuple[c.Command, ...]] = {
    "scheduled": (_placed(scheduled_for="2026-11-21T18:00:00Z"),),
    "placed": _PLACED,
    "accepted": _ACCEPTED,
    "preparing": _PREPARING,
    "ready": _READY,
    "completed": (*_READY, c.Complete()),
    "rejected": (*_PLACED, c.Reject("closed")),
    "cancelled": (*_PLACED, c.Cancel("guest left")),
    "failed": (*_PLACED, c.Fail("the POS is away")),
}
_ON_ORDER: dict[str, c.Command] = {
    "release": c.Release(),
    "accept": c.Accept(),
    "reject": c.Reject("r"),
    "fail": c.Fail("r"),
    "start": c.Start(),
    "ready": c.MakeReady(),
    "complete": c.Complete(),
    "recall": c.Recall(),
    "cancel": c.Cancel("r"),
    "stations/oven/ready": c.MakeReady(station="oven"),
    "stations/oven/recall": c.Recall(station="oven"),
    "items (add)": c.AddItems((NewItem.model_validate(_LINE),)),
    "items/a/start": c.Start("a"),
    "items/a/ready": c.MakeReady("a"),
    "items/a/recall": c.Recall(line_id="a"),
    "items/a/serve": c.ServeItem("a"),
    "items/a/hold": c.HoldItem("a"),
    "items/a/change": c.ChangeItem("a", {"quantity": "2"}),
    "items/a/void": c.VoidItem("a", "r"),
    "table": c.MoveTable("7"),
    "notes": c.ChangeNotes({"notes": "n"}),
    "priority": c.SetPriority(5),
    "delay": c.Delay("2026-11-20T19:00:00.000Z"),
    "totals": c.StateTotals(NewTotals.model_validate(_BODY["totals"])),
}
_STARTED_B = (*_ACCEPTED, c.Start("b"))
_BY_STATE: dict[str, tuple[c.Command, ...]] = {
    "new": _STARTED_B,
    "held": (*_STARTED_B, c.HoldItem("a")),
    "preparing": (*_STARTED_B, c.Start("a")),
    "ready": (*_STARTED_B, c.MakeReady("a")),
    "served": (*_STARTED_B, c.MakeReady("a"), c.ServeItem("a")),
    "voided": (*_STARTED_B, c.VoidItem("a", "r")),
}
_ON_LINE: dict[str, c.Command] = {
    **{name: _ON_ORDER[name] for name in _ON_ORDER if name.startswith("items/a/")},
    "items/a/fire": c.FireItem("a"),
    "start": c.Start(),
    "ready": c.MakeReady(),
    "stations/oven/ready": c.MakeReady(station="oven"),
    "stations/oven/recall": c.Recall(station="oven"),
    "cancel": c.Cancel("r"),
}
_PAID = (*_PLACED, c.Capture(2000, "EUR"))
_BY_PAYMENT: dict[str, tuple[c.Command, ...]] = {
    "unpaid": _PLACED,
    "authorized": (*_PLACED, c.Authorize(2000, "EUR")),
    "partially_paid": (*_PLACED, c.Capture(500, "EUR")),
    "paid": _PAID,
    "partially_refunded": (*_PAID, c.Refund(1000, "EUR")),
    "refunded": (*_PAID, c.Refund(2000, "EUR")),
    "voided": (*_PLACED, c.Authorize(2000, "EUR"), c.VoidPayment()),
}
_ON_PAYMENT: dict[str, c.Command] = {
    "authorize 500": c.Authorize(500, "EUR"),
    "capture 500": c.Capture(500, "EUR"),
    "capture 2000": c.Capture(2000, "EUR"),
    "refund 500": c.Refund(500, "EUR"),
    "refund 2000": c.Refund(2000, "EUR"),
    "void": c.VoidPayment(),
    "totals (3000)": c.StateTotals(NewTotals.model_validate({"total": {"amount": 3000, "currency": "EUR"}})),
}


def _state_of(order: Mapping[str, Any], axis: str) -> str:
    return str(order["items"]["a"]["state"] if axis == "state" else order[axis])


def _cell(asked: tuple[c.Command, ...], command: c.Command, axis: str) -> str:
    order = _fold(asked)
    decision = decide(order, command, _NOW)
    if not isinstance(decision, Decision):
        return "-"
    before, after = _state_of(order, axis), _state_of(merge_patch(order, decision.change), axis)
    return "·" if before == after else after


def _table(givens: Mapping[str, tuple[c.Command, ...]], asked: Mapping[str, c.Command], axis: str) -> Iterator[str]:
    yield f"| | {' | '.join(givens)} |"
    yield f"|---|{'---|' * len(givens)}"
    for name, command in asked.items():
        yield f"| {name} | {' | '.join(_cell(given, command, axis) for given in givens.values())} |"


def page() -> str:
    """Give the text of docs/transitions.md."""
    return _TEXT.format(
        status="\n".join(_table(_BY_STATUS, _ON_ORDER, "status")),
        items="\n".join(_table(_BY_STATE, _ON_LINE, "state")),
        payment="\n".join(_table(_BY_PAYMENT, _ON_PAYMENT, "payment")),
    )


def main() -> int:
    """Write the page; with --check write nothing and give 1 if it differs."""
    if _PAGE.exists() and _PAGE.read_text() == page():
        return 0
    if sys.argv[1:] == ["--check"]:
        sys.stderr.write("docs/transitions.md differs: run make contracts\n")
        return 1
    _PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
