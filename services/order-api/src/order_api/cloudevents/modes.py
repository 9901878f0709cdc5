"""The three ways in which HTTP carries CloudEvents: binary, structured and batched. Pure: headers and body in."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec

from order_api.cloudevents import placing
from order_api.cloudevents.envelope import malformed, parse_json
from order_api.cloudevents.placing import Placing
from order_api.problems import Problem

MOST_EVENTS = 500
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
_PREFIX = "ce-"
_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class One:
    """A single event: an order placed, or any in its JSON form."""

    event: Placing | Any


@dataclass(frozen=True, slots=True)
class Batch:
    """Several events: orders placed, others in their JSON form, or whatever stood in an event's place."""

    events: list[Placing | Any]


def read_message(headers: Mapping[str, str], body: bytes) -> One | Batch:
    """Tell the mode by the content type and take the message apart. Raises Problem."""
    content_type = headers.get("content-type", "")
    match content_type.partition(";")[0].strip().lower():
        case "application/cloudevents+json":
            return One(placing.read(body) or _json(body))
        case "application/cloudevents-batch+json":
            return _batch(_events(body))
        case media_type if not media_type.startswith("application/cloudevents") and "ce-specversion" in headers:
            return One(_binary(headers, content_type, body))
    detail = f"send a CloudEvent: with ce- headers, or as {STRUCTURED}, or several as {BATCHED}"
    raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_a_cloudevent", detail, field="Content-Type")


def _batch(events: Any) -> Batch:
    if not isinstance(events, list):
        raise malformed(None, "a batch is a JSON array of events")
    if len(events) > MOST_EVENTS:
        detail = f"a batch has {MOST_EVENTS} events at most, this one {len(events)}: send it in parts"
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "batch_too_large", detail)
    return Batch(events)


def _events(body: bytes) -> Any:
    try:
        contents = map(bytes, _parts(body))
        return [placing.read(content) or msgspec.json.decode(content) for content in contents]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _json(body)  # which finds the words, or reads what is just rare


def _binary(headers: Mapping[str, str], content_type: str, body: bytes) -> dict[str, Any]:
    named = ((name.removeprefix(_PREFIX), value) for name, value in headers.items() if name.startswith(_PREFIX))
    event: dict[str, Any] = {name: _decoded(name, value) for name, value in named if name.isalnum() and name != "data"}
    if content_type:
        event["datacontenttype"] = content_type
    if body:
        event["data"] = _json(body)
    return event


def _decoded(attribute: str, value: str) -> str:
    """Undo the percent-encoding that the HTTP binding prescribes for what a header can't carry."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise malformed(attribute, "its percent-encoding is not UTF-8") from error


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass  # a lone surrogate is the matter of the one event that holds it: the slower reader lets it through
    try:
        return parse_json(body)
    except ValueError as error:  # a UnicodeDecodeError too
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed_json", f"the body is no JSON: {error}") from error
