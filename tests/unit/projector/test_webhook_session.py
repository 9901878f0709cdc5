"""Whatever a receiver answers and wherever a sender dies: every event is taken, none before the one ahead of it."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from order_contracts.guest_texts import GuestTexts
from projector.webhooks import session as sessions
from projector.webhooks.answers import Answer, Outcome, unanswered
from projector.webhooks.book import Taken
from projector.webhooks.lanes import Endpoint, Lane
from projector.webhooks.messages import Waiting
from projector.webhooks.metrics import WebhookMetrics
from projector.webhooks.session import Session
from projector.webhooks.trail import Horizon

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
VENUES = {0: "bar", 1: "grill"}
TAKES, REFUSES, TAKES_UNHEARD, GONE = "takes", "refuses", "takes, but the answer is lost", "gone"
WRITES, DIES_BEFORE, DIES_AFTER = "is written", "dies before it is written", "dies after it was written"


class _Died(Exception):
    pass


@dataclass
class _World:
    """A log, a book and a receiver, all in memory. They do what the plans say, and behave once those are used up."""

    events: dict[int, list[Waiting]]
    answers: Iterator[str]
    writes: Iterator[str]
    places: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})
    enabled: bool = True
    taken: list[str] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)
    attempts: dict[str, int] = field(default_factory=dict)

    async def page(self, endpoint: Endpoint, venues: Sequence[str], since: int, until: int) -> list[Waiting]:
        found = [one for lane in self.events.values() for one in lane if one.venue_id in venues]
        return [one for one in found if since <= one.offset < until][: sessions.PAGE]

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        event = msgspec.json.decode(body)
        partition = int(event["position"].split(".")[1].split("-")[0])
        ahead = [one.event_id for one in self.events[partition]]
        ahead = ahead[: ahead.index(event["id"])]
        assert self.heard.issuperset(ahead), "sent while one ahead of it was not taken"
        await asyncio.sleep(0)
        self.attempts[event["id"]] = self.attempts.get(event["id"], 0) + 1
        match next(self.answers, TAKES):
            case "refuses":
                return unanswered("refused")
            case "gone":
                return Answer(Outcome.GONE, "answered 410")
            case "takes":
                self.heard.add(event["id"])
                self.taken.append(event["id"])
                return Answer(Outcome.DELIVERED, "answered 200")
        self.taken.append(event["id"])
        return unanswered("no answer in time")

    async def save(self, endpoint: Endpoint, lane: Lane) -> None:
        how = next(self.writes, WRITES)
        if how == DIES_BEFORE:
            raise _Died
        self.places[lane.partition] = lane.next
        lane.saved = True
        if how == DIES_AFTER:
            raise _Died

    async def disable(self, endpoint: Endpoint, reason: str) -> None:
        self.enabled = False

    def session(self, now: datetime) -> Session:
        endpoint = Endpoint("wh", "org", None, None, "https://a.example", "whsec_AAAA", None, None, "e0000000", 1)
        lanes = {partition: Lane(partition, place, now) for partition, place in self.places.items()}
        session = Session(
            Taken(endpoint, lanes),
            pages=self,
            saves=self,
            posts=self,
            guests=GuestTexts(lambda: None),
            metrics=WebhookMetrics(),
            clock=lambda: now,
        )
        session.ours_until = float("inf")
        return session


def waiting(partition: int, number: int, offset: int) -> Waiting:
    name = f"{partition}-{number}"
    value = msgspec.json.encode({"id": name, "time": "2026-11-30T12:00:00.000Z", "change": {}})
    return Waiting(name, "order.placed.v1", f"o{name}", VENUES[partition], offset, NOW, value, guest_erased=False)


def logs() -> st.SearchStrategy[dict[int, list[Waiting]]]:
    offsets = st.sets(st.integers(0, 60), max_size=20).map(sorted)
    return st.fixed_dictionaries(
        {
            partition: offsets.map(
                lambda found, p=partition: [waiting(p, number, offset) for number, offset in enumerate(found)]
            )
            for partition in VENUES
        }
    )


@settings(max_examples=100)
@given(
    events=logs(),
    answers=st.lists(st.sampled_from([TAKES, TAKES, REFUSES, TAKES_UNHEARD, GONE]), max_size=60),
    writes=st.lists(st.sampled_from([WRITES, WRITES, WRITES, DIES_BEFORE, DIES_AFTER]), max_size=60),
)
def test_every_event_is_taken_and_none_before_the_one_ahead_of_it(
    events: dict[int, list[Waiting]], answers: list[str], writes: list[str]
) -> None:
    world = _World(events, iter(answers), iter(writes))
    with capture_logs(), patch.object(sessions, "PAGE", 3):
        asyncio.run(send_all(world))
    for lane in events.values():
        wanted = [one.event_id for one in lane]
        first_taken = deque(dict.fromkeys(name for name in world.taken if name in wanted))
        assert list(first_taken) == wanted
    if not any(plan != WRITES for plan in writes) and TAKES_UNHEARD not in answers:
        assert len(world.taken) == len(set(world.taken)), "nothing twice without a reason"


async def send_all(world: _World) -> None:
    """Send until all is taken: a session that died is followed by another, that begins with what was written."""
    now, session = NOW, world.session(NOW)
    ends = {partition: lane[-1].offset + 1 if lane else 0 for partition, lane in world.events.items()}
    total = sum(len(lane) for lane in world.events.values())
    for _ in range(1000):
        if len(world.heard) == total:
            break
        now += timedelta(minutes=10)
        if session.over:
            world.enabled = True
        if session.over or not world.enabled:
            session = world.session(now)
        session._clock = lambda at=now: at  # type: ignore[misc]
        venues = {"org": {partition: [venue] for partition, venue in VENUES.items()}}
        session.look(Horizon("e0000000", ends, venues, None, now))
        ended = await asyncio.gather(*session._busy.values(), return_exceptions=True)
        if any(isinstance(one, _Died) for one in ended):
            session = world.session(now)
    assert len(world.heard) == total, "it never ended"


def test_an_event_that_fails_is_not_tried_again_before_its_time() -> None:
    world = _World({0: [waiting(0, 0, 5)], 1: []}, iter([REFUSES]), iter(()))

    async def twice(later: timedelta) -> None:
        session = world.session(NOW)
        for moment in (NOW, NOW + later):
            session._clock = lambda at=moment: at  # type: ignore[misc]
            session.look(Horizon("e0000000", {0: 6, 1: 0}, {"org": {0: ["bar"]}}, None, moment))
            await asyncio.gather(*session._busy.values())

    asyncio.run(twice(timedelta(seconds=1)))
    assert world.attempts == {"0-0": 1}
    asyncio.run(twice(timedelta(seconds=5)))
    assert world.taken == ["0-0"]


def test_a_sender_whose_lease_is_over_sends_nothing() -> None:
    world = _World({0: [waiting(0, 0, 5)], 1: []}, iter(()), iter(()))

    async def once() -> None:
        session = world.session(NOW)
        session.ours_until = 0.0
        session.look(Horizon("e0000000", {0: 6, 1: 0}, {"org": {0: ["bar"]}}, None, NOW))
        await asyncio.gather(*session._busy.values())

    asyncio.run(once())
    assert world.attempts == {}
