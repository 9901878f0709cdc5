"""Accepted events leave for other systems: signed, in order, each until it is taken, by one sender at a time."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import WebhookVerificationError

from infra.eventually import eventually
from infra.operating import operate
from infra.random_log import Entry, entry_of, order_event
from infra.running_projector import PARTITIONS, World, reaped
from infra.webhooks import (
    Delivery,
    Receiver,
    added,
    asked,
    fine,
    held_lanes,
    receiving,
    sender,
    sending,
    webhooks,
)
from order_contracts.channels import partition_of
from order_contracts.events import Event
from order_contracts.guest_key_file import write_keys
from order_contracts.guest_keys import GuestKeys, new_seed
from order_contracts.guest_texts import ERASED, GuestTexts
from projector.webhooks import schedule
from projector.webhooks.book import Book, LeaseLost

VENUES = ("bar", "kiosk", "osteria", "cantina", "bistro", "grill")


def placed(order: str, venue: str = "bar", **change: Any) -> Entry:
    event = order_event(order, venue, 1, None, f"{order}-1", {"order_id": order, "status": "placed", **change})
    return entry_of(event, PARTITIONS)


def evening(first: int, count: int) -> list[Entry]:
    """Give so many orders, each of the next venue."""
    return [placed(f"o{number}", VENUES[number % len(VENUES)]) for number in range(first, first + count)]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def projecting(world: World) -> AsyncIterator[World]:
    async with world.running():
        await world.caught_up(0)
        yield world


def in_order(deliveries: list[Delivery]) -> bool:
    """Whether what was sent of each partition came in the order of the log, each event once or more in a row."""
    at: dict[str, int] = {}
    for delivery in deliveries:
        partition, offset = delivery.event["position"].split(".")[1].split("-")
        if int(offset) < at.get(partition, 0):
            return False
        at[partition] = int(offset)
    return True


async def taken(receiver: Receiver, number: int) -> None:
    def all_of_them() -> bool:
        assert len(set(receiver.ids())) >= number, f"{len(set(receiver.ids()))} of {number} events taken"
        return True

    await eventually(all_of_them, what=f"delivery of {number} events")


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_FIRST_SECONDS", 0.05)


async def test_events_arrive_signed_in_order_and_soon(projecting: World, receiver: Receiver) -> None:
    world = projecting
    endpoint, secret = await added(world, receiver.url("/hook?a=b"))
    async with sending(world):
        await world.append(evening(0, 120))
        await taken(receiver, 120)
        began = time.monotonic()
        await world.append([placed("late")])
        await taken(receiver, 121)
        assert time.monotonic() - began < 5, "generous for a busy machine; a second is what it takes"
    assert Counter(receiver.ids()) == Counter([*(f"o{number}-1" for number in range(120)), "late-1"])
    assert in_order(receiver.deliveries)
    for delivery in receiver.deliveries:
        event = delivery.verified(secret)
        assert event["id"] == event["data"]["id"] == delivery.id
        assert (event["specversion"], event["type"]) == ("1.0", "order.placed.v1")
        assert event["source"] == f"/v1/venues/{event['data']['venue_id']}"
        assert delivery.headers["content-type"].startswith("application/cloudevents+json")
    with pytest.raises(WebhookVerificationError):
        receiver.deliveries[0].verified("whsec_" + "A" * 43 + "=")
    listed = (await webhooks(world, "list", "--json")).result
    assert [(one["endpoint"], one["enabled"], one["failures"]) for one in listed] == [(endpoint, True, 0)]


async def test_an_event_that_fails_three_times_holds_back_its_partition_and_nobody_else(
    projecting: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    world = projecting
    attempts: Counter[str] = Counter()

    async def answering(delivery: Delivery) -> tuple[int, dict[str, str]]:
        attempts[delivery.id] += 1
        failing = delivery.id == "o6-1" and attempts["o6-1"] <= 3  # of the bar
        return (500, {}) if failing else (200, {})

    receiver.answering = answering
    await added(world, receiver.url())
    async with receiving() as other:
        await added(world, other.url())
        async with sending(world):
            await world.append(evening(0, 60))
            await taken(receiver, 60)
            await taken(other, 60)
        assert other.ids() == list(dict.fromkeys(other.ids())), "nothing twice"
    assert attempts["o6-1"] == 4
    assert in_order(receiver.deliveries)
    assert len(receiver.deliveries) == 63


async def test_only_the_venues_and_types_that_were_asked_for_and_never_another_organization(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    await added(world, receiver.url("/venues"), "--venues", "bar,grill", "--types", "order.accepted.v1")
    foreign = await webhooks(world, "add", "--organization", "org-2", "--venues", "bar", receiver.url("/foreign"))
    assert foreign.code == 0, foreign.told
    second = order_event("o0", "bar", 2, "o0-1", "o0-2", {"status": "accepted"})
    third = order_event("o1", "kiosk", 2, "o1-1", "o1-2", {"status": "accepted"})
    async with sending(world):
        await world.append(evening(0, 12))
        await world.append([entry_of(third, PARTITIONS), entry_of(second, PARTITIONS)])
        await world.caught_up(14)
        await taken(receiver, 1)
    assert [(one.path, one.id) for one in receiver.deliveries] == [("/venues", "o0-2")]


async def test_gone_disables_at_once_and_enable_goes_on_where_it_stood(projecting: World, receiver: Receiver) -> None:
    world = projecting
    status = 410

    async def answering(_: Delivery) -> tuple[int, dict[str, str]]:
        return status, {}

    receiver.answering = answering
    endpoint, _ = await added(world, receiver.url(), "--venues", "bar")

    async def disabled() -> bool:
        shown = (await webhooks(world, "show", endpoint, "--json")).result
        assert not shown["enabled"], shown
        assert "gone for good (answered 410" in shown["reason"]
        return True

    async with sending(world):
        await world.append([placed("one"), placed("two")])
        await eventually(disabled)
        assert [one.id for one in receiver.deliveries] == ["one-1"]

        async def counted() -> bool:
            assert await world.metric("webhooks_disabled_endpoints", "sender") == 1
            return True

        await eventually(counted)
        status = 200
        assert (await webhooks(world, "enable", endpoint)).code == 0
        await taken(receiver, 2)
    assert receiver.ids() == ["one-1", "two-1"]


async def test_what_is_not_taken_for_three_days_is_given_up_and_nothing_is_lost(
    projecting: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    world = projecting

    async def answering(_: Delivery) -> tuple[int, dict[str, str]]:
        return 302, {"Location": receiver.url("/elsewhere")}

    receiver.answering = answering
    endpoint, _ = await added(world, receiver.url())

    async def failing() -> bool:
        rows = await asked(world, "SELECT 1 FROM lanes WHERE failures >= 2")
        assert rows
        return True

    async def disabled() -> bool:
        shown = (await webhooks(world, "show", endpoint, "--json")).result
        assert shown["reason"] == "nothing was taken for 3 days, 0:00:00: answered 302: said so"
        return True

    async with sending(world):
        await world.append([placed("one"), placed("two")])
        await eventually(failing)
    await asked(world, "UPDATE lanes SET failing_since = failing_since - interval '72 hours' WHERE failures > 0")
    async with sending(world):
        await eventually(disabled)
    assert {one.path for one in receiver.deliveries} == {"/hook"}, "no redirect was followed"
    receiver.answering = fine
    async with sending(world):
        await webhooks(world, "enable", endpoint)
        await taken(receiver, 2)
    assert receiver.ids() == ["one-1", "two-1"]


async def test_a_sender_killed_between_the_answer_and_its_place_sends_again_under_the_same_id(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    await added(world, receiver.url(), "--venues", "bar")
    processes = [sender(world, "first")]
    try:
        await world.append([placed("one")])
        await taken(receiver, 1)

        async def written() -> bool:
            assert (await asked(world, "SELECT sum(next) FROM lanes"))[0][0] == 1
            return True

        await eventually(written)
        async with held_lanes(world):  # whatever it would write waits
            await world.append([placed("two"), placed("three")])
            await taken(receiver, 2)
            processes[0].send_signal(signal.SIGKILL)
            processes[0].wait(10)
            await world.query(  # the write was on its way, and never came
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        processes.append(sender(world, "second"))
        await taken(receiver, 3)
    finally:
        reaped(processes)
    assert [one.id for one in receiver.deliveries] == ["one-1", "two-1", "two-1", "three-1"]
    first, second = (one for one in receiver.deliveries if one.id == "two-1")
    assert first.body == second.body


async def test_of_two_senders_one_sends_to_an_endpoint_and_the_other_takes_over_when_it_is_killed(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    at_once: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def answering(delivery: Delivery) -> tuple[int, dict[str, str]]:
        lane = delivery.path + delivery.event["position"].split("-")[0]
        at_once[lane] += 1
        most[lane] = max(most[lane], at_once[lane])
        await asyncio.sleep(0.002)  # so that two senders would meet here
        at_once[lane] -= 1
        return 200, {}

    receiver.answering = answering
    for number in range(6):
        await added(world, receiver.url(f"/{number}"))
    processes = [sender(world, name) for name in ("first", "second")]
    try:
        await world.append(evening(0, 60))
        await eventually(lambda: len(receiver.taken) >= 360, what="360 deliveries")
        assert len(receiver.taken) == 360, "each event once an endpoint"
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait(10)
        await world.append(evening(60, 60))
        await eventually(lambda: len({(one.path, one.id) for one in receiver.taken}) >= 720, what="720 deliveries")
        holders = await asked(world, "SELECT DISTINCT holder FROM endpoints")
        assert [row["holder"].split("-")[-2] for row in holders] == [str(processes[1].pid)]
    finally:
        reaped(processes)
    assert max(most.values()) == 1
    for number in range(6):
        assert in_order([one for one in receiver.deliveries if one.path == f"/{number}"])


async def test_a_sender_that_was_stopped_for_long_writes_no_place_any_more(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    answers = asyncio.Event()

    async def answering(delivery: Delivery) -> tuple[int, dict[str, str]]:
        if delivery.id == "one-1" and not answers.is_set():
            await answers.wait()
        return 200, {}

    receiver.answering = answering
    endpoint, _ = await added(world, receiver.url(), "--venues", "bar")
    processes = [sender(world, "first")]
    try:
        await world.append([placed("one")])
        await eventually(lambda: receiver.deliveries, what="the first attempt")
        processes[0].send_signal(signal.SIGSTOP)
        answers.set()
        processes.append(sender(world, "second"))
        await eventually(lambda: len(receiver.deliveries) >= 2, what="an attempt of the second sender")
        await world.append([placed("two")])
        await taken(receiver, 2)
        again = await webhooks(world, "replay", endpoint, "--position", await position(world, 0))
        assert again.code == 0, again.told
        processes[0].send_signal(signal.SIGCONT)
        await eventually(lambda: len(receiver.deliveries) >= 5, what="the replay")
        await world.append([placed("three")])
        await taken(receiver, 3)
    finally:
        reaped(processes)
    assert [one.id for one in receiver.deliveries] == ["one-1", "one-1", "two-1", "one-1", "two-1", "three-1"]


async def position(world: World, offset: int) -> str:
    epoch = (await world.query("SELECT epoch FROM positions LIMIT 1"))[0]["epoch"]
    return f"{epoch}.{partition_of('bar', PARTITIONS)}-{offset}"


async def test_senders_killed_again_and_again_lose_and_reorder_nothing(projecting: World, receiver: Receiver) -> None:
    world = projecting
    random = Random("kills")

    async def answering(_: Delivery) -> tuple[int, dict[str, str]]:
        await asyncio.sleep(random.uniform(0, 0.02))
        return random.choices((200, 503), (200, 1))[0], {}

    receiver.answering = answering
    await added(world, receiver.url())
    processes = [sender(world, "one"), sender(world, "two")]
    appending = asyncio.create_task(world.append(evening(0, 600), pause_every=3))
    try:
        for kill in range(4):
            await taken(receiver, 60 * (kill + 1) + random.randrange(40))
            [row] = await asked(world, "SELECT holder FROM endpoints")
            for number, process in enumerate(processes):
                if str(process.pid) in str(row["holder"]).split("-"):
                    process.kill()
                    process.wait(10)
                    processes[number] = sender(world, ("one", "two")[number])
        await appending
        await taken(receiver, 600)
    finally:
        reaped(processes)
    first: dict[str, Delivery] = {}
    for delivery in receiver.taken:
        first.setdefault(delivery.id, delivery)
    assert len(first) == 600
    assert in_order(list(first.values()))
    assert len(receiver.taken) <= 600 + 4 * PARTITIONS, "a kill repeats what was on its way, no more"


async def test_a_late_write_of_an_earlier_term_touches_no_row(projecting: World) -> None:
    world = projecting
    await added(world, "http://a.example")
    session = {"search_path": "webhooks"}
    async with asyncpg.create_pool(world.database_url, min_size=1, max_size=2, server_settings=session) as pool:
        early, late = Book(pool, holder="early", lease_seconds=0), Book(pool, holder="late", lease_seconds=60)
        [before] = await early.take(10, ())
        [after] = await late.take(10, ())
        assert await Book(pool, holder="third", lease_seconds=60).take(10, ()) == [], "it is held"
        assert await late.take(10, {after.endpoint.id}) == []
        before.lanes[0].delivered(41, datetime.now(UTC))
        with pytest.raises(LeaseLost):
            await early.save(before.endpoint, before.lanes[0])
        with pytest.raises(LeaseLost):
            await early.disable(before.endpoint, "late")
        assert await early.renew([before.endpoint]) == set()
        await early.release(before.endpoint)
        assert await late.renew([after.endpoint]) == {after.endpoint.id}
        after.lanes[0].delivered(6, datetime.now(UTC))
        await late.save(after.endpoint, after.lanes[0])
        assert (await webhooks(world, "replay", after.endpoint.id, "--position", await position(world, 0))).code == 0
        with pytest.raises(LeaseLost):
            await late.save(after.endpoint, after.lanes[0])
        [again] = await late.take(10, ())
        assert again.endpoint.term > after.endpoint.term
    rows = await asked(world, "SELECT next FROM lanes ORDER BY partition")
    assert [row["next"] for row in rows] == [7, 0, 0, 0]


async def test_a_rebuild_and_swap_while_events_are_sent_loses_and_reorders_none(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    await added(world, receiver.url())
    async with sending(world):
        await world.append(evening(0, 150))
        appending = asyncio.create_task(world.append(evening(150, 300), pause_every=10))
        rebuilt = await operate(world, "rebuild", "--processes", "1")
        assert rebuilt.code == 0, rebuilt.told
        await appending
        await world.append(evening(450, 30))
        await taken(receiver, 480)
    assert len(receiver.deliveries) == 480, "a swap is no reason to send twice"
    assert in_order(receiver.deliveries)


async def test_guests_texts_are_opened_and_an_erased_guest_stays_erased(
    projecting: World, receiver: Receiver, tmp_path: Path
) -> None:
    world = projecting
    keys, file = GuestKeys({"e": new_seed()}, "e"), tmp_path / "keys.json"
    write_keys(file, keys)
    texts = GuestTexts(lambda: keys)
    guest = {"guest": {"name": "Ada"}, "notes": "žá"}
    erased = {"guest": None, "notes": None}
    events = [
        order_event("kept", "bar", 1, None, "kept-1", texts.sealed("kept", {"status": "placed", **guest})),
        order_event("gone", "bar", 1, None, "gone-1", texts.sealed("gone", {"status": "placed", **guest})),
        order_event("plain", "bar", 1, None, "plain-1", {"status": "placed", **guest}),
    ]
    erasures = [
        Event(
            **{
                **vars_of(order_event(name, "bar", 2, f"{name}-1", f"{name}-2", erased)),
                "type": "order.guest_erased.v1",
            }
        )
        for name in ("gone", "plain")
    ]
    await world.append([entry_of(event, PARTITIONS) for event in [*events, *erasures]])
    await world.caught_up(5)
    endpoint, _ = await added(world, receiver.url())
    replayed = await webhooks(world, "replay", endpoint, "--since", "2026-01-01T00:00:00Z")
    assert replayed.code == 0, replayed.told
    async with sending(world, GUEST_KEYS_FILE=str(file)):
        await taken(receiver, 5)
    said = {one.id: one.event["data"]["change"] for one in receiver.deliveries}
    assert (said["kept-1"]["guest"], said["kept-1"]["notes"]) == ({"name": "Ada"}, "žá")
    for name in ("gone-1", "plain-1"):
        assert (said[name]["guest"], said[name]["notes"]) == ({"name": ERASED}, ERASED)
    assert b"Ada" not in b"".join(one.body for one in receiver.deliveries if one.id != "kept-1")


def vars_of(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


async def test_replay_sends_again_in_order_from_a_time_or_a_position(projecting: World, receiver: Receiver) -> None:
    world = projecting
    endpoint, _ = await added(world, receiver.url(), "--venues", "bar")
    async with sending(world):
        await world.append([placed("one"), placed("two")])
        await taken(receiver, 2)
        since = (await world.query("SELECT max(appended_at) + interval '1 ms' AS at FROM order_events"))[0]["at"]
        await eventually(lambda: datetime.now(UTC) > since)
        await world.append([placed("three")])
        await taken(receiver, 3)
        assert (await webhooks(world, "replay", endpoint, "--since", since.isoformat())).code == 0
        await eventually(lambda: len(receiver.taken) >= 4)
        assert (await webhooks(world, "replay", endpoint, "--position", receiver.taken[0].event["position"])).code == 0
        await eventually(lambda: len(receiver.taken) >= 6)
    assert receiver.ids() == ["one-1", "two-1", "three-1", "three-1", "two-1", "three-1"]
    for before, again in pairwise(sorted(receiver.deliveries, key=lambda one: one.id)):
        assert before.id != again.id or before.body == again.body
    ahead = await webhooks(world, "replay", endpoint, "--position", await position(world, 99))
    assert (ahead.code, ahead.told) == (3, "not done: the position is ahead of the rows\n")
    naive = await webhooks(world, "replay", endpoint, "--since", "2026-11-24T19:05:00")
    assert naive.code == 3


async def test_after_a_rotation_both_secrets_verify_until_the_old_one_is_over(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    endpoint, old = await added(world, receiver.url())

    async def held() -> bool:
        assert await asked(world, "SELECT 1 FROM endpoints WHERE holder IS NOT NULL")
        return True

    async with sending(world):
        rotated = (await webhooks(world, "rotate", endpoint, "--json")).result
        new = rotated["secret"]
        await world.append([placed("one")])
        await taken(receiver, 1)
        receiver.taken[0].verified(old)
        receiver.taken[0].verified(new)
        await asked(
            world, "UPDATE endpoints SET old_secret_until = now(), term = term + 1, lease_until = NULL, holder = NULL"
        )
        await eventually(held)
        await world.append([placed("two")])
        await taken(receiver, 2)
    receiver.taken[1].verified(new)
    with pytest.raises(WebhookVerificationError):
        receiver.taken[1].verified(old)


async def test_no_command_that_looks_tells_a_secret_and_reports_may_not_read_one(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    endpoint, old = await added(world, receiver.url())
    new = (await webhooks(world, "rotate", endpoint, "--json")).result["secret"]
    for words in (("list",), ("show", endpoint), ("disable", endpoint), ("enable", endpoint), ("test", endpoint)):
        for form in ((), ("--json",)):
            ended = await webhooks(world, *words, *form)
            assert ended.code == 0
            for secret in (old, new):
                assert secret.removeprefix("whsec_") not in ended.said + ended.told
    reports = await asyncpg.connect(world.database_url, server_settings={"role": "scanserve_analytics"})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="schema webhooks"):
            await reports.fetch("SELECT secret FROM webhooks.endpoints")
    finally:
        await reports.close()


async def test_a_log_that_is_another_stops_an_endpoint_with_a_clear_word(projecting: World, receiver: Receiver) -> None:
    world = projecting
    endpoint, _ = await added(world, receiver.url())
    await asked(world, "UPDATE endpoints SET epoch = '00000000'")

    async def disabled() -> bool:
        shown = (await webhooks(world, "show", endpoint, "--json")).result
        assert "the log is another one" in str(shown["reason"])
        return True

    async with sending(world):
        await world.append([placed("one")])
        await eventually(disabled)
        assert receiver.deliveries == []
        assert (await webhooks(world, "enable", endpoint, "--skip")).code == 0
        await world.append([placed("two")])
        await taken(receiver, 1)
    assert receiver.ids()[-1] == "two-1"


async def test_events_that_may_have_been_dropped_by_age_are_not_passed_over_in_silence(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    endpoint, _ = await added(world, receiver.url())
    await world.append([placed("one")])
    await world.caught_up(1)
    await world.query("INSERT INTO trail_retention (kept_from) VALUES (now() - interval '30 days')")
    await asked(world, "UPDATE lanes SET reached = now() - interval '60 days'")

    async def disabled() -> bool:
        shown = (await webhooks(world, "show", endpoint, "--json")).result
        assert "may have been dropped by age" in str(shown["reason"])
        return True

    async with sending(world):
        await eventually(disabled)
        assert receiver.deliveries == []
        assert (await webhooks(world, "enable", endpoint, "--skip")).code == 0
        replayed = await webhooks(world, "replay", endpoint, "--position", await position(world, 0))
        assert "were dropped by age" in replayed.said
        await taken(receiver, 1)
    assert receiver.ids() == ["one-1"]


async def test_a_sender_told_to_stop_writes_what_was_answered_and_leaves_at_once(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    answers = asyncio.Event()

    async def answering(_: Delivery) -> tuple[int, dict[str, str]]:
        await answers.wait()
        return 200, {}

    receiver.answering = answering
    await added(world, receiver.url(), "--venues", "bar")
    processes = [sender(world, "first")]

    async def closed() -> bool:
        try:
            await world.probe("/livez", "first")
        except httpx.TransportError:
            return True
        return False

    try:
        await world.append([placed("one"), placed("two")])
        await eventually(lambda: receiver.deliveries)
        processes[0].terminate()
        await eventually(closed)
        answers.set()
        assert await asyncio.to_thread(processes[0].wait, 20) == 0
        assert receiver.taken
        assert receiver.taken == receiver.deliveries, "none was cut off"
        assert (await asked(world, "SELECT sum(next) FROM lanes"))[0][0] == len(receiver.taken)
        assert (await asked(world, "SELECT count(*) FROM endpoints WHERE lease_until IS NULL"))[0][0] == 1
    finally:
        reaped(processes)


async def test_no_address_inside_is_connected_to_and_no_plain_http_without_leave(
    projecting: World, receiver: Receiver
) -> None:
    world = projecting
    endpoint, _ = await added(world, receiver.url(host="localhost"))
    refused = await webhooks(world, "test", endpoint, WEBHOOKS_ALLOW_NETWORKS="")
    assert refused.code == 1
    assert "localhost leads to no public address" in refused.said
    assert receiver.deliveries == []
    reached = await webhooks(world, "test", endpoint, WEBHOOKS_ALLOW_NETWORKS="127.0.0.0/8,::1/128")
    assert (reached.code, receiver.deliveries[0].event["type"]) == (0, "webhooks.test.v1")
    plain = await webhooks(world, "add", "--organization", "o", "http://a.example/", WEBHOOKS_ALLOW_HTTP="false")
    assert (plain.code, plain.said) == (3, "")
    assert "https" in plain.told


async def test_a_certificate_must_be_of_the_name_although_the_address_is_what_is_connected_to(
    projecting: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = projecting
    certificate, key = self_signed(tmp_path, "localhost")
    async with receiving(ssl_certfile=certificate, ssl_keyfile=key) as receiver:
        named, _ = await added(world, receiver.secure_url("localhost"))
        other, _ = await added(world, receiver.secure_url("127.0.0.1"))
        unknown = await webhooks(world, "test", named)
        assert (unknown.code, "certificate verify failed" in unknown.said) == (1, True)
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        assert (await webhooks(world, "test", named)).code == 0
        mismatched = await webhooks(world, "test", other)
        assert (mismatched.code, "certificate verify failed" in mismatched.said) == (1, True)
        assert len(receiver.deliveries) == 1


def self_signed(folder: Path, name: str) -> tuple[str, str]:
    """Make a certificate of a name; give its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(encoded)
    return str(folder / "cert.pem"), str(folder / "key.pem")


