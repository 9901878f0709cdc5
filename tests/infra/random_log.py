"""Order logs as a hostile world writes them, and what a reader of the whole log has to make of them.

The oracle shares no code with the projector but the contracts: one arbiter a partition from the first record on,
everything in memory.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any
from zlib import crc32

from infra.expected_sums import Sums, expected_sums
from infra.random_orders import moving, placing
from order_contracts.arbiter import Arbiter, Verdict
from order_contracts.channels import partition_of
from order_contracts.events import Event, decode_event
from order_contracts.fold import merge_patch
from order_contracts.wire import Envelope, Malformed, write_record

FAR, PAST = 99_999_999_999_999, 1
Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Entry:
    """A record, before the log gives it offset and time."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass
class Expected:
    """What the read models must hold."""

    orders: dict[str, tuple[int, str, str, dict[str, Any]]] = field(default_factory=dict)  # version, head, status, doc
    trail: set[tuple[str, int, str]] = field(default_factory=set)  # order, version, event
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_letters: list[tuple[str, int]] = field(default_factory=list)  # order, version
    sums: Sums = field(default_factory=Sums)


def order_event(  # one line of a log
    order_id: str, venue: str, version: int, parent: str | None, event_id: str, change: dict[str, Any]
) -> Event:
    return Event(
        id=event_id,
        type="order.placed.v1" if version == 1 else "order.accepted.v1",
        order_id=order_id,
        venue_id=venue,
        organization_id="org-1",
        version=version,
        parent=parent,
        time="2026-11-20T18:25:00.000Z",
        actor="test",
        change={"version": version, **change},
    )


def entry_of(event: Event, partitions: int, *, not_after: int = FAR, value: bytes | None = None) -> Entry:
    """Write a record; with `value`, one whose headers are right and whose value is that instead."""
    key, encoded, headers = write_record(event, stations=(), not_after=not_after, fingerprint=f"of-{event.id}")
    if value is not None:
        encoded, headers["ce_crc32"] = value, f"{crc32(value):08x}"
    raw = tuple((name, text.encode()) for name, text in headers.items())
    return Entry(partition_of(event.venue_id, partitions), key, encoded, raw)


@dataclass
class RandomLog:
    """Writes entries; remembers each order's accepted events, so that it knows who wins."""

    random: Random
    venues: tuple[str, ...]
    partitions: int
    nonsense: bool = True
    _orders: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    _entries: list[Entry] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)  # ids by chance would collide where hypothesis shrinks

    def entries(self, length: int) -> list[Entry]:
        kinds = ["place", "move", "move", "move", "lose", "late", "repeat", "garbage", "bad header", "misplaced"]
        for _ in range(length):
            self._entries.append(self._entry(self.random.choice([*kinds, *["nonsense"] * self.nonsense])))
        return self._entries

    def _entry(self, kind: str) -> Entry:
        if kind == "garbage":
            value = self.random.choice([None, b"", self.random.randbytes(9)])
            return Entry(self.random.randrange(self.partitions), self.random.randbytes(3), value, ())
        if kind == "bad header":
            return Entry(self.random.randrange(self.partitions), b"v", b"{}", (("ce_id", b"\xff\xfe"), ("é", b"\xff")))
        if kind == "place" or not self._orders:
            return self._move(self._new_order())
        if kind == "repeat":
            return self.random.choice(self._entries)
        order_id = self.random.choice(list(self._orders))
        match kind:
            case "late":
                return self._move(order_id, not_after=PAST)
            case "nonsense" if self.random.random() < 0.2:
                return self._move(order_id, value=b"{not json")
            case "lose":
                return self._lose(order_id)
            case "misplaced":
                entry = self._lose(order_id)
                return Entry((entry.partition + 1) % self.partitions, entry.key, entry.value, entry.headers)
        return self._move(order_id)

    def _new_order(self) -> str:
        order_id = f"order-{next(self._numbers)}"
        self._orders[order_id] = self.random.choice(self.venues), []
        return order_id

    def _move(self, order_id: str, **how: Any) -> Entry:
        venue, chain = self._orders[order_id]
        event_id = f"event-{next(self._numbers)}"
        change = moving(self.random) if chain else placing(self.random)
        event = order_event(order_id, venue, len(chain) + 1, chain[-1] if chain else None, event_id, change)
        if how.get("not_after") != PAST:
            chain.append(event_id)
        return entry_of(event, self.partitions, **how)

    def _lose(self, order_id: str) -> Entry:
        venue, chain = self._orders[order_id]
        place = self.random.randrange(len(chain)) if chain else 0
        event_id = f"event-{next(self._numbers)}"
        parent = chain[place - 1] if place else None
        return entry_of(
            order_event(order_id, venue, place + 1, parent, event_id, placing(self.random)), self.partitions
        )


def oracle(records: Iterable[tuple[int, Envelope | Malformed]]) -> Expected:
    """Fold a whole log: (partition, content) in log order."""
    expected = Expected()
    arbiters: dict[int, Arbiter] = {}
    stuck: set[tuple[int, str]] = set()
    histories: dict[str, list[tuple[Event, int]]] = {}
    for partition, content in records:
        if isinstance(content, Malformed):
            continue
        arbiter = arbiters.setdefault(partition, Arbiter(complete=True))
        if arbiter.judge(content) is not Verdict.ACCEPTED:
            continue
        event = _decoded(content)
        if (partition, content.order_id) in stuck or event is None:
            stuck.add((partition, content.order_id))
            expected.dead_letters.append((content.order_id, content.version))
        else:
            _apply(expected, event)
            histories.setdefault(event.order_id, []).append((event, content.appended_at))
    expected.sums = expected_sums(histories.values())
    return expected


def _decoded(content: Envelope) -> Event | None:
    try:
        return decode_event(content.value)
    except ValueError:
        return None


def _apply(expected: Expected, event: Event) -> None:
    _, _, status, document = expected.orders.get(event.order_id, (0, "", None, {}))
    after = merge_patch(document, event.change)
    if status is not None:
        expected.counts[event.venue_id, status] -= 1
    expected.counts[event.venue_id, after["status"]] += 1
    expected.orders[event.order_id] = event.version, event.id, after["status"], after
    expected.trail.add((event.order_id, event.version, event.id))
