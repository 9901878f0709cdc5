"""What goes to which broker when, who hears of what, FastStream's private name, and the counts that it would keep."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.memory_records import MemoryRecords
from faststream.kafka import KafkaBroker
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from infra.eventually import eventually
from order_api.appender import Appender
from order_api.lane import Record

NOT_LEADER, TOO_LARGE = 6, 10
SHORT = 0.2
Said = dict[int, Any]


class Asked:
    """A request as it arrived: by partition the values of its records, and how it is answered."""

    def __init__(self, node: int, request: ProduceRequest) -> None:
        built = request.prepare({0: (0, 7)})
        assert built.required_acks == -1
        ((topic, partitions),) = built.topics
        assert topic == "orders"
        self.node, self.bytes = node, {number: bytes(batch) for number, batch in partitions}
        self.values = {number: _values(batch) for number, batch in self.bytes.items()}
        self.word: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def sizes(self) -> dict[int, int]:
        return {number: len(values) for number, values in self.values.items()}

    def answer(self, said: Said | None = None, *, moment: int = 7) -> None:
        """Say of each partition at which offset it stands, or which error code it got; 0 where nothing is said."""
        words = dict.fromkeys(self.values, 0) | (said or {})
        partitions = [
            (number, word.code, -1, -1, 0) if isinstance(word, Code) else (number, 0, word, moment, 0)
            for number, word in words.items()
            if word is not None
        ]
        self.word.set_result(SimpleNamespace(topics=[("orders", partitions)]))


class Code:
    def __init__(self, code: int) -> None:
        self.code = code


def _values(batch: bytes) -> list[bytes]:
    records = MemoryRecords(bytes(batch))
    found = []
    while (one := records.next_batch()) is not None:
        assert one.validate_crc()
        found += [record.value for record in one]
    return found


class Client:
    """aiokafka's client, as far as an append looks at it."""

    def __init__(self) -> None:
        self.cluster, self.leaders = self, defaultdict(lambda: 1)  # type: ignore[var-annotated]
        self.asked: list[Asked] = []
        self.refreshed = 0
        self.topics: set[str] = set()
        self.fault: Exception | None = None
        self.on_refresh: Callable[[], None] = lambda: None

    def add_topic(self, topic: str) -> "asyncio.Future[bool]":
        self.topics.add(topic)
        return self._done()

    def force_metadata_update(self) -> "asyncio.Future[bool]":
        self.refreshed += 1
        self.on_refresh()
        return self._done()

    def _done(self) -> "asyncio.Future[bool]":
        done = asyncio.get_running_loop().create_future()
        done.set_result(True)
        return done

    def leader_for_partition(self, place: TopicPartition) -> int | None:
        assert place.topic in self.topics
        return self.leaders[place.partition]

    async def send(self, node: int, request: ProduceRequest) -> Any:
        if self.fault is not None:
            raise self.fault
        asked = Asked(node, request)
        assert all(one.node != node or one.word.done() for one in self.asked), "two in flight to one broker"
        self.asked.append(asked)
        return await asked.word

    def sizes(self) -> list[dict[int, int]]:
        return [asked.sizes() for asked in self.asked]


class Word:
    """Somebody who handed a record over."""

    def __init__(self) -> None:
        self.over, self.heard = False, []

    def appended(self, offset: int, appended_at: int | None) -> None:
        self.heard.append(offset)
        self.appended_at = appended_at

    def failed(self, error: Exception) -> None:
        self.heard.append(type(error).__name__)


class Bench:
    def __init__(self, client: Client, ours: Appender, registry: CollectorRegistry) -> None:
        self.client, self.ours, self.registry = client, ours, registry

    def append(self, count: int = 1, *, partition: int = 3, size: int = 10) -> list[Word]:
        words = [Word() for _ in range(count)]
        for word in words:
            self.ours.append(Record(partition, b"v1", b"x" * size, [("ce_id", b"e")]), word)
        return words

    async def asked(self, count: int) -> Asked:
        await eventually(lambda: len(self.client.asked) == count)
        return self.client.asked[-1]

    def published(self, status: str) -> float | None:
        where = {"app_name": "order-api", "broker": "kafka", "destination": "orders", "status": status}
        return self.registry.get_sample_value("faststream_published_messages_total", where)


@asynccontextmanager
async def appending(client: Client, seconds: float = 30.0) -> AsyncIterator[Bench]:
    broker, registry = KafkaBroker(), CollectorRegistry()
    fake: Any = SimpleNamespace(client=client, start=lambda: asyncio.sleep(0))
    await broker.config.producer.connect(fake, None)  # as its start does
    ours = Appender(broker, "orders", registry, seconds=seconds, back_off=0.001)
    running = asyncio.create_task(ours.run())
    try:
        yield Bench(client, ours, registry)
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()


