"""Orders that began before the book's window: read from the rows when they are asked for, and only then."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from msgspec.structs import replace

from infra.eventually import eventually
from infra.pos_client import ORGANIZATION, PosClient, order_body, token
from infra.running_projector import World
from infra.services import Backing
from integration.order_api.conftest import program
from local_stack.ports import HOST, unused_port
from order_api.decide import Decision, decide
from order_api.historic import HistoricOrder
from order_api.naming import ask_to_import
from order_contracts.channels import TOPIC_CONFIG, partition_of
from order_contracts.claims import Claims
from order_contracts.events import Event, timestamp
from order_contracts.ids import order_id_for
from order_contracts.wire import write_record

PARTITIONS = 4
LONG_AGO = datetime.now(UTC) - timedelta(hours=120)


def chain(venue_id: str, name: str, *names: str) -> list[Event]:
    """Give an order's placement and what came of it."""
    order_id = order_id_for(venue_id, "test", name, "2026-11-01")
    placed = {
        "order_id": order_id,
        "venue_id": venue_id,
        "organization_id": ORGANIZATION,
        "status": "placed",
        "status_since": timestamp(LONG_AGO),
        "payment": "unpaid",
        "channel": "qr",
        "business_date": "2026-11-01",
        "placed_at": timestamp(LONG_AGO),
        "items": {line.pop("line_id"): {**line, "state": "new"} for line in order_body()["items"]},
    }
    events: list[Event] = []
    for version, what in enumerate(("placed", *names), 1):
        change = placed if version == 1 else {"status": what}
        events.append(
            Event(
                id=str(uuid4()),
                type=f"order.{what}.v1",
                order_id=order_id,
                venue_id=venue_id,
                organization_id=ORGANIZATION,
                version=version,
                parent=events[-1].id if events else None,
                time=timestamp(LONG_AGO),
                actor="test",
                change={**change, "version": version, "updated_at": timestamp(LONG_AGO)},
            )
        )
    return events


