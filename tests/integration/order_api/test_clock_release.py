"""Scheduled orders go to their venues by themselves: once, not before their time, after kills and outages too."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from infra.eventually import eventually
from infra.log_reader import accepted_events
from infra.pos_client import PosClient, order_body
from infra.services import Backing
from integration.order_api.conftest import PARTITIONS, Replicas, two_replicas
from order_contracts.wire import Envelope


@pytest.fixture(scope="module")
def replicas(backing: Backing) -> Iterator[Replicas]:
    with two_replicas(backing, RELEASE_LEAD_MINUTES="0") as running:
        yield running


async def schedule(pos: PosClient, url: str, moment: datetime) -> str:
    placed = await pos.place(url, order_body(scheduled_for=moment.isoformat()))
    assert (placed.status_code, placed.json()["status"]) == (201, "scheduled"), placed.text
    return str(placed.json()["order_id"])


async def was_released(pos: PosClient, url: str, order_id: str) -> bool:
    return bool((await pos.read(url, order_id)).json()["status"] == "placed")


async def history(replicas: Replicas, pos: PosClient, order_id: str) -> list[Envelope]:
    events = await accepted_events(replicas.backing.kafka, replicas.topic, PARTITIONS, pos.venue_id)
    return [event for event in events if event.order_id == order_id]


async def test_two_replicas_release_an_order_once_and_not_before_its_time(replicas: Replicas, pos: PosClient) -> None:
    due = datetime.now(UTC) + timedelta(seconds=3)
    order_id = await schedule(pos, replicas.urls[0], due)
    later = await schedule(pos, replicas.urls[1], due + timedelta(hours=1))
    await eventually(partial(was_released, pos, replicas.urls[1], order_id))
    scheduled, released = await history(replicas, pos, order_id)
    assert (scheduled.type, released.type) == ("order.scheduled.v1", "order.released.v1")
    assert released.appended_at >= due.timestamp() * 1000
    assert msgspec.json.decode(released.value)["actor"] == "clock"
    assert not await was_released(pos, replicas.urls[0], later)


async def test_what_was_called_off_is_not_released(replicas: Replicas, pos: PosClient) -> None:
    due = datetime.now(UTC) + timedelta(seconds=2)
    cancelled, witness = [await schedule(pos, replicas.urls[0], due) for _ in range(2)]
    await pos.act(replicas.urls[1], cancelled, "cancel", {"reason": "another evening"})
    await eventually(partial(was_released, pos, replicas.urls[1], witness))
    assert [event.type for event in await history(replicas, pos, cancelled)][1:] == ["order.cancelled.v1"]


async def test_replicas_that_were_killed_release_what_waits(replicas: Replicas, pos: PosClient) -> None:
    order_id = await schedule(pos, replicas.urls[0], datetime.now(UTC) + timedelta(seconds=3))
    for number in (0, 1):
        replicas.kill(number)
    for number in (0, 1):
        await asyncio.to_thread(replicas.wait_ready, number)
    await eventually(partial(was_released, pos, replicas.urls[0], order_id))
    assert len(await history(replicas, pos, order_id)) == 2


async def test_a_log_that_is_silent_at_the_time_is_asked_until_it_answers(replicas: Replicas, pos: PosClient) -> None:
    kafka = replicas.backing.run.programs.get("kafka")
    if kafka is None:
        pytest.fail("this test freezes the embedded Kafka: run it without KAFKA_BOOTSTRAP_SERVERS")
    order_id = await schedule(pos, replicas.urls[0], datetime.now(UTC) + timedelta(seconds=2))
    kafka.pause()
    try:
        await eventually(partial(is_overdue, replicas.urls[0]))
    finally:
        kafka.resume()
    await eventually(partial(was_released, pos, replicas.urls[0], order_id))
    assert len(await history(replicas, pos, order_id)) == 2


async def is_overdue(url: str) -> bool:
    async with httpx.AsyncClient() as http:
        told = (await http.get(f"{url}/metrics")).text
    samples = (sample for family in text_string_to_metric_families(told) for sample in family.samples)
    return any(one.name == "order_api_scheduled_overdue_seconds" and one.value > 0 for one in samples)
