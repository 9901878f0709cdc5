"""The event that comes most, an order placed, read in one go as `new_order.read` reads its body. Pure.

Invariant: what is taken here, `envelope` and PlaceOrder take, and ask the same with it; they look at all the rest.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from order_api.cloudevents.envelope import LONGEST, TIME_PATTERN
from order_api.naming import ask_to_place
from order_api.new_order import NewOrder, fits
from order_api.proposing import Request
from order_contracts.claims import Claims
from order_contracts.ids import array_of_texts, is_name

_Text = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
_is_time = re.compile(TIME_PATTERN[1:-1]).fullmatch


class Placing(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An event that places an order, with the attributes that such events have."""

    specversion: Literal["1.0"]
    id: _Text
    source: _Text
    type: Literal["order.place.v1"]
    venueid: str
    data: NewOrder
    time: str | UnsetType = UNSET
    datacontenttype: Literal["application/json"] | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET
    tracestate: str | UnsetType = UNSET

    def request(self, claims: Claims) -> Request:
        """Say what it asks for."""
        name = (self.source, self.id)
        return ask_to_place(claims, self.venueid, array_of_texts(*name), self.data, named_by=name)


_decode = msgspec.json.Decoder(Placing).decode


def read(content: bytes) -> Placing | None:
    """Read an event in JSON; None for one of another kind, or in a rarer form, or wrong."""
    if b'"order.place.v1"' not in content:
        return None
    try:
        event = _decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    right = (
        event.id.isprintable()
        and event.source.isprintable()
        and is_name(event.venueid)
        and (event.time is UNSET or _is_time(event.time) is not None)
        and fits(event.data, content)
    )
    return event if right else None
