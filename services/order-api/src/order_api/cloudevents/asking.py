"""From a CloudEvent to what is asked of the desk: the vocabulary of types, and their bodies. Pure."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from order_api.bodies import PlaceOrder
from order_api.cloudevents.envelope import Envelope, malformed
from order_api.historic import HistoricOrder
from order_api.naming import ask, ask_to_import, ask_to_place
from order_api.problems import Problem, of_body, precondition_required
from order_api.proposing import Request
from order_api.verbs import Verb, verbs
from order_contracts.claims import Claims

Body = TypeVar("Body", bound=BaseModel)
PLACE = "order.place.v1"
IMPORT = "order.import.v1"
BEGINNINGS = frozenset({PLACE, IMPORT})
CHANGES: Mapping[str, Verb] = {f"order.{verb.name.removesuffix('_order')}.v1": verb for verb in verbs()}
TYPES = (PLACE, IMPORT, *CHANGES)


def scope_of(event: Envelope) -> str:
    """Name the scope that an event's type needs. Raises Problem for a type that is not known."""
    if event.type not in TYPES:
        detail = f"type {event.type} is not known; use one of {', '.join(TYPES)}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "event_type_unknown", detail, field="type")
    return "orders:import" if event.type == IMPORT else "orders:write"


def request_of(event: Envelope, claims: Claims) -> Request:
    """Say what an event of a known type asks for. Raises Problem that names the attribute or the field."""
    if event.type in BEGINNINGS:
        return _beginning(event, claims)
    if event.subject is None:
        raise malformed("subject", "has to be the id of the order that this changes")
    verb = CHANGES[event.type]
    if verb.pinned and event.expected_version is None:
        raise precondition_required("expectedversion", "7")
    body = _body(event, verb.body, verb.default)
    pinned = event.expected_version if isinstance(event.expected_version, int) else None
    return ask(
        claims,
        event.venue_id,
        event.subject,
        event.key,
        verb.command(body, _target(event, verb)),
        body,
        if_match=pinned,
    )


def _target(event: Envelope, verb: Verb) -> str:
    target = {None: "", "line_id": event.line_id, "station": event.station}[verb.target]
    if target is None:
        attribute = "lineid" if verb.target == "line_id" else "station"
        raise malformed(attribute, f"has to be there: it names what {event.type} is about")
    return target


def _beginning(event: Envelope, claims: Claims) -> Request:
    if event.subject is not None:
        raise malformed("subject", "can't be there: the order gets its id when it begins")
    name = (event.source, event.id)
    if event.type == PLACE:
        order = _body(event, PlaceOrder).order()
        return ask_to_place(claims, event.venue_id, event.key, order, named_by=name)
    return ask_to_import(claims, event.venue_id, event.key, _body(event, HistoricOrder), named_by=name)


def _body(event: Envelope, model: type[Body], default: BaseModel | None = None) -> Body:
    if event.data is None and isinstance(default, model):
        return default
    try:
        return model.model_validate({} if event.data is None else event.data)
    except ValidationError as error:
        raise of_body(error) from error
