"""An accepted event as it is sent: a CloudEvent in JSON (structured mode), a guest's texts opened. Pure."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from order_contracts.events import timestamp
from order_contracts.guest_texts import GuestTexts, erased_event
from order_contracts.positions import position_text

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TEST_TYPE = "webhooks.test.v1"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An accepted event where it stands in its partition, as the rows hold it: texts sealed.

    `guest_erased` says that the order's guest was erased, by whichever event.
    """

    event_id: str
    type: str
    order_id: str
    venue_id: str
    offset: int
    appended_at: datetime
    value: bytes
    guest_erased: bool


class _Time(msgspec.Struct):
    time: str


_time_of = msgspec.json.Decoder(_Time)


def event_body(waiting: Waiting, *, epoch: str, partition: int, guests: GuestTexts) -> bytes:
    """Give what is sent. `position` is the one after the event: what `replay --position` takes, and If-Min-Position."""
    data = guests.opened(erased_event(waiting.value) if waiting.guest_erased else waiting.value)
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": waiting.event_id,
            "source": f"/v1/venues/{waiting.venue_id}",
            "type": waiting.type,
            "subject": waiting.order_id,
            "time": _time_of.decode(waiting.value).time,
            "datacontenttype": "application/json",
            "position": position_text(epoch, {partition: waiting.offset + 1}),
            "data": msgspec.Raw(data),
        }
    )


def test_body(message_id: str, organization_id: str, now: datetime) -> bytes:
    """Give what `webhooks test` sends: an event of no order."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": message_id,
            "source": f"/v1/organizations/{organization_id}",
            "type": TEST_TYPE,
            "time": timestamp(now),
            "datacontenttype": "application/json",
            "data": {"organization_id": organization_id},
        }
    )
