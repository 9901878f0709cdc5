"""An order as the book holds it: its accepted events, packed. Packed, an event takes its own bytes and some 130 more.

Invariant: the events of an order are contiguous versions, the last one is its head. `first` is the version of the
first one held; above 1 the order's beginning is not known, and it is not acted on.
"""

from collections.abc import Iterator, Mapping
from itertools import takewhile

from msgspec import Struct

from order_contracts.wire import Envelope

_END = b"\x1f"  # in no id and no fingerprint: both are printable; the value comes last and may hold anything


class BookedEvent(Struct, frozen=True, gc=False):
    """An accepted event and where it stands: `next` is the offset after it."""

    id: str
    version: int
    fingerprint: str
    partition: int
    next: int
    appended_at: int
    value: bytes


def pack(accepted: Envelope, offset: int) -> bytes:
    """Give an event as the book holds it; `rows` has Postgres write the same."""
    name, fingerprint = accepted.id.encode(), accepted.fingerprint.encode()
    return b"%b\x1f%b\x1f%d\x1f%d\x1f%b" % (name, fingerprint, offset, accepted.appended_at, accepted.value)


def booked(accepted: Envelope, partition: int, offset: int) -> BookedEvent:
    """Give an event as the book will give it."""
    return BookedEvent(
        id=accepted.id,
        version=accepted.version,
        fingerprint=accepted.fingerprint,
        partition=partition,
        next=offset + 1,
        appended_at=accepted.appended_at,
        value=accepted.value,
    )


def offset_of(packed: bytes) -> int:
    """Say where a packed event stands."""
    return int(packed.split(_END, 3)[2])


class BookedOrder(Struct, gc=False):
    """One order of one venue. Its events are a tuple: of bytes, such a one is nothing to the collector."""

    venue_id: str
    partition: int
    first: int
    events: tuple[bytes, ...]

    @property
    def whole(self) -> bool:
        """Whether all its events are known."""
        return self.first == 1

    @property
    def version(self) -> int:
        """The version of its head."""
        return self.first + len(self.events) - 1

    @property
    def last(self) -> tuple[str, int]:
        """Its head's id, and when that was appended."""
        name, _, _, appended_at, _ = self.events[-1].split(_END, 4)
        return name.decode(), int(appended_at)

    def add(self, packed: bytes, version: int, parent: str | None) -> None:
        """Take in what was accepted next. Where it does not join on, what is held was no part of its history."""
        follows = version == self.version + 1 and parent is not None
        if follows and self.events[-1].startswith(f"{parent}\x1f".encode()):
            self.events = (*self.events, packed)
        else:
            self.first, self.events = version, (packed,)

    def complete_with(self, stored: Mapping[int, bytes]) -> None:
        """Take in events from the rows, which win: they were arbitrated from the log's first record on."""
        known = {**dict(enumerate(self.events, self.first)), **stored}
        newest = max(known)
        run = [known[version] for version in takewhile(known.__contains__, range(newest, 0, -1))]
        self.first, self.events = newest - len(run) + 1, tuple(reversed(run))

    def values(self, version: int) -> Iterator[bytes]:
        """Give the values of its events up to a version, the oldest first."""
        for packed in self.events[: version - self.first + 1]:
            yield packed.split(_END, 4)[4]

    def event(self, version: int) -> BookedEvent:
        """Unpack one of its events."""
        name, fingerprint, offset, appended_at, value = self.events[version - self.first].split(_END, 4)
        return BookedEvent(
            name.decode(), version, fingerprint.decode(), self.partition, int(offset) + 1, int(appended_at), value
        )

    def find(self, event_id: str) -> BookedEvent | None:
        """Find one of its events."""
        start = event_id.encode() + _END
        for version, packed in enumerate(self.events, self.first):
            if packed.startswith(start):
                return self.event(version)
        return None
