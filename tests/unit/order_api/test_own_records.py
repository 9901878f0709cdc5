"""One's own records, judged on the broker's word as far as nothing unknown stands before them: the tail's verdicts."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from infra.plain_events import event
from order_api.boot import Start
from order_api.lane import Appending
from order_api.lane import Record as AppendedRecord
from order_api.metrics import Metrics
from order_api.order_book import OrderBook
from order_api.order_log import OrderLog
from order_api.waiters import Accepted, Lost, Outcome, Unknown
from order_api.written import Proposal
from order_contracts.arbiter import Verdict
from order_contracts.channels import partition_of
from order_contracts.events import Event, decode_event
from order_contracts.wire import MAX_ID, write_record

P = partition_of("v1", 4)
NOW, NOT_AFTER = 1_000, 3_000
LATE = NOT_AFTER + 1


@dataclass(frozen=True)
class Record:
    """What a consumer hands over, as far as the log looks at it."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    offset: int
    timestamp: int


@dataclass
class Replica:
    """An order log on one partition, whose broker's words and whose fetches come when they are asked for.

    `start` and `complete` are where reading begins; what is in `log` then stands there already.
    """

    log: list[Record] = field(default_factory=list)
    start: int = 0
    complete: bool = True

    def __post_init__(self) -> None:
        self.words: list[tuple[int, Appending]] = []
        self.own_at: list[int] = []
        self.at, self.fetched = NOW, self.start
        self.book, self.metrics = OrderBook(), Metrics()
        fake: Any = self
        self.ours = OrderLog(
            book=self.book,
            metrics=self.metrics,
            appender=fake,
            asker=fake,
            topic="t",
            epoch="e",
            start=Start(dict.fromkeys(range(4), self.start), frozenset(range(4) if self.complete else ())),
            not_after_ms=NOT_AFTER - NOW,
        )

    def append(self, record: AppendedRecord, by: Appending) -> None:
        self.words.append((len(self.log), by))
        self._put(record.key, record.value, record.headers)

    def _put(self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        self.log.append(Record(key, value, headers, len(self.log), self.at))

    def foreign(self, event: Event | None) -> None:
        """Let another replica append an event; None is garbage."""
        if event is None:
            return self._put(None, b"{", [])
        key, value, headers = write_record(event, stations=(), not_after=NOT_AFTER, fingerprint="theirs")
        return self._put(key, value, [(name, text.encode()) for name, text in headers.items()])

    async def own(self, *events: Event, seconds: float | None = None) -> "asyncio.Task[list[Outcome]]":
        """Append by itself, up to where the records stand in the log."""
        proposals = [Proposal(event, ("grill",), "ours") for event in events]
        self.own_at += range(len(self.log), len(self.log) + len(events))
        appending = asyncio.create_task(self.ours.append(proposals, now=NOW, seconds=seconds))
        await asyncio.sleep(0)
        return appending

    async def end_offsets(self, asked: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: len(self.log) if tp.partition == P else 0 for tp in asked}

    def word(self, *, told: bool = True) -> None:
        """Let the broker acknowledge the first record that it has not; not `told`: without saying when it took it."""
        if self.words:
            offset, by = self.words.pop(0)
            by.appended(offset, self.log[offset].timestamp if told else None)

    def fetch(self, most: int = 100) -> None:
        """Let the tail read on."""
        records: Any = self.log[self.fetched : self.fetched + most]
        self.fetched += len(records)
        self.ours.take(P, records, len(self.log))

    def turn(self, step: str, detail: Any) -> None:
        """Do one of the things that need no waiting."""
        if step == "clock":
            self.at = detail
        else:
            {"foreign": self.foreign, "fetch": self.fetch}[step](detail)

    def bears_out(self, outcome: Outcome, offset: int) -> bool:
        """Say whether the book holds what somebody was told of a record at an offset."""
        if not isinstance(outcome, Accepted):
            return True
        held = self.book.event(decode_event(outcome.event.value).order_id, outcome.event.id)
        return held == outcome.event and outcome.stood == (held.next != offset + 1)

    @property
    def next(self) -> int:
        return self.ours.next(P)

    def counts(self) -> dict[str, float | None]:
        names = [*(verdict.value for verdict in Verdict), "malformed"]
        return {
            name: self.metrics.registry.get_sample_value("order_api_records_total", {"verdict": name}) for name in names
        }

    def orders(self) -> dict[str, list[bytes]]:
        return {order_id: list(order.events) for order_id, order in self.book._orders.items()}

    def as_its_tail_alone(self) -> "Replica":
        """Give a replica that has read what this one has judged, by the tail alone."""
        other = Replica(self.log, self.start, self.complete)
        records: Any = self.log[self.start : self.next]
        other.ours.take(P, records, 0)
        return other


@pytest.fixture
def replica() -> Replica:
    return Replica()


def told(appending: "asyncio.Task[list[Outcome]]") -> list[tuple[str, bool] | type[Lost | Unknown]]:
    return [(one.event.id, one.stood) if isinstance(one, Accepted) else type(one) for one in appending.result()]


async def test_what_the_broker_has_taken_is_answered_before_the_tail_has_seen_it(replica: Replica) -> None:
    appending = await replica.own(event("a"), event("b", order_id="o2"))
    replica.word()
    assert (replica.next, appending.done()) == (1, False)
    replica.word()
    await appending
    assert told(appending) == [("a", False), ("b", False)]
    assert (replica.next, replica.fetched, replica.ours.behind()) == (2, 0, 0)
    assert replica.orders() == replica.as_its_tail_alone().orders()


async def test_what_stands_behind_an_unknown_record_waits_for_that_one_alone(replica: Replica) -> None:
    replica.foreign(event("theirs"))
    appending = await replica.own(event("a"), event("b", order_id="o2"))
    replica.word()
    replica.word()
    assert (replica.next, replica.ours.behind()) == (0, 3)
    replica.fetch(most=1)
    await appending
    assert told(appending) == [Lost, ("b", False)]
    assert (replica.next, replica.fetched) == (3, 1)


async def test_what_the_tail_read_first_is_not_judged_again_on_the_brokers_word(replica: Replica) -> None:
    appending = await replica.own(event("a"))
    replica.fetch()
    replica.word()
    await appending
    assert told(appending) == [("a", False)]
    assert replica.counts() == {"accepted": 1, "superseded": 0, "late": 0, "malformed": None}


async def test_what_was_judged_on_the_brokers_word_is_passed_over_by_the_tail(replica: Replica) -> None:
    await replica.own(event("a"))
    replica.word()
    replica.foreign(event("b", 2, "a"))
    replica.fetch()
    assert replica.counts() == {"accepted": 2, "superseded": 0, "late": 0, "malformed": None}
    assert (replica.next, replica.book.document("o1", 2)["last"]) == (2, "b")


async def test_a_word_that_comes_after_its_caller_gave_up_is_taken_all_the_same(replica: Replica) -> None:
    appending = await replica.own(event("a"), seconds=0)
    await appending
    assert told(appending) == [Unknown]
    replica.word()
    assert (replica.next, replica.book.head("v1", "o1") is not None) == (1, True)


async def test_of_one_event_sent_twice_both_hear_and_one_record_counts(replica: Replica) -> None:
    first, second = await replica.own(event("a")), await replica.own(event("a"))
    replica.word()
    await first
    assert not second.done()
    replica.word()
    await second
    assert (told(first), told(second)) == ([("a", False)], [("a", True)])
    assert replica.counts() == {"accepted": 1, "superseded": 1, "late": 0, "malformed": None}


async def test_what_the_broker_took_too_late_is_late_on_its_word_too(replica: Replica) -> None:
    replica.at = LATE
    appending = await replica.own(event("a"))
    replica.word()
    await appending
    assert told(appending) == [Lost]
    assert replica.counts() == {"accepted": 0, "superseded": 0, "late": 1, "malformed": None}


async def test_a_word_without_a_moment_is_left_to_the_tail(replica: Replica) -> None:
    appending = await replica.own(event("a"))
    replica.word(told=False)
    assert (replica.next, replica.ours.behind()) == (0, 1)
    replica.fetch()
    await appending
    assert told(appending) == [("a", False)]


async def test_what_readers_find_malformed_is_not_accepted_on_the_brokers_word(replica: Replica) -> None:
    await replica.own(event("x" * (MAX_ID + 1)))
    replica.word()
    assert (replica.next, replica.orders()) == (0, {})
    replica.fetch()
    assert replica.counts() == {"accepted": 0, "superseded": 0, "late": 0, "malformed": 1}


async def test_a_replica_that_is_still_reading_the_log_waits_for_what_stands_before() -> None:
    earlier = Replica()
    earlier.foreign(event("a"))
    earlier.foreign(event("b", 2, "a"))
    replica = Replica(earlier.log, start=1, complete=False)
    appending = await replica.own(event("c", 3, "b"))
    replica.word()
    assert replica.next == 1
    replica.fetch(most=1)
    await appending
    assert (told(appending), replica.next) == ([("c", False)], 3)


async def test_who_waits_for_the_end_of_the_log_goes_on_by_the_brokers_word(replica: Replica) -> None:
    await replica.own(event("a"))
    passing = asyncio.create_task(replica.ours._partitions[P].passed(1))
    await asyncio.sleep(0)
    replica.word()
    await passing


async def test_a_tail_that_rests_goes_on_at_once_when_somebody_needs_what_it_alone_can_bring(replica: Replica) -> None:
    await replica.own(event("a"))
    resting = asyncio.create_task(replica.ours.rest(3_600))
    await asyncio.sleep(0)
    replica.word()
    await asyncio.sleep(0)
    assert not resting.done()
    replica.foreign(event("theirs"))
    await replica.own(event("b", order_id="o2"))
    replica.word()
    await resting


async def test_a_tail_that_rests_goes_on_at_once_when_somebody_waits_for_the_end_of_the_log(replica: Replica) -> None:
    resting = asyncio.create_task(replica.ours.rest(3_600))
    replica.foreign(event("theirs"))
    catching_up = asyncio.create_task(replica.ours.catch_up("v1"))
    await resting
    replica.fetch()
    await catching_up


async def test_a_tail_that_nobody_needs_rests_its_time(replica: Replica) -> None:
    await replica.ours.rest(0)


_EVENTS = st.builds(  # an event may come again, on the same parent or, as a second try, on another one
    lambda order, version, name, parent: event(
        f"{order}-{version}{name}", version, f"{order}-{version - 1}{parent}" if version > 1 else None, order
    ),
    st.sampled_from(["o1", "o2"]),
    st.integers(1, 4),
    st.sampled_from("ab"),
    st.sampled_from("ab"),
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("own"), st.lists(_EVENTS, min_size=1, max_size=3)),
        st.tuples(st.just("foreign"), st.none() | _EVENTS),
        st.tuples(st.just("word"), st.booleans()),
        st.tuples(st.just("word"), st.just(True)),
        st.tuples(st.just("fetch"), st.integers(1, 3)),
        st.tuples(st.just("clock"), st.sampled_from([NOW, NOT_AFTER, LATE])),
    ),
    max_size=30,
)


