"""What is asked of an order, and the event that comes of it on the order as it stands. Pure.

Invariant: an event is built on the head that it was decided on, and names it as its parent.
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from order_api.booked import BookedEvent
from order_api.commands import Command
from order_api.decide import Code, Decision, Refusal, decide
from order_api.problems import Problem
from order_api.written import Proposal
from order_contracts.events import Event, timestamp

_STATUS_OF_REFUSAL: dict[Code, HTTPStatus] = {
    "order_not_found": HTTPStatus.NOT_FOUND,
    "item_not_found": HTTPStatus.NOT_FOUND,
    "station_not_found": HTTPStatus.NOT_FOUND,
    "transition_not_allowed": HTTPStatus.CONFLICT,
    "order_exists": HTTPStatus.CONFLICT,
    "line_exists": HTTPStatus.CONFLICT,
    "too_many_lines": HTTPStatus.CONFLICT,
    "totals_missing": HTTPStatus.CONFLICT,
    "overpaid": HTTPStatus.CONFLICT,
    "over_refunded": HTTPStatus.CONFLICT,
    "guest_erased": HTTPStatus.CONFLICT,
    "currency_mismatch": HTTPStatus.CONFLICT,
    "business_date_out_of_range": HTTPStatus.UNPROCESSABLE_ENTITY,
    "scheduled_for_out_of_range": HTTPStatus.UNPROCESSABLE_ENTITY,
}


class Request(Struct, frozen=True, gc=False):  # what refers to no one back needs no collector
    """Who asks for what. `event_id` and `fingerprint` name the request; `if_match` pins a version of the order.

    `external_version` is the order's version in the POS that this follows: an older one than noted is refused.
    """

    venue_id: str
    organization_id: str
    order_id: str
    event_id: str
    fingerprint: str
    actor: str
    command: Command
    if_match: int | None = None
    external_version: int | None = None
    notes_external_version: bool = False


def propose(
    request: Request, head: BookedEvent | None, order: Mapping[str, Any] | None, now: datetime
) -> Proposal | Problem:
    """Say what a request makes of an order, given by its last event and its document; None where there is none."""
    if head is not None and request.if_match not in {None, head.version}:
        detail = f"the order is at version {head.version}, not {request.if_match}: read it again and decide anew"
        return Problem(HTTPStatus.PRECONDITION_FAILED, "version_mismatch", detail, field="If-Match")
    if _superseded(order, request.external_version):
        detail = f"version {request.external_version} of this order is older than what was applied"
        return Problem(HTTPStatus.CONFLICT, "superseded", detail)
    decision = decide(order, request.command, now)
    if isinstance(decision, Refusal):
        return Problem(_STATUS_OF_REFUSAL[decision.code], decision.code, decision.detail, field=decision.field)
    return Proposal(_event(request, head, order, decision, timestamp(now)), decision.stations, request.fingerprint)


def _event(
    request: Request, head: BookedEvent | None, order: Mapping[str, Any] | None, decision: Decision, time: str
) -> Event:
    version = 1 if head is None else head.version + 1
    return Event(
        id=request.event_id,
        type=f"order.{decision.name}.v1",
        order_id=request.order_id,
        venue_id=request.venue_id,
        organization_id=request.organization_id if order is None else order["organization_id"],
        version=version,
        parent=None if head is None else head.id,
        time=time,
        actor=request.actor,
        reason=decision.reason,
        change={**_with_external_version(decision.change, request), "version": version, "updated_at": time},
    )


def _superseded(order: Mapping[str, Any] | None, external_version: int | None) -> bool:
    """Whether the order has seen a later version of its POS than this one."""
    seen = ((order or {}).get("external_ref") or {}).get("version")
    return external_version is not None and seen is not None and bool(seen > external_version)


def _with_external_version(change: dict[str, Any], request: Request) -> dict[str, Any]:
    if not request.notes_external_version:
        return change
    return {**change, "external_ref": {**change.get("external_ref", {}), "version": request.external_version}}
