"""A diner's room: one order, by its link, reduced; over both transports, live and after an absence."""

from datetime import UTC, datetime

import pytest

from infra.eventually import eventually
from infra.notifier_process import SECRET, NotifierProcess, Start
from infra.order_writer import OrderWriter
from order_contracts.order_links import sign_order_link
from scanserve_client.room_listener import RoomListener
from scanserve_client.wire import Transport

SHOWN = {"id", "order_id", "version", "time", "change"}


def link(writer: OrderWriter, order: str, seconds: int = 300) -> str:
    document = {"order_id": f"{writer.venue}-{order}", "venue_id": writer.venue, "organization_id": "o1"}
    return sign_order_link(
        document, secret=SECRET, token_id=f"link-{order}", now=datetime.now(UTC), lifetime_seconds=seconds
    )


def diner(writer: OrderWriter, order: str, transport: Transport = "socketio") -> RoomListener:
    return RoomListener(link(writer, order), f"order:{writer.venue}-{order}", transport=transport)


@pytest.mark.parametrize("transport", ["socketio", "sse"])
async def test_a_diner_sees_each_version_of_the_one_order_and_nothing_of_the_venue_s(
    replica: NotifierProcess, writer: OrderWriter, transport: Transport
) -> None:
    guest = diner(writer, "a", transport)
    await guest.connect(replica.url)
    assert "position" in await guest.subscribe()
    for order in ("a", "b", "a"):
        await writer.append(order, notes="secret")
    await eventually(lambda: len(guest.events) == 2)
    await guest.drop()
    for order in ("b", "a", "a"):
        await writer.append(order, notes="secret")
    await guest.connect(replica.url)
    await guest.subscribe()
    await eventually(lambda: len(guest.events) == 4)
    await guest.drop()
    assert [event["version"] for event in guest.events] == [1, 2, 3, 4]
    assert (guest.gaps, guest.duplicates) == ([], 0)
    for event in guest.events:
        assert event.keys() == SHOWN
        assert "notes" not in event["change"]
    assert guest.orders[f"{writer.venue}-a"]["status"] == "ready"


async def test_a_link_opens_nothing_else(replica: NotifierProcess, writer: OrderWriter) -> None:
    guest = diner(writer, "a")
    await guest.connect(replica.url)
    for room in (f"venue:{writer.venue}", f"order:{writer.venue}-b", "organization:o1"):
        assert "link" in (await guest.call("subscribe", {"room": room}))["error"]
    answer = await guest.call("refresh", {"token": link(writer, "b")})
    assert "somebody else" in answer["error"]
    await guest.drop()


async def test_without_a_secret_of_links_they_are_refused_in_words(start: Start, writer: OrderWriter) -> None:
    own = await start(ORDER_LINK_SECRET="a different secret, which no link here has been signed with")
    guest = diner(writer, "a", "sse")
    await guest.connect(own.url)
    with pytest.raises(Exception, match="not valid"):
        await guest.subscribe()
