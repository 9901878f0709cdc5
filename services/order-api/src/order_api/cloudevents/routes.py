"""`POST /v1/events` as the OpenAPI document has it; `taking` does it."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from order_api import openapi
from order_api.cloudevents.document import DESCRIPTION, REQUEST_BODY
from order_api.cloudevents.results import EventResult
from order_api.cloudevents.taking import EventTaking
from order_api.problems import Problem
from order_contracts.order import Order
from order_contracts.problem import described


class BatchResult(BaseModel):
    """The results of a batch, in the order of its events."""

    results: list[EventResult] = Field(description="one an event, in their order")


_NO_CLOUDEVENT = Problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "not_a_cloudevent",
    "send a CloudEvent: with ce- headers, or as application/cloudevents+json",
    field="Content-Type",
)
_RESPONSES: openapi.Responses = {
    200: {"model": Order | BatchResult, "description": "done; of a batch: every event was"},
    201: {"model": Order, "description": "the order was placed"},
    207: {"model": BatchResult, "description": "some events of the batch were not done: see each result"},
    **openapi.problems(400, 401, 403, 404, 409, 412, 413, 422, 428, 503),
    415: described("The request is a CloudEvent in none of the three modes.", _NO_CLOUDEVENT),
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
