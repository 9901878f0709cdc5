"""Moves an order after its POS: plan, ask the desk for each step, plan anew where another writer came between.

Invariants: each step is pinned to the version that it was planned on. The POS's version is noted with the last step
only, so an order that has noted it has had all of its steps, and a delivery that was cut short is taken up again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from msgspec.json import decode
from msgspec.structs import replace
from pydantic import ValidationError

from order_api.bodies import PlaceOrder
from order_api.commands import Sync
from order_api.naming import ask, ask_to_place
from order_api.order_desk import OrderDesk
from order_api.pos.plan import PLACE, SYNC, Intent, plan, timed
from order_api.pos.stated import Aside, Stated
from order_api.problems import Problem, of_body
from order_api.proposing import Request
from order_api.verb_bodies import NoteBody
from order_api.verbs import verbs
from order_contracts.claims import Claims
from order_contracts.ids import order_id_for

_log = structlog.get_logger()
_ROUNDS = 8
_VERBS = {verb.name: verb for verb in verbs()}
_COME_BETWEEN = frozenset({"version_mismatch", "order_exists"})
_TOO_OLD = frozenset({"superseded", "business_date_out_of_range"})


@dataclass(slots=True)
class Followed:
    """What came of it."""

    order_id: str
    version: int | None = None
    applied: list[str] = field(default_factory=list)
    refused: list[tuple[Intent, Problem]] = field(default_factory=list)
    over: list[Intent] = field(default_factory=list)  # not to be tried again
    ignored: str | None = None

    def told(self) -> dict[str, Any]:
        """Give it as the POS reads it."""
        told: dict[str, Any] = {
            "ignored": self.ignored is not None,
            "order_id": self.order_id,
            "version": self.version,
            "applied": self.applied,
            "not_applied": [
                {"step": intent.verb, "line_id": intent.target or None, "code": problem.code, "detail": problem.detail}
                for intent, problem in self.refused
            ],
        }
        return told if self.ignored is None else {**told, "reason": self.ignored}


async def held_order(desk: OrderDesk, venue_id: str, order_id: str) -> dict[str, Any] | None:
    """Give the order as it stands here, None where there is none."""
    try:
        answer = await desk.look_up(venue_id, order_id)
    except Problem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        return None
    return decode(answer.order, type=dict[str, Any])


def seen(order: Mapping[str, Any] | None, version: int) -> Aside | None:
    """Say why a version of a POS is nothing new to an order, None where it is."""
    noted = ((order or {}).get("external_ref") or {}).get("version")
    if noted is None or noted < version:
        return None
    return Aside("this version was applied before" if noted == version else f"version {noted} was applied before")


async def follow(desk: OrderDesk, claims: Claims, venue_id: str, stated: Stated, now: datetime) -> Followed:
    """Make an order what its POS states, once however often it is stated. Raises Problem where it can't be known."""
    stated = timed(stated, now)
    order_id = order_id_for(venue_id, stated.source, stated.id, str(stated.placement["business_date"]))
    done = Followed(order_id)
    for _ in range(_ROUNDS):
        order = await held_order(desk, venue_id, order_id)
        done.version = None if order is None else order["version"]
        aside = seen(order, stated.version)
        if aside is not None:
            done.ignored = None if done.applied else aside.reason
            return done
        steps = [step for step in plan(order, stated) if step not in done.over]
        if not steps and order is None:
            done.ignored = "an order without lines"
            return done
        steps = steps or [Intent(SYNC, {})]
        if await _take(desk, claims, venue_id, stated, steps, done):
            return done
    raise Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "try_again",
        "others keep changing this order. Send the same again: each step is done once",
        headers={"Retry-After": "1"},
    )


async def _take(
    desk: OrderDesk, claims: Claims, venue_id: str, stated: Stated, steps: list[Intent], done: Followed
) -> bool:
    """Take the steps in order; give whether that was all, False where they are to be planned anew."""
    for step in steps:
        request = _request(claims, venue_id, done.order_id, stated, step)
        last = step is steps[-1]
        pinned = replace(request, if_match=done.version, notes_external_version=last)
        try:
            answer = await desk.carry_out(pinned)
        except Problem as problem:
            return _stop(problem, step, done)
        done.version = answer.version
        done.applied.append(step.verb)
        if answer.replayed:  # somebody may have moved on from there
            done.over.append(step)
            return False
    return True


def _stop(problem: Problem, step: Intent, done: Followed) -> bool:
    if problem.code in _TOO_OLD:
        done.ignored = None if done.applied else problem.detail
        return True
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR or (step.verb == PLACE and problem.code != "order_exists"):
        raise problem
    if problem.code not in _COME_BETWEEN:
        _log.warning("a step after the POS was refused", order=done.order_id, step=step.verb, code=problem.code)
        done.refused.append((step, problem))
        done.over.append(step)
    return False


def _request(claims: Claims, venue_id: str, order_id: str, stated: Stated, step: Intent) -> Request:
    said = [stated.source, stated.id, stated.version, step.verb, step.target, step.body]
    key = f"pos:{sha256(msgspec.json.encode(said, order='sorted')).hexdigest()}"
    try:
        if step.verb == PLACE:
            body = PlaceOrder.model_validate(step.body).order()
            request = ask_to_place(claims, venue_id, key, body, named_by=(stated.source, stated.id))
        elif step.verb == SYNC:
            request = ask(claims, venue_id, order_id, key, Sync(), NoteBody())
        else:
            verb = _VERBS[step.verb]
            verb_body = verb.body.model_validate(step.body)
            request = ask(claims, venue_id, order_id, key, verb.command(verb_body, step.target), verb_body)
    except ValidationError as error:
        raise of_body(error, whole=step.verb) from error
    return replace(request, external_version=stated.version)
