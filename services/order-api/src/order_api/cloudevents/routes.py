"""`POST /v1/events`: CloudEvents in, through the same desk as REST; answers as REST's, or a result an event."""

from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from order_api import openapi
from order_api.cloudevents.asking import BEGINNINGS, request_of, scope_of
from order_api.cloudevents.batch import Done, Step, carry_out_all
from order_api.cloudevents.document import DESCRIPTION, REQUEST_BODY
from order_api.cloudevents.envelope import read_envelope
from order_api.cloudevents.modes import One, read_message
from order_api.identity import Identity
from order_api.naming import headers_of
from order_api.order_desk import OrderDesk
from order_api.problems import Problem
from order_contracts.order import Order
from order_contracts.problem import ProblemBody


class EventResult(BaseModel):
    """What one event of a batch came to; `problem` says why not, where it was not done."""

    id: str | None = None
    source: str | None = None
    status: int
    order_id: str | None = None
    version: int | None = None
    position: str | None = None
    replayed: bool = False
    problem: ProblemBody | None = None


class BatchResult(BaseModel):
    """The results of a batch, in the order of its events."""

    results: list[EventResult] = Field(description="one an event, in their order")


_RESPONSES: openapi.Responses = {
    200: {"model": Order | BatchResult, "description": "done; of a batch: every event was"},
    201: {"model": Order, "description": "the order was placed"},
    207: {"model": BatchResult, "description": "some events of the batch were not done: see each result"},
    **openapi.problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 503),
}


def router(desk: OrderDesk, identity: Identity) -> APIRouter:
    """Give the events route over a desk."""
    routes = APIRouter(tags=["events"])

    def step(request: Request, event: object) -> Step:
        envelope = read_envelope(event)
        claims = identity.of(request, scope_of(envelope), envelope.venue_id)
        begins = envelope.type in BEGINNINGS
        return Step(request_of(envelope, claims), HTTPStatus.CREATED if begins else HTTPStatus.OK)

    def step_or_problem(request: Request, event: object) -> Step | Problem:
        try:
            return step(request, event)
        except Problem as problem:
            if problem.status == HTTPStatus.UNAUTHORIZED:
                raise  # the token is wrong for all of them
            return problem

    @routes.post(
        "/v1/events",
        responses=_RESPONSES,
        openapi_extra={"requestBody": REQUEST_BODY},
        operation_id="take_events",
        description=DESCRIPTION,
    )
    async def take_events(request: Request) -> Response:
        message = read_message(request.headers, await request.body())
        if isinstance(message, One):
            only = step(request, message.event)
            answer = await desk.carry_out(only.request)
            return Response(answer.order, only.done, headers_of(answer), "application/json")
        identity.charge(request, len(message.events) - 1)
        steps = [step_or_problem(request, event) for event in message.events]
        outcomes = await carry_out_all(steps, desk.carry_out)
        whole = all(isinstance(outcome, Done) for outcome in outcomes)
        results = [
            {**_name_of(event), **(outcome.result() if isinstance(outcome, Done) else _failure(outcome))}
            for event, outcome in zip(message.events, outcomes, strict=True)
        ]
        status = HTTPStatus.OK if whole else HTTPStatus.MULTI_STATUS
        return Response(msgspec.json.encode({"results": results}), status, media_type="application/json")

    return routes


def _failure(problem: Problem) -> dict[str, Any]:
    return {"status": problem.status.value, "problem": problem.body()}


def _name_of(event: object) -> dict[str, str]:
    """Give back what names the event, as far as it can be said in UTF-8."""
    parts = event if isinstance(event, dict) else {}
    names = {name: parts.get(name) for name in ("id", "source")}
    return {name: text for name, text in names.items() if isinstance(text, str) and text.isprintable()}
