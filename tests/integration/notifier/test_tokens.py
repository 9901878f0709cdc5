"""Nobody watches without a token, nor beyond what it allows, nor longer than it lasts."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start, token
from infra.order_writer import OrderWriter
from order_contracts.claims import LEEWAY_SECONDS
from scanserve_client.room_listener import RoomListener
from scanserve_client.wire import ConnectionRefused


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "send a token"),
        ("no.such.token", "not valid"),
        ("\ud800.x.y", "not valid"),
        ("x" * 9_000, "over 8192 bytes"),
    ],
    ids=["none", "false", "surrogate", "giant"],
)
async def test_without_a_good_token_nobody_connects(replica: NotifierProcess, given: str, words: str) -> None:
    with pytest.raises(ConnectionRefused, match=words):
        await RoomListener(given, "venue:v1").connect(replica.url)


async def test_with_an_expired_token_nobody_connects(replica: NotifierProcess) -> None:
    with pytest.raises(ConnectionRefused, match="expired"):
        await RoomListener(token(seconds=-60), "venue:v1").connect(replica.url)


async def ask(replica: NotifierProcess, given: str, room: str) -> dict[str, Any]:
    listener = RoomListener(given, room)
    await listener.connect(replica.url)
    answer = await listener.subscribe()
    await listener.drop()
    return answer


@pytest.mark.parametrize(
    ("venues", "room", "words"),
    [
        (["v1"], "venue:v2", "not for venue v2"),
        (["v1"], "venue:v2:station:grill", "not for venue v2"),
        (["v1"], "organization:o1", "some venues"),
        ("*", "organization:o2", "not for organization o2"),
        ("*", "venue:nobody-heard-of", "not known"),
        ("*", "order:x", "with a link"),
        ("*", "kitchen", "not a room"),
    ],
)
async def test_a_room_that_the_token_does_not_open_is_refused_in_words(
    replica: NotifierProcess, venues: list[str] | str, room: str, words: str
) -> None:
    answer = await ask(replica, token(venues), room)  # signed now: at collection it could expire before its turn
    assert words in answer["error"]


async def test_a_token_without_the_scope_for_rooms_is_refused_in_words(replica: NotifierProcess) -> None:
    answer = await ask(replica, token(["v1"], scopes=("orders:read",)), "venue:v1")
    assert "rooms:join" in answer["error"]


async def test_a_star_opens_a_venue_once_the_log_says_whose_it_is(
    replica: NotifierProcess, writer: OrderWriter
) -> None:
    await writer.append("a", organization_id="o1")

    async def opened() -> bool:
        return "position" in await ask(replica, token("*"), f"venue:{writer.venue}")

    await eventually(opened)
    stranger = await ask(replica, token("*", organization="o2"), f"venue:{writer.venue}")
    assert "organization o2" in stranger["error"]


async def test_a_refused_room_sends_nothing(replica: NotifierProcess, writer: OrderWriter) -> None:
    refused = RoomListener(token(["elsewhere"]), f"venue:{writer.venue}")
    allowed = RoomListener(token([writer.venue]), f"venue:{writer.venue}")
    for listener in (refused, allowed):
        await listener.connect(replica.url)
        await listener.subscribe()
    await writer.append("a")
    await eventually(lambda: allowed.events)
    assert refused.batches == []
    for listener in (refused, allowed):
        await listener.drop()


async def test_a_screen_is_sent_away_when_its_token_runs_out(replica: NotifierProcess, venue: str) -> None:
    listener = RoomListener(token([venue], seconds=4 - LEEWAY_SECONDS), f"venue:{venue}")
    await listener.connect(replica.url)
    assert "position" in await listener.subscribe()
    await listener.wait_gone()
    with pytest.raises(ConnectionRefused, match="expired"):
        await listener.connect(replica.url)


@pytest.mark.parametrize("wish", [None, 1, [], {}, {"room": 7}, {"room": "venue:v1", "position": 3}])
async def test_nonsense_is_answered_in_words_and_the_connection_goes_on(
    replica: NotifierProcess, venue: str, wish: Any
) -> None:
    listener = RoomListener(token([venue]), f"venue:{venue}")
    await listener.connect(replica.url)
    for name in ("subscribe", "unsubscribe"):
        assert "error" in (await listener.call(name, wish))
    assert "error" in await listener.call("subscribe", {"room": f"venue:{venue}", "position": "yesterday"})
    assert "position" in await listener.subscribe()
    await listener.drop()


async def test_after_unsubscribe_nothing_comes(replica: NotifierProcess, writer: OrderWriter) -> None:
    room = f"venue:{writer.venue}"
    leaving, staying = (RoomListener(token([writer.venue]), room) for _ in range(2))
    for listener in (leaving, staying):
        await listener.connect(replica.url)
        await listener.subscribe()
    assert await leaving.call("unsubscribe", {"room": room}) == {}
    await writer.append("a")
    await eventually(lambda: staying.events)
    assert leaving.batches == []
    for listener in (leaving, staying):
        await listener.drop()


async def test_a_connection_has_a_bounded_number_of_rooms(replica: NotifierProcess, venue: str) -> None:
    listener = RoomListener(token([venue]), f"venue:{venue}")
    await listener.connect(replica.url)
    for number in range(64):
        assert "position" in await listener.call("subscribe", {"room": f"venue:{venue}:station:s{number}"})
    assert "no more than 64" in (await listener.subscribe())["error"]
    await listener.drop()


async def test_a_screen_whose_token_is_revoked_is_sent_away_and_no_other(
    start: Start, venue: str, tmp_path: Path
) -> None:
    revoked = tmp_path / "revoked"
    revoked.touch()
    own = await start(REVOKED_TOKENS_FILE=str(revoked), REVOKED_TOKENS_SECONDS="0.2")
    lost, kept = (RoomListener(token([venue], token_id=name), f"venue:{venue}") for name in ("lost", "kept"))
    for listener in (lost, kept):
        await listener.connect(own.url)
        assert "position" in await listener.subscribe()
    revoked.write_text("lost\n")
    await lost.wait_gone()
    with pytest.raises(ConnectionRefused, match="revoked"):
        await lost.connect(own.url)
    assert "position" in await kept.subscribe()
    await kept.drop()


async def test_a_newer_token_keeps_the_connection_and_leaves_what_it_does_not_open(
    replica: NotifierProcess, writer: OrderWriter
) -> None:
    room, other = f"venue:{writer.venue}", f"venue:{writer.venue}-other"
    listener = RoomListener(token([writer.venue, f"{writer.venue}-other"], seconds=5 - LEEWAY_SECONDS), room)
    await listener.connect(replica.url)
    answer = await listener.subscribe()
    assert 0 < answer["expires_in"] <= 5
    await listener.call("subscribe", {"room": other})
    renewed = await listener.call("refresh", {"token": token([writer.venue], seconds=300)})
    assert (renewed["left"], 290 < renewed["expires_in"] < 320) == ([other], True)
    await outlive(5)
    await writer.append("a")
    await eventually(lambda: listener.events)
    assert listener.disconnects == []
    await writer.append("b", venue_id=f"{writer.venue}-other")
    await writer.append("a")
    await eventually(lambda: len(listener.events) == 2)
    assert {event["venue_id"] for event in listener.events} == {writer.venue}
    await listener.drop()


async def outlive(seconds: float) -> None:
    """Wait until a token of so many seconds has surely run out."""
    ends = time.monotonic() + seconds + 0.6
    await eventually(lambda: time.monotonic() > ends, within=seconds + 5)


@pytest.mark.parametrize(
    ("newer", "words"),
    [
        (lambda: token(seconds=-60), "expired"),
        (lambda: "nonsense", "not valid"),
        (lambda: None, "send a token"),
        (lambda: token(organization="o2"), "somebody else"),
    ],
    ids=["expired", "nonsense", "none", "stranger"],
)
async def test_a_token_that_is_no_good_changes_nothing(
    replica: NotifierProcess, writer: OrderWriter, newer: Callable[[], Any], words: str
) -> None:
    listener = RoomListener(token([writer.venue]), f"venue:{writer.venue}")
    await listener.connect(replica.url)
    await listener.subscribe()
    assert words in (await listener.call("refresh", {"token": newer()}))["error"]
    await writer.append("a")
    await eventually(lambda: listener.events)
    await listener.drop()


async def test_a_screen_that_is_sent_away_is_told_why(replica: NotifierProcess, venue: str) -> None:
    listener = RoomListener(token([venue], seconds=4 - LEEWAY_SECONDS), f"venue:{venue}")
    await listener.connect(replica.url)
    await listener.subscribe()
    await listener.wait_gone()
    assert listener.signed_out == ["the token has expired: get a new one"]
