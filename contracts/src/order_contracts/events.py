"""The event: what happened to an order, as it stands in the log and as screens receive it."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import msgspec

TYPES = (
    "order.placed.v1",
    "order.imported.v1",
    "order.synced.v1",
    "order.accepted.v1",
    "order.rejected.v1",
    "order.started.v1",
    "order.item_started.v1",
    "order.item_ready.v1",
    "order.ready.v1",
    "order.completed.v1",
    "order.cancelled.v1",
    "order.recalled.v1",
    "order.scheduled.v1",
    "order.released.v1",
    "order.failed.v1",
    "order.station_ready.v1",
    "order.station_recalled.v1",
    "order.items_added.v1",
    "order.item_changed.v1",
    "order.item_held.v1",
    "order.item_fired.v1",
    "order.item_recalled.v1",
    "order.item_served.v1",
    "order.item_voided.v1",
    "order.table_moved.v1",
    "order.note_changed.v1",
    "order.priority_set.v1",
    "order.delayed.v1",
    "order.totals_stated.v1",
    "order.guest_erased.v1",
    "order.payment_authorized.v1",
    "order.payment_captured.v1",
    "order.payment_refunded.v1",
    "order.payment_voided.v1",
)


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One accepted or losing record's value: `change` is a JSON Merge Patch (RFC 7396) to the order document.

    `parent` is the id of the event that this one was decided on, absent for an order's first. `version` is the
    parent's + 1, 1 for the first. Times are RFC 3339, UTC, to the millisecond.
    """

    id: str
    type: str
    order_id: str
    venue_id: str
    organization_id: str
    version: Annotated[int, msgspec.Meta(ge=1)]
    parent: str | None = None
    time: str
    actor: str
    reason: str | None = None
    change: dict[str, Any]


class _ChangeAlone(msgspec.Struct, gc=False):
    """What is read of an event whose change is passed on as it is."""

    change: msgspec.Raw


class _ChangeRead(msgspec.Struct, gc=False):
    """What is read of an event that is known to be one, to fold it."""

    change: dict[str, Any]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)
_change_decoder = msgspec.json.Decoder(_ChangeAlone)
_change_reader = msgspec.json.Decoder(_ChangeRead)


def encode_event(event: Event) -> bytes:
    """Give the compact JSON that the log holds and that screens receive unchanged."""
    return _encoder.encode(event)


def decode_event(value: bytes) -> Event:
    """Read a record's value. Raises ValueError, and nothing else, on bytes that are not an event."""
    try:
        return _decoder.decode(value)
    except RecursionError as error:
        raise ValueError("the event is nested too deeply") from error
    except msgspec.MsgspecError as error:  # a DecodeError is no ValueError in every release
        raise ValueError(str(error)) from error


def change_text(value: bytes) -> bytes:
    """Give the change of an accepted event, word for word as it stands in its value."""
    return bytes(_change_decoder.decode(value).change)


def change_of(value: bytes) -> dict[str, Any]:
    """Give the change of an accepted event, read."""
    return _change_reader.decode(value).change


@lru_cache(maxsize=256)  # what is decided at one moment says it several times, and a batch's events a hundred times
def timestamp(moment: datetime) -> str:
    """Give a moment as events carry it: `2026-11-24T19:05:00.250Z`. The moment must know its time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is ambiguous: give it one, UTC for instance")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
