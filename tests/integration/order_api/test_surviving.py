"""Killed, raced, cut off: what callers were told is what the log holds, each request once.

Short deadlines, so that an outage is long where it only needs to be longer than they are. CHAOS_KILLS and
CHAOS_OUTAGE_SECONDS make it harder: `make chaos`.
"""

import asyncio
import os
from collections.abc import Iterator
from random import Random
from time import monotonic
from uuid import uuid4

import pytest

from infra.history import Attempt, Outcome, check
from infra.log_reader import accepted_events, judged_events
from infra.pos_client import PosClient, order_body
from infra.services import Backing
from infra.till import Till
from integration.order_api.conftest import PARTITIONS, Replicas, two_replicas
from local_stack.supervision import Supervised
from order_contracts.arbiter import Verdict
from order_contracts.ids import event_id_for

REQUEST_TIMEOUT_SECONDS = NOT_AFTER_SECONDS = 2.0
DEADLINE_SECONDS = 1.5
KILLS = int(os.environ.get("CHAOS_KILLS", "5"))
OUTAGE_SECONDS = float(os.environ.get("CHAOS_OUTAGE_SECONDS", "5"))


@pytest.fixture(scope="module")
def replicas(backing: Backing) -> Iterator[Replicas]:
    """Two that lose their patience soon."""
    with two_replicas(
        backing,
        KAFKA_REQUEST_TIMEOUT_MS=str(int(REQUEST_TIMEOUT_SECONDS * 1000)),
        NOT_AFTER_MS=str(int(NOT_AFTER_SECONDS * 1000)),
        APPEND_DEADLINE_SECONDS=str(DEADLINE_SECONDS),
    ) as running:
        yield running


@pytest.fixture
def kafka(backing: Backing) -> Supervised:
    program = backing.run.programs.get("kafka")
    if program is None:
        pytest.fail("this test stops the embedded Kafka: run it without KAFKA_BOOTSTRAP_SERVERS")
    return program


async def faults(replicas: Replicas, pos: PosClient, history: list[Attempt]) -> list[str]:
    return check(history, await accepted_events(replicas.backing.kafka, replicas.topic, PARTITIONS, pos.venue_id))


def outcomes(history: list[Attempt]) -> dict[Outcome, int]:
    return {outcome: sum(attempt.outcome is outcome for attempt in history) for outcome in Outcome}


async def test_fifty_writers_on_one_order_have_one_winner_a_version(replicas: Replicas, pos: PosClient) -> None:
    history: list[Attempt] = []
    random = Random("fifty")
    till = Till(pos, replicas.urls, history, random)
    pizza = order_body()["items"][0]
    order_id = await till.place(order_body(items=[{**pizza, "line_id": f"pizza-{n}"} for n in range(45)]))
    await till.act(order_id, "accept")
    verbs = [*(f"items/pizza-{n}/ready" for n in range(45)), *["accept"] * 5]
    writers = [Till(pos, replicas.urls, history, random).act(order_id, verb) for verb in verbs]
    told = await asyncio.gather(*writers)
    assert told == [Outcome.OK] * 45 + [Outcome.FAIL] * 5
    assert await faults(replicas, pos, history) == []
    assert (await pos.read(replicas.urls[0], order_id)).json()["version"] == 47


@pytest.mark.timeout(300 + 6 * KILLS)
async def test_killed_under_load_each_request_is_done_once(replicas: Replicas, pos: PosClient) -> None:
    history: list[Attempt] = []
    random = Random("kill")
    over = asyncio.Event()
    orders: list[str] = []

    async def work() -> None:
        till = Till(pos, replicas.urls, history, random)
        while not over.is_set():
            order_id = await till.place()
            orders.append(order_id)
            for verb in ("accept", "ready", "complete"):
                await till.act(order_id, verb)

    tills = [asyncio.create_task(work()) for _ in range(8)]
    for number in range(KILLS):
        await asyncio.sleep(random.uniform(0.2, 0.6))
        replicas.kill(number % 2)
        await asyncio.to_thread(replicas.wait_ready, number % 2)
    over.set()
    await asyncio.gather(*tills)
    assert await faults(replicas, pos, history) == []
    done = outcomes(history)
    assert done[Outcome.OK] == 4 * len(orders)
    assert done[Outcome.FAIL] == 0
    assert done[Outcome.INFO] > 0, "no kill hit a request: it proves nothing"
    for order_id in orders[:: max(1, len(orders) // 20)]:
        assert (await pos.read(replicas.urls[0], order_id)).json()["version"] == 4


@pytest.mark.timeout(300 + 2 * OUTAGE_SECONDS)
async def test_a_broker_outage_longer_than_all_timeouts_is_503_and_then_over(
    replicas: Replicas, pos: PosClient, kafka: Supervised
) -> None:
    assert OUTAGE_SECONDS > REQUEST_TIMEOUT_SECONDS + DEADLINE_SECONDS
    history: list[Attempt] = []
    random = Random("outage")
    tills = [Till(pos, replicas.urls, history, random) for _ in range(4)]
    before = [replicas.backing.run.programs[name].pid for name in replicas.names]
    await asyncio.gather(*(till.place() for till in tills))
    await asyncio.to_thread(kafka.stop)
    down_at = monotonic()
    waiting = [asyncio.create_task(till.place()) for till in tills]
    for url in replicas.urls:
        asked_at = monotonic()
        assert await tills[0].place_once(url) is Outcome.INFO
        assert monotonic() - asked_at < DEADLINE_SECONDS + 1
    await asyncio.sleep(max(0.0, OUTAGE_SECONDS - (monotonic() - down_at)))
    assert not any(task.done() for task in waiting), "nobody is told yes while the log is away"
    kafka.start()
    await asyncio.to_thread(kafka.wait_ready)
    await asyncio.gather(*waiting)
    for url in replicas.urls:
        placed = await Till(pos, [url], history, random).place()
        assert (await pos.read(url, placed)).status_code == 200
    assert [replicas.backing.run.programs[name].pid for name in replicas.names] == before
    assert outcomes(history)[Outcome.OK] == 10
    assert await faults(replicas, pos, history) == []


async def placed_on_a_frozen_broker(replicas: Replicas, pos: PosClient, kafka: Supervised) -> list[Verdict]:
    """Place an order that only lands after its time, and again with the same key. Gives what the log says of both."""
    key, body = uuid4().hex, order_body()
    await pos.place(replicas.urls[0])  # so that the way to the broker is open
    kafka.pause()
    try:
        answer = await pos.place(replicas.urls[0], body, key=key)
        await asyncio.sleep(NOT_AFTER_SECONDS)
    finally:
        kafka.resume()
    assert answer.status_code == 503
    while (answer := await pos.place(replicas.urls[1], body, key=key)).status_code == 503:
        await asyncio.sleep(0.2)
    assert answer.status_code == 201
    event_id = event_id_for(answer.json()["order_id"], key)
    log = await judged_events(replicas.backing.kafka, replicas.topic, PARTITIONS, pos.venue_id)
    return [verdict for envelope, verdict in log if envelope.id == event_id]


async def test_what_lands_after_its_time_has_no_effect(replicas: Replicas, pos: PosClient, kafka: Supervised) -> None:
    for _ in range(4):  # a broker that was frozen may drop what a connection had sent before it was given up
        verdicts = await placed_on_a_frozen_broker(replicas, pos, kafka)
        assert verdicts.count(Verdict.ACCEPTED) == 1
        if Verdict.LATE in verdicts:
            return
    pytest.fail("the frozen broker took nothing: it proves nothing")
