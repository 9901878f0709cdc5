"""What other languages read of these contracts: JSON Schemas, asyncapi.yaml and golden examples, all generated."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import yaml
from pydantic import BaseModel

from order_contracts import channels, messages
from order_contracts.events import TYPES, Event
from order_contracts.examples import golden_records
from order_contracts.order import Order
from order_contracts.progress import OrderProgress, ProgressEvent

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODELS: dict[str, type[BaseModel]] = {
    "order": Order,
    "order-progress": OrderProgress,
    "batch-meta": messages.BatchMeta,
    "stream-batch": messages.StreamBatch,
    "subscribe": messages.Subscribe,
    "subscribe-ack": messages.SubscribeAck,
    "joined": messages.Joined,
    "refresh": messages.Refresh,
    "refresh-ack": messages.RefreshAck,
    "resync": messages.Resync,
    "feed-status": messages.FeedStatus,
    "draining": messages.Draining,
    "notice": messages.Notice,
    "signed-out": messages.SignedOut,
}


def files() -> Iterator[tuple[str, str]]:
    """Give every generated file: its path below contracts/, and its text."""
    for name, schema in _schemas().items():
        yield f"schemas/{name}.schema.json", _json(schema)
    yield "asyncapi.yaml", yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=110)
    for name, record in golden_records():
        yield f"examples/v1/{name}", _json(record)


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _schemas() -> dict[str, dict[str, Any]]:
    schemas = {name: {"$schema": _DIALECT, **model.model_json_schema()} for name, model in _MODELS.items()}
    for name, struct in (("event", Event), ("progress-event", ProgressEvent)):
        (schema,), components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
        schemas[name] = {"$schema": _DIALECT, **schema, "$defs": components}
    return schemas


def asyncapi() -> dict[str, Any]:
    """Give the AsyncAPI 3.0 document of the topic, of the Socket.IO rooms and of the event streams."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ScanServe Orders",
            "version": "1",
            "description": "Order events in the log, and the rooms that screens follow.",
            "license": {"name": "Apache-2.0"},
        },
        "channels": _channels(),
        "operations": {
            "appendEvent": _operation("send", "log", ["event"]),
            "readEvents": _operation("receive", "log", ["event"]),
            "subscribe": {
                **_operation("receive", "rooms", [channels.SUBSCRIBE]),
                "reply": _reply("rooms", f"{channels.SUBSCRIBE}Ack"),
            },
            "refresh": {
                **_operation("receive", "rooms", [channels.REFRESH]),
                "reply": _reply("rooms", f"{channels.REFRESH}Ack"),
            },
            "follow": _operation("send", "rooms", [channels.BATCH, *_TO_SCREENS]),
            "stream": _operation("send", "streams", ["streamBatch", channels.JOINED, *_TO_SCREENS]),
        },
        "components": {"messages": {name: _message(*told) for name, told in _MESSAGES.items()}},
    }


_TO_SCREENS = (channels.RESYNC, channels.FEED_STATUS, channels.DRAINING, channels.NOTICE, channels.SIGNED_OUT)
_MESSAGES: dict[str, tuple[str, str]] = {
    "event": ("event", f"One of {', '.join(TYPES)}. Readers keep types that they do not know."),
    channels.BATCH: (
        "batch-meta",
        "Arguments: an array of events in log order (of progress-event in a diner's room), then this object.",
    ),
    "streamBatch": ("stream-batch", f"Event name: {channels.BATCH}. Event id: `to`, sent back as Last-Event-ID."),
    channels.SUBSCRIBE: ("subscribe", "Acknowledged with subscribe-ack, after missed events were sent."),
    f"{channels.SUBSCRIBE}Ack": ("subscribe-ack", messages.SubscribeAck.__doc__ or ""),
    channels.REFRESH: ("refresh", "Acknowledged with refresh-ack."),
    f"{channels.REFRESH}Ack": ("refresh-ack", messages.RefreshAck.__doc__ or ""),
    channels.JOINED: ("joined", messages.Joined.__doc__ or ""),
    channels.RESYNC: ("resync", messages.Resync.__doc__ or ""),
    channels.FEED_STATUS: ("feed-status", messages.FeedStatus.__doc__ or ""),
    channels.DRAINING: ("draining", messages.Draining.__doc__ or ""),
    channels.NOTICE: ("notice", messages.Notice.__doc__ or ""),
    channels.SIGNED_OUT: ("signed-out", messages.SignedOut.__doc__ or ""),
}
_ROOMS = "Rooms: venue:{id}, venue:{id}:station:{station}, organization:{id}, and order:{id} with a link to that order."


def _channels() -> dict[str, Any]:
    socket_io = [name for name in _MESSAGES if name not in ("event", "streamBatch", channels.JOINED)]
    return {
        "log": {
            "address": channels.TOPIC,
            "description": "Key: venue_id. CloudEvents 1.0, Kafka binary mode: ce_* headers. A guest's text "
            '(guest.name, notes, allergens, items\' notes) may stand as {"sealed": "era.…"} here, and nowhere else: '
            "docs/guests.md.",
            "messages": _named(["event"]),
            "bindings": {"kafka": {"partitions": channels.PARTITIONS, "topicConfiguration": _topic()}},
        },
        "rooms": {"address": "/socket.io", "description": f"Socket.IO 4. {_ROOMS}", "messages": _named(socket_io)},
        "streams": {
            "address": "/v1/venues/{venue_id}/events",
            "description": "Server-sent events: a venue's, or a station's with ?station=. An organization's are at "
            "/v1/organizations/{id}/events, a diner's one order at /v1/orders/{id}/events. Protocol: docs/realtime.md.",
            "parameters": {"venue_id": {"description": "the venue"}},
            "messages": _named(["streamBatch", channels.JOINED, *_TO_SCREENS]),
        },
    }


def _named(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _reply(channel: str, name: str) -> dict[str, Any]:
    return {
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
    }


def _topic() -> dict[str, Any]:
    return {"cleanup.policy": ["delete"], "retention.ms": -1}


def _message(schema: str, description: str) -> dict[str, Any]:
    return {
        "contentType": "application/json",
        "description": description,
        "payload": {"$ref": f"./schemas/{schema}.schema.json"},
    }


def _operation(action: str, channel: str, names: Any) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }
