"""The verbs of the REST face: what is asked at which address, and the command that it stands for. A table, no rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel

from order_api import commands as c
from order_api import verb_bodies as b
from order_contracts.events import timestamp

_NOTHING = b.NoteBody()
_Make = Callable[[Any, str], c.Command]


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb. `target` is what its address names besides the order; `pinned` verbs need an If-Match.

    Pinned are those that overwrite what others may have changed meanwhile; the others name a step, and the rules
    refuse a step that does not fit.
    """

    path: str
    name: str
    text: str
    body: type[BaseModel]
    command: _Make
    default: BaseModel | None = None
    pinned: bool = False
    target: Literal["line_id", "station"] | None = None


def verbs() -> Iterator[Verb]:
    """Give every verb."""
    yield from _whole_order()
    yield from _stations()
    yield from _items()
    yield from _details()
    yield from _payments()


def _order(verb: str, text: str, command: _Make, body: type[BaseModel] = b.NoteBody, **more: Any) -> Verb:
    if body is b.NoteBody:
        more["default"] = _NOTHING
    return Verb(f"/{verb}", f"{verb}_order", text, body, command, **more)


def _whole_order() -> Iterator[Verb]:
    yield _order(
        "release", "Let a scheduled order go to the venue: it is placed now.", lambda x, _: c.Release(x.reason)
    )
    yield _order(
        "accept",
        "Take a placed order, with a promised time if there is one.",
        lambda x, _: c.Accept(_moment(x.promised_at)),
        b.AcceptBody,
        default=b.AcceptBody(),
    )
    yield _order("reject", "Turn a placed order down, with the reason.", lambda x, _: c.Reject(x.reason), b.ReasonBody)
    yield _order(
        "fail",
        "Say that an order did not reach the kitchen, with the reason; staff see it.",
        lambda x, _: c.Fail(x.reason),
        b.ReasonBody,
    )
    yield _order("start", "Start to prepare all new lines.", lambda x, _: c.Start(None, x.reason))
    yield _order("ready", "Bump: all lines but held ones are ready.", lambda x, _: c.MakeReady(None, x.reason))
    yield _order("complete", "Hand the order over.", lambda x, _: c.Complete(x.reason))
    yield _order("cancel", "Call an open order off, with the reason.", lambda x, _: c.Cancel(x.reason), b.ReasonBody)
    yield _order(
        "recall",
        "Take a ready or completed order, or some of its lines, back to preparing.",
        lambda x, _: c.Recall(None if x.line_ids is None else tuple(x.line_ids), x.reason),
        b.RecallBody,
        default=b.RecallBody(),
    )


def _stations() -> Iterator[Verb]:
    def verb(name: str, text: str, command: _Make) -> Verb:
        path = f"/stations/{{station}}/{name}"
        return Verb(path, f"{name}_station", text, b.NoteBody, command, _NOTHING, target="station")

    yield verb("ready", "Bump one station's lines, held ones excepted.", lambda x, s: c.MakeReady(None, x.reason, s))
    yield verb(
        "recall", "Take one station's lines back to preparing.", lambda x, s: c.Recall(reason=x.reason, station=s)
    )


def _items() -> Iterator[Verb]:
    def verb(name: str, text: str, command: _Make, body: type[BaseModel] = b.NoteBody, *, pinned: bool = False) -> Verb:
        default = _NOTHING if body is b.NoteBody else None
        path = f"/items/{{line_id}}/{name}"
        return Verb(path, f"{name}_item", text, body, command, default, pinned, target="line_id")

    yield Verb("/items", "add_items", "Add lines.", b.AddItemsBody, lambda x, _: c.AddItems(tuple(x.items)))
    yield verb("start", "Start to prepare one line.", lambda x, line: c.Start(line, x.reason))
    yield verb(
        "ready", "Bump one line; when it was the last, the order is ready.", lambda x, line: c.MakeReady(line, x.reason)
    )
    yield verb("recall", "Take one line back to preparing.", lambda x, line: c.Recall(reason=x.reason, line_id=line))
    yield verb("serve", "Bring one ready line to the guests.", lambda x, line: c.ServeItem(line, x.reason))
    yield verb("hold", "Keep a new line back from the kitchen.", lambda x, line: c.HoldItem(line, x.reason))
    yield verb("fire", "Let a held line go to the kitchen.", lambda x, line: c.FireItem(line, x.reason))
    yield verb(
        "void",
        "Strike a line, with the reason; when it was the last live one, the order is cancelled.",
        lambda x, line: c.VoidItem(line, x.reason),
        b.ReasonBody,
    )
    yield verb(
        "change",
        "Change the quantity, notes or modifiers of a line that is not made yet.",
        lambda x, line: c.ChangeItem(line, _changes(x, "notes")),
        b.ChangeItemBody,
        pinned=True,
    )


def _details() -> Iterator[Verb]:
    yield Verb(
        "/table",
        "move_table",
        "Seat the guests at another table.",
        b.TableBody,
        lambda x, _: c.MoveTable(x.table.label, x.table.area),
        pinned=True,
    )
    yield Verb(
        "/notes",
        "change_notes",
        "Change the order's notes or allergens.",
        b.NotesBody,
        lambda x, _: c.ChangeNotes(_changes(x, "notes")),
        pinned=True,
    )
    yield Verb(
        "/priority", "set_priority", "Say how soon it is due.", b.PriorityBody, lambda x, _: c.SetPriority(x.priority)
    )
    yield Verb(
        "/delay",
        "delay_order",
        "Promise another time.",
        b.DelayBody,
        lambda x, _: c.Delay(timestamp(x.promised_at), x.reason),
        pinned=True,
    )


def _payments() -> Iterator[Verb]:
    def verb(name: str, text: str, command: _Make, body: type[BaseModel], default: BaseModel | None = None) -> Verb:
        return Verb(f"/payments/{name}", f"{name}_payment", text, body, command, default)

    yield Verb(
        "/totals",
        "state_totals",
        "State the totals anew, all parts of them; what was paid is compared with the new total.",
        b.TotalsBody,
        lambda x, _: c.StateTotals(x.totals),
        pinned=True,
    )
    yield verb(
        "authorize",
        "An amount is held on a means of payment.",
        lambda x, _: c.Authorize(x.amount.amount, x.amount.currency, x.reason),
        b.AmountBody,
    )
    yield verb(
        "capture",
        "An amount was taken, of what is held first; less than the total makes the order partially paid.",
        lambda x, _: c.Capture(x.amount.amount, x.amount.currency, x.reason),
        b.AmountBody,
    )
    yield verb(
        "refund",
        "An amount was given back, for some lines where they are named. The kitchen is not told.",
        lambda x, _: c.Refund(x.amount.amount, x.amount.currency, tuple(x.line_ids), x.reason),
        b.RefundBody,
    )
    yield verb("void", "What is held is let go.", lambda x, _: c.VoidPayment(x.reason), b.NoteBody, _NOTHING)


def _moment(moment: AwareDatetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def _changes(body: BaseModel, *removable: str) -> dict[str, Any]:
    """Give what a body sets as a merge patch: null removes a removable field and leaves any other as it is."""
    said = {name: getattr(body, name) for name in body.model_fields_set}
    kept = {name for name, value in said.items() if value is not None}
    removed = {name: None for name in removable if name in said and said[name] is None}
    return {**body.model_dump(mode="json", include=kept, exclude_none=True), **removed}
