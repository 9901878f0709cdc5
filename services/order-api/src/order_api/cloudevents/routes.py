"""`POST /v1/events` as the OpenAPI document has it; `taking` does it."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from order_api import openapi
from order_api.cloudevents.document import DESCRIPTION, REQUEST_BODY
from order_api.cloudevents.taking import EventTaking
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


def router(events: EventTaking) -> APIRouter:
    """Give the events route."""
    routes = APIRouter(tags=["events"])

    @routes.post(
        "/v1/events",
        responses=_RESPONSES,
        openapi_extra={"requestBody": REQUEST_BODY},
        operation_id="take_events",
        description=DESCRIPTION,
    )
    async def take_events(request: Request) -> Response:
        taken = await events.take(request.scope["state"], request.headers, await request.body())
        return Response(taken.content, taken.status, taken.headers, "application/json")

    return routes
