"""Two replicas, one log: what one answered, the other knows; what comes twice is done once; races have one winner."""

import asyncio
from itertools import cycle, pairwise
from uuid import uuid4

import pytest

from infra import log_reader
from infra.pos_client import PosClient, order_body
from integration.order_api.conftest import PARTITIONS, Replicas
from order_contracts.wire import Envelope

LIFE = ("accept", "start", "items/pizza/ready", "items/cola/ready", "recall", "ready", "complete")


async def accepted_events(replicas: Replicas, venue_id: str) -> list[Envelope]:
    return await log_reader.accepted_events(replicas.backing.kafka, replicas.topic, PARTITIONS, venue_id)


async def test_what_one_replica_answered_the_other_knows_at_once(replicas: Replicas, pos: PosClient) -> None:
    for url, other in pairwise([*replicas.urls * 6]):
        placed = await pos.place(url)
        assert placed.status_code == 201, placed.text
        read = await pos.read(other, placed.json()["order_id"])
        assert (read.status_code, read.json(), read.headers["etag"]) == (200, placed.json(), '"v1"')


async def test_a_life_on_changing_replicas_ends_as_it_should(replicas: Replicas, pos: PosClient) -> None:
    order = (await pos.place(replicas.urls[0])).json()
    for version, (verb, url) in enumerate(zip(LIFE, cycle(replicas.urls), strict=False), start=2):
        answer = await pos.act(url, order["order_id"], verb)
        assert (answer.status_code, answer.headers["etag"]) == (200, f'"v{version}"'), answer.text
    assert answer.json()["status"] == "completed"
    assert [event.version for event in await accepted_events(replicas, pos.venue_id)] == list(range(1, 9))


async def test_the_same_request_to_both_replicas_at_once_is_done_once(replicas: Replicas, pos: PosClient) -> None:
    keys = [uuid4().hex for _ in range(20)]
    body = order_body()
    answers = await asyncio.gather(*(pos.place(url, body, key=key) for key in keys for url in replicas.urls))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == len(keys)
    assert len(await accepted_events(replicas, pos.venue_id)) == len(keys)


async def test_a_repeated_request_is_answered_as_the_first_time(replicas: Replicas, pos: PosClient) -> None:
    key, body = uuid4().hex, order_body()
    first = await pos.place(replicas.urls[0], body, key=key)
    order_id = first.json()["order_id"]
    await pos.act(replicas.urls[0], order_id, "accept")
    again = await pos.place(replicas.urls[1], body, key=key)
    assert (again.status_code, again.text, again.headers["etag"]) == (201, first.text, '"v1"')
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


async def test_a_key_with_another_body_is_refused(replicas: Replicas, pos: PosClient) -> None:
    key = uuid4().hex
    await pos.place(replicas.urls[0], key=key)
    other = await pos.place(replicas.urls[1], order_body(display_number="A-2"), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_of_racing_commands_one_wins(replicas: Replicas, pos: PosClient) -> None:
    for _ in range(10):
        order_id = (await pos.place(replicas.urls[0])).json()["order_id"]
        racing = (pos.act(url, order_id, verb) for url in replicas.urls for verb in ("accept", "accept", "accept"))
        answers = await asyncio.gather(*racing)
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
        assert {a.json()["code"] for a in answers if a.status_code == 409} == {"transition_not_allowed"}


async def test_commands_that_do_not_exclude_each_other_are_all_done(replicas: Replicas, pos: PosClient) -> None:
    order_id = (await pos.place(replicas.urls[0])).json()["order_id"]
    await pos.act(replicas.urls[0], order_id, "accept")
    bumps = [
        pos.act(replicas.urls[0], order_id, "items/pizza/ready"),
        pos.act(replicas.urls[1], order_id, "items/cola/ready"),
    ]
    answers = await asyncio.gather(*bumps)
    assert [answer.status_code for answer in answers] == [200, 200]
    order = (await pos.read(replicas.urls[1], order_id)).json()
    assert (order["status"], order["version"]) == ("ready", 4)


async def test_a_pinned_version_is_not_decided_again(replicas: Replicas, pos: PosClient) -> None:
    order_id = (await pos.place(replicas.urls[0])).json()["order_id"]
    stale = await pos.act(replicas.urls[1], order_id, "accept", If_Match='"v9"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (await pos.act(replicas.urls[1], order_id, "accept", If_Match='"v1"')).status_code == 200


async def test_a_replica_that_was_killed_answers_as_before(replicas: Replicas, pos: PosClient) -> None:
    key, body = uuid4().hex, order_body()
    placed = await pos.place(replicas.urls[0], body, key=key)
    await pos.act(replicas.urls[0], placed.json()["order_id"], "accept")
    replicas.kill(0)
    await asyncio.to_thread(replicas.wait_ready, 0)
    again = await pos.place(replicas.urls[0], body, key=key)
    assert (again.text, again.headers["idempotent-replayed"]) == (placed.text, "true")
    assert (await pos.read(replicas.urls[0], placed.json()["order_id"])).json()["status"] == "accepted"


async def test_a_silent_log_is_a_503_and_the_same_key_is_safe(replicas: Replicas, pos: PosClient) -> None:
    kafka = replicas.backing.run.programs.get("kafka")
    if kafka is None:
        pytest.fail("this test freezes the embedded Kafka: run it without KAFKA_BOOTSTRAP_SERVERS")
    key, body = uuid4().hex, order_body()
    kafka.pause()
    try:
        answer = await pos.place(replicas.urls[0], body, key=key)
    finally:
        kafka.resume()
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "try_again", "1")
    while (answer := await pos.place(replicas.urls[1], body, key=key)).status_code == 503:
        await asyncio.sleep(float(answer.headers["retry-after"]))
    assert answer.status_code == 201
    assert len(await accepted_events(replicas, pos.venue_id)) == 1
