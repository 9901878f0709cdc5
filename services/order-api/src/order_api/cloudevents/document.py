"""How the OpenAPI document tells of an event's body."""

from typing import Any

from order_api.cloudevents.asking import TYPES
from order_api.cloudevents.modes import BATCHED, MOST_EVENTS, STRUCTURED
from order_contracts.ids import NAME_PATTERN

_ORDER_ID = "a797f20a-8e5e-505f-9aba-e16ba44e21d6"
_EXAMPLE = {
    "specversion": "1.0",
    "id": "0042-1",
    "source": "/tills/3",
    "type": "order.accept.v1",
    "venueid": "osteria-nord",
    "subject": _ORDER_ID,
    "time": "2026-11-24T19:05:00Z",
    "data": {"promised_at": "2026-11-24T19:25:00Z"},
}


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 255, "description": description, **more}


_EVENT: dict[str, Any] = {
    "title": "CloudEvent",
    "type": "object",
    "required": ["specversion", "id", "source", "type", "venueid"],
    "properties": {
        "specversion": {"type": "string", "enum": ["1.0"]},
        "id": _text("with source: names the request; send it again as is"),
        "source": _text("who sends"),
        "type": {"type": "string", "enum": list(TYPES)},
        "venueid": {"type": "string", "pattern": NAME_PATTERN},
        "subject": {"type": "string", "format": "uuid", "description": "the order; none for place and import"},
        "lineid": {"type": "string", "pattern": NAME_PATTERN, "description": "the line, for types with _item"},
        "station": {"type": "string", "pattern": NAME_PATTERN, "description": "the station, for types with _station"},
        "expectedversion": {
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "const": "*"}],
            "description": "as If-Match: the version to build on, or * for any",
        },
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string", "enum": ["application/json"]},
        "data": {"type": "object", "description": "the body that the same request has over REST"},
    },
    "example": _EXAMPLE,
}

REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        STRUCTURED: {"schema": _EVENT},
        BATCHED: {"schema": {"type": "array", "maxItems": MOST_EVENTS, "items": _EVENT}},
        "application/json": {
            "schema": {"type": "object"},
            "example": _EXAMPLE["data"],
        },
    },
}
