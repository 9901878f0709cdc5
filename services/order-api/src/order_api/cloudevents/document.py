"""How the OpenAPI document tells of events: a schema a type, its data being the body that REST has for the same."""

from collections.abc import Iterable
from typing import Any

from order_api.bodies import EXAMPLE_DAY
from order_api.cloudevents.asking import CHANGES, IMPORT, PLACE
from order_api.cloudevents.envelope import LONGEST, TIME_PATTERN
from order_api.cloudevents.modes import BATCHED, MOST_EVENTS, STRUCTURED
from order_api.historic import HistoricOrder
from order_api.verbs import Verb
from order_contracts.ids import NAME_PATTERN
from order_contracts.order import Payment

DESCRIPTION = """Take one CloudEvent 1.0, answered as the same request over REST, or a batch, with a result an event.

`source` and `id` are the idempotency key. The attributes say what REST has in path and headers: `venueid`, `subject`
(the order), `lineid`, `station`, `expectedversion` (If-Match). Binary mode is taken too: attributes as `ce-` headers,
the data as the body. Of a batch, events of one order are done in their order; 207 says that some were not done."""
_ORDER_ID = "a797f20a-8e5e-505f-9aba-e16ba44e21d6"
_NAME = {"type": "string", "pattern": NAME_PATTERN}
_ATTRIBUTES: dict[str, Any] = {
    "subject": {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$"},
    "lineid": _NAME,
    "station": _NAME,
    "expectedversion": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 999_999_999}, {"const": "*"}]},
}
_ATTRIBUTE_OF_TARGET = {"line_id": "lineid", "station": "station"}


def _text(description: str) -> dict[str, Any]:
    pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    return {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": pattern, "description": description}


def _event(kind: str, data: dict[str, Any], attributes: Iterable[str], *, data_needed: bool = True) -> dict[str, Any]:
    needed = ["specversion", "id", "source", "type", "venueid", *attributes, *(["data"] if data_needed else [])]
    return {
        "title": kind,
        "type": "object",
        "required": needed,
        "properties": {
            "specversion": {"const": "1.0"},
            "id": _text("with source: names the request; send it again as is"),
            "source": _text("who sends"),
            "type": {"const": kind},
            "venueid": _NAME,
            "time": {"type": "string", "pattern": TIME_PATTERN},
            **{name: _ATTRIBUTES[name] for name in attributes},
            "data": data,
        },
    }


def _change(kind: str, verb: Verb) -> dict[str, Any]:
    attributes = ["subject"]
    if verb.target is not None:
        attributes.append(_ATTRIBUTE_OF_TARGET[verb.target])
    if verb.pinned:
        attributes.append("expectedversion")
    body = {"$ref": f"#/components/schemas/{verb.body.__name__}"}
    return _event(kind, body, attributes, data_needed=verb.default is None)


def _historic() -> dict[str, Any]:
    """Give its schema; the parts are in the document already, by PlaceOrder."""
    schema = HistoricOrder.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["properties"]["payment"] = {"type": "string", "enum": [*Payment], "default": Payment.PAID}
    return {name: part for name, part in schema.items() if name not in {"$defs", "examples"}}


_ANY = {
    "anyOf": [
        _event(PLACE, {"$ref": "#/components/schemas/PlaceOrder"}, ()),
        _event(IMPORT, _historic(), ()),
        *(_change(kind, verb) for kind, verb in CHANGES.items()),
    ]
}
_EXAMPLE = {
    "specversion": "1.0",
    "id": "0042-1",
    "source": "/tills/3",
    "type": "order.accept.v1",
    "venueid": "osteria-nord",
    "subject": _ORDER_ID,
    "time": f"{EXAMPLE_DAY}T19:05:00Z",
    "data": {"promised_at": f"{EXAMPLE_DAY}T19:25:00Z"},
}

REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        STRUCTURED: {"schema": _ANY, "example": _EXAMPLE},
        BATCHED: {"schema": {"type": "array", "maxItems": MOST_EVENTS, "items": _ANY}, "example": [_EXAMPLE]},
    },
}