async def test_what_is_handed_over_at_once_goes_together_by_the_client_that_faststream_started() -> None:
    async with appending(Client()) as bench:
        words, elsewhere = bench.append(3), bench.append(partition=1)
        asked = await bench.asked(1)
        assert asked.sizes() == {3: 3, 1: 1}
        asked.answer({3: 40, 1: 7})
        await eventually(lambda: [word.heard for word in words] == [[40], [41], [42]])
        assert elsewhere[0].heard == [7]
        assert (bench.published("success"), bench.published("error")) == (4, 0)


@pytest.mark.parametrize(("moment", "told"), [(1_234, 1_234), (-1, None)])
async def test_when_a_record_was_appended_is_told_if_the_log_itself_said_so(moment: int, told: int | None) -> None:
    async with appending(Client()) as bench:
        (word,) = bench.append()
        (await bench.asked(1)).answer({3: 40}, moment=moment)
        await eventually(lambda: word.heard == [40])
        assert word.appended_at == told


async def test_each_broker_has_one_request_in_flight_and_what_comes_meanwhile_goes_with_the_next() -> None:
    client = Client()
    client.leaders[4] = 2
    async with appending(client) as bench:
        bench.append()
        first = await bench.asked(1)
        bench.append(partition=4)  # of another broker: it does not wait
        other = await bench.asked(2)
        late = [*bench.append(2), *bench.append(partition=5)]
        assert (first.node, other.node, len(client.asked)) == (1, 2, 2)
        first.answer({3: 7})
        third = await bench.asked(3)
        assert third.sizes() == {3: 2, 5: 1}
        third.answer({3: 8, 5: 0})
        await eventually(lambda: [word.heard for word in late] == [[8], [9], [0]])


async def test_what_is_too_much_for_a_batch_goes_with_the_next_and_a_long_record_alone() -> None:
    async with appending(Client()) as bench:
        words = [*bench.append(2, size=100_000), *bench.append(size=400_000), *bench.append(size=100_000)]
        at = 0
        for number in range(3):
            asked = await bench.asked(number + 1)
            asked.answer({3: at})
            at += asked.sizes()[3]
        await eventually(lambda: [word.heard for word in words] == [[0], [1], [2], [3]])
        assert bench.client.sizes() == [{3: 2}, {3: 1}, {3: 1}]


async def test_what_nobody_waits_for_any_more_is_not_sent() -> None:
    async with appending(Client()) as bench:
        bench.append()
        first = await bench.asked(1)
        given_up, alone, (wanted,) = bench.append(2), bench.append(partition=9), bench.append()
        for word in (*given_up, *alone):
            word.over = True
        first.answer()
        second = await bench.asked(2)
        assert second.sizes() == {3: 1}
        second.answer({3: 5})
        await eventually(lambda: wanted.heard == [5])
        assert [word.heard for word in (*given_up, *alone)] == [[], [], []]
        bench.append(partition=9)  # and the partition goes on
        assert (await bench.asked(3)).sizes() == {9: 1}


async def test_what_the_broker_refuses_is_told_to_all_and_counted_and_the_others_go_on() -> None:
    async with appending(Client()) as bench:
        refused, (good,) = bench.append(2), bench.append(partition=1)
        (await bench.asked(1)).answer({3: Code(TOO_LARGE), 1: 5})
        await eventually(lambda: [word.heard for word in refused] == [["MessageSizeTooLargeError"]] * 2)
        assert good.heard == [5]
        assert (bench.published("success"), bench.published("error")) == (1, 2)
        bench.append()
        assert (await bench.asked(2)).sizes() == {3: 1}


@pytest.mark.parametrize("fault", [AssertionError("the client is broken"), KeyError(1)])
async def test_what_the_client_fails_on_is_told_and_the_next_goes_out(fault: Exception) -> None:
    async with appending(Client()) as bench:
        bench.client.fault = fault
        (word,) = bench.append()
        await eventually(lambda: word.heard == [type(fault).__name__])
        bench.client.fault = None
        bench.append()
        assert (await bench.asked(1)).sizes() == {3: 1}


async def test_what_the_broker_says_nothing_of_is_told() -> None:
    async with appending(Client()) as bench:
        (word,) = bench.append()
        (await bench.asked(1)).answer({3: None})
        await eventually(lambda: word.heard == ["UnknownError"])