async def run(
    steps: list[tuple[str, Any]], earlier: list[Record], start: int, complete: bool, words: bool
) -> tuple[Replica, list[Any]]:
    """Play a history through; without `words` the tail alone tells. Each step leaves what a tail would have."""
    replica, appending = Replica(list(earlier), start, complete), []
    for step, detail in steps:
        if step == "own":
            appending.append(await replica.own(*detail))
        elif step == "word":
            replica.word(told=words and detail)
        else:
            replica.turn(step, detail)
        alone = replica.as_its_tail_alone()
        assert (replica.orders(), replica.counts()) == (alone.orders(), alone.counts())
    while replica.words:
        replica.word(told=words)
    replica.fetch(len(replica.log))
    outcomes = chain.from_iterable(await asyncio.gather(*appending))
    if complete:
        assert all(replica.bears_out(*one) for one in zip(outcomes, replica.own_at, strict=True))
    return replica, [told(one) for one in appending]


def _earlier(events: list[Event | None]) -> Iterator[Record]:
    replica = Replica()
    for one in events:
        replica.foreign(one)
    yield from replica.log


@given(_STEPS, st.lists(st.none() | _EVENTS, max_size=4), st.integers(0, 4), st.booleans())
def test_however_words_and_fetches_interleave_all_is_as_the_tail_alone_has_it(
    steps: list[tuple[str, Any]], earlier: list[Event | None], start: int, complete: bool
) -> None:
    before = list(_earlier(earlier))
    begin = min(start, len(before)), complete and not start
    by_word, heard = asyncio.run(run(steps, before, *begin, words=True))
    by_tail, heard_of_tail = asyncio.run(run(steps, before, *begin, words=False))
    if all(times == 1 for times in Counter(dict(one.headers).get("ce_id") for one in by_word.log if one.key).values()):
        assert heard == heard_of_tail  # else who waits already hears of the first copy, and who comes later does not
    assert (by_word.next, by_word.orders(), by_word.counts()) == (by_tail.next, by_tail.orders(), by_tail.counts())
    assert not any(partition.own for partition in by_word.ours._partitions.values())
