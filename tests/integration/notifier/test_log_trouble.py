"""When the log is silent, breaks its contract, or holds what aiokafka cannot read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from infra.eventually import eventually
from infra.notifier_process import NotifierProcess, Start, token
from infra.order_writer import OrderWriter
from infra.services import Backing
from local_stack.kafka_server import fetched, kafka_program
from local_stack.ports import free_ports
from local_stack.program import inherited
from local_stack.run import Run
from local_stack.state import State
from local_stack.supervision import Supervised
from local_stack.topics import create_topic
from order_contracts.channels import TOPIC_CONFIG
from scanserve_client.room_listener import RoomListener


class OwnKafka:
    """A Kafka of this test alone, which may be frozen."""

    def __init__(self, program: Supervised, port: int) -> None:
        self.program = program
        self.address = f"127.0.0.1:{port}"


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[OwnKafka]:
    run = Run(State(tmp_path), lambda _: None)
    ports = free_ports(("kafka", "controller"), {}, {})
    run.begin()
    try:
        run.start(
            kafka_program(
                folder=tmp_path / "kafka",
                log=tmp_path / "kafka.log",
                jars=fetched(lambda *_: None),
                port=ports["kafka"],
                controller_port=ports["controller"],
                environment=inherited(),
            )
        )
        yield OwnKafka(run.programs["kafka"], ports["kafka"])
    finally:
        run.end()


async def test_screens_are_told_that_the_log_is_silent_and_that_it_is_back(own_kafka: OwnKafka, tmp_path: Path) -> None:
    await create_topic(own_kafka.address, "orders", 4)
    environment = {"FEED_STALE_SECONDS": "2"}
    replica = NotifierProcess(own_kafka.address, "orders", tmp_path / "notifier.log", environment)
    replica.start()
    await eventually(replica.is_ready)
    early, late = (RoomListener(token(["v1"]), "venue:v1") for _ in range(2))
    stream = RoomListener(token(["v1"]), "venue:v1", transport="sse")
    for listener in (early, stream):
        await listener.connect(replica.url)
        await listener.subscribe()
    own_kafka.program.pause()
    await eventually(lambda: early.feed_status)
    await late.connect(replica.url)
    await late.subscribe()
    assert [status["stale"] for status in early.feed_status] == [True]
    assert late.feed_status == early.feed_status, "who comes while it is stale is told as well"
    assert (await replica.get("/livez")).status_code == 200, "a silent log is no reason to start anew"
    own_kafka.program.resume()
    await eventually(lambda: len(early.feed_status) == 2)
    assert early.feed_status[1]["stale"] is False
    async with AIOKafkaProducer(bootstrap_servers=own_kafka.address, acks="all") as producer:
        await OrderWriter(producer, "orders", 4, "v1").append("a")
    await eventually(lambda: early.events and late.events and stream.events)
    assert stream.feed_status == early.feed_status
    for listener in (early, late, stream):
        await listener.drop()
    replica.kill()


@pytest.mark.parametrize(
    ("config", "partitions", "words"),
    [
        ({**TOPIC_CONFIG, "cleanup.policy": "compact"}, 4, "cleanup.policy"),
        (TOPIC_CONFIG, 5, "5 partitions"),
    ],
)
async def test_a_topic_that_breaks_its_contract_is_not_read(
    backing: Backing, tmp_path: Path, config: dict[str, str], partitions: int, words: str
) -> None:
    topic = backing.topic(partitions=partitions, config=config)
    replica = NotifierProcess(backing.kafka, topic, tmp_path / "notifier.log", {})
    replica.start()
    assert await replica.ended(within=20) == 2
    assert words in replica.log.read_text()


async def test_a_missing_topic_ends_the_start_in_words(backing: Backing, tmp_path: Path) -> None:
    replica = NotifierProcess(backing.kafka, "not-there", tmp_path / "notifier.log", {})
    replica.start()
    assert await replica.ended(within=20) == 2
    assert "not-there is not there" in replica.log.read_text()


async def test_header_names_and_values_that_are_no_text_are_passed_over(
    replica: NotifierProcess, start: Start, writer: OrderWriter
) -> None:
    bad = 'notifier_records_total{fate="malformed"}'
    before = await replica.metric(bad)
    listener = RoomListener(token([writer.venue]), f"venue:{writer.venue}")
    await listener.connect(replica.url)
    await listener.subscribe()
    await writer.append("a")
    await writer.with_broken_header_name()
    await writer.append("a")
    await writer.with_null_header()
    await writer.append("a")
    await eventually(lambda: len(listener.events) == 3)
    assert (listener.gaps, listener.duplicates) == ([], 0)
    assert await replica.metric(bad) == before + 2
    origin = listener.batches[0][1]["prev"]
    second = await start()  # and one that finds them in the log at its start
    late = RoomListener(token([writer.venue]), f"venue:{writer.venue}", origin)
    await late.connect(second.url)
    assert (await late.subscribe())["replayed"] == 3
    for each in (listener, late):
        await each.drop()
