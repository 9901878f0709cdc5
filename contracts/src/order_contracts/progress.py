"""What a diner sees of an order: how far it is, and nothing that is the venue's own. Pure.

What must not break: what is not listed here does not get out, and the fold commutes with the reduction. The fold of
reduced changes is the reduction of the fold, so that a diner's page needs no other rule than a screen's.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_LINE = dict.fromkeys(("name", "quantity", "state"))
_EACH = "*"
_SHOWN: Mapping[str, Any] = {
    **dict.fromkeys(("order_id", "venue_id", "version", "status", "status_since", "display_number", "dining_option")),
    **dict.fromkeys(("placed_at", "promised_at", "scheduled_for", "updated_at")),
    "items": {_EACH: _LINE},
}


class ProgressItem(BaseModel):
    """One line of an order, as a diner sees it."""

    model_config = ConfigDict(frozen=True)

    name: str
    quantity: str
    state: str = Field(description="open enum: new, held, preparing, ready, served, voided")


class OrderProgress(BaseModel):
    """An order as a diner sees it."""

    model_config = ConfigDict(frozen=True)

    order_id: str
    venue_id: str
    version: int = Field(ge=1)
    status: str = Field(description="open enum, as an order's")
    status_since: AwareDatetime
    display_number: str | None = None
    dining_option: str | None = None
    placed_at: AwareDatetime
    promised_at: AwareDatetime | None = None
    scheduled_for: AwareDatetime | None = None
    updated_at: AwareDatetime
    items: dict[str, ProgressItem]


class ProgressEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a diner receives it: `change` is a merge patch to OrderProgress, empty if it is not for diners."""

    id: str
    order_id: str
    version: int
    time: str
    change: dict[str, Any]


_decoder = msgspec.json.Decoder(ProgressEvent)
_encoder = msgspec.json.Encoder()


def progress_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce an order document."""
    return _reduced(document, _SHOWN, otherwise_none=False)


def progress_change(change: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce a merge patch to the order document."""
    return _reduced(change, _SHOWN, otherwise_none=True)


def progress_value(value: bytes) -> bytes | None:
    """Reduce an event as the log holds it; None for bytes that are no event."""
    try:
        event = _decoder.decode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return _encoder.encode(msgspec.structs.replace(event, change=progress_change(event.change)))


def _reduced(value: Mapping[str, Any], shown: Mapping[str, Any], *, otherwise_none: bool) -> dict[str, Any]:
    """Keep what is shown. What should be an object and is none is left out of a document, and removed by a change."""
    reduced: dict[str, Any] = {}
    for name, part in value.items():
        if name not in shown and _EACH not in shown:
            continue
        inner = shown.get(name, shown.get(_EACH))
        if inner is None:
            reduced[name] = part
        elif isinstance(part, dict):
            reduced[name] = _reduced(part, inner, otherwise_none=otherwise_none)
        elif otherwise_none:
            reduced[name] = None
    return reduced