async def test_dead_letters_that_were_replayed_are_sent_by_a_replay(projecting: World, receiver: Receiver) -> None:
    world = projecting
    endpoint, _ = await added(world, receiver.url())
    async with sending(world):
        await world.append([placed("o1")])
        await taken(receiver, 1)
        await world.query("ALTER TABLE orders ADD CONSTRAINT no_magic CHECK (status <> 'magic')")
        magic = order_event("o1", "bar", 2, "o1-1", "o1-2", {"status": "magic"})
        await world.append([entry_of(magic, PARTITIONS), placed("o2")])
        await taken(receiver, 2)
        await world.query("ALTER TABLE orders DROP CONSTRAINT no_magic")
        [waiting] = await world.query("SELECT appended_at FROM dead_letters")
        assert (await operate(world, "dead-letters", "replay", "--all")).code == 0
        replayed = await webhooks(world, "replay", endpoint, "--since", waiting["appended_at"].isoformat())
        assert replayed.code == 0, replayed.told
        await taken(receiver, 3)
        await eventually(lambda: len(receiver.taken) >= 4)
    assert receiver.ids() == ["o1-1", "o2-1", "o1-2", "o2-1"]


async def test_commands_say_in_words_what_is_not_there(world: World, receiver: Receiver) -> None:
    assert "there are no endpoints yet" in (await webhooks(world, "list")).told
    assert "no projector has run" in (await webhooks(world, "add", "--organization", "o", receiver.url())).told
    async with world.running():
        await world.caught_up(0)
        assert (
            "no type of event: order.eaten"
            in (await webhooks(world, "add", "--organization", "o", "--types", "order.eaten", receiver.url())).told
        )
        assert (await webhooks(world, "list")).said == "there is no endpoint\n"
        endpoint, _ = await added(world, receiver.url())
        assert (await webhooks(world, "disable", endpoint)).said.endswith("disabled: disabled by a person\n")
        assert (await webhooks(world, "remove", endpoint)).code == 0
        for words in (("show",), ("enable",), ("disable",), ("remove",), ("rotate",), ("test",)):
            gone = await webhooks(world, *words, endpoint)
            assert (gone.code, gone.said) == (3, ""), words
            assert "there is no endpoint" in gone.told
