"""Append and learn: who gets which verdict, whatever the order in which records come back.

Here the broker's word does not say when a record was appended, so the tail alone tells; test_own_records has the rest.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from infra.plain_events import event
from order_api.booked import BookedEvent
from order_api.boot import Start
from order_api.lane import Appending
from order_api.lane import Record as AppendedRecord
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.order_log import OrderLog
from order_api.waiters import Accepted, Lost, Outcome, Unknown
from order_api.written import Proposal
from order_contracts.channels import partition_of
from order_contracts.events import Event
from order_contracts.wire import write_record

PARTITIONS = 4
P = partition_of("v1", PARTITIONS)


@dataclass
class Record:
    """What a consumer hands over, as far as the log looks at it."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    offset: int
    timestamp: int = 1_000


@dataclass
class Partition:
    """A partition that takes what is published and gives it back when asked."""

    sent: list[tuple[Any, Any, dict[str, str]]] = field(default_factory=list)
    read: int = 0
    failure: Exception | None = None
    grown: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledges: asyncio.Event = field(default_factory=asyncio.Event)
    told: list["asyncio.Task[None]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.acknowledges.set()

    def append(self, record: AppendedRecord, by: Appending) -> None:
        assert record.partition == P
        self.put(record.value, record.key, {name: raw.decode() for name, raw in record.headers})
        self.told.append(asyncio.create_task(self.word(len(self.sent) - 1, by)))

    async def word(self, offset: int, by: Appending) -> None:
        await self.acknowledges.wait()
        if self.failure is not None:
            by.failed(self.failure)
        else:
            by.appended(offset, None)

    def put(self, value: bytes | None, key: bytes | None, headers: dict[str, str]) -> None:
        self.sent.append((value, key, headers))
        self.grown.set()

    async def end_offsets(self, asked: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: len(self.sent) if tp.partition == P else 0 for tp in asked}

    def records(self) -> list[Record]:
        fresh = [
            Record(key, value, [(name, text.encode()) for name, text in headers.items()], offset)
            for offset, (value, key, headers) in enumerate(self.sent)
        ][self.read :]
        self.read = len(self.sent)
        return fresh


class Bench:
    """A log over one fake partition; `deliver` lets the tail read what was sent."""

    def __init__(self) -> None:
        self.partition, self.book = Partition(), OrderBook()
        start = Start(dict.fromkeys(range(PARTITIONS), 0), frozenset(range(PARTITIONS)))
        fake: Any = self.partition
        self.log = OrderLog(
            book=self.book, metrics=Metrics(), appender=fake, asker=fake, topic="t", epoch="e0000000", start=start
        )

    def append(self, *events: Event, fingerprint: str = "f", seconds: float | None = None) -> "asyncio.Task[Any]":
        proposals = [Proposal(event, (), fingerprint) for event in events]
        return asyncio.create_task(self.log.append(proposals, now=1_000, seconds=seconds))

    def from_another_replica(self, event: Event, fingerprint: str = "f") -> None:
        key, value, headers = write_record(event, stations=(), not_after=9_000, fingerprint=fingerprint)
        self.partition.put(value, key, headers)

    def deliver(self) -> None:
        self.log.take(P, self.partition.records(), len(self.partition.sent))


def accepted(outcomes: list[Outcome], *, stood: bool) -> BookedEvent:
    (outcome,) = outcomes
    assert isinstance(outcome, Accepted)
    assert outcome.stood is stood
    return outcome.event


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def sent(bench: Bench, count: int) -> None:
    while len(bench.partition.sent) < count:
        bench.partition.grown.clear()
        await bench.partition.grown.wait()


async def test_an_accepted_event_is_given_with_its_place_in_the_log(bench: Bench) -> None:
    appending = bench.append(event("a"))
    await sent(bench, 1)
    bench.deliver()
    booked = accepted(await appending, stood=False)
    assert (booked.id, booked.version, str(bench.log.position_after(booked))) == ("a", 1, f"e0000000.{P}-1")
    assert bench.book.document("o1", 1)["last"] == "a"


async def test_a_verdict_that_comes_before_the_brokers_word_is_not_missed(bench: Bench) -> None:
    bench.partition.acknowledges.clear()
    appending = bench.append(event("a"))
    await sent(bench, 1)
    bench.deliver()
    bench.partition.acknowledges.set()
    assert accepted(await appending, stood=False).id == "a"


async def test_the_second_that_extends_a_head_has_lost(bench: Bench) -> None:
    bench.from_another_replica(event("a"))
    bench.from_another_replica(event("b", 2, "a"))
    appending = bench.append(event("c", 2, "a"))
    await sent(bench, 3)
    bench.deliver()
    assert await appending == [Lost()]
    assert bench.book.document("o1", 2)["last"] == "b"


async def test_the_same_event_from_another_replica_answers_both(bench: Bench) -> None:
    bench.from_another_replica(event("a"), fingerprint="theirs")
    appending = bench.append(event("a"), fingerprint="ours")
    await sent(bench, 2)
    bench.deliver()
    assert accepted(await appending, stood=True).fingerprint == "theirs"
    assert len(bench.book) == 1


async def test_a_loser_of_an_earlier_try_says_nothing_of_this_one(bench: Bench) -> None:
    bench.from_another_replica(event("a"))
    bench.from_another_replica(event("b", 2, "a"))
    bench.deliver()
    bench.from_another_replica(event("x", 2, "a"))  # our first try, decided on a, lands late
    appending = bench.append(event("x", 3, "b"))
    await sent(bench, 4)
    bench.deliver()
    assert accepted(await appending, stood=False).version == 3


async def test_what_the_broker_refuses_is_of_unknown_outcome(bench: Bench) -> None:
    bench.partition.failure = KafkaTimeoutError()
    assert [type(outcome) for outcome in await bench.append(event("a"))] == [Unknown]


async def test_what_stands_is_accepted_whatever_became_of_the_copy(bench: Bench) -> None:
    bench.partition.acknowledges.clear()
    bench.partition.failure = KafkaTimeoutError()
    appending = bench.append(event("a"))
    await sent(bench, 1)
    bench.deliver()
    bench.partition.acknowledges.set()
    assert accepted(await appending, stood=False).id == "a"


async def test_each_of_those_appended_together_hears_what_became_of_it(bench: Bench) -> None:
    bench.from_another_replica(event("a"))
    bench.from_another_replica(event("b", 2, "a"))
    appending = bench.append(event("c", 2, "a"), event("d", order_id="o2"))
    await sent(bench, 4)
    bench.deliver()
    lost, won = await appending
    assert lost == Lost()
    assert accepted([won], stood=False).id == "d"


async def test_of_those_appended_together_the_open_ones_are_unknown_in_the_end(bench: Bench) -> None:
    appending = bench.append(event("a"), event("d", order_id="o2"), seconds=0.05)
    await sent(bench, 2)
    last = bench.partition.sent.pop()
    bench.deliver()  # and the tail stands still
    bench.partition.sent.append(last)
    known, unknown = await appending
    assert accepted([known], stood=False).id == "a"
    assert isinstance(unknown, Unknown)
    bench.deliver()  # nobody is there to hear of it any more
    assert bench.book.head("v1", "o2") is not None


async def test_garbage_is_counted_and_passed_over(bench: Bench) -> None:
    bench.partition.put(b"\xff{", b"v1", {"ce_id": "x"})
    bench.partition.put(None, None, {})
    bench.from_another_replica(event("a"))
    bench.deliver()
    assert bench.book.head("v1", "o1") is not None
    assert bench.log.behind() == 0


async def test_catching_up_waits_for_what_was_there_when_asked(bench: Bench) -> None:
    bench.from_another_replica(event("a"))
    catching_up = asyncio.create_task(bench.log.catch_up("v1"))
    done, _ = await asyncio.wait([catching_up], timeout=0)
    assert not done
    bench.deliver()
    await catching_up


async def test_an_order_whose_beginning_was_not_seen_is_not_acted_on(bench: Bench) -> None:
    start = Start(dict.fromkeys(range(PARTITIONS), 0), frozenset())
    fake: Any = bench.partition
    book = OrderBook()
    log = OrderLog(book=book, metrics=Metrics(), appender=fake, asker=fake, topic="t", epoch="e", start=start)
    bench.from_another_replica(event("c", 3, "b"))
    log.take(P, bench.partition.records(), 1)
    assert book.head("v1", "o1") is None


async def test_forgotten_orders_leave_the_book(bench: Bench) -> None:
    bench.from_another_replica(event("a"))
    bench.deliver()
    bench.log.forget_before(1_001)
    assert len(bench.book) == 0
