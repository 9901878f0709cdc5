"""The fulfilment axis: the whole order, one station's ticket or one line, on its way through the kitchen."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, assert_never

from order_api.commands import (
    Accept,
    Cancel,
    Complete,
    Fail,
    MakeReady,
    Recall,
    Reject,
    Release,
    Start,
    ToFulfil,
)
from order_api.decide.lines import FIRED, LIVE, MADE, UNMADE, following, line_refusal, lines_in, with_states
from order_api.decide.verdict import Decision, Document, Refusal, not_from, verb_of
from order_contracts.events import timestamp
from order_contracts.order import OPEN_STATUSES, ItemState, Status, stations_of

_IN_KITCHEN = frozenset({Status.ACCEPTED, Status.PREPARING})
_RECALLABLE = frozenset({Status.READY, Status.COMPLETED})


def decide_fulfilment(order: Document, command: ToFulfil, now: datetime) -> Decision | Refusal:
    """Decide a command that moves the order's status or its lines' states."""
    match command:
        case Release(reason):
            change = {"placed_at": timestamp(now)}
            from_ = {Status.SCHEDULED}
            return _move(order, command, Status.PLACED, from_, now, change, reason, name="released")
        case Accept(promised_at):
            change = {} if promised_at is None else {"promised_at": promised_at}
            return _move(order, command, Status.ACCEPTED, {Status.PLACED}, now, change)
        case Reject(reason):
            return _move(order, command, Status.REJECTED, {Status.PLACED}, now, reason=reason)
        case Fail(reason):
            return _move(order, command, Status.FAILED, {Status.PLACED, Status.ACCEPTED}, now, reason=reason)
        case Cancel(reason):
            return _move(order, command, Status.CANCELLED, {Status.SCHEDULED, *OPEN_STATUSES}, now, reason=reason)
        case Complete(reason):
            served = with_states(order, lines_in(order, LIVE), ItemState.SERVED)
            from_ = {Status.READY, Status.ACCEPTED}  # accepted: a venue without a kitchen screen hands over at once
            return _move(order, command, Status.COMPLETED, from_, now, served, reason)
        case Start():
            return _prepare(order, command, now)
        case MakeReady():
            return _prepare(order, command, now)
        case Recall():
            return _recall(order, command, now)
        case _:  # pragma: no cover  # mypy proves it
            assert_never(command)


def _move(
    order: Document,
    command: ToFulfil,
    to: Status,
    from_: Iterable[Status],
    now: datetime,
    change: Mapping[str, Any] | None = None,
    reason: str | None = None,
    *,
    name: str | None = None,
) -> Decision | Refusal:
    if order["status"] not in from_:
        return not_from(order, command, from_)
    full = {**(change or {}), "status": to, "status_since": timestamp(now)}
    return Decision(name or to.value, full, stations_of(order), reason)


def _prepare(order: Document, command: Start | MakeReady, now: datetime) -> Decision | Refusal:
    if order["status"] not in _IN_KITCHEN:
        return not_from(order, command, _IN_KITCHEN)
    to, verb = (ItemState.PREPARING, "started") if isinstance(command, Start) else (ItemState.READY, "ready")
    station = command.station if isinstance(command, MakeReady) else None
    # A held line moves when it is meant alone; the whole order and a station's ticket leave it held.
    states = UNMADE if command.line_id is not None else FIRED
    states = states - {ItemState.PREPARING} if isinstance(command, Start) else states
    lines = _meant(order, command, command.line_id, station, states)
    if isinstance(lines, Refusal):
        return lines
    change = following(order, with_states(order, lines, to), now)
    return _of_lines(order, verb, change, lines, command.line_id, station, command.reason)


def _recall(order: Document, command: Recall, now: datetime) -> Decision | Refusal:
    line_id, station = command.line_id, command.station
    ticket = line_id is not None or station is not None
    from_ = _RECALLABLE | {Status.PREPARING} if ticket else _RECALLABLE  # a part may be made while others are not
    if order["status"] not in from_:
        return not_from(order, command, from_)
    lines: list[str] | Refusal
    if command.line_ids is None:
        lines = _meant(order, command, line_id, station, MADE)
    else:
        refusals = (line_refusal(order, line, MADE, verb_of(command)) for line in command.line_ids)
        lines = next((refusal for refusal in refusals if refusal is not None), list(command.line_ids))
    if isinstance(lines, Refusal):
        return lines
    change = with_states(order, lines, ItemState.PREPARING)
    if order["status"] != Status.PREPARING:
        change |= {"status": Status.PREPARING, "status_since": timestamp(now)}
    return _of_lines(order, "recalled", change, lines, line_id, station, command.reason)


def _meant(
    order: Document, command: ToFulfil, line_id: str | None, station: str | None, states: Collection[ItemState]
) -> list[str] | Refusal:
    """Name the lines that a command moves: one, a station's, or all; refuse where there is none."""
    if line_id is not None:
        return line_refusal(order, line_id, states, verb_of(command)) or [line_id]
    movable = lines_in(order, states)
    if station is not None:
        if station not in stations_of(order):
            return Refusal("station_not_found", f"the order has no line for station {station}", field="station")
        movable = [line for line in movable if order["items"][line].get("station") == station]
    if not movable:
        where = "" if station is None else f" at station {station}"
        detail = (
            f"the order is {order['status']} and has no line to {verb_of(command)}{where}; a held one goes by itself"
        )
        return Refusal("transition_not_allowed", detail, field="status")
    return movable


def _of_lines(
    order: Document,
    verb: str,
    change: dict[str, Any],
    lines: list[str],
    line_id: str | None,
    station: str | None,
    reason: str | None,
) -> Decision:
    if line_id is not None:
        return Decision(f"item_{verb}", change, stations_of(order, lines), reason)
    if station is not None:
        return Decision(f"station_{verb}", change, (station,), reason)
    return Decision(verb, change, stations_of(order), reason)
