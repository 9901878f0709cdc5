"""The rings: a partition's accepted events of the last minutes, from which a returning screen gets what it missed.

Bounded by age (the log's clock, so that a wrong clock here loses nothing) and by bytes. A guest's texts are held
opened, in this memory alone, and go at once when the guest is erased.
"""

from collections import deque

from msgspec import Struct

from order_contracts.guest_texts import erased_event

_ENTRY_BYTES = 500  # what an entry and its places in the index cost beside its value


class Entry(Struct, gc=False):
    """An accepted event in the log. `keys` are the rooms that it is found by later: its venue's, its organization's.

    Only `value` changes ever: when the order's guest is erased. Rings hold a hundred thousand for minutes: the
    collector, which would stop everything for 20 ms to walk over them, is told that there is nothing to find.
    """

    partition: int
    offset: int
    appended_at: int
    keys: tuple[str, ...]
    stations: tuple[str, ...]
    order_id: str
    value: bytes
    traceparent: str | None = None


class Ring:
    """One partition's events, indexed by room, so that a replay reads only what it sends.

    Invariants: for every room, all accepted events from `floor(room)` up to `next` are held. The floor of a room
    moves only when an event of that room is dropped: a quiet room in a busy partition can be resumed for long.
    """

    def __init__(self, *, start: int, max_age_ms: int, max_bytes: int) -> None:
        self.next = start  # the offset to be read next
        self.bytes = 0
        self._start = start
        self._max_age_ms = max_age_ms
        self._max_bytes = max_bytes
        self._entries: deque[Entry] = deque()
        self._index: dict[str, deque[Entry]] = {}
        self._floors: dict[str, int] = {}  # of rooms that lost an event to age or size

    def append(self, entry: Entry) -> None:
        """Hold an accepted event, and drop what has become too old or too much."""
        self.next = entry.offset + 1
        self._entries.append(entry)
        self.bytes += len(entry.value) + _ENTRY_BYTES
        for key in entry.keys:
            held = self._index.get(key)  # setdefault would make a deque for every event
            if held is None:
                self._index[key] = deque((entry,))
            else:
                held.append(entry)
        while self._entries and (
            self.bytes > self._max_bytes or self._entries[0].appended_at < entry.appended_at - self._max_age_ms
        ):
            self._drop_oldest()

    def erase(self, order_id: str) -> None:
        """Take the guest's texts out of an order's events, wherever they wait to be sent from here."""
        for entry in self._entries:
            if entry.order_id == order_id:
                erased = erased_event(entry.value)
                self.bytes += len(erased) - len(entry.value)
                entry.value = erased

    def pass_over(self, offset: int) -> None:
        """Note that the record there is nobody's business: lost, late or malformed."""
        self.next = offset + 1

    def pass_unsettled(self, offset: int) -> None:
        """Note a record of which nobody can know yet whether it was accepted: nothing up to it can be replayed."""
        if self._entries:
            raise ValueError("the log cannot become unsettled again after events were taken from it")
        self.next = self._start = offset + 1

    def floor(self, key: str) -> int:
        """Say from which offset on the ring is complete for a room."""
        return self._floors.get(key, self._start)

    def since(self, key: str, offset: int, before: int) -> list[Entry]:
        """Give a room's events from `offset` on, below `before`, in log order."""
        found = []
        for entry in reversed(self._index.get(key, ())):
            if entry.offset < offset:
                break
            if entry.offset < before:
                found.append(entry)
        found.reverse()
        return found

    def _drop_oldest(self) -> None:
        entry = self._entries.popleft()
        self.bytes -= len(entry.value) + _ENTRY_BYTES
        for key in entry.keys:
            held = self._index[key]
            held.popleft()
            self._floors[key] = entry.offset + 1
            if not held:
                del self._index[key]
