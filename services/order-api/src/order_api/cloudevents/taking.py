"""CloudEvents in, through the same desk as REST: answers as REST's, or a result an event of a batch."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from msgspec import Struct

from order_api.cloudevents.asking import BEGINNINGS, request_of, scope_of
from order_api.cloudevents.batch import Done, Step, carry_out_all
from order_api.cloudevents.envelope import read_envelope
from order_api.cloudevents.modes import Batch, One, read_message
from order_api.cloudevents.placing import Placing
from order_api.cloudevents.results import result_of
from order_api.identity import Identity
from order_api.naming import headers_of
from order_api.order_desk import OrderDesk
from order_api.problems import Problem


class Taken(Struct, frozen=True):
    """What is answered, in JSON."""

    status: HTTPStatus
    headers: dict[str, str]
    content: bytes


class EventTaking:
    """Takes messages of admitted requests, given by their state, their headers and their body."""

    def __init__(self, desk: OrderDesk, identity: Identity) -> None:
        self._desk, self._identity = desk, identity

    async def take(self, state: Mapping[str, object], headers: Mapping[str, str], body: bytes) -> Taken:
        """Do what a message asks. Raises Problem; in a batch, an event's own problem stands in its result."""
        message = read_message(headers, body)
        return await (self._one(state, message) if isinstance(message, One) else self._batch(state, message))

    async def _one(self, state: Mapping[str, object], message: One) -> Taken:
        only = self._step(state, message.event)
        answer = await self._desk.carry_out(only.request)
        return Taken(only.done, headers_of(answer), answer.order)

    async def _batch(self, state: Mapping[str, object], message: Batch) -> Taken:
        self._identity.charge(state, len(message.events) - 1)
        steps = [self._step_or_problem(state, event) for event in message.events]
        outcomes = await carry_out_all(steps, self._desk)
        results = [result_of(event, outcome) for event, outcome in zip(message.events, outcomes, strict=True)]
        whole = all(isinstance(outcome, Done) for outcome in outcomes)
        status = HTTPStatus.OK if whole else HTTPStatus.MULTI_STATUS
        return Taken(status, {}, msgspec.json.encode({"results": results}))

    def _step(self, state: Mapping[str, object], event: object) -> Step:
        if isinstance(event, Placing):
            claims = self._identity.allowed(state, "orders:write", event.venueid)
            return Step(event.request(claims), HTTPStatus.CREATED)
        envelope = read_envelope(event)
        claims = self._identity.allowed(state, scope_of(envelope), envelope.venue_id)
        begins = envelope.type in BEGINNINGS
        return Step(request_of(envelope, claims), HTTPStatus.CREATED if begins else HTTPStatus.OK)

    def _step_or_problem(self, state: Mapping[str, object], event: object) -> Step | Problem:
        try:
            return self._step(state, event)
        except Problem as problem:
            if problem.status == HTTPStatus.UNAUTHORIZED:
                raise  # the token is wrong for all of them
            return problem