async def test_who_leads_no_more_is_followed_by_who_does_and_nothing_overtakes() -> None:
    client = Client()
    async with appending(client) as bench:
        (first,) = bench.append()
        asked = await bench.asked(1)
        (late,) = bench.append(size=20)
        client.on_refresh = lambda: client.leaders.update({3: 2})
        asked.answer({3: Code(NOT_LEADER)})
        again = await bench.asked(2)
        assert (again.node, again.bytes) == (2, asked.bytes)
        again.answer({3: 7})
        (await bench.asked(3)).answer({3: 8})
        await eventually(lambda: (first.heard, late.heard) == ([7], [8]))
        assert client.refreshed == 1


async def test_a_lost_connection_is_tried_again_and_the_refused_are_told_when_the_time_is_up() -> None:
    async with appending(Client(), seconds=SHORT) as bench:
        bench.client.fault = KafkaConnectionError("closed")
        (word,) = bench.append()
        await eventually(lambda: word.heard == ["KafkaConnectionError"])
        assert bench.client.refreshed > 1
        bench.client.fault = None
        (later,) = bench.append()
        (await bench.asked(1)).answer({3: 4})
        await eventually(lambda: later.heard == [4])


@pytest.mark.parametrize("unknown", [None, -1])
async def test_where_nobody_leads_a_batch_waits_until_somebody_does(unknown: int | None) -> None:
    client = Client()
    client.leaders[3] = unknown
    async with appending(client) as bench:
        (word,), (elsewhere,) = bench.append(), bench.append(partition=1)
        (await bench.asked(1)).answer({1: 0})
        await eventually(lambda: elsewhere.heard == [0] and client.refreshed > 2)
        client.leaders[3] = 2
        (await bench.asked(2)).answer({3: 9})
        await eventually(lambda: word.heard == [9])


async def test_where_nobody_leads_for_too_long_it_is_told() -> None:
    client = Client()
    client.leaders[3] = None
    async with appending(client, seconds=SHORT) as bench:
        (word,) = bench.append()
        await eventually(lambda: word.heard == ["LeaderNotAvailableError"])


FATES = st.sampled_from(["taken", "taken", "taken", "not leader", "too large", "cut off"])


@given(
    appends=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=30),
    fates=st.lists(FATES, max_size=12),
)
def test_whatever_befalls_requests_a_partition_keeps_its_order_and_each_hears_once(
    appends: list[tuple[int, int]], fates: list[str]
) -> None:
    """`appends`: partitions, and how many turns of the loop pass before the next. Leaders change at each refresh."""
    asyncio.run(_keeps_order(appends, list(fates)))


async def _keeps_order(appends: list[tuple[int, int]], fates: list[str]) -> None:
    client, log, refused = _Broker(fates), defaultdict(list), []
    client.log = log
    async with appending(client) as bench:
        words = []
        for number, (partition, turns) in enumerate(appends):
            word, value = Word(), b"%d" % number
            words.append((partition, value, word))
            bench.ours.append(Record(partition, b"v1", value, []), word)
            for _ in range(turns):
                await asyncio.sleep(0)
        await eventually(lambda: all(word.heard for _, _, word in words))
    for partition, value, word in words:
        (heard,) = word.heard
        if isinstance(heard, int):
            assert log[partition][heard] == value
        else:
            refused.append(value)
            assert heard == "MessageSizeTooLargeError"
    for values in log.values():
        kept = [int(value) for value in values]
        assert kept == sorted(kept)
        assert not set(values) & set(refused)


class _Broker(Client):
    """Takes what it is sent, each request with the next fate; without one left, it takes all."""

    def __init__(self, fates: list[str]) -> None:
        super().__init__()
        self.fates, self.log = fates, defaultdict(list)  # type: ignore[var-annotated]
        self.under_way: set[int] = set()
        self.on_refresh = self._others_lead

    def _others_lead(self) -> None:
        self.leaders.update({number: 1 + (self.refreshed + number) % 2 for number in range(3)})

    async def send(self, node: int, request: ProduceRequest) -> Any:
        asked = Asked(node, request)
        assert not self.under_way & set(asked.values), "a partition's batches overtake each other"
        self.under_way |= set(asked.values)
        await asyncio.sleep(0)
        self.under_way -= set(asked.values)
        fate = self.fates.pop(0) if self.fates else "taken"
        if fate == "cut off":
            raise KafkaConnectionError("closed")
        said: Said = {}
        for number, values in asked.values.items():
            if fate == "taken" or number != min(asked.values):
                said[number] = len(self.log[number])
                self.log[number] += values
            else:
                said[number] = Code(NOT_LEADER if fate == "not leader" else TOO_LARGE)
        asked.answer(said)
        return asked.word.result()
