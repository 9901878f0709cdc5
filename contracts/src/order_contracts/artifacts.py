"""What other languages read of these contracts: JSON Schemas, asyncapi.yaml and golden examples, all generated."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml
from pydantic import BaseModel, Field

from order_contracts import channels
from order_contracts.events import TYPES, Event
from order_contracts.examples import golden_records
from order_contracts.order import Order

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class BatchMeta(BaseModel):
    """The second argument of batchOrderUpdates."""

    room: str
    prev: str = Field(description="position before the batch: a screen that holds less has missed something")
    to: str = Field(description="position after the batch")
    server_time: str = Field(description="RFC 3339; ages are counted from it, never from the screen's clock")


class Subscribe(BaseModel):
    """What a screen sends to enter a room."""

    room: str
    position: str | None = None


class SubscribeAck(BaseModel):
    """The answer to subscribe: a position, or resync, or an error in words."""

    position: str | None = Field(default=None, description="where the live feed goes on")
    replayed: int | None = Field(default=None, description="how many missed events were sent before this answer")
    resync: bool | None = Field(default=None, description="too far back: fetch the snapshot, subscribe at its position")
    error: str | None = None


class Resync(BaseModel):
    """The room's feed was cut for this screen: fetch the snapshot and subscribe at its position."""

    room: str


class FeedStatus(BaseModel):
    """Whether the notifier hears from the log."""

    stale: bool
    since: str


class Draining(BaseModel):
    """The replica is going down: connect again, elsewhere, after this many milliseconds."""

    retry_after_ms: int


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
    (event,), components = msgspec.json.schema_components([Event], ref_template="#/$defs/{name}")
    models: dict[str, type[BaseModel]] = {
        "order": Order,
        "batch-meta": BatchMeta,
        "subscribe": Subscribe,
        "subscribe-ack": SubscribeAck,
        "resync": Resync,
        "feed-status": FeedStatus,
        "draining": Draining,
    }
    schemas = {name: {"$schema": _DIALECT, **model.model_json_schema()} for name, model in models.items()}
    schemas["event"] = {"$schema": _DIALECT, **event, "$defs": components}
    return schemas


def asyncapi() -> dict[str, Any]:
    """Give the AsyncAPI 3.0 document of the topic and of the Socket.IO rooms."""
    messages = {
        "event": _message("event", f"One of {', '.join(TYPES)}. Readers keep types that they do not know."),
        channels.BATCH: _message("batch-meta", "Arguments: an array of events in log order, then this object."),
        channels.SUBSCRIBE: _message("subscribe", "Acknowledged with subscribe-ack, after missed events were sent."),
        channels.RESYNC: _message("resync", Resync.__doc__ or ""),
        channels.FEED_STATUS: _message("feed-status", FeedStatus.__doc__ or ""),
        channels.DRAINING: _message("draining", Draining.__doc__ or ""),
    }
    to_screens = (channels.BATCH, channels.RESYNC, channels.FEED_STATUS, channels.DRAINING)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ScanServe Orders",
            "version": "1",
            "description": "Order events in the log, and the rooms that screens follow.",
            "license": {"name": "Apache-2.0"},
        },
        "channels": {
            "log": {
                "address": channels.TOPIC,
                "description": "Key: venue_id. CloudEvents 1.0, Kafka binary mode: ce_* headers.",
                "messages": {"event": {"$ref": "#/components/messages/event"}},
                "bindings": {"kafka": {"partitions": channels.PARTITIONS, "topicConfiguration": _topic()}},
            },
            "rooms": {
                "address": "/socket.io",
                "description": "Socket.IO 4. Rooms: venue:{id}, venue:{id}:station:{station}, organization:{id}.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages if name != "event"},
            },
        },
        "operations": {
            "appendEvent": _operation("send", "log", ["event"]),
            "readEvents": _operation("receive", "log", ["event"]),
            "subscribe": _operation("receive", "rooms", [channels.SUBSCRIBE]),
            "follow": _operation("send", "rooms", to_screens),
        },
        "components": {"messages": messages},
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