async def append(kafka: str, topic: str, events: list[Event], at: datetime, fingerprint: str = "f") -> None:
    """Append events as the log stamped them at `at`; the topic must take its producers' times."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    try:
        for event in events:
            moment = int(at.timestamp() * 1000)
            key, value, headers = write_record(event, stations=(), not_after=moment + 30_000, fingerprint=fingerprint)
            raw = [(name, text.encode()) for name, text in headers.items()]
            partition = partition_of(event.venue_id, PARTITIONS)
            await producer.send_and_wait(topic, value, key, partition=partition, headers=raw, timestamp_ms=moment)
    finally:
        await producer.stop()


async def take_producers_times(kafka: str, topic: str) -> None:
    await keep_the_contract(kafka, topic, **{"message.timestamp.type": "CreateTime"})


async def keep_the_contract(kafka: str, topic: str, **but: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {**TOPIC_CONFIG, **but})])
    finally:
        await admin.close()


class Place:
    """A venue with a closed order and one that goes on, both of five days ago, and a replica that has rows."""

    def __init__(self, backing: Backing, world: World) -> None:
        self.backing, self.world = backing, world
        self.venue_id = f"venue-{uuid4().hex[:8]}"
        self.names: list[str] = []
        self.gone, self.going = chain(self.venue_id, "gone"), chain(self.venue_id, "going", "accepted")

    async def history(self) -> None:
        kafka, topic = self.world.kafka, self.world.topic
        await append(kafka, topic, [*self.gone, self.going[0]], LONG_AGO)
        await append(kafka, topic, self.going[1:], datetime.now(UTC))
        await keep_the_contract(kafka, topic)
        async with self.world.running():
            await self.world.caught_up(3)

    def start(self, **environment: str) -> str:
        port = unused_port()
        name = f"order-api-{port}-{self.world.topic}"
        self.names.append(name)
        self.backing.run.start(program(self.backing, name, port, self.world.topic, **environment))
        return f"http://{HOST}:{port}"


@pytest.fixture
async def place(backing: Backing, database_url: str) -> AsyncIterator[Place]:
    topic = backing.topic(PARTITIONS, {**TOPIC_CONFIG, "message.timestamp.type": "CreateTime"})
    fresh = Place(backing, World(backing.kafka, topic, database_url))
    await fresh.history()
    yield fresh
    for name in fresh.names:
        backing.run.programs[name].stop()


@pytest.fixture
async def pos(place: Place) -> AsyncIterator[PosClient]:
    async with PosClient(place.venue_id, token(place.venue_id)) as client:
        yield client


async def test_old_orders_are_found_and_go_on(place: Place, pos: PosClient) -> None:
    url = place.start(DATABASE_URL=place.world.database_url)
    gone, going = place.gone[0].order_id, place.going[0].order_id
    assert (await pos.read(url, gone)).json()["status"] == "placed"
    assert (await pos.read(url, going)).json()["status"] == "accepted"
    key = uuid4().hex
    accepted = await pos.act(url, gone, "accept", key=key)
    assert (accepted.status_code, accepted.headers["etag"]) == (200, '"v2"'), accepted.text
    again = await pos.act(url, gone, "accept", key=key)
    assert (again.text, again.headers["idempotent-replayed"]) == (accepted.text, "true")
    assert (await pos.act(url, going, "start")).headers["etag"] == '"v3"'
    unknown = order_id_for(place.venue_id, "test", "never", "2026-11-01")
    assert (await pos.read(url, unknown)).status_code == 404
    assert (await pos.act(url, unknown, "accept")).status_code == 404


def imported(venue_id: str, name: str) -> tuple[dict[str, Any], Event, str]:
    """Give an import as it is asked for, the event that it made long ago, and its fingerprint."""
    data = order_body(business_date="2026-11-01", placed_at="2026-11-01T19:00:00Z")
    key = json.dumps(["/archive", name])
    claims = Claims("test-pos", ORGANIZATION, None, frozenset(), 0, None)
    body = HistoricOrder.model_validate(data)
    asked = ask_to_import(claims, venue_id, key, body, named_by=("/archive", name))
    decision = decide(None, asked.command, LONG_AGO)
    assert isinstance(decision, Decision)
    event = Event(
        id=asked.event_id,
        type="order.imported.v1",
        order_id=asked.order_id,
        venue_id=venue_id,
        organization_id=ORGANIZATION,
        version=1,
        time=timestamp(LONG_AGO),
        actor="test-pos",
        change={**decision.change, "version": 1, "updated_at": timestamp(LONG_AGO)},
    )
    head = {"specversion": "1.0", "id": name, "source": "/archive", "type": "order.import.v1", "venueid": venue_id}
    return {**head, "data": data}, event, asked.fingerprint


async def test_an_order_imported_again_after_97_hours_is_found_in_the_rows(place: Place, pos: PosClient) -> None:
    asked, event, fingerprint = imported(place.venue_id, "old")
    await take_producers_times(place.world.kafka, place.world.topic)
    await append(place.world.kafka, place.world.topic, [event], LONG_AGO, fingerprint)
    await keep_the_contract(place.world.kafka, place.world.topic)
    async with place.world.running():
        await place.world.caught_up(4)
    url = place.start(DATABASE_URL=place.world.database_url)
    bearer = token(place.venue_id, scopes=("orders:import",))
    async with PosClient(place.venue_id, bearer) as archive:
        kind = {"Content-Type": "application/cloudevents+json"}
        again = await archive.send("POST", f"{url}/v1/events", content=json.dumps(asked), headers=kind)
        other = {**asked, "data": {**asked["data"], "display_number": "B-2"}}
        altered = await archive.send("POST", f"{url}/v1/events", content=json.dumps(other), headers=kind)
    assert (again.status_code, again.headers.get("idempotent-replayed")) == (201, "true"), again.text
    assert again.json() == event.change
    assert (altered.status_code, altered.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_order_scheduled_before_the_window_is_released_by_the_rows(place: Place, pos: PosClient) -> None:
    (placed,) = chain(place.venue_id, "scheduled")
    due = timestamp(datetime.now(UTC) + timedelta(hours=1))
    change = {**placed.change, "status": "scheduled", "scheduled_for": due}
    await take_producers_times(place.world.kafka, place.world.topic)
    scheduled = replace(placed, type="order.scheduled.v1", change=change)
    await append(place.world.kafka, place.world.topic, [scheduled], LONG_AGO)
    await keep_the_contract(place.world.kafka, place.world.topic)
    async with place.world.running():
        await place.world.caught_up(4)
    early = place.start(DATABASE_URL=place.world.database_url)
    assert (await pos.read(early, scheduled.order_id)).json()["status"] == "scheduled"
    url = place.start(DATABASE_URL=place.world.database_url, RELEASE_LEAD_MINUTES="61")

    async def released() -> bool:
        return bool((await pos.read(url, scheduled.order_id)).json()["status"] == "placed")

    await eventually(released)


async def test_two_replicas_that_race_for_an_old_order_have_one_winner(place: Place, pos: PosClient) -> None:
    urls = [place.start(DATABASE_URL=place.world.database_url) for _ in range(2)]
    first = await pos.act(urls[0], place.gone[0].order_id, "accept")
    second = await pos.act(urls[1], place.gone[0].order_id, "reject", {"reason": "closed"})
    assert (first.status_code, second.status_code) == (200, 409), "the other one knew it from its tail and the rows"


async def test_without_postgres_only_old_orders_have_to_wait(place: Place, pos: PosClient) -> None:
    url = place.start(DATABASE_URL="postgresql://127.0.0.1:1/nobody")
    for answer in (
        await pos.read(url, place.gone[0].order_id),
        await pos.act(url, place.gone[0].order_id, "accept"),
        await pos.act(url, place.going[0].order_id, "start"),
    ):
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "try_again", "1")
    placed = await pos.place(url)
    assert placed.status_code == 201
    assert (await pos.act(url, placed.json()["order_id"], "accept")).status_code == 200


async def test_rows_that_lag_are_waited_for(place: Place, pos: PosClient) -> None:
    url = place.start(DATABASE_URL=place.world.database_url)
    await place.world.query("UPDATE positions SET next = 1, lineage = 'x' WHERE next > 1")
    assert (await pos.read(url, place.gone[0].order_id)).status_code == 503
    await place.world.query("UPDATE positions SET next = 3 WHERE next = 1")

    async def found() -> bool:
        return (await pos.read(url, place.gone[0].order_id)).status_code == 200

    await eventually(found)
